//! Tests that a store that an earlier version wrote means today what it meant then.
//!
//! [`a_store_that_the_program_filled_is_sound`] wrote `tests/data/store-18.db` while the schema was of that version. The file
//! stays as it is; `src/store/tests/kept.rs` reads every kept store, and writes those of later versions.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail and print like tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::lab::{
    ledger::{Api, Misbehaviour},
    rig::by_mallory,
    town::{Town, run, usual},
};
use chrono::{DateTime, TimeDelta, Utc};
use provwatch::{
    clock::Clock,
    detect::{AssessmentInputs, ReleaseContext},
    model::{
        AlertKind, AlertStatus, BaselineReason, ChangeKind, ExpectedChange, Facts, LineBaseline, Observation, Package,
        ReleaseLine, Signal,
    },
    packages::assess::assess,
    store::{AlertFilter, BaselineChange, LogEntryFilter, NewBaselineVersion, Outcome, Record, Store},
};
use serde_json::{Map, Value, json};

const WIDGET: &str = "pkg:npm/widget";
/// The release that the operator accepts.
const ACCEPTED: &str = "pkg:npm/widget@1.1.1";
/// One of which something around it is known.
const WITH_FACTS: &str = "pkg:npm/widget@1.1.2";

/// The traits of a profile by their keys, with words that each may have.
const TRAITS: [(&str, &[&str]); 32] = [
    ("evidence", &["none", "provenance", "trusted-publisher"]),
    ("issuers", &["https://token.actions.githubusercontent.com"]),
    ("repository_ids", &["74", "75"]),
    ("repositories", &["https://github.com/acme/full", "https://gitlab.com/acme/full"]),
    ("owner_ids", &["7"]),
    ("owners", &["https://github.com/acme"]),
    ("workflows", &[".github/workflows/release.yml"]),
    ("refs", &["tag", "branch main", "branch release/#", "pull request"]),
    ("triggers", &["push", "workflow_dispatch"]),
    ("environments", &["", "release"]),
    ("runners", &["github-hosted", "self-hosted"]),
    ("publishers", &["ada", "bob"]),
    ("emails", &["ada@example.org"]),
    ("maintainers", &["ada", "bob"]),
    ("config_ids", &["c0ffee"]),
    ("registered_repositories", &["github.com/acme/full"]),
    ("tags", &["absent", "present"]),
    ("commits", &["merged", "unmerged"]),
    ("builders", &["", "https://github.com/acme/build/.github/workflows/build.yml"]),
    ("visibilities", &["private", "public"]),
    ("tag_names", &["differing", "matching"]),
    ("signatures", &["unverified", "verified"]),
    ("conclusions", &["failure", "success"]),
    ("attempts", &["again", "first"]),
    ("gaps", &["days", "hours", "minutes"]),
    ("manifests", &["another", "same"]),
    ("named_repositories", &["github.com/acme/full"]),
    ("pauses", &["longer", "minutes"]),
    ("token_policies", &["tokens", "trusted publishers only"]),
    ("dependency_sources", &["git", "nowhere", "registry", "url"]),
    ("dependencies", &["", "left-pad"]),
    ("install_scripts", &["", "postinstall"]),
];

/// The traits that came after version 18.
const LATER: [(&str, &[&str]); 4] = [
    ("actors", &["ada", "bob"]),
    ("forge_releases", &["absent", "present"]),
    ("ref_places", &["branch main merged", "tag merged"]),
    ("release_seals", &["immutable", "mutable"]),
];

/// A profile with all its traits of version 18.
fn profile() -> LineBaseline {
    profile_of(&TRAITS, &json!({}))
}

/// A profile with all its traits.
fn whole_profile() -> LineBaseline {
    let resumed = json!({"at": "2026-05-01T12:00:00Z", "last_before": "2025-06-01T12:00:00Z", "longest_before": 12});
    profile_of(&[&TRAITS[..], &LATER].concat(), &json!({"resumed": resumed}))
}

/// A profile with some traits, and with more besides them.
fn profile_of(traits: &[(&str, &[&str])], more: &Value) -> LineBaseline {
    let seen =
        |count: usize| json!({"count": count + 1, "first": "2025-06-01T12:00:00Z", "last": "2026-05-01T12:00:00Z"});
    let tally = |words: &[&str]| -> Map<String, Value> {
        words.iter().enumerate().map(|(count, word)| ((*word).to_owned(), seen(count))).collect()
    };
    let mut form = json!({
        "releases": 12,
        "first_at": "2025-06-01T12:00:00Z",
        "last_at": "2026-05-01T12:00:00Z",
        "id_of_repository": {"https://github.com/acme/full": "74"},
        "id_of_owner": {"https://github.com/acme": "7"},
        "minutes": [720, 721],
        "longest_pause": 40,
        "highest": "1.11.0",
    });
    for (key, words) in traits {
        form[*key] = tally(words).into();
    }
    form.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(form).unwrap()
}

fn file(version: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/store-{version}.db"))
}

