//! npm: the change feed of the replication service, and the package documents ("packuments") of the registry.
//!
//! `feed` and `registry` make the requests; what they read is taken apart by pure functions: `changes` (a feed page),
//! `packument` (a package document), `release` (one version of it), `dist` (the tarball of a version).

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

pub use feed::NpmFeed;
pub use registry::NpmRegistry;
