//! Property tests of a tail's downloads, proofs, lies, failures and kills in any order. The two positions and
//! everything that moves with them agree, no entry is skipped, and no unproven entry is marked as verified.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::{
    faults::Point,
    lab::{ISSUER, Lab, noon},
};
use crate::{
    model::{Alert, AlertKind, Claims, Confidence, Report, Severity, Sighting, Sightings, WorkflowIdentity},
    store::{
        Advance, AlertFilter, CheckpointRow, EntryTrace, LogEntryFilter, LogKind, LogProgress, LogState, MatchReporter,
        MatchRule, Met, NewLog, NewLogEntry, NewQuarantined, OwnedTrace, Scope, Store, TailRow, Trace,
    },
};

const LOG: &str = "log.example";

#[derive(Clone, Debug)]
enum Step {
    /// Downloads entries after the downloaded position.
    Download { entries: u64, fault: Option<Point> },
    /// Another process with a different position of the tail tries to store.
    Intrude { at: u64 },
    /// The downloaded entries hash to a checkpoint.
    Verify { fault: Option<Point> },
    /// They do not.
    Rewind { fault: Option<Point> },
    /// Kills the process and starts another.
    Kill,
}

fn fault() -> impl Strategy<Value = Option<Point>> {
    prop_oneof![2 => Just(None), 1 => Just(Some(Point::BeforeCommit)), 1 => Just(Some(Point::AfterCommit))]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1..9_u64, fault()).prop_map(|(entries, fault)| Step::Download { entries, fault }),
        1 => (0..40_u64).prop_map(|at| Step::Intrude { at }),
        3 => fault().prop_map(|fault| Step::Verify { fault }),
        1 => fault().prop_map(|fault| Step::Rewind { fault }),
        1 => Just(Step::Kill),
    ]
}

fn opened() -> Lab {
    let lab = Lab::new();
    let log = NewLog {
        name: LOG,
        kind: LogKind::Tiles,
        url: "https://log.example/",
        key_id: "00",
        offset: 0,
        standing: LogState::Active,
    };
    lab.store.open_log(&log, noon()).unwrap();
    lab.store.begin_tail(LOG, 5, 5, &[]).unwrap();
    lab
}

/// Every third entry is of a watched identity, every seventh cannot be read.
fn download(store: &Store, before: u64, count: u64) -> bool {
    let indexes = before..before + count;
    let entries: Vec<_> = indexes.clone().filter(|index| index % 3 == 0).map(entry).collect();
    let quarantined: Vec<_> = indexes.filter(|index| index % 7 == 0).map(unreadable).collect();
    let advance = Advance {
        before,
        after: before + count,
        range: &[],
        entries: &entries,
        quarantined: &quarantined,
        kinds: &BTreeMap::from([(("hashedrekord".to_owned(), "0.0.2".to_owned()), count)]),
        bytes: count * 100,
        progress: LogProgress::beginning(before, before + 2 * count, noon()).come(before + count, noon()),
    };
    store.log_downloaded(LOG, &advance, noon()).unwrap_or(false)
}

fn entry(index: u64) -> NewLogEntry {
    NewLogEntry {
        index,
        leaf: [7; 32],
        body: b"{}".to_vec(),
        kind: "hashedrekord".to_owned(),
        version: "0.0.2".to_owned(),
        identity: WorkflowIdentity { issuer: ISSUER.to_owned(), subject: String::new(), claims: Claims::default() },
        key_sha256: String::new(),
        digest: None,
        serial: String::new(),
        not_issued: None,
        not_before: noon(),
        packages: Vec::new(),
        patterns: vec!["acme".to_owned()],
    }
}

/// Reports every match; at most two by an alert of their own.
struct Teller([MatchRule; 1]);

impl Teller {
    fn new() -> Self {
        Self([MatchRule {
            name: "acme".to_owned(),
            severity: Severity::Low,
            report: Report::All,
            team: None,
            own: None,
        }])
    }

    fn alert(subject: &str, now: DateTime<Utc>) -> Alert {
        let about = Alert::about(AlertKind::Log, subject, Severity::Low, Confidence::High, subject.to_owned(), now);
        Alert { matched: Some("acme".to_owned()), ..about }
    }
}

impl MatchReporter for Teller {
    fn rules(&self) -> &[MatchRule] {
        &self.0
    }

    fn accusation(&self, _: &MatchRule, met: &Met, now: DateTime<Utc>) -> (Alert, Vec<Scope>) {
        let entries = Some(Sightings::first(self.sighting(met), now));
        let common = Self::alert("common", now);
        let scope = Scope { key: "acme".to_owned(), burst: 2, refill: TimeDelta::hours(6), common };
        (Alert { entries, ..Self::alert(&met.index.to_string(), now) }, vec![scope])
    }

    fn history(&self, _: &MatchRule, now: DateTime<Utc>) -> Alert {
        Self::alert("history", now)
    }

