//! Entry point of all fuzz targets. `PROVWATCH_FUZZ_TARGET` says which one runs; `fuzz/run` sets it.

#![no_main]

mod archives;
mod attestations;
mod feeds;
mod files;
mod forges;
mod git;
mod logs;
mod registries;
mod web;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

/// A target: what it is called, and what it does with any bytes.
type Target = (&'static str, fn(&[u8]));

/// Every reader of what others write.
const TARGETS: &[Target] = &[
    ("archive", archives::archive),
    ("npm_packument", registries::npm_packument),
    ("npm_changes", feeds::npm_changes),
    ("attestation_files", attestations::files),
    ("npm_attestations", attestations::npm),
    ("pypi_simple", registries::pypi_simple),
    ("pypi_project", registries::pypi_project),
    ("pypi_changelog", feeds::pypi_changelog),
    ("pypi_provenance", attestations::pypi),
    ("crates_updates", feeds::crates_updates),
    ("crates_index", registries::crates_index),
    ("crates_versions", registries::crates_versions),
    ("crates_owners", registries::crates_owners),
    ("github", forges::github),
    ("gitlab", forges::gitlab),
    ("git_references", git::references),
    ("tuf", attestations::tuf),
    ("trust_root", attestations::trust_root),
    ("lock_file", files::lock_file),
    ("timeline", files::timeline),
    ("osv_report", files::osv_report),
    ("configuration", files::configuration),
    ("watchlist", files::watchlist),
    ("certificate", logs::certificate),
    ("checkpoint", logs::checkpoint),
    ("ct_leaf", logs::ct_leaf),
    ("entry", logs::entry),
    ("evidence", logs::evidence),
    ("note", logs::note),
    ("tile", logs::tile),
];

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let wanted = std::env::var("PROVWATCH_FUZZ_TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|(name, _)| *name == wanted).map(|(_, target)| *target);
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    found.unwrap_or_else(|| panic!("PROVWATCH_FUZZ_TARGET={wanted:?} is not one of {}", names.join(" ")))
});

fuzz_target!(|bytes: &[u8]| TARGET(bytes));
