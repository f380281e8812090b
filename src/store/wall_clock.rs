//! Repairs stored times after the system's clock was wrong.

use chrono::{DateTime, Utc};
use rusqlite::named_params;

use super::{
    Store, StoreError,
    columns::{Micros, time_of_any},
};

/// Every column that means "not before" or "last": after the clock was set back, a wrong clock wrote all values that
/// lie ahead. A waiting row is due; the last event counts as just now, since its real time is unknown.
const AHEAD: [&str; 32] = [
    "UPDATE work SET due_at = :now WHERE due_at > :now",
    "UPDATE work SET since = :now WHERE since > :now",
    "UPDATE deliveries SET next_at = :now WHERE state = 'pending' AND next_at > :now",
    "UPDATE deliveries SET created_at = :now WHERE created_at > :now",
    "UPDATE deliveries SET settled_at = :now WHERE settled_at > :now",
    "UPDATE deliveries SET retried_at = :now WHERE retried_at > :now",
    "UPDATE endpoints SET disabled_at = :now WHERE disabled_at > :now",
    "UPDATE endpoints SET woken_at = :now WHERE woken_at > :now",
    "UPDATE digests SET due_at = :now WHERE due_at > :now",
    "UPDATE digests SET made_at = :now WHERE made_at > :now",
    "UPDATE alerts SET critical_at = :now WHERE critical_at > :now",
    "UPDATE releases SET recheck_at = :now WHERE recheck_at > :now",
    "UPDATE releases SET observed_at = :now WHERE observed_at > :now",
    "UPDATE packages SET first_seen = :now WHERE first_seen > :now",
    "UPDATE packages SET checked_at = :now WHERE checked_at > :now",
    "UPDATE packages SET backfilled_at = :now WHERE backfilled_at > :now",
    "UPDATE sources SET last_success = :now WHERE last_success > :now",
    "UPDATE sources SET last_error_at = :now WHERE last_error_at > :now",
    "UPDATE sources SET last_gap_at = :now WHERE last_gap_at > :now",
    "UPDATE log_checks SET due_at = :now WHERE due_at > :now",
    "UPDATE log_checks SET queued_at = :now WHERE queued_at > :now",
    "UPDATE log_checkpoints SET seen_at = :now WHERE seen_at > :now",
    "UPDATE log_checkpoints SET last_seen_at = :now WHERE last_seen_at > :now",
    "UPDATE logs SET last_success = :now WHERE last_success > :now",
    "UPDATE logs SET failing_since = :now WHERE failing_since > :now",
    "UPDATE log_progress SET since = :now WHERE since > :now",
    "UPDATE log_progress SET at = :now WHERE at > :now",
    "UPDATE inventory_projects SET uploaded_at = :now WHERE uploaded_at > :now",
    "UPDATE inventory_projects SET changed_at = :now WHERE changed_at > :now",
    "UPDATE inventory_figures SET counted_at = :now WHERE counted_at > :now",
    // What such a clock replaced stays replaced, and the addresses of releases from now on are kept again.
    "UPDATE address_retention SET until_at = :now WHERE until_at > :now",
    "UPDATE address_retention SET walk_until_at = :now WHERE walk_until_at > :now",
];

