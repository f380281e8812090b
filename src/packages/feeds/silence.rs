//! Detects feeds that answer but announce nothing. Omitted events cannot be seen; but a feed whose position is ahead of
//! its events, or a busy one that falls silent, is incomplete and counts as unreadable.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::registry::{Feed, FeedPage};

/// This many consecutive empty pages mean that the feed shows less than it has. Replicas lag briefly.
const PATIENCE: u32 = 5;
/// A busy registry is never quiet for this long.
const QUIET: TimeDelta = TimeDelta::minutes(15);

/// The state of feeds without events, by name.
#[derive(Debug, Default)]
pub struct Silences(Mutex<BTreeMap<&'static str, Silence>>);

#[derive(Clone, Copy, Debug)]
struct Silence {
    since: DateTime<Utc>,
    /// Pages without events.
    pages: u32,
    /// Those consecutive ones of them that were known to leave something out.
    withheld: u32,
}

impl Silences {
    /// The reason why a page must be incomplete, for people.
    pub fn break_of(&self, feed: &dyn Feed, page: &FeedPage, now: DateTime<Utc>) -> Option<String> {
        let new = Silence { since: now, pages: 0, withheld: 0 };
        let mut silences = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let silence = silences.entry(feed.name()).or_insert(new);
        if !page.events.is_empty() || page.gap.is_some() {
            *silence = new;
            return None;
        }
        silence.pages = silence.pages.saturating_add(1);
        silence.withheld = if page.withheld.is_some() { silence.withheld.saturating_add(1) } else { 0 };
        let is_withheld = silence.withheld >= PATIENCE;
        let is_quiet = feed.is_busy() && silence.pages >= PATIENCE && now - silence.since >= QUIET;
        let quiet = || format!("no events since {}, which is unusually long", silence.since);
        page.withheld.clone().filter(|_| is_withheld).or_else(|| is_quiet.then(quiet))
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, future::BoxFuture};

    use super::*;
    use crate::{
        http::Client,
        model::Ecosystem,
        registry::{Cursor, Event, FeedChange, RegistryError},
    };

    #[derive(Debug)]
    struct Busy(bool);

    impl Feed for Busy {
        fn name(&self) -> &'static str {
            "feed"
        }

        fn ecosystem(&self) -> Ecosystem {
            Ecosystem::CARGO
        }

        fn is_busy(&self) -> bool {
            self.0
        }

        fn poll<'a>(&'a self, _: &'a Client, _: Option<&'a Cursor>) -> BoxFuture<'a, Result<FeedPage, RegistryError>> {
            async { Ok(page(None)) }.boxed()
        }
    }

    fn page(withheld: Option<&str>) -> FeedPage {
        let withheld = withheld.map(str::to_owned);
        FeedPage { events: Vec::new(), cursor: Cursor("1".to_owned()), more: false, gap: None, withheld }
    }

    fn at(minute: i64) -> DateTime<Utc> {
        "2026-06-01T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
    }

    #[test]
    fn a_feed_that_stands_further_than_it_shows_is_believed_for_a_moment() {
        let silences = Silences::default();
        let breaks = |page: &FeedPage| silences.break_of(&Busy(false), page, at(0)).is_some();
        let held = page(Some("it stands at 2"));
        assert_eq!([0; 4].map(|_| breaks(&held)), [false; 4]);
        assert!(!breaks(&page(None)), "level again");
        assert_eq!([0; 6].map(|_| breaks(&held)), [false, false, false, false, true, true]);
        let package = "pkg:cargo/a".parse().unwrap();
        let event = Event { package, change: FeedChange::Removed, key: "2".to_owned(), at: None };
        assert!(!breaks(&FeedPage { events: vec![event], ..page(None) }));
        assert!(!breaks(&held), "it shows something again");
    }

    #[test]
    fn only_a_busy_registry_is_never_quiet() {
        for (busy, expected) in [(true, [false, false, false, false, true]), (false, [false; 5])] {
            let silences = Silences::default();
            let breaks =
                [0, 4, 8, 12, 16].map(|minute| silences.break_of(&Busy(busy), &page(None), at(minute)).is_some());
            assert_eq!(breaks, expected, "{busy}");
        }
    }
}
