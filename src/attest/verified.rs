//! The content of a verified attestation, with its proof.

use chrono::{DateTime, Utc};

use crate::model::{LogEntry, WorkflowIdentity};

/// The facts that a verified bundle proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The signer, if a certificate with an issuer names it.
    pub identity: Option<WorkflowIdentity>,
    /// The certificate's subject, if there is a certificate. Without an [`identity`](Self::identity) it has no issuer:
    /// the signature proves the content, but not the builder.
    pub subject: Option<String>,
    /// The earliest verified time of signing.
    pub signed_at: Option<DateTime<Utc>>,
    /// The log entry, if the bundle proves its place.
    pub log: Option<LogEntry>,
    /// The digests in its entry; see [`VerifiedProvenance::signed`](crate::model::VerifiedProvenance::signed).
    pub signed: Vec<String>,
}
