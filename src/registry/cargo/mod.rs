//! The crates.io registry: its update feed, its sparse index, and its API for the facts that the index leaves out.

mod archives;
mod feed;
mod index;
mod registry;
mod versions;

use std::sync::Arc;

pub use feed::CargoFeed;
pub use registry::CargoRegistry;

use super::Maker;
use crate::model::{Ecosystem, RegistryId};

pub(super) const MAKER: Maker = Maker {
    ecosystem: Ecosystem::CARGO,
    feed: |at| Arc::new(CargoFeed::new(at(RegistryId::CARGO_STATIC))),
    public: |at, max_document| {
        let (api, index) = (at(RegistryId::CARGO), at(RegistryId::CARGO_INDEX));
        Arc::new(CargoRegistry::new(api, index, max_document).with_files(at(RegistryId::CARGO_STATIC)))
    },
    other: |url, max_document| Arc::new(CargoRegistry::index(url, max_document)),
    is_same_version: |one, other| one == other,
};
