//! The npm registry: the change feed of its replication service, and its package documents ("packuments").
//!
//! `feed` and `registry` make the requests; pure functions parse the answers: `changes` (a feed page), `packument` (a
//! package document), `release` (one version of it), `dist` (the tarball of a version).

mod address;
mod changes;
mod dist;
mod feed;
mod integrity;
mod packument;
mod registry;
mod release;
mod repository;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use feed::NpmFeed;
pub use registry::NpmRegistry;

use super::Maker;
use crate::model::{Ecosystem, RegistryId};

pub(super) const MAKER: Maker = Maker {
    ecosystem: Ecosystem::NPM,
    feed: |at| Arc::new(NpmFeed::new(at(RegistryId::NPM_REPLICATE))),
    public: |at, max_document| Arc::new(NpmRegistry::new(at(RegistryId::NPM), max_document)),
    other: |url, max_document| Arc::new(NpmRegistry::new(url, max_document)),
    is_same_version: |one, other| one == other,
};
