//! Verification: from the documents that registries serve, and a trust root, to who built a release. Nothing here touches
//! the network but the refresh of the trust root, and nothing outside can make a
//! [`Provenance::Verified`](crate::model::Provenance::Verified) from bytes.

mod builder;
mod bundle;
mod checkpoint;
mod encoding;
mod failure;
mod file_name;
mod identity;
mod json;
mod npm;
mod publisher;
mod pypi;
mod registry_key;
mod signed;
mod statement;
mod trust;
mod tuf;
mod verifier;

pub use bundle::{Artifact, Policy, verify_bundle};
pub use failure::Failure;
pub use identity::identity;
pub use registry_key::RegistryKeys;
pub use signed::Verified;
pub use trust::{TrustError, TrustMaterial};
pub use tuf::TrustUpdater;
pub use verifier::Verifier;
