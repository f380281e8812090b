//! Verification: from the documents that registries serve, and a trust root, to who built a release. Nothing here touches
//! the network but the refresh of the trust root, and nothing outside can make a
//! [`Provenance::Verified`](crate::model::Provenance::Verified) from bytes.
//!
//! # Forged, or out of date?
//! What does not hold is `Invalid` and alarms; what this version or its trust root cannot tell is `Unavailable`: it is said
//! ("could not check"), never clean, never learned from, looked at again, and in the end an alert about provwatch itself. The
//! line between them:
//! * A wrong answer in the place of a document (a page that asks for a password, an empty or a cut one): `Unavailable`.
//! * A form that is not supported (a version of a bundle or a document, a kind of log entry, a signature scheme):
//!   `Unavailable`. No forger gains more by it than being told of later, as a release that nobody could check.
//! * Several log entries or timestamps, some of which are of strangers: one good one is enough. What a known log or authority
//!   is said to have made must hold.
//! * An entry of a log, or a certificate timestamp of a CT log, that the trust root does not know: `Unavailable` only if
//!   all the rest holds, the certificate chain and the time of signing before all: a trust root that is out of date then
//!   looks like what it is, while a log of a forger's own does not help without a certificate of an authority that is
//!   trusted. `Invalid` otherwise.
//! * A certificate of an unknown authority: `Invalid`. It cannot be told from one that anybody can make. But a bundle with a
//!   timestamp and no log entry is `Unavailable` then: GitHub's own instance signs so, and who does is not in the trust root.
//! * A certificate that names no issuer: it proves the content, and not who built it. `Unavailable` where that is asked.

mod any;
mod builder;
mod bundle;
mod case;
mod checkpoint;
mod der;
mod doubt;
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
mod verified;
mod verifier;

pub use any::{About, Attestation, FileDigests, Kept, NotAttestations, Proven, attestations};
pub use bundle::{Artifact, Policy, verify_bundle};
pub use failure::Failure;
pub use identity::identity;
pub use logged::{LoggedIdentity, TrustedLog, TrustedLogHolds};
pub use registry_key::RegistryKeys;
pub use trust::{TrustError, TrustMaterial};
pub use tuf::{Refreshed, TrustUpdater};
pub use verified::Verified;
pub use verifier::Verifier;
