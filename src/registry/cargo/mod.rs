//! crates.io: the update feed, the sparse index, and the API for what the index does not say.

mod feed;
mod index;
mod registry;
mod versions;

pub use feed::CargoFeed;
pub use registry::CargoRegistry;
