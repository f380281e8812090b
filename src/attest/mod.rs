//! Verification of attestations: from registry documents and a trust root to the verified builder of a release. Only
//! the refresh of the trust root uses the network, and only this module can make a
//! [`Provenance::Verified`](crate::model::Provenance::Verified) from bytes.
//!
//! # Forged, or out of date?
//! An invalid attestation is `Invalid` and raises an alert; one that this version or its trust root cannot judge is
//! `Unavailable`: it is reported ("could not check"), never clean, never in the baseline, re-checked, and in the end an
//! alert about provwatch itself. The line between them:
//! * A wrong answer instead of a document (a login page, an empty or a truncated one): `Unavailable`.
//! * An unsupported form (a version of a bundle or a document, a kind of log entry, a signature scheme): `Unavailable`.
//!   A forger gains only a later report by it, as a release that cannot be checked.
//! * Several log entries or timestamps, some of unknown parties: one valid one is enough. Those of a known log or
//!   authority must be valid.
//! * An entry of a log, or a certificate timestamp of a CT log, that the trust root does not know: `Unavailable` only
//!   if all the rest is valid, especially the certificate chain and the time of signing: an outdated trust root is then
//!   recognised as such, while a forger's own log does not help without a certificate of a trusted authority. `Invalid`
//!   otherwise.
//! * A certificate of an unknown authority: `Invalid`. It cannot be distinguished from one that anyone can make. But a
//!   bundle with a timestamp and no log entry is `Unavailable` then: GitHub's own instance signs so, and its authority
//!   is not in the trust root.
//! * A certificate without an issuer: it proves the content, but not the builder. `Unavailable` if the builder is
//!   required.

mod any;
mod builder;
mod bundle;
mod case;
mod checkpoint;
mod der;
mod encoding;
mod enough;
mod entry_proof;
mod failure;
mod file_name;
mod form;
mod identity;
mod instance;
mod issuing;
mod json;
mod judging;
mod logged;
mod npm;
mod own;
mod publisher;
mod pypi;
mod registry_key;
mod signed;
mod signer;
mod statement;
mod trust;
mod tuf;
mod unknown_log;
mod verified;
mod verifier;

pub use any::attestations;
pub(crate) use any::{About, Attestation, FileDigests, Proven};
pub use bundle::{Artifact, Policy, verify_bundle};
pub(crate) use entry_proof::EntryProof;
pub use failure::VerificationFailure;
pub use identity::identity;
pub(crate) use logged::{LoggedIdentity, TrustedLog, TrustedLogHolds};
pub(crate) use trust::TrustError;
pub use trust::TrustMaterial;
pub(crate) use tuf::Refreshed;
pub use tuf::TrustUpdater;
pub use verified::Verified;
pub use verifier::Verifier;