/// A line of which something of every kind was learned.
fn full() -> ReleaseLine {
    ReleaseLine::of(&format!("{WIDGET}@9.0.0").parse().unwrap())
}

/// What the operator lets the baseline learn, as the command line does, but that it is much.
fn accept(store: &Store, now: DateTime<Utc>) {
    let stored = store.baseline(&WIDGET.parse().unwrap()).unwrap();
    let mut baseline = stored.baseline;
    baseline.lines.insert(full(), whole_profile());
    let version = NewBaselineVersion {
        line: full(),
        reason: BaselineReason::Accepted,
        purl: Some(ACCEPTED.parse().unwrap()),
        actor: "olga".to_owned(),
        note: Some("as announced".to_owned()),
    };
    store
        .change_baseline(&BaselineChange { based_on: stored.revision, baseline, versions: vec![version] }, now)
        .unwrap();
}

/// What was found out around a release, and what could not be.
fn facts() -> Facts {
    let form = json!({
        "repository": {"identifier": "74", "created_at": "2020-01-01T00:00:00Z", "fork": false},
        "commit": {"on_default_branch": true, "verified": false},
        "unknown": {
            "tag": "the forge answered 502",
            "owner.created_at": "the forge does not tell",
            "dependencies_first_published.left-pad": "the registry does not have it",
        },
    });
    serde_json::from_value(form).unwrap()
}

/// A release with facts, as if a forge had been asked.
fn record_with_facts(store: &Store, now: DateTime<Utc>) {
    let like = store.release(&ACCEPTED.parse().unwrap()).unwrap().unwrap().observation.unwrap();
    let observation = Observation { purl: WITH_FACTS.parse().unwrap(), facts: facts(), ..like };
    let record =
        Record { unchecked: vec!["it waits".to_owned()], ..Record::observed(observation, Outcome::Unchecked, now) };
    store.record(&record).unwrap();
}

fn expected(now: DateTime<Utc>) -> ExpectedChange {
    ExpectedChange {
        id: 0,
        package: WIDGET.parse().unwrap(),
        change: ChangeKind::Repository("github.com/acme/gadget".to_owned()),
        from: now,
        until: now + TimeDelta::days(30),
        by: "olga".to_owned(),
        reason: "we move".to_owned(),
        created_at: now,
        removed: None,
    }
}

/// A package with a year of releases and a log that its workflow signs in; then a takeover, an entry that nothing explains, and
/// a log that goes back.
async fn town() -> Town {
    let town = Town::settled(Api::Tiles, "log.example").await;
    town.sign(&run(77));
    town.publish("1.1.0", &usual());
    town.minutes_pass(150).await;
    town.publish("1.1.1", &by_mallory().install_script("node steal.js"));
    town.minutes_pass(5).await;
    town.ledger.misbehave(Misbehaviour::RollBack(2));
    town.minutes_pass(30).await;
    town
}

#[tokio::test]
async fn a_store_that_the_program_filled_is_sound() {
    let town = town().await;
    let (store, now) = (town.store(), town.clock.now());
    accept(store, now);
    record_with_facts(store, now);
    let form = serde_json::to_value(whole_profile()).unwrap();
    let empty = |value: &&Value| value.is_null() || value.as_object().is_some_and(Map::is_empty);
    assert_eq!(form.as_object().unwrap().values().filter(empty).count(), 0, "{form}");
    let taken = store.alerts(&AlertFilter { limit: 1, ..AlertFilter::default() }).unwrap().remove(0);
    store.expect_change(&expected(now)).unwrap();
    store.acknowledge(&taken.fingerprint, "olga", "looked at", now).unwrap();
    assert_eq!(store.history_faults().unwrap(), [""; 0]);
    assert_eq!(store.set_damage_aside(now).unwrap().rows, 0);
}

/// That store, opened by the provwatch of today.
fn opened(folder: &tempfile::TempDir) -> Store {
    let path = folder.path().join("provwatch.db");
    fs::copy(file("18"), &path).unwrap();
    Store::open(&path).unwrap()
}

