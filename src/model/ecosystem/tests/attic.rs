//! The Attic, which does not exist: a registry of boxes, whose versions are editions, `e7`, and drafts of them,
//! `e8-draft`.

use std::time::Duration;

use crate::model::{
    Aspect, Ecosystem, EvidenceRank, Numbers, RegistryId, Version, as_written,
    ecosystem::{Commands, EvidenceRules, Feed, Files, Host, Interval, Maintainers, Names, Rate, Row, Token, Versions},
};

pub(crate) const ATTIC: Ecosystem = Ecosystem::named("attic");

pub(in crate::model::ecosystem) const ROW: Row = Row {
    name: "attic",
    title: "the Attic",
    about: "The Attic.",
    names: Names {
        is_name: |name| name.bytes().all(|b| b.is_ascii_alphabetic()),
        spelled: |name| name.to_ascii_lowercase().into(),
        distinct: as_written,
        scoped: false,
    },
    versions: Versions { read, line: decade, in_tags: |version| version, asked: |version| version, takes: |_, _| None },
    files: Files {
        many: false,
        lock_form: |algorithm, digest| format!("{algorithm}={digest}"),
        locks: &[],
        sources: &[],
    },
    evidence: EvidenceRules {
        untold: &[Aspect::Attestation, Aspect::Signature, Aspect::Owners],
        tells_method: true,
        attested: EvidenceRank::Provenance,
        unattested: None,
        approvals: false,
        issuers: &["https://keys.attic.example/"],
    },
    feed: Feed {
        name: "attic-news",
        names_versions: true,
        interval: Interval {
            usual: Duration::from_secs(20),
            about: "How often the news are read.",
            least: Duration::from_secs(5),
            most: Some((Duration::from_mins(1), "nobody remembers news for longer")),
        },
    },
    hosts: &[Host::of_packages(RegistryId::ATTIC)
        .under("shelves", "Base URL of the shelves. Default: the public ones.")
        .asked(Rate { requests: 7, per: Duration::from_secs(1), burst: 7, concurrency: 1 })],
    small_document: (RegistryId::ATTIC, "clock"),
    token: Token::Bare,
    commands: Commands {
        pin: "attic fetch {name} {version}",
        pin_before: "attic fetch {name} --before {version}",
        direct: None,
        find: "attic list {name}",
        locked: "attic restore",
    },
    maintainers: Maintainers { evidence: "with a stamp", withdraw: "shred" },
    curated: None,
};

/// Ten editions are one line.
fn decade(version: &Version) -> String {
    let pre = if version.is_prerelease() { "-pre" } else { "" };
    format!("{}{pre}", version.numbers().major / 10)
}

/// A draft is below its edition.
fn read(text: &str) -> Option<Version> {
    let (text, is_final) = text.strip_suffix("-draft").map_or((text, true), |text| (text, false));
    let edition = text.strip_prefix('e')?.parse().ok()?;
    let numbers = Numbers { major: edition, ..Numbers::default() };
    Some(Version::ranked(numbers, !is_final, (edition, is_final)))
}

#[test]
fn a_row_has_a_scheme_of_its_own() {
    let read = |text| ATTIC.version(text);
    assert!(read("e9") < read("e10-draft") && read("e10-draft") < read("e10"));
    assert_eq!(read("1.0.0"), None);
    let line = |version: &str| crate::model::ReleaseLine::of(&format!("pkg:attic/Box@{version}").parse().unwrap());
    assert_eq!(["e9", "e10", "e12-draft"].map(|version| line(version).to_string()), ["0", "1", "1-pre"]);
}
