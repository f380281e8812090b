//! The row of crates.io.

use std::{borrow::Cow, time::Duration};

use super::{
    Commands, EvidenceRules, Feed, Files, Host, Interval, LockFile, Maintainers, Names, Rate, Row, Token, Versions,
    ranges::semver_takes,
};
use crate::model::{Aspect, EvidenceRank, RegistryId, Version, as_written, is_plain_name};

/// It always names the publishing method, so an unknown method means that nothing is known. Limits are those of its
/// crawler policy and of the index documentation.
pub(super) const ROW: Row = Row {
    name: "cargo",
    title: "crates.io",
    about: "crates.io, the public registry of Rust crates.",
    names: Names { is_name: is_plain_name, spelled: as_written, distinct, scoped: false },
    versions: Versions {
        read: Version::semver,
        line: Version::line,
        in_tags: |version| version,
        asked: without_build,
        takes: semver_takes,
    },
    files: Files {
        many: false,
        lock_form,
        locks: &[LockFile::Cargo],
        // The name in Cargo.lock, whichever protocol is used.
        sources: &["registry+https://github.com/rust-lang/crates.io-index"],
    },
    evidence: EvidenceRules {
        untold: &[Aspect::Attestation, Aspect::Signature],
        tells_method: true,
        attested: EvidenceRank::Provenance,
        unattested: None,
        approvals: false,
        issuers: &["https://token.actions.githubusercontent.com", "https://gitlab.com"],
    },
    feed: Feed {
        name: "crates-updates",
        names_versions: true,
        interval: Interval {
            usual: Duration::from_secs(30),
            about: "How often provwatch reads the update feed, which has the releases of the last hour.",
            least: Duration::from_secs(10),
            most: Some((
                Duration::from_mins(30),
                "the feed keeps one hour; at this interval, releases can drop out between two polls",
            )),
        },
    },
    hosts: &[
        Host::of_packages(RegistryId::CARGO)
            .under("api", "Base URL of the API. Default: the public one. crates.io allows one request a second.")
            .asked(Rate { requests: 1, per: Duration::from_secs(1), burst: 1, concurrency: 1 }),
        Host::of_packages(RegistryId::CARGO_INDEX)
            .under("index", "Base URL of the sparse index. Default: the public one.")
            .asked(Rate { requests: 50, per: Duration::from_secs(1), burst: 50, concurrency: 8 }),
        Host::of_packages(RegistryId::CARGO_STATIC)
            .under("files", "Base URL of the static files, which include the update feed. Default: the public one."),
    ],
    small_document: (RegistryId::CARGO_INDEX, "config.json"),
    token: Token::Bare,
    commands: Commands {
        pin: "cargo update --package {name} --precise {version}",
        pin_before: "cargo update --package {name}@{version} --precise '…'",
        direct: None,
        find: "cargo tree --workspace --invert {name}",
        locked: "cargo fetch --locked",
    },
    maintainers: Maintainers { evidence: "as a trusted publisher", withdraw: "yank" },
    curated: Some(include_str!("../../../watchlists/cargo.toml")),
};

/// It keeps names as the author wrote them. It refuses a new one that differs only in case, or in `-` and `_`.
fn distinct(spelled: &str) -> Cow<'_, str> {
    if spelled.bytes().any(|b| b.is_ascii_uppercase() || b == b'-') {
        return spelled.to_ascii_lowercase().replace('-', "_").into();
    }
    spelled.into()
}

/// SHA-256 bare.
fn lock_form(algorithm: &str, digest: &str) -> String {
    if algorithm == "sha256" { digest.to_owned() } else { format!("{algorithm}:{digest}") }
}

/// Versions that differ only in the metadata of their build are one: it refuses the second.
fn without_build(version: &str) -> &str {
    version.split_once('+').map_or(version, |(version, _)| version)
}