#[test]
fn a_store_of_version_18_keeps_all_that_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(&folder);
    let widget: Package = WIDGET.parse().unwrap();
    let rows = store.releases(&widget, 100).unwrap();
    assert_eq!((rows.len(), rows.iter().filter(|row| row.in_baseline).count()), (15, 14));
    assert!(rows.iter().all(|row| row.observation.is_some()));
    let last = store.release(&ACCEPTED.parse().unwrap()).unwrap().unwrap();
    assert_eq!(last.outcome, Outcome::Alerted);
    let with_facts = store.release(&WITH_FACTS.parse().unwrap()).unwrap().unwrap();
    assert_eq!((with_facts.outcome, with_facts.unchecked), (Outcome::Unchecked, vec!["it waits".to_owned()]));
    assert_eq!(with_facts.observation.unwrap().facts, facts());

    let baseline = store.baseline(&widget).unwrap().baseline;
    assert_eq!(baseline.lines[&full()], profile());
    assert_eq!(baseline.lines.values().map(|line| line.releases).sum::<u32>(), 13 + 12);
    assert_eq!(store.baseline_history(&widget, 1).unwrap()[0].note.as_deref(), Some("as announced"));

    let alerts = store.alerts(&AlertFilter { limit: 100, ..AlertFilter::default() }).unwrap();
    let of = |kind: AlertKind| alerts.iter().filter(|alert| alert.kind == kind).count();
    assert_eq!((of(AlertKind::Release), of(AlertKind::Log)), (1, 2), "{alerts:#?}");
    assert!(alerts.iter().any(|alert| alert.status == AlertStatus::Acknowledged));
    assert!(alerts.iter().all(|alert| !store.deliveries_of(alert, 10).unwrap().is_empty()));

    let expected = store.expected_changes_of(&widget).unwrap();
    assert_eq!(expected.iter().map(|one| &*one.reason).collect::<Vec<_>>(), ["we move"]);

    let log = store.log("log.example").unwrap().unwrap();
    assert_eq!((log.checkpoint.unwrap().size, log.tail.unwrap().verified), (4, 4));
    assert_eq!(store.log_entries(LogEntryFilter { log: None, limit: 9 }).unwrap().len(), 1);
    assert_eq!(store.evidence(None).unwrap().len(), 1);
    assert_eq!(store.damaged_rows(9).unwrap().len(), 0);
    assert_eq!(
        store.set_damage_aside("2026-06-01T00:00:00Z".parse().unwrap()).unwrap().rows,
        0,
        "every row reads as it was written"
    );
    // Its steps and actions, and the acceptance of the operator, are the beginning of the history.
    assert_eq!(store.history_faults().unwrap(), [""; 0]);
    let steps = store.baseline_history(&widget, 100).unwrap().len();
    assert!(store.history_head().unwrap().unwrap().seq > steps.try_into().unwrap());
}

/// A baseline as it stands in a file.
#[expect(clippy::disallowed_methods, reason = "the text itself, whatever the program makes of it")]
fn body(file: &Path) -> String {
    let db = rusqlite::Connection::open(file).unwrap();
    db.query_row("SELECT body FROM baselines WHERE package = ?1", [WIDGET], |row| row.get(0)).unwrap()
}

/// A baseline as it is shown, without the traits that version 18 did not have, and of which nothing was seen.
fn without_later_traits(shown: String, before: &str) -> String {
    let empty = serde_json::to_value(LineBaseline::default()).unwrap();
    let later = empty.as_object().unwrap().iter().filter(|(key, _)| !before.contains(&format!("\"{key}\":")));
    later.fold(shown, |shown, (key, value)| shown.replace(&format!("\"{key}\":{value},"), ""))
}

/// Version 18 stored what it showed. What is stored since then leaves traits out of which nothing was seen; what is shown has
/// them. Either is read, by version 18 too, so that no migration has to write every baseline anew.
#[test]
fn a_baseline_of_version_18_shows_what_it_showed() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(&folder);
    let stored = store.baseline(&WIDGET.parse().unwrap()).unwrap();
    let before = body(&file("18"));
    assert_eq!(without_later_traits(serde_json::to_string(&stored.baseline).unwrap(), &before), before);

    let version = NewBaselineVersion {
        line: full(),
        reason: BaselineReason::Accepted,
        purl: Some(WITH_FACTS.parse().unwrap()),
        actor: "olga".to_owned(),
        note: None,
    };
    let change =
        BaselineChange { based_on: stored.revision, baseline: stored.baseline.clone(), versions: vec![version] };
    store.change_baseline(&change, "2026-07-02T12:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(store.baseline(&WIDGET.parse().unwrap()).unwrap().baseline, stored.baseline);
    let after = body(store.path());
    assert!(after.len() < before.len() && !after.contains("{}"), "{after}");
}

#[test]
fn beside_a_baseline_of_version_18_a_release_says_what_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(&folder);
    let mut baseline = store.baseline(&WIDGET.parse().unwrap()).unwrap().baseline;
    // What the operator accepted after the release was judged.
    baseline.lines.remove(&full()).unwrap();
    let release = store.release(&ACCEPTED.parse().unwrap()).unwrap().unwrap().observation.unwrap();
    let alerts = store.alerts(&AlertFilter { limit: 100, ..AlertFilter::default() }).unwrap();
    let raised = alerts.iter().find(|alert| alert.purl.as_ref() == Some(&release.purl)).unwrap();
    let said = assess(&baseline, &release, &AssessmentInputs::usual(&ReleaseContext::default()));
    assert!(!raised.signals.is_empty());
    // Words may be others by now.
    let by_detector = |signals: &[Signal]| -> Vec<_> {
        signals.iter().map(|one| (one.detector.clone(), one.severity, one.since, one.corroborating)).collect()
    };
    assert_eq!(by_detector(&said.signals), by_detector(&raised.signals));
}
