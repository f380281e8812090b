//! Tests of reading lock files and bills of materials.

mod hostile;
mod kinds;
mod places;
mod refused;
mod registries;

use std::path::Path;

use proptest::prelude::*;

use super::{formats::parse_bytes, *};
use crate::{
    model::{Ecosystem, Package, RegistryId, RegistryKey},
    strict_toml::ReadError,
};

fn import(text: &str) -> Listed {
    parse(text, Path::new("file"), &Mirrors::default()).expect(text)
}

fn error(text: &str) -> String {
    parse(text, Path::new("file"), &Mirrors::default()).expect_err(text).to_string()
}

/// The packages, and the skipped entries.
fn outcome(text: &str) -> (Vec<String>, Vec<String>) {
    let imported = import(text);
    let skipped = imported.skipped.iter().map(|skipped| format!("{}: {}", skipped.what, skipped.why));
    (imported.packages().iter().map(Package::to_string).collect(), skipped.collect())
}

/// A URL below a public registry.
fn at(registry: RegistryId, path: &str) -> String {
    registry.base_url() + path
}
