//! The PyPI registry: changelog, simple index, project JSON, and provenance objects.

mod archives;
mod feed;
mod filename;
mod project;
mod registry;
mod simple;
mod xmlrpc;

use std::sync::Arc;

pub use feed::PypiFeed;
pub use registry::PypiRegistry;

use super::{Maker, archives::FileHost};
use crate::model::{Ecosystem, RegistryId};

pub(super) const MAKER: Maker = Maker {
    ecosystem: Ecosystem::PYPI,
    feed: |at| Arc::new(PypiFeed::new(at(RegistryId::PYPI))),
    public: |at, max_document| {
        let files = FileHost::of(RegistryId::PYPI_FILES, at);
        Arc::new(PypiRegistry::new(at(RegistryId::PYPI), max_document).with_files(files))
    },
    other: |url, max_document| Arc::new(PypiRegistry::index(url, max_document)),
    is_same_version: filename::same_version,
};
