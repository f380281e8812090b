//! Verification: from the documents that registries serve, and a trust root, to who built a release. Nothing here touches
//! the network but the refresh of the trust root, and nothing outside can make a
//! [`Provenance::Verified`](crate::model::Provenance::Verified) from bytes.
//!
//! # Forged, or out of date?
//! What does not hold is `Invalid` and alarms; what this version or its trust root cannot tell is `Unavailable`: it is said
//! ("could not check"), never clean, never learned from, looked at again, and in the end an alert about provwatch itself. The
//! line between them:
//! * A log entry of a kind that is not known, a signature scheme or entry format that is not supported: `Unavailable`. No
//!   forger gains more by it than being told of later, as a release that nobody could check.
//! * An entry of a log, or a certificate timestamp of a CT log, that the trust root does not know: `Unavailable` only if
//!   all the rest holds, the certificate chain and the time of signing before all: a trust root that is out of date then
//!   looks like what it is, while a log of a forger's own does not help without a certificate of an authority that is
//!   trusted. `Invalid` otherwise.
//! * A certificate of an unknown authority: `Invalid`. It cannot be told from one that anybody can make.

mod any;
mod builder;
mod bundle;
mod checkpoint;
mod doubt;
mod encoding;
mod failure;
mod file_name;
mod identity;
mod json;
mod logged;
mod npm;
mod publisher;
mod pypi;
mod registry_key;
mod signed;
mod statement;
mod trust;
mod tuf;
mod verifier;

pub use any::{About, Attestation, FileDigests, Kept, NotAttestations, Proven, attestations};
pub use bundle::{Artifact, Policy, verify_bundle};
pub use failure::Failure;
pub use identity::identity;
pub use logged::{LoggedIdentity, TrustedLog, TrustedLogHolds};
pub use registry_key::RegistryKeys;
pub use signed::Verified;
pub use trust::{TrustError, TrustMaterial};
pub use tuf::{Refreshed, TrustUpdater};
pub use verifier::Verifier;
