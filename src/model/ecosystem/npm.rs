//! The row of npm.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{
    Commands, EvidenceRules, Feed, Files, Host, Interval, LockFile, Maintainers, Names, Row, Token, Versions,
    ranges::semver_takes,
};
use crate::model::{EvidenceRank, RegistryId, Version, as_written};

/// It always names the publishing method, so an unknown method means that nothing is known.
pub(super) const ROW: Row = Row {
    name: "npm",
    title: "npm",
    about: "npm, the public registry of JavaScript packages.",
    names: Names { is_name, spelled: as_written, distinct: as_written, scoped: true },
    versions: Versions {
        read: Version::semver,
        line: Version::line,
        in_tags: |version| version,
        asked: |version| version,
        takes,
    },
    files: Files { many: false, lock_form, locks: &[LockFile::PackageLock], sources: &[] },
    evidence: EvidenceRules {
        untold: &[],
        tells_method: true,
        attested: EvidenceRank::Provenance,
        unattested: None,
        approvals: true,
        issuers: &[
            "https://token.actions.githubusercontent.com",
            "https://token.actions.githubusercontent.com/",
            "https://gitlab.com",
            "https://oidc.circleci.com/org/",
        ],
    },
    feed: Feed {
        name: "npm-changes",
        names_versions: false,
        interval: Interval {
            usual: Duration::from_secs(5),
            about: "How often provwatch reads the change feed.",
            least: Duration::from_secs(1),
            most: None,
        },
    },
    hosts: &[
        Host::of_packages(RegistryId::NPM)
            .under("registry", "Base URL of package documents and attestations. Default: the public registry."),
        Host::beside(RegistryId::NPM_REPLICATE)
            .under("replicate", "Base URL of the change feed. Default: the public one."),
        Host::of_packages(RegistryId::NPM_YARN),
        Host::of_packages(RegistryId::NPM_MIRROR),
    ],
    small_document: (RegistryId::NPM_REPLICATE, ""),
    token: Token::Bearer,
    commands: Commands {
        pin: "npm pkg set overrides[{name}]={version} && npm install --ignore-scripts",
        pin_before: "npm pkg set overrides[{name}]=<{version} && npm install --ignore-scripts",
        // npm refuses to override a direct dependency.
        direct: Some((
            "npm install --save-exact --ignore-scripts {name}@{version}",
            "npm install --save-exact --ignore-scripts {name}@<{version}",
        )),
        find: "npm ls --all {name}",
        locked: "npm ci",
    },
    maintainers: Maintainers { evidence: "with provenance", withdraw: "deprecate or unpublish" },
    curated: Some(include_str!("../../../watchlists/npm.toml")),
};

/// The relevant part of npm's rule: one optional scope, URL-safe characters, no leading dot. Names keep the author's
/// spelling, capitals too: npm has both `JSONStream` and `jsonstream`, of different authors.
fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-~!'()*".contains(&b))
    };
    match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').is_some_and(|(scope, bare)| part(scope) && part(bare)),
        None => part(name),
    }
}

/// `sha512-<base64>`.
fn lock_form(algorithm: &str, digest: &str) -> String {
    match hex::decode(digest) {
        Ok(bytes) => format!("{algorithm}-{}", BASE64_STANDARD.encode(bytes)),
        Err(_) => format!("{algorithm}:{digest}"),
    }
}

/// A bare version means exactly that one; `||` stands between alternatives.
fn takes(range: &str, version: &str) -> Option<bool> {
    let one = |range: &str| match semver::Version::parse(range) {
        Ok(exact) => Some(exact == semver::Version::parse(version).ok()?),
        Err(_) => semver_takes(range, version),
    };
    let mut any = range.split("||").map(|range| one(range.trim()));
    any.try_fold(false, |takes, one| Some(takes || one?))
}
