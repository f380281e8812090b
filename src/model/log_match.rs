//! Matches of `[[logs.match]]` in transparency logs.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Claims, Package, ReleaseId};

/// The entries of a `[[logs.match]]` that raise alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Report {
    /// One alert for each new signer.
    #[default]
    New,
    /// An alert for every entry.
    All,
    /// No alerts. `provwatch logs matches` lists the entries.
    Never,
}

/// An entry of a log that a `[[logs.match]]` found; `schema/match.schema.json` is generated from this type, and
/// `provwatch logs matches --format json` prints one a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MatchedEntry {
    /// The log: the origin of its checkpoints.
    pub log: String,
    /// Its index in the tree.
    pub index: u64,
    /// The names of the matches that found it.
    pub matches: Vec<String>,
    /// When it was downloaded.
    pub seen_at: DateTime<Utc>,
    /// From when on its certificate is valid.
    pub not_before: DateTime<Utc>,
    /// The OIDC issuer.
    pub issuer: String,
    /// The certificate's subject alternative name.
    pub subject: String,
    /// What else the certificate says.
    pub claims: Claims,
    /// Whether an authority of the trust root issued the certificate. If not, anybody can have made it.
    pub issued_by_trusted_authority: bool,
    /// Why it is not believed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub not_issued: Option<String>,
    /// The watched packages whose repository it is.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub packages: Vec<Package>,
    /// The release that carries it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub explained_by: Option<ReleaseId>,
    /// The kind of entry.
    pub kind: String,
    /// The version of the kind.
    pub version: String,
    /// The digest that it is about, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<String>,
    /// The certificate's serial number, hexadecimal.
    pub serial: String,
    /// Its leaf hash, hexadecimal.
    pub leaf: String,
}
