//! Tests of `replay --rule`: two rules of other tools on the back-tests, through the library and the program.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use std::path::{Path, PathBuf};

use provwatch::{
    model::{AlertKind, Severity},
    packages::replay::{PeerRule, Timeline, replay_peer},
};

use crate::lab::program::{Said, provwatch};

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/backtest").join(name)
}

/// The releases of a back-test on which a rule fires.
fn fired(name: &str, rule: PeerRule) -> Vec<String> {
    let replayed = replay_peer(&Timeline::read(&case(name)).unwrap(), rule);
    let release = |alert: &provwatch::model::Alert| {
        assert_eq!((alert.kind, alert.severity, alert.signals.len()), (AlertKind::Release, Severity::High, 1));
        alert.purl.as_ref().unwrap().to_string()
    };
    replayed.alerts.iter().map(|alert| release(&alert.alert)).collect()
}

#[test]
fn a_loss_of_evidence_fires_both_and_a_back_port_too() {
    for rule in PeerRule::ALL {
        let axios = fired("axios-2026-03.json", rule);
        assert!(axios.contains(&"pkg:npm/axios@1.14.1".to_owned()), "{}: {axios:?}", rule.as_str());
        let semver = fired("semver-backports-2023-07.json", rule);
        assert!(semver.contains(&"pkg:npm/semver@5.7.2".to_owned()), "{}: {semver:?}", rule.as_str());
    }
}

#[test]
fn a_transfer_concerns_the_neighbour_rule_alone() {
    assert_eq!(fired("aube-transfer-2026-04.json", PeerRule::Presence), [""; 0]);
    assert!(!fired("aube-transfer-2026-04.json", PeerRule::Predecessor).is_empty());
}

fn run(arguments: &[&str]) -> Said {
    let home = tempfile::tempdir().unwrap();
    Said::by(&mut provwatch(home.path(), &[&["replay"], arguments].concat()))
}

#[test]
fn the_program_scores_by_a_peers_rule() {
    let axios = case("axios-2026-03.json");
    let axios = axios.to_str().unwrap();
    let scored = run(&["--rule", "presence", "--expect", axios]);
    let missed = "  missed  pkg:npm/axios@1.14.1: expected at least critical, is high";
    assert!(scored.out.lines().any(|line| line == missed), "{scored}");
    assert_eq!(scored.code, 3);
    let alerts = run(&["--rule", "predecessor", "--format", "json", axios]).json();
    assert!(!alerts.is_empty() && alerts.iter().all(|alert| alert["severity"] == "high"), "{alerts:?}");
    assert!(alerts.iter().all(|alert| alert["signals"][0]["detector"] == "predecessor"));
}

#[test]
fn a_rule_is_named_and_stands_alone() {
    let axios = case("axios-2026-03.json");
    let axios = axios.to_str().unwrap();
    let unknown = run(&["--rule", "presense", axios]);
    assert!(unknown.code == 2 && unknown.err.contains("expected presence or predecessor"), "{unknown}");
    assert_eq!(run(&["--rule", "presence", "--explain", axios]).code, 2);
}
