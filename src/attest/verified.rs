//! The content of a verified attestation, with its proof.

use chrono::{DateTime, Utc};

use crate::model::{LogEntry, WorkflowIdentity};

/// What a verified bundle proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Who signed, if a certificate says so and an issuer vouched for it.
    pub identity: Option<WorkflowIdentity>,
    /// The certificate's subject, if there is a certificate. Without an [`identity`](Self::identity) no issuer vouched for it:
    /// the signature proves the content, and not who built it.
    pub subject: Option<String>,
    /// The earliest verified time of signing.
    pub signed_at: Option<DateTime<Utc>>,
    /// Where it is logged, if the bundle proves the place.
    pub log: Option<LogEntry>,
    /// What an entry of it names; see [`VerifiedProvenance::signed`](crate::model::VerifiedProvenance::signed).
    pub signed: Vec<String>,
}
