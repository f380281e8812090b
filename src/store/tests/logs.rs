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
        Advance, AlertFilter, CheckpointRow, LogEntryFilter, LogKind, LogProgress, LogState, MatchReporter, MatchRule,
        Met, NewLog, NewLogEntry, NewQuarantined, Scope, Store, TailRow,
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
