//! The provenance of a release: absent, unavailable, invalid or verified.

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Claims, WorkflowIdentity};

/// What is known of a release's provenance. The type keeps "there is none", "could not find out", "there is one and it
/// is false" and "it holds" apart; only `attest` builds [`Provenance::Verified`] from bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Wire", into = "Wire")]
#[schemars(with = "Wire")]
pub enum Provenance {
    /// The registry says that there is no attestation.
    Absent,
    /// It could not be found out or not be checked; the reason is for people.
    Unavailable {
        /// Why, one sentence.
        reason: String,
    },
    /// There is an attestation and it does not hold.
    Invalid {
        /// The check that failed.
        check: Check,
        /// What exactly was wrong.
        reason: String,
    },
    /// Every check passed.
    Verified(Box<VerifiedProvenance>),
}

/// The outcome of a successful verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedProvenance {
    /// The builder.
    pub identity: WorkflowIdentity,
    /// The verified time of signing.
    pub signed_at: Option<DateTime<Utc>>,
    /// The log entry of the signature.
    pub log: Option<LogEntry>,
    /// The digests in a log's entry of the signature, SHA-256 in lower-case hexadecimal: the payload of the envelope,
    /// its pre-authentication encoding, and the public key of the certificate. Any of them identifies the entry if its
    /// place is not known.
    pub signed: Vec<String>,
}

/// Where a trust root that is in use comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RootStanding {
    /// It is the one of this version.
    BuiltIn,
    /// It was read, now or by an earlier process.
    Read,
    /// It was not read yet: nothing can be verified, and nothing is said to be forged.
    Unread,
}

/// A place in a transparency log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogEntry {
    /// The log's origin: `rekor.sigstore.dev - 1193050959916656506`, `log2025-1.rekor.sigstore.dev`.
    pub origin: String,
    /// The index in the log (for Rekor v1 the global index).
    pub index: u64,
}

/// The checks that an attestation passes, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The document is what its media type says, within bounds.
    Format,
    /// The payload and predicate type are ones that the registry issues.
    PayloadType,
    /// The statement's subject name is the release.
    SubjectName,
    /// The statement's subject digest is the file's that the registry serves.
    SubjectDigest,
    /// The certificate chains to the trust root and was valid at the time of signing.
    CertificateChain,
    /// The certificate carries a signed certificate timestamp of a known CT log.
    CertificateTimestamp,
    /// The certificate's extensions are readable and each stands once.
    CertificateExtensions,
    /// The log's inclusion proof or signed entry timestamp holds, and the entry is of this bundle.
    TransparencyLog,
    /// The time of signing is vouched for.
    Timestamp,
    /// The signature over the envelope or file.
    Signature,
    /// The registry key that a registry signature names is known and was valid at that time.
    RegistryKey,
    /// The registry's own signature over the release.
    RegistrySignature,
    /// The release's identity contradicts what the registry says of the publisher.
    Publisher,
}

impl Check {
    /// The word of the JSON form, kebab-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::PayloadType => "payload-type",
            Self::SubjectName => "subject-name",
            Self::SubjectDigest => "subject-digest",
            Self::CertificateChain => "certificate-chain",
            Self::CertificateTimestamp => "certificate-timestamp",
            Self::CertificateExtensions => "certificate-extensions",
            Self::TransparencyLog => "transparency-log",
            Self::Timestamp => "timestamp",
            Self::Signature => "signature",
            Self::RegistryKey => "registry-key",
            Self::RegistrySignature => "registry-signature",
            Self::Publisher => "publisher",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Provenance {
    /// The verified provenance, if every check passed.
    pub fn verified(&self) -> Option<&VerifiedProvenance> {
        match self {
            Self::Verified(verified) => Some(verified),
            _ => None,
        }
    }

    /// The verified identity, if there is one.
    pub fn identity(&self) -> Option<&WorkflowIdentity> {
        self.verified().map(|verified| &verified.identity)
    }

    /// The word of the JSON form.
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Unavailable { .. } => "unavailable",
            Self::Invalid { .. } => "invalid",
            Self::Verified(_) => "verified",
        }
    }
}

/// The JSON form of the contract.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Attestation")]
struct Wire {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    check: Option<Check>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    signed_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    claims: Option<Claims>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    log: Option<LogEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    signed: Vec<String>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Verified,
    Invalid,
    Absent,
    Unavailable,
}

impl TryFrom<Wire> for Provenance {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        Ok(match wire.status {
            Status::Absent => Self::Absent,
            Status::Unavailable => {
                Self::Unavailable { reason: wire.reason.unwrap_or_else(|| "no reason given".to_owned()) }
            }
            Status::Invalid => Self::Invalid {
                check: wire.check.unwrap_or(Check::Signature),
                reason: wire.reason.unwrap_or_else(|| "no reason given".to_owned()),
            },
            Status::Verified => Self::Verified(Box::new(VerifiedProvenance {
                identity: WorkflowIdentity {
                    issuer: wire.issuer.ok_or("a verified attestation needs an issuer")?,
                    subject: wire.subject.unwrap_or_default(),
                    claims: wire.claims.unwrap_or_default(),
                },
                signed_at: wire.signed_at,
                log: wire.log,
                signed: wire.signed,
            })),
        })
    }
}

impl From<Provenance> for Wire {
    fn from(provenance: Provenance) -> Self {
        let empty = Self {
            status: Status::Absent,
            check: None,
            reason: None,
            issuer: None,
            subject: None,
            signed_at: None,
            claims: None,
            log: None,
            signed: Vec::new(),
        };
        match provenance {
            Provenance::Absent => empty,
            Provenance::Unavailable { reason } => Self { status: Status::Unavailable, reason: Some(reason), ..empty },
            Provenance::Invalid { check, reason } => {
                Self { status: Status::Invalid, check: Some(check), reason: Some(reason), ..empty }
            }
            Provenance::Verified(verified) => Self {
                status: Status::Verified,
                issuer: Some(verified.identity.issuer),
                subject: Some(verified.identity.subject).filter(|subject| !subject.is_empty()),
                signed_at: verified.signed_at,
                claims: Some(verified.identity.claims),
                log: verified.log,
                signed: verified.signed,
                ..empty
            },
        }
    }
}
