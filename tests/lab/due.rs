//! What waits in a store, as the daemon takes it.

use chrono::{DateTime, Utc};
use provwatch::{
    model::{Ecosystem, Severity},
    store::{Delivery, Lane, Store, Turn, Work},
};

/// The packages of the public registries that are due, those of each lane after those of the one before.
pub fn work(store: &Store, now: DateTime<Utc>) -> Vec<Work> {
    let lanes = [Lane::Announced, Lane::Again, Lane::Rest];
    let of_lane = |lane| Ecosystem::ALL.map(|registry| store.next_work(registry, lane, now, 10_000).unwrap());
    lanes.into_iter().flat_map(of_lane).flatten().collect()
}

/// The next delivery of each subscription for which one is due.
pub fn deliveries(store: &Store, now: DateTime<Utc>) -> Vec<Delivery> {
    let turn =
        Turn { now, due_by: now, least: Severity::Info, digests_only: false, fresh_first: false, served: Vec::new() };
    let next = |subscription: String| store.next_delivery(&subscription, &turn).unwrap();
    store.awaited_subscriptions().unwrap().into_iter().filter_map(next).collect()
}
