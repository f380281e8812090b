//! A log entry of a watched identity, as it is stored.

use chrono::{DateTime, Utc};
use rusqlite::Row;
use serde::{Deserialize, Serialize};

use crate::{
    model::{Claims, MatchedEntry, Package, ReleaseId, WorkflowIdentity},
    store::columns::{Hash, Json, Micros, Position, Text, time},
};

/// An entry of a watched identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLogEntry {
    /// Its index in the tree.
    pub index: u64,
    /// Its leaf hash.
    pub leaf: [u8; 32],
    /// Its bytes.
    pub body: Vec<u8>,
    pub kind: String,
    /// The version of the kind.
    pub version: String,
    /// The signer's identity, from the certificate.
    pub identity: WorkflowIdentity,
    /// SHA-256 over the certificate's public key, hexadecimal.
    pub key_sha256: String,
    /// The digest that it covers, hexadecimal.
    pub digest: Option<String>,
    /// The certificate's serial number, hexadecimal.
    pub serial: String,
    /// The reason why no trusted authority issued the certificate; `None`: one did.
    pub not_issued: Option<String>,
    /// The start of the certificate's validity.
    pub not_before: DateTime<Utc>,
    /// The watched packages that have this repository.
    pub packages: Vec<Package>,
    /// The patterns that it matches.
    pub patterns: Vec<String>,
}

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntryRow {
    pub log: String,
    pub entry: NewLogEntry,
    /// When it was downloaded.
    pub seen_at: DateTime<Utc>,
    /// The release that carries it.
    pub explained_by: Option<ReleaseId>,
    /// When it was finally judged.
    pub judged_at: Option<DateTime<Utc>>,
    /// The detectors that have counted it.
    pub accused: Vec<String>,
}

impl From<LogEntryRow> for MatchedEntry {
    fn from(row: LogEntryRow) -> Self {
        let entry = row.entry;
        Self {
            log: row.log,
            index: entry.index,
            matches: entry.patterns,
            seen_at: row.seen_at,
            not_before: entry.not_before,
            issuer: entry.identity.issuer,
            subject: entry.identity.subject,
            claims: entry.identity.claims,
            issued_by_trusted_authority: entry.not_issued.is_none(),
            not_issued: entry.not_issued,
            packages: entry.packages,
            explained_by: row.explained_by,
            kind: entry.kind,
            version: entry.version,
            digest: entry.digest,
            serial: entry.serial,
            leaf: hex::encode(entry.leaf),
        }
    }
}

/// An identity as a column has it: the certificate states it, and `not_issued` shows whether an authority confirms it.
#[derive(Serialize, Deserialize)]
pub(super) struct Identity {
    pub issuer: String,
    pub subject: String,
    pub claims: Claims,
}

pub(super) fn entry_row(row: &Row<'_>) -> rusqlite::Result<LogEntryRow> {
    let Json(Identity { issuer, subject, claims }) = row.get("identity")?;
    let accused: String = row.get::<_, Option<String>>("accused")?.unwrap_or_default();
    Ok(LogEntryRow {
        log: row.get("log")?,
        entry: NewLogEntry {
            index: row.get::<_, Position>("idx")?.0,
            leaf: row.get::<_, Hash>("leaf")?.0,
            body: row.get("body")?,
            kind: row.get("kind")?,
            version: row.get("version")?,
            identity: WorkflowIdentity { issuer, subject, claims },
            key_sha256: row.get("key_sha256")?,
            digest: row.get("digest")?,
            serial: row.get("serial")?,
            not_issued: row.get("not_issued")?,
            not_before: row.get::<_, Micros>("not_before")?.0,
            packages: row.get::<_, Json<_>>("packages")?.0,
            patterns: row.get::<_, Json<_>>("patterns")?.0,
        },
        seen_at: row.get::<_, Micros>("seen_at")?.0,
        explained_by: row.get::<_, Option<Text<ReleaseId>>>("explained_by")?.map(|Text(release)| release),
        judged_at: time(row.get("judged_at")?),
        accused: accused.split_whitespace().map(str::to_owned).collect(),
    })
}
