//! The Python Package Index.

use std::{borrow::Cow, time::Duration};

use super::{Commands, EvidenceRules, Feed, Files, Host, Interval, LockFile, Maintainers, Names, Row, Token, Versions};
use crate::model::{Aspect, EvidenceRank, Numbers, RegistryId, Version, as_written, is_plain_name};

/// It never names the publishing method, and accepts attestations from trusted publishers only.
pub(super) const ROW: Row = Row {
    name: "pypi",
    title: "PyPI",
    about: "PyPI, the Python Package Index.",
    names: Names { is_name: is_plain_name, spelled: pep_503, distinct: as_written, scoped: false },
    versions: Versions { read: pep_440, line: Version::line, in_tags: without_epoch, asked: |version| version, takes },
    files: Files {
        many: true,
        lock_form: |algorithm, digest| format!("{algorithm}:{digest}"),
        locks: &[LockFile::Requirements, LockFile::Uv],
        sources: &[],
    },
    evidence: EvidenceRules {
        untold: &[Aspect::Account, Aspect::Signature],
        tells_method: false,
        attested: EvidenceRank::TrustedPublisher,
        unattested: Some(EvidenceRank::None),
        approvals: false,
        issuers: &[
            "https://token.actions.githubusercontent.com",
            "https://token.actions.githubusercontent.com/",
            "https://gitlab.com",
            "https://accounts.google.com",
            "https://platform.activestate.com/api/v1/oauth/oidc",
        ],
    },
    feed: Feed {
        name: "pypi-changelog",
        names_versions: true,
        interval: Interval {
            usual: Duration::from_secs(15),
            about: "How often provwatch reads the changelog. PyPI allows an address 3600 such requests an hour.",
            least: Duration::from_secs(2),
            most: None,
        },
    },
    hosts: &[
        Host::of_packages(RegistryId::PYPI)
            .under("index", "Base URL of the index, the integrity API and the changelog. Default: the public index."),
        Host::of_packages(RegistryId::PYPI_FILES),
        Host::beside(RegistryId::PYPI_DOCS),
    ],
    small_document: (RegistryId::PYPI, ""),
    token: Token::PasswordOf("__token__"),
    commands: Commands {
        pin: "echo {name}=={version} >> constraints.txt && python3 -m pip install -c constraints.txt -r requirements.txt",
        pin_before: "echo {name}<{version} >> constraints.txt && python3 -m pip install -c constraints.txt -r requirements.txt",
        direct: None,
        find: "python3 -m pip show {name}",
        locked: "python3 -m pip install --require-hashes --requirement requirements.txt",
    },
    maintainers: Maintainers { evidence: "as a trusted publisher, with attestations", withdraw: "yank or delete" },
    curated: Some(include_str!("../../../watchlists/pypi.toml")),
};

/// PEP 503: runs of `-`, `_` and `.` become one `-`, all lower case.
fn pep_503(name: &str) -> Cow<'_, str> {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        let c = if matches!(c, '-' | '_' | '.') { '-' } else { c.to_ascii_lowercase() };
        if c != '-' || !out.ends_with('-') {
            out.push(c);
        }
    }
    out.into()
}

/// PEP 440, whose epochs are above all numbers.
fn pep_440(text: &str) -> Option<Version> {
    let version: pep440_rs::Version = text.parse().ok()?;
    let part = |index: usize| version.release().get(index).copied().unwrap_or(0);
    let numbers = Numbers { epoch: version.epoch(), major: part(0), minor: part(1), patch: part(2) };
    Some(Version::ranked(numbers, version.any_prerelease(), version))
}

/// `name[extra]>=1,<2; python_version < "3.9"`: the part about versions.
fn takes(range: &str, version: &str) -> Option<bool> {
    let range = range.split(';').next().unwrap_or_default();
    let from = range.find(['<', '>', '=', '!', '~'])?;
    let specifiers: pep440_rs::VersionSpecifiers = range[from..].trim_matches([' ', '(', ')']).parse().ok()?;
    Some(specifiers.contains(&version.parse().ok()?))
}

/// Tags are named by the numbers: `v2.0` is that of `1!2.0`.
fn without_epoch(version: &str) -> &str {
    version.split_once('!').map_or(version, |(_, numbers)| numbers)
}
