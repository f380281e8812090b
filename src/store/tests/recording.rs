//! Tests of recording releases and reading them back.

use chrono::Duration;

use super::lab::{
    ISSUER, Lab, alerted, dump, learned, learning, minutes_later, noon, observation, package, provenance, release,
    version,
};
use crate::{
    model::{
        BaselineReason, Digests, Ecosystem, File, Observation, Person, Provenance, ReleaseId, ReleaseStatus, Severity,
        files_fingerprint,
    },
    store::{Outcome, Record, Store, StoreError, Trace, record::Recorded},
};

fn purls(rows: &[crate::store::ReleaseRow]) -> Vec<String> {
    rows.iter().map(|row| row.purl.to_string()).collect()
}

fn file(name: &str, sha256: &str) -> File {
    File {
        name: name.to_owned(),
        digests: Digests { sha256: Some(sha256.to_owned()), ..Digests::default() },
        uploaded_at: None,
        yanked: false,
        attestation: None,
    }
}

fn store_all(store: &Store, observations: Vec<Observation>) {
    for observation in observations {
        store.record(&Record::observed(observation, Outcome::Clean, noon())).unwrap();
    }
}

#[test]
fn a_release_reads_back_as_it_was_recorded() {
    let lab = Lab::new();
    let mut record = Record::observed(observation("pkg:npm/%40a/b@1.0.0"), Outcome::Unchecked, noon());
    record.unchecked = vec!["could not check: the log is down".to_owned()];
    record.recheck_at = Some(minutes_later(10));
    lab.store.record(&record).unwrap();
    let row = lab.store.release(&release("pkg:npm/%40a/b@1.0.0")).unwrap().unwrap();
    assert_eq!(row.observation, Some(observation("pkg:npm/%40a/b@1.0.0")));
    assert_eq!((row.line.as_str(), row.outcome, row.in_baseline), ("1", Outcome::Unchecked, false));
    assert_eq!((row.unchecked, row.recheck_at), (record.unchecked, record.recheck_at));
    assert_eq!((row.observed_at, row.published_at, row.attempts), (noon(), Some(noon()), 0));
}

#[test]
fn recording_the_same_again_changes_nothing() {
    let lab = Lab::new();
    let mut record = alerted("pkg:npm/axios@1.14.1", Severity::High);
    record.baseline = Some(learning(0, &["pkg:npm/axios@1.14.1"]));
    let first = lab.store.record(&record).unwrap();
    assert_eq!(
        first,
        Recorded { new_alert: true, announced: true, deliveries: 2, silenced: false, baseline_versions: 1 }
    );
    let before = dump(&lab.store);
    record.now = minutes_later(5);
    assert_eq!(lab.store.record(&record).unwrap(), Recorded::default());
    assert_eq!(dump(&lab.store), before);
}

#[test]
fn a_recheck_counts_until_the_evidence_is_there() {
    let lab = Lab::new();
    let due = |minutes| lab.store.packages_to_recheck(minutes_later(minutes), Duration::days(1), 5).unwrap();
    let mut record = Record::observed(observation("pkg:npm/axios@1.0.0"), Outcome::Unchecked, noon());
    for round in 0..3 {
        record.recheck_at = Some(minutes_later(10 + i64::from(round)));
        lab.store.record(&record).unwrap();
        let state = lab.store.version_states(&package("axios")).unwrap().remove("1.0.0").unwrap();
        assert_eq!((state.attempts, state.recheck_at), (round, record.recheck_at));
        assert_eq!(due(60), [package("axios")]);
    }
    assert_eq!(due(0), [], "not yet due");
    let found = Observation { attestation: provenance("1"), ..observation("pkg:npm/axios@1.0.0") };
    lab.store.record(&Record::observed(found, Outcome::Clean, minutes_later(20))).unwrap();
    assert_eq!(due(60), []);
    let row = lab.store.release(&release("pkg:npm/axios@1.0.0")).unwrap().unwrap();
    assert_eq!((row.outcome, row.observed_at, row.updated_at), (Outcome::Clean, noon(), minutes_later(20)));
}

