//! The constructors of a registry's feed and readers.

use std::sync::Arc;

use url::Url;

use super::{Feed, Registry};
use crate::model::{Ecosystem, RegistryId};

/// The base URL of each host: the registry's own, or the operator's replacement.
pub type Bases<'a> = &'a dyn Fn(RegistryId) -> Url;

/// The constructors of the feed and the readers of one registry. Its folder has one.
pub struct Maker {
    /// The registry.
    pub ecosystem: Ecosystem,
    /// The feed of the public registry.
    pub feed: fn(Bases<'_>) -> Arc<dyn Feed>,
    /// The reader of the public registry, whose documents may have so many bytes.
    pub public: fn(Bases<'_>, u64) -> Arc<dyn Registry>,
    /// The reader of another registry of its type, by the URL that clients of the type have for it.
    pub other: fn(Url, u64) -> Arc<dyn Registry>,
    /// Whether two texts name the same version although they differ.
    pub is_same_version: fn(&str, &str) -> bool,
}
