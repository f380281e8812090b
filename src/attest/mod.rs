//! Verification of attestations: from registry documents and a trust root to the verified builder of a release. Nothing
//! here touches the network but the refresh of the trust root, and nothing outside can make a
//! [`Provenance::Verified`](crate::model::Provenance::Verified) from bytes.
//!
//! # Forged, or out of date?
//! An attestation that does not hold is `Invalid` and alarms; one that this version or its trust root cannot judge is
//! `Unavailable`: it is reported ("could not check"), never clean, never in the baseline, re-checked, and in the end an
//! alert about provwatch itself. The line between them:
//! * A wrong answer in the place of a document (a page that asks for a password, an empty or a cut one): `Unavailable`.
//! * A form that is not supported (a version of a bundle or a document, a kind of log entry, a signature scheme):
//!   `Unavailable`. A forger gains no more by it than a later report, as a release that cannot be checked.
//! * Several log entries or timestamps, some of which are of strangers: one good one is enough. What a known log or
//!   authority is said to have made must hold.
//! * An entry of a log, or a certificate timestamp of a CT log, that the trust root does not know: `Unavailable` only
//!   if all the rest holds, the certificate chain and the time of signing before all: a trust root that is out of date
//!   then looks like what it is, while a log of a forger's own does not help without a certificate of an authority that
//!   is trusted. `Invalid` otherwise.
//! * A certificate of an unknown authority: `Invalid`. It cannot be told from one that anybody can make. But a bundle
//!   with a timestamp and no log entry is `Unavailable` then: GitHub's own instance signs so, and who does is not in
//!   the trust root.
//! * A certificate that names no issuer: it proves the content, and not who built it. `Unavailable` where that is
//!   asked.

mod any;
mod builder;
mod bundle;
mod case;
mod checkpoint;
mod der;
mod encoding;
mod enough;
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
pub use failure::VerificationFailure;
pub use identity::identity;
pub(crate) use logged::{LoggedIdentity, TrustedLog, TrustedLogHolds};
pub(crate) use trust::TrustError;
pub use trust::TrustMaterial;
pub(crate) use tuf::Refreshed;
pub use tuf::TrustUpdater;
pub use verified::Verified;
pub use verifier::Verifier;