#[test]
fn an_unreadable_release_is_recorded_with_its_reason() {
    let lab = Lab::new();
    // The purls of the last ones cannot be parsed again.
    for version in ["1.0.0", "\u{0}\u{1}\u{202e}", "", &"9".repeat(5000)] {
        let odd = package("axios").at(version);
        lab.store.record(&Record::unreadable(odd.clone(), "could not check: no publish time", noon())).unwrap();
        let row = lab.store.release(&odd).unwrap().unwrap();
        assert_eq!(row.purl, odd);
        assert_eq!((row.outcome, row.observation), (Outcome::Unreadable, None));
        assert_eq!(row.unchecked, ["could not check: no publish time"]);
    }
    assert_eq!(lab.store.releases(&package("axios"), 10).unwrap().len(), 4);
    let states = lab.store.version_states(&package("axios")).unwrap();
    assert!(states.len() == 4 && states.values().all(|state| state.outcome == Outcome::Unreadable), "{states:?}");
    assert_eq!(lab.store.stats().unwrap().unchecked, 4);
}

#[test]
fn an_observation_that_could_not_be_read_back_is_refused() {
    let lab = Lab::new();
    let odd: ReleaseId = package("axios").at("9".repeat(5000));
    let unstorable = Observation { purl: odd, ..observation("pkg:npm/axios@1.0.0") };
    let error = lab.store.record(&Record::observed(unstorable, Outcome::Clean, noon())).unwrap_err();
    assert!(matches!(error, StoreError::Unstorable { .. }), "{error:?}");
    assert!(error.to_string().len() < 1000, "shortened");
}

#[test]
fn a_release_that_becomes_unreadable_keeps_what_was_read() {
    let lab = Lab::new();
    let quarantined = Observation { status: ReleaseStatus::Quarantined, ..observation("pkg:npm/axios@1.0.0") };
    store_all(&lab.store, vec![quarantined.clone()]);
    lab.store.record(&Record::unreadable(quarantined.purl.clone(), "broken now", noon())).unwrap();
    let row = lab.store.release(&quarantined.purl).unwrap().unwrap();
    assert_eq!((row.outcome, row.status), (Outcome::Unreadable, ReleaseStatus::Quarantined));
    assert_eq!(row.observation, Some(quarantined));
}

#[test]
fn releases_come_latest_first_and_bounded() {
    let lab = Lab::new();
    let published = |purl: &str, minutes| Observation { published_at: minutes_later(minutes), ..observation(purl) };
    store_all(&lab.store, vec![published("pkg:npm/axios@2.0.0", 2), published("pkg:npm/axios@1.0.0", 9)]);
    lab.store.record(&Record::unreadable(release("pkg:npm/axios@3.0.0"), "odd", noon())).unwrap();
    let rows = lab.store.releases(&package("axios"), 10).unwrap();
    assert_eq!(purls(&rows), ["pkg:npm/axios@1.0.0", "pkg:npm/axios@2.0.0", "pkg:npm/axios@3.0.0"]);
    assert_eq!(lab.store.releases(&package("axios"), 1).unwrap().len(), 1);
}

#[test]
fn a_status_changes_once() {
    let lab = Lab::new();
    store_all(&lab.store, vec![observation("pkg:npm/axios@1.0.0")]);
    let axios = release("pkg:npm/axios@1.0.0");
    assert!(lab.store.set_status(&axios, ReleaseStatus::Yanked, noon()).unwrap());
    assert!(!lab.store.set_status(&axios, ReleaseStatus::Yanked, noon()).unwrap());
    assert!(!lab.store.set_status(&release("pkg:npm/none@1.0.0"), ReleaseStatus::Yanked, noon()).unwrap());
    assert_eq!(lab.store.version_states(&package("axios")).unwrap()["1.0.0"].status, ReleaseStatus::Yanked);
}

#[test]
fn the_fingerprint_of_files_tells_a_new_or_replaced_file() {
    let (a, b) = (file("a.whl", "00"), file("b.tar.gz", "11"));
    let both = files_fingerprint(&[a.clone(), b.clone()]);
    assert_eq!(both, files_fingerprint(&[b.clone(), a.clone()]), "order does not matter");
    assert_ne!(both, files_fingerprint(std::slice::from_ref(&a)), "a file added");
    assert_ne!(both, files_fingerprint(&[a, file("b.tar.gz", "22")]), "a file replaced");
    assert_ne!(files_fingerprint(&[file("x -\n3:y", "0")]), files_fingerprint(&[file("x", "0"), file("y", "0")]));
}

