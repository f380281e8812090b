//! What the registries say: [`Feed`]s (what changed) and [`Registry`]s (what is known of a package's releases).
//!
//! Nothing here is verified; a registry's documents become observations only after `attest` has looked at the evidence
//! that they name.

mod cargo;
mod document;
mod endpoint;
mod error;
mod exchange;
mod feed;
mod field;
mod known;
mod npm;
mod package_document;
mod private;
mod pypi;
mod reader;
mod version;
mod xml;

pub use cargo::{CargoFeed, CargoRegistry};
pub use error::RegistryError;
pub use feed::{Change, Cursor, Event, Feed, Gap, Page};
pub use known::Known;
pub use npm::{NpmFeed, NpmRegistry};
pub use package_document::{Behind, Evidence, EvidenceKind, PackageDocument, RegistryRelease, RegistrySignature};
pub use private::{PrivateRegistry, not_found};
pub use pypi::{PypiFeed, PypiRegistry};
pub use reader::{PackageState, Question, Registry};
pub use version::same_version;
