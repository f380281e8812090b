//! Property tests of feed pages, failures, kills and finished work in any order. No event is lost or doubled, and a
//! package with an unprocessed event is on the queue.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{
    faults::Point,
    lab::{Lab, due_work, event, noon, package},
};
use crate::store::{NewEvent, Store};

const FEED: &str = "npm-changes";
const PACKAGES: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    /// Reads the page after the stored cursor.
    Poll { events: usize, fault: Option<Point> },
    /// Reads a page from before the cursor again.
    Replay { back: usize, events: usize },
    /// Checks the package that is longest due.
    Work { fault: Option<Point> },
    /// Kills the process and starts another.
    Kill,
}

fn fault() -> impl Strategy<Value = Option<Point>> {
    prop_oneof![Just(None), Just(Some(Point::BeforeCommit)), Just(Some(Point::AfterCommit))]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..5_usize, fault()).prop_map(|(events, fault)| Step::Poll { events, fault }),
        2 => (0..6_usize, 0..5_usize).prop_map(|(back, events)| Step::Replay { back, events }),
        3 => fault().prop_map(|fault| Step::Work { fault }),
        1 => Just(Step::Kill),
    ]
}

/// The feed is endless: event `n` is about package `n % 4`.
fn page(from: usize, events: usize) -> Vec<NewEvent> {
    (from..from + events).map(|n| event(&package(&format!("p{}", n % PACKAGES)), &n.to_string())).collect()
}

fn cursor(store: &Store) -> usize {
    store.cursor(FEED).unwrap().map_or(0, |cursor| cursor.parse().unwrap())
}

fn order(store: &Store, fault: Option<Point>) {
    if let Some(point) = fault {
        store.faults.order(point);
    }
}

/// Takes a page as a feed loop does, which ignores failures here and continues from the stored cursor.
fn poll(store: &Store, from: usize, events: usize) {
    let _ = store.take_page(FEED, &(from + events).to_string(), &page(from, events), noon());
}

/// Checks the document of a package, which shows everything that was announced so far.
fn look(store: &Store, announced: usize, seen: &mut BTreeMap<String, usize>, fault: Option<Point>) {
    let Some(work) = due_work(store, noon()).unwrap().pop() else { return };
    seen.insert(work.package.name().to_owned(), announced);
    order(store, fault);
    let _ = store.finish_work(&work.package, work.generation);
}

fn stored_keys(store: &Store) -> Vec<usize> {
    let db = store.connection();
    let mut query = db.prepare("SELECT CAST(key AS INTEGER) FROM events ORDER BY 1").unwrap();
    query.query_map([], |row| row.get::<_, i64>(0)).unwrap().map(|key| usize::try_from(key.unwrap()).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_doubled(steps in prop::collection::vec(step(), 1..24)) {
        let mut lab = Lab::new();
        let mut seen = BTreeMap::new();
        let mut reached = 0;
        for step in steps {
            match step {
                Step::Poll { events, fault } => {
                    order(&lab.store, fault);
                    poll(&lab.store, cursor(&lab.store), events);
                }
                Step::Replay { back, events } => poll(&lab.store, cursor(&lab.store).saturating_sub(back), events),
                Step::Work { fault } => look(&lab.store, reached, &mut seen, fault),
                Step::Kill => lab = lab.after_kill(),
            }
            reached = reached.max(cursor(&lab.store));
            prop_assert_eq!(stored_keys(&lab.store), (0..reached).collect::<Vec<_>>());
            let queued: BTreeSet<_> = due_work(&lab.store, noon()).unwrap().into_iter().map(|work| work.package).collect();
            for n in 0..reached {
                let package = package(&format!("p{}", n % PACKAGES));
                let looked_at = seen.get(package.name()).is_some_and(|upto| n < *upto);
                prop_assert!(looked_at || queued.contains(&package), "event {} is neither seen nor queued", n);
            }
        }
    }
}