#[test]
fn releases_are_found_by_what_ties_them() {
    let lab = Lab::new();
    let by = |name: &str| Some(Person { name: name.to_owned(), email: None });
    let built = |purl: &str, id| Observation { attestation: provenance(id), ..observation(purl) };
    store_all(
        &lab.store,
        vec![
            Observation { publisher: by("mallory"), ..built("pkg:npm/axios@1.0.0", "7") },
            Observation { publisher: by("mallory"), ..observation("pkg:npm/vite@1.0.0") },
            Observation { publisher: by("mallory"), ..observation("pkg:pypi/vite@1.0.0") },
            Observation { files: vec![file("b.tgz", "beef")], ..built("pkg:npm/b@1.0.0", "7") },
            built("pkg:npm/c@1.0.0", "8"),
        ],
    );
    let related = lab.store.related(&release("pkg:npm/axios@1.0.0"), 10).unwrap();
    assert_eq!(purls(&related.by_publisher), ["pkg:npm/vite@1.0.0"], "an account belongs to one registry");
    assert_eq!(purls(&related.by_repository), ["pkg:npm/b@1.0.0"]);
    assert_eq!(purls(&related.by_run), ["pkg:npm/b@1.0.0", "pkg:npm/c@1.0.0"]);
    for (trace, expected) in [
        (Trace::Digest("beef"), vec!["pkg:npm/b@1.0.0"]),
        (Trace::Publisher(&Ecosystem::PYPI.into(), "mallory"), vec!["pkg:pypi/vite@1.0.0"]),
        (Trace::RepositoryId { issuer: ISSUER, id: "8" }, vec!["pkg:npm/c@1.0.0"]),
        (Trace::RepositoryId { issuer: "https://gitlab.example", id: "8" }, vec![]),
        (Trace::Digest("'; DROP TABLE releases; --"), vec![]),
    ] {
        assert_eq!(purls(&lab.store.traced(trace, 10).unwrap()), expected, "{trace:?}");
    }
    let entry = Trace::LogEntry { origin: "rekor.example", index: 42 };
    assert!(lab.store.traced(entry, 1).unwrap().len() == 1, "reads are bounded");
}

#[test]
fn the_registrys_stand_in_for_a_machine_ties_nothing_together() {
    let lab = Lab::new();
    let trusted = |purl: &str, approver: Option<&str>| {
        let mut seen = observation(purl);
        seen.auth.method = crate::model::AuthMethod::TrustedPublisher;
        seen.publisher = Some(Person { name: "GitHub Actions".to_owned(), email: None });
        seen.auth.approved_by = approver.map(|name| Person { name: name.to_owned(), email: None });
        seen
    };
    let (a, b, c) = ("pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0", "pkg:npm/c@1.0.0");
    store_all(&lab.store, vec![trusted(a, Some("alice")), trusted(b, None), trusted(c, Some("alice"))]);
    assert!(lab.store.related(&release(b), 10).unwrap().by_publisher.is_empty());
    assert_eq!(purls(&lab.store.related(&release(a), 10).unwrap().by_publisher), [c], "the approver is a person");
}

#[test]
fn nothing_unverified_becomes_a_trace() {
    let lab = Lab::new();
    let reason = "signature".to_owned();
    let invalid = Provenance::Invalid { check: crate::model::Check::Signature, reason };
    store_all(&lab.store, vec![Observation { attestation: invalid, ..observation("pkg:npm/axios@1.0.0") }]);
    assert!(!dump(&lab.store).contains("traces:"));
}

#[test]
fn a_baseline_grows_by_versions() {
    let lab = Lab::new();
    let axios = package("axios");
    let empty = lab.store.baseline(&axios).unwrap();
    assert_eq!((empty.revision, empty.baseline.lines.len()), (0, 0));
    lab.store.record(&learned("pkg:npm/axios@1.0.0", 0)).unwrap();
    lab.store.record(&learned("pkg:npm/axios@1.0.1", 1)).unwrap();
    assert_eq!(lab.store.baseline(&axios).unwrap().revision, 2);
    let history = lab.store.baseline_history(&axios, 10).unwrap();
    let steps: Vec<_> = history.iter().map(|step| (step.version, step.purl.as_deref().unwrap())).collect();
    assert_eq!(steps, [(2, "pkg:npm/axios@1.0.1"), (1, "pkg:npm/axios@1.0.0")]);
    assert_eq!(lab.store.baseline_packages().unwrap(), [axios]);
}

