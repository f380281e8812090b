//! Keeps the attestation documents of releases that raised something: they prove to a third party what a registry served,
//! also after it removed the release. Equal documents are kept once, compressed.

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::{
    Outcome, Record, Store, StoreError,
    columns::Micros,
    error::QueryFailure,
    packed::{pack, unpack},
    sealed::DOCUMENTS,
};
use crate::model::{EvidenceDocument, EvidenceKind, ReleaseId};

/// The most bytes that are kept of one release: a publisher chooses how many files there are. Those with the most wheels
/// have documents of five megabytes.
const MOST: usize = 16 * 1024 * 1024;

impl Store {
    /// The kept attestation documents of a release, by what they attest; an older document of the same is before a younger
    /// one.
    ///
    /// # Errors
    /// As every read.
    pub fn documents(&self, release: &ReleaseId) -> Result<Vec<EvidenceDocument>, StoreError> {
        self.read("reading the documents of a release", |db| {
            let sql = "SELECT kind, subject, fetched_at, content, {row} FROM release_documents
                 JOIN documents ON documents.sha256 = release_documents.sha256
                 WHERE purl = ?1 ORDER BY kind, subject, fetched_at";
            let documents = db.rows(&DOCUMENTS, sql, [release.to_string()], |row| {
                let (kind, subject): (String, String) = (row.get("kind")?, row.get("subject")?);
                let content = unpack(&row.get::<_, Vec<u8>>("content")?);
                let content = content.map_err(|error| {
                    rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Blob, error.into())
                })?;
                Ok((EvidenceKind::named(&kind), subject, content, row.get::<_, Micros>("fetched_at")?.0))
            })?;
            let known = |(kind, subject, content, fetched_at)| {
                Some(EvidenceDocument { kind: kind?, subject, content, fetched_at })
            };
            Ok(documents.into_iter().filter_map(known).collect())
        })
    }
}

/// Keeps the documents of a record, or, if the release turned out to be clean, drops those that were kept meanwhile.
pub(super) fn keep(db: &Connection, record: &Record, is_accused: bool) -> Result<(), QueryFailure> {
    let release = record.subject.release().to_string();
    match record.outcome {
        Outcome::Alerted | Outcome::Held | Outcome::Unchecked | Outcome::Unreadable => insert(db, &release, record),
        Outcome::Clean | Outcome::Learned if is_accused => insert(db, &release, record),
        Outcome::Clean | Outcome::Learned => drop_all(db, &release),
    }
}

fn insert(db: &Connection, release: &str, record: &Record) -> Result<(), QueryFailure> {
    let mut left = MOST;
    for document in &record.documents {
        let Some(rest) = left.checked_sub(document.content.len()) else { break };
        left = rest;
        let sha256 = Sha256::digest(&document.content);
        let packed = pack(&document.content).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        db.prepare_cached("INSERT INTO documents (sha256, content) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute((sha256.as_slice(), packed))?;
        db.prepare_cached(
            "INSERT INTO release_documents (purl, kind, subject, sha256, fetched_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO NOTHING",
        )?
        .execute((
            release,
            document.kind.as_str(),
            &document.subject,
            sha256.as_slice(),
            Micros(document.fetched_at),
        ))?;
    }
    Ok(())
}

/// Documents that another release has too stay.
fn drop_all(db: &Connection, release: &str) -> Result<(), QueryFailure> {
    let mut query = db.prepare_cached("DELETE FROM release_documents WHERE purl = ?1 RETURNING sha256")?;
    let dropped = query.query_map([release], |row| row.get::<_, Vec<u8>>(0))?.collect::<Result<Vec<_>, _>>()?;
    for sha256 in dropped {
        db.prepare_cached(
            "DELETE FROM documents WHERE sha256 = ?1
             AND NOT EXISTS (SELECT 1 FROM release_documents WHERE release_documents.sha256 = documents.sha256)",
        )?
        .execute([sha256])?;
    }
    Ok(())
}