    fn sighting(&self, met: &Met) -> Sighting {
        Sighting { log: LOG.to_owned(), index: met.index, who: "acme".to_owned() }
    }

    fn wants(&self, _: &Alert) -> Vec<String> {
        vec!["team".to_owned()]
    }
}

/// Verified entries are reported, each once and with a message, and no others are.
fn is_told(store: &Store, believed: usize) -> Result<(), TestCaseError> {
    let alerts = store.alerts(&AlertFilter { limit: 999, ..AlertFilter::default() }).unwrap();
    let told: u64 = alerts.iter().filter_map(|alert| alert.entries.as_ref()).map(|entries| entries.count).sum();
    prop_assert_eq!(told, believed as u64);
    prop_assert_eq!(alerts.len(), believed.min(3));
    for alert in &alerts {
        prop_assert_eq!(store.deliveries_of(alert, 9).unwrap().len(), 1, "{}", alert.title);
    }
    Ok(())
}

fn unreadable(index: u64) -> NewQuarantined {
    NewQuarantined { index, body: Vec::new(), bytes: 0, why: "garbage".to_owned() }
}

fn checkpoint(size: u64) -> CheckpointRow {
    CheckpointRow { size, root: [1; 32], note: String::new(), seen_at: noon(), last_seen_at: noon(), consistent: true }
}

fn tail(store: &Store) -> TailRow {
    store.log(LOG).unwrap().unwrap().tail.unwrap()
}

fn order(store: &Store, fault: Option<Point>) {
    if let Some(point) = fault {
        store.faults.order(point);
    }
}