#[test]
fn two_writers_do_not_undo_one_another() {
    let lab = Lab::new();
    lab.store.record(&learned("pkg:npm/axios@1.0.0", 0)).unwrap();
    let before = dump(&lab.store);
    let error = lab.store.record(&learned("pkg:npm/axios@1.0.1", 0)).unwrap_err();
    assert!(matches!(error, StoreError::BaselineMoved { .. }), "{error:?}");
    assert_eq!(dump(&lab.store), before, "the release is not recorded without what it taught");
}

#[test]
fn a_batch_is_recorded_whole_or_not_at_all() {
    let lab = Lab::new();
    let batch = |revisions: [u32; 3]| {
        let purl = |patch| format!("pkg:npm/axios@1.0.{patch}");
        revisions.iter().enumerate().map(|(patch, on)| learned(&purl(patch), *on)).collect::<Vec<_>>()
    };
    let before = dump(&lab.store);
    lab.store.record_batch(&batch([0, 1, 7])).unwrap_err();
    assert_eq!(dump(&lab.store), before);
    assert_eq!(lab.store.record_batch(&batch([0, 1, 2])).unwrap().len(), 3);
    assert_eq!(lab.store.version_states(&package("axios")).unwrap().len(), 3);
}

#[test]
fn an_alerted_release_is_held_until_it_is_accepted() {
    let lab = Lab::new();
    let bad = "pkg:npm/axios@1.14.1";
    lab.store.record(&alerted(bad, Severity::High)).unwrap();
    let held = lab.store.held(&package("axios")).unwrap();
    assert_eq!((held.len(), held[0].purl.to_string().as_str()), (1, bad));
    let mut change = learning(0, &[bad]);
    change.versions[0] = version(bad, BaselineReason::Accepted);
    assert_eq!(lab.store.change_baseline(&change, noon()).unwrap(), 1);
    assert_eq!(lab.store.change_baseline(&change, noon()).unwrap(), 0, "accepted once");
    assert!(lab.store.held(&package("axios")).unwrap().is_empty());
    assert!(lab.store.release(&release(bad)).unwrap().unwrap().in_baseline);
}

#[test]
fn a_baseline_learns_only_from_recorded_releases() {
    let lab = Lab::new();
    let error = lab.store.change_baseline(&learning(0, &["pkg:npm/axios@1.0.0"]), noon()).unwrap_err();
    assert!(matches!(error, StoreError::Unstorable { .. }), "{error:?}");
    assert!(lab.store.baseline_packages().unwrap().is_empty());
}

#[test]
fn after_a_reset_a_line_is_learned_anew() {
    let lab = Lab::new();
    let (old, other) = ("pkg:npm/axios@1.0.0", "pkg:npm/axios@2.0.0");
    lab.store.record(&learned(old, 0)).unwrap();
    lab.store.record(&learned(other, 1)).unwrap();
    let mut reset = learning(2, &[old]);
    reset.versions[0] = version(old, BaselineReason::Reset);
    assert_eq!(lab.store.change_baseline(&reset, noon()).unwrap(), 1);
    assert_eq!(lab.store.change_baseline(&reset, noon()).unwrap(), 0, "a line that was just reset");
    assert!(!lab.store.release(&release(old)).unwrap().unwrap().in_baseline);
    assert!(lab.store.release(&release(other)).unwrap().unwrap().in_baseline, "the other line stays");
    assert_eq!(lab.store.change_baseline(&learning(3, &[old]), noon()).unwrap(), 1, "it teaches again");
    let steps = lab.store.baseline_history(&package("axios"), 10).unwrap();
    assert_eq!(
        steps.iter().map(|step| step.reason.as_str()).collect::<Vec<_>>(),
        ["learned", "reset", "learned", "learned"]
    );
}
