//! Readers of registries: [`Feed`]s announce changes, and [`Registry`]s describe the releases of a package.
//!
//! Nothing here is verified; a registry's documents become observations only after `attest` has verified the evidence
//! that they name.

mod cargo;
mod document;
mod endpoint;
mod error;
mod exchange;
mod feed;
mod field;
mod known;
mod maker;
mod making;
mod npm;
mod package_document;
mod private;
mod pypi;
mod reader;
#[cfg(test)]
mod tests;
mod xml;

pub use cargo::{CargoFeed, CargoRegistry};
pub use error::RegistryError;
pub use feed::{Cursor, Event, Feed, FeedChange, FeedPage, Gap};
pub use known::Known;
pub use maker::{Bases, Maker};
pub use making::{is_asked, maker_of, same_version};
pub use npm::{NpmFeed, NpmRegistry};
pub use package_document::{AttestationSource, Behind, PackageDocument, RegistryRelease, RegistrySignature};
pub use private::{PrivateRegistry, not_found};
pub use pypi::{PypiFeed, PypiRegistry};
pub use reader::{PackageState, Question, Registry};
