//! The Attic, whose row is `src/model/ecosystem/tests/attic.rs`: its news, and the shelves with its boxes.

mod news;
mod shelves;

use std::sync::Arc;

use news::News;
use shelves::Shelves;

use crate::{
    model::{RegistryId, ecosystem_tests::attic::ATTIC},
    registry::Maker,
};

pub(in crate::registry) const MAKER: Maker = Maker {
    ecosystem: ATTIC,
    feed: |at| Arc::new(News::of(at(RegistryId::ATTIC))),
    public: |at, max_document| Arc::new(Shelves::of(at(RegistryId::ATTIC), max_document)),
    other: |url, max_document| Arc::new(Shelves::of(url, max_document)),
    is_same_version: |one, other| one.eq_ignore_ascii_case(other),
};