impl Store {
    /// The latest time in the rows that are written most often.
    pub(crate) fn latest_time(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.read("reading when something was last written", |db| {
            let mut query = db.prepare_cached(
                "SELECT max(at) FROM (
                     SELECT max(last_success) AS at FROM sources UNION ALL SELECT max(last_error_at) FROM sources
                     UNION ALL SELECT max(checked_at) FROM packages UNION ALL SELECT max(since) FROM work
                     UNION ALL SELECT max(created_at) FROM deliveries WHERE state = 'pending'
                 )",
            )?;
            Ok(query.query_row([], |row| Ok(time_of_any(row.get(0)?)))?)
        })
    }

    /// Changes stored times so that none lies ahead of the clock, which was set back to `now`.
    pub(crate) fn clock_was_set_back(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.write("putting times right after the clock was set back", |db| {
            for update in AHEAD {
                db.execute(update, named_params! { ":now": Micros(now) })?;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use crate::{
        model::{Ecosystem, Severity},
        store::{
            Lane, Outcome, PackageRow, Record, Setback, Turn,
            deliveries::LONGEST_DELIVERY_WAIT,
            tests::lab::{Lab, alerted, due_work, minutes_later, noon, observation, package},
            work::LONGEST_WAIT,
        },
    };

    const RELEASE: &str = "pkg:npm/axios@1.0.0";

    /// A package, a delivery, a recheck and a source, as a clock left them that was ahead by this many minutes.
    fn left_by_a_clock_ahead(minutes: i64) -> Lab {
        let (lab, then) = (Lab::new(), minutes_later(minutes));
        let axios = package("axios");
        lab.store.take_page("npm-changes", "7", &[], then).unwrap();
        let mut row = PackageRow::new(axios.clone(), then);
        (row.checked_at, row.backfilled_at) = (Some(then), Some(then));
        lab.store.save_package(&row).unwrap();
        lab.store.enqueue(std::slice::from_ref(&axios), "watchlist", then).unwrap();
        let work = lab.store.work_of(&axios).unwrap().unwrap();
        lab.store.put_off(&work, Setback::Failed, then + TimeDelta::minutes(1), "503").unwrap();
        lab.store.record(&alerted("pkg:npm/axios@1.0.1", Severity::High)).unwrap();
        for delivery in lab.store.outbox(then).unwrap() {
            lab.store.retry_delivery(&delivery, then, then + TimeDelta::minutes(1), "503").unwrap();
        }
        let mut record = Record::observed(observation(RELEASE), Outcome::Unchecked, then);
        record.recheck_at = Some(then + TimeDelta::minutes(5));
        lab.store.record(&record).unwrap();
        lab
    }

    #[test]
    fn what_lies_ahead_is_due_and_what_was_last_was_now() {
        let (lab, axios) = (left_by_a_clock_ahead(40), package("axios"));
        assert_eq!(lab.store.latest_time().unwrap(), Some(minutes_later(40)));
        assert!(due_work(&lab.store, noon()).unwrap().is_empty(), "within a wait that could have been chosen");
        lab.store.clock_was_set_back(noon()).unwrap();
        assert_eq!(due_work(&lab.store, noon()).unwrap().len(), 1);
        assert_eq!(lab.store.outbox(noon()).unwrap().len(), 2);
        assert_eq!(lab.store.version_states(&axios).unwrap()["1.0.0"].recheck_at, Some(noon()));
        let row = lab.store.package(&package("axios")).unwrap().unwrap();
        assert_eq!((row.first_seen, row.checked_at, row.backfilled_at), (noon(), Some(noon()), Some(noon())));
        assert_eq!(lab.store.version_states(&package("axios")).unwrap()["1.0.0"].observed_at, noon());
        assert_eq!(lab.store.sources().unwrap()[0].last_success, Some(noon()));
        assert_eq!(lab.store.latest_time().unwrap(), Some(noon()));
    }

    #[test]
    fn a_message_of_a_clock_that_was_ahead_delays_no_other() {
        let (lab, ahead) = (Lab::new(), minutes_later(9000));
        let mut record = Record { now: ahead, ..alerted(RELEASE, Severity::Critical) };
        let alert = record.alert.as_mut().unwrap();
        alert.raised_at = ahead;
        lab.store.record(&record).unwrap();
        for delivery in lab.store.outbox(ahead).unwrap() {
            lab.store.delivered(&delivery, ahead, "250").unwrap();
        }
        lab.store.make_digest("mail", ahead, ahead, &|_| true).unwrap();
        lab.store.clock_was_set_back(noon()).unwrap();
        let minutes = TimeDelta::minutes;
        let escalate = |now| lab.store.escalate(("mail", "boss"), minutes(30), minutes_later(now)).unwrap();
        assert_eq!((escalate(29), escalate(30)), (0, 1));
        let repeat = |now| lab.store.repeat_open("mail", minutes(60), minutes_later(now), &|_| true).unwrap();
        assert_eq!((repeat(59), repeat(60)), (0, 1));
        assert!(lab.store.make_digest("mail", minutes_later(60), minutes_later(60), &|_| true).unwrap());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        /// Even where no process noticed that the clock was set back: no wait is longer than the longest of its
        /// schedule.
        #[test]
        fn nothing_waits_longer_than_its_schedule(minutes in -3_000_000..3_000_000_i64) {
            let lab = left_by_a_clock_ahead(minutes);
            let within = |longest: TimeDelta| [noon(), noon() + longest];
            let recheck = TimeDelta::hours(12);
            let times = within(LONGEST_WAIT);
            let next = |now| lab.store.next_work(Ecosystem::NPM, Lane::Rest, now, 10).unwrap();
            prop_assert!(times.iter().any(|now| !next(*now).is_empty()));
            let times = within(LONGEST_DELIVERY_WAIT);
            prop_assert!(times.iter().any(|now| lab.store.due_count("mail", *now).unwrap() == 1));
            let turn = |now| Turn { now, due_by: now, least: Severity::Info, digests_only: false, fresh_first: false, served: Vec::new() };
            prop_assert!(times.iter().any(|now| lab.store.next_delivery("mail", &turn(*now)).unwrap().is_some()));
            let times = within(recheck);
            let work = lab.store.work_of(&package("axios")).unwrap().unwrap();
            lab.store.finish_work(&work.package, work.generation).unwrap();
            prop_assert!(times.iter().any(|now| !lab.store.packages_to_recheck(*now, recheck, 10).unwrap().is_empty()));
        }
    }
}
