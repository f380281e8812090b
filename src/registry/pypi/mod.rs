//! PyPI: the changelog, the simple index, the project's JSON document, and provenance objects.

mod feed;
mod filename;
mod project;
mod registry;
mod simple;
mod xmlrpc;

pub use feed::PypiFeed;
pub(super) use filename::same_version;
pub use registry::PypiRegistry;