fn agrees(store: &Store) -> Result<(), TestCaseError> {
    let tail = tail(store);
    prop_assert!(tail.start <= tail.verified && tail.verified <= tail.downloaded);
    let believed = |step: u64| (tail.start..tail.verified).filter(move |index| index % step == 0);
    let mut entries: Vec<_> = store
        .log_entries(LogEntryFilter { log: Some(LOG), limit: 999 })
        .unwrap()
        .iter()
        .map(|row| row.entry.index)
        .collect();
    entries.sort_unstable();
    prop_assert_eq!(&entries, &believed(3).collect::<Vec<_>>());
    is_told(store, entries.len())?;
    let mut set_aside: Vec<_> = store.quarantined(LOG, 999).unwrap().iter().map(|row| row.index).collect();
    set_aside.sort_unstable();
    prop_assert_eq!(set_aside, believed(7).collect::<Vec<_>>());
    let kinds: u64 = store.log_kinds(LOG).unwrap().iter().map(|kind| kind.count).sum();
    prop_assert_eq!(kinds, tail.verified - tail.start);
    let covered: Vec<_> = store.coverage(LOG).unwrap().iter().map(|range| (range.first, range.past)).collect();
    let all = if tail.verified > tail.start { vec![(tail.start, tail.verified)] } else { Vec::new() };
    prop_assert_eq!(covered, all);
    // One key for each entry, that of the issuer.
    let count = |table: &str| -> i64 {
        store.connection().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    prop_assert_eq!(count("log_entry_traces"), count("log_entries"));
    let progress = store.log(LOG).unwrap().unwrap().progress.map(|progress| progress.next);
    prop_assert_eq!(progress, (tail.downloaded > tail.verified).then_some(tail.downloaded));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_positions_of_a_tail_and_what_moves_with_them_agree(steps in prop::collection::vec(step(), 1..24)) {
        let mut lab = opened();
        for step in steps {
            let store = &lab.store;
            let before = tail(store);
            match step {
                Step::Download { entries, fault } => {
                    order(store, fault);
                    download(store, before.downloaded, entries);
                }
                Step::Intrude { at } => prop_assert!(at == before.downloaded || !download(store, at, 1)),
                Step::Verify { fault } => {
                    order(store, fault);
                    let _ = store.log_verified(LOG, &checkpoint(before.downloaded), &Teller::new(), noon());
                }
                Step::Rewind { fault } => {
                    order(store, fault);
                    let _ = store.log_rewound(LOG);
                    prop_assert_eq!(tail(store).verified, before.verified);
                }
                Step::Kill => {
                    lab = lab.after_kill();
                    prop_assert_eq!(tail(&lab.store), before, "what was committed is there");
                }
            }
            // A failure that no write took must not affect a later one.
            let _ = lab.store.log_rewound("another log");
            agrees(&lab.store)?;
        }
    }
}

/// An entry with a leaf, a digest and a key of its own, of a repository.
fn signed(index: u64, repository: &str, not_issued: Option<&str>) -> NewLogEntry {
    let mark = u8::try_from(index).unwrap();
    let claims = Claims {
        source_repository_uri: Some(format!("https://github.com/{repository}")),
        source_repository_identifier: Some("7".to_owned()),
        source_repository_owner_identifier: Some("9".to_owned()),
        ..Claims::default()
    };
    let subject = format!("https://github.com/{repository}/.github/workflows/release.yml@refs/heads/main");
    NewLogEntry {
        leaf: [mark; 32],
        digest: Some(hex::encode([mark; 32])),
        key_sha256: hex::encode([mark + 100; 32]),
        identity: WorkflowIdentity { issuer: ISSUER.to_owned(), subject, claims },
        not_issued: not_issued.map(str::to_owned),
        ..entry(index)
    }
}

fn store_entries(store: &Store, entries: &[NewLogEntry]) {
    let before = tail(store).downloaded;
    let after = before + entries.len() as u64;
    let advance = Advance {
        before,
        after,
        range: &[],
        entries,
        quarantined: &[],
        kinds: &BTreeMap::new(),
        bytes: 1,
        progress: LogProgress::beginning(before, after, noon()),
    };
    assert!(store.log_downloaded(LOG, &advance, noon()).unwrap());
}

#[test]
fn entries_are_found_by_what_was_signed_and_by_whom() {
    let lab = opened();
    let store = &lab.store;
    store_entries(
        store,
        &[signed(5, "acme/a", None), signed(6, "acme/b", None), signed(7, "eve/c", Some("self-signed"))],
    );
    let signer = |trace: Trace<'_>| EntryTrace::Signer(OwnedTrace::from(trace));
    let found = |clues: &[Vec<EntryTrace>]| {
        let mut found: Vec<u64> =
            store.entries_by(clues, 9).unwrap().entries.iter().map(|row| row.entry.index).collect();
        found.sort_unstable();
        found
    };
    let issuer = || vec![signer(Trace::Issuer(ISSUER))];
    assert_eq!(found(&[issuer()]), [0; 0], "they are not verified yet");
    store.log_verified(LOG, &checkpoint(8), &Teller::new(), noon()).unwrap().unwrap();
    let a = "https://github.com/acme/a";
    let name = format!("{a}/.github/workflows/release.yml@refs/heads/main");
    for (clues, expected) in [
        (vec![issuer()], &[5, 6, 7][..]),
        (vec![vec![signer(Trace::Repository(a))]], &[5]),
        (vec![vec![signer(Trace::RepositoryId { issuer: ISSUER, id: "7" })]], &[5, 6, 7]),
        (vec![vec![signer(Trace::Owner(&format!("{ISSUER}#9")))]], &[5, 6, 7]),
        (vec![vec![signer(Trace::Identity(&name))]], &[5]),
        (vec![vec![signer(Trace::Workflow("https://github.com/eve/c/.github/workflows/release.yml"))]], &[7]),
        (vec![vec![EntryTrace::Leaf([6; 32])]], &[6]),
        (vec![vec![EntryTrace::Digest(hex::encode([5; 32])), EntryTrace::Digest(hex::encode([6; 32]))]], &[5, 6]),
        (vec![vec![EntryTrace::Key(hex::encode([107; 32]))]], &[7]),
        (vec![vec![EntryTrace::Place(LOG.to_owned(), 6)]], &[6]),
        (vec![vec![EntryTrace::Place(LOG.to_owned(), 9)]], &[]),
        (vec![issuer(), vec![EntryTrace::Leaf([6; 32])]], &[6]),
        (vec![vec![signer(Trace::Repository(a))], vec![EntryTrace::Leaf([6; 32])]], &[]),
        (vec![vec![]], &[]),
        (vec![], &[]),
    ] {
        assert_eq!(found(&clues), expected, "{clues:?}");
    }
    let few = store.entries_by(&[issuer()], 2).unwrap();
    assert!(few.has_more && few.entries.len() == 2, "{few:?}");
}

/// Whoever floods a log with forged entries does not fill the table of keys.
#[test]
fn the_keys_of_entries_go_with_them() {
    let lab = opened();
    let store = &lab.store;
    let keys = || -> i64 {
        store.connection().query_row("SELECT count(*) FROM log_entry_traces", [], |row| row.get(0)).unwrap()
    };
    store_entries(store, &[signed(5, "acme/a", None)]);
    assert!(keys() > 4);
    store.log_rewound(LOG).unwrap();
    assert_eq!(keys(), 0, "they did not hash to the root");
    store_entries(store, &[signed(5, "acme/a", Some("forged")), signed(6, "acme/b", Some("forged"))]);
    store.log_verified(LOG, &checkpoint(7), &Teller::new(), noon()).unwrap().unwrap();
    let both = keys();
    for row in store.unjudged_entries(None, 9).unwrap() {
        store.judge_entry(&row, None, noon()).unwrap();
    }
    store.forget_forged(LOG, 1).unwrap();
    assert_eq!(keys() * 2, both, "one of two is left");
    assert_eq!(store.entries_by(&[vec![EntryTrace::Leaf([5; 32])]], 9).unwrap().entries.len(), 0);
    // A database from before there were keys.
    let before = super::lab::dump(store);
    lab.sql("DELETE FROM log_entry_traces").unwrap();
    super::super::logs::fill_traces(&store.connection()).unwrap();
    assert_eq!(super::lab::dump(store), before);
}
