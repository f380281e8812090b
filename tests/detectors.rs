//! The detectors are complete: every file is listed, documented, and has a case that fires and one that stays quiet.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail and print like tests")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use provwatch::{
    detect::{ALL, HEADINGS, about, document},
    model::Severity,
    pipeline::replay::{Kind, Timeline, replay, trace},
};

/// Files of `src/detect` that are no detectors.
const OTHERS: [&str; 5] = ["change", "combine", "document", "mod", "tuning"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn case(id: &str, name: &str) -> Timeline {
    Timeline::read(&root().join(format!("tests/cases/{id}/{name}.json"))).unwrap()
}

fn ids() -> Vec<&'static str> {
    ALL.iter().map(|detector| detector.about().id).collect()
}

#[test]
fn every_file_is_listed_and_sorted_by_its_kebab_case_id() {
    let files: BTreeSet<String> = fs::read_dir(root().join("src/detect"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|file| !OTHERS.contains(&file.as_str()))
        .map(|file| file.replace('_', "-"))
        .collect();
    assert_eq!(ids(), files.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(ids().iter().all(|id| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
}

#[test]
fn every_documentation_has_the_five_headings() {
    for about in ALL.iter().map(|detector| detector.about()) {
        let headings: Vec<_> = about.docs.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        assert_eq!(headings, HEADINGS, "{}", about.id);
        assert!(about.docs.split("### ").skip(1).all(|part| part.lines().nth(1).is_some()), "{}", about.id);
    }
}

#[test]
fn the_rendered_documentation_is_up_to_date() {
    let path = root().join("docs/DETECTORS.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, document()).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == document(), "docs/DETECTORS.md is stale: run UPDATE_DOCS=1 cargo test --test detectors");
}

/// The severity of the detector's signal for the last release of a case.
fn said(id: &str, timeline: &Timeline) -> Option<Severity> {
    let mut last = None;
    trace(&timeline.observations, |_, assessed| {
        last = assessed.signals.iter().filter(|signal| signal.detector == id).map(|signal| signal.severity).max();
    });
    last
}

#[test]
fn every_detector_fires_on_its_case() {
    for id in ids() {
        let fires = case(id, "fires");
        assert_eq!(fires.kind, Kind::Positive);
        let severity = said(id, &fires);
        assert!(severity >= Some(Severity::Low), "{id} says {severity:?}");
        assert!(severity <= about(id).map(|about| about.severity), "{id} says more than it may");
        let replayed = replay(&fires);
        assert_eq!(replayed.missed(), 0, "{id}: {:?}", replayed.scores);
    }
}

#[test]
fn every_detector_stays_quiet_on_its_case() {
    for id in ids() {
        let quiet = case(id, "quiet");
        assert_eq!(quiet.kind, Kind::Negative);
        assert_eq!(said(id, &quiet), None, "{id}");
        let replayed = replay(&quiet);
        assert_eq!(replayed.missed(), 0, "{id}: {:?}", replayed.scores);
    }
}

#[test]
fn no_case_stands_for_a_detector_that_is_gone() {
    let mut folders: Vec<_> = fs::read_dir(root().join("tests/cases"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    folders.sort();
    assert_eq!(folders, ids());
}

#[test]
fn the_same_input_gives_the_same_signals() {
    for timeline in ids().into_iter().flat_map(|id| [case(id, "fires"), case(id, "quiet")]) {
        assert_eq!(replay(&timeline), replay(&timeline));
    }
}
