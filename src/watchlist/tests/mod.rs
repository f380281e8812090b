//! Tests of watchlists: matching, files and edits.

mod demands;
mod editing;
mod files;
mod matching;
mod pinning;

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use insta::{assert_json_snapshot, assert_snapshot};

use super::*;
use crate::model::{Demand, EvidenceRank, Missing, Package, Severity};

fn parse(text: &str) -> Watchlist {
    Watchlist::parse(text, Path::new("w.toml")).expect(text)
}

fn error(text: &str) -> String {
    Watchlist::parse(text, Path::new("w.toml")).expect_err(text).to_string()
}

fn package(purl: &str) -> Package {
    purl.parse().unwrap()
}

fn tier(watchlist: &Watchlist, purl: &str) -> Option<Tier> {
    watchlist.matches(&package(purl)).map(|found| found.tier)
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

const LIST: &str = r#"
default_tier = "important"
packages = [
    "pkg:npm/axios",
    "pkg:npm/@angular/*",
    "pkg:npm/@angular/c*",
    "pkg:pypi/Django_*",
]
exclude = ["pkg:npm/@angular/cli", "pkg:pypi/*-stubs"]

[[package]]
purl = "pkg:npm/%40angular/core"
tier = "critical"
note = "in every front end"

[[package]]
purl = "pkg:npm/@angular/ca*"
tier = "normal"
"#;
