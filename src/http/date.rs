//! Estimates the offset of the local clock from the `Date` headers of hosts.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use super::Response;

/// For how long a host's `Date` counts.
const KEPT: TimeDelta = TimeDelta::hours(1);
/// Hosts that are remembered.
const MAX_HOSTS: usize = 256;

/// The newest `Date` of each host.
#[derive(Debug, Default)]
pub(super) struct Dates(Mutex<HashMap<String, Word>>);

#[derive(Clone, Copy, Debug)]
struct Word {
    ahead: TimeDelta,
    at: DateTime<Utc>,
}

impl Dates {
    /// Remembers the local clock's lead over a host's `Date`. An answer without a readable one is ignored.
    pub(super) fn note(&self, host: &str, response: &Response, now: DateTime<Utc>) {
        let Some(theirs) = response.sent_at() else { return };
        let mut words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if words.len() >= MAX_HOSTS && !words.contains_key(host) {
            words.retain(|_, word| is_fresh(word, now));
        }
        if words.len() < MAX_HOSTS || words.contains_key(host) {
            words.insert(host.to_owned(), Word { ahead: now - theirs, at: now });
        }
    }

    /// The local clock's lead over each host that answered lately; negative: behind.
    pub(super) fn differences(&self, now: DateTime<Utc>) -> Vec<TimeDelta> {
        let words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        words.values().filter(|word| is_fresh(word, now)).map(|word| word.ahead).collect()
    }
}

/// A `Date` from before the local clock was set does not apply to its current time.
fn is_fresh(word: &Word, now: DateTime<Utc>) -> bool {
    (TimeDelta::zero()..=KEPT).contains(&(now - word.at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&str, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Response { status: 200, headers, body: bytes::Bytes::new() }
    }

    fn noon() -> DateTime<Utc> {
        "2026-06-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_date_of_an_answer_is_read_with_the_age_of_the_copy() {
        for (headers, ahead) in [
            (vec![("date", "Mon, 01 Jun 2026 11:00:00 GMT")], Some(3600)),
            (vec![("date", "Mon, 01 Jun 2026 11:00:00 GMT"), ("age", "3600")], Some(0)),
            (vec![("date", "Mon, 01 Jun 2026 11:00:00 GMT"), ("age", "-5")], Some(3600)),
            (vec![("date", "Mon, 01 Jun 2026 11:00:00 GMT"), ("age", "99999999999999999999")], Some(3600)),
            (vec![("date", "Tue, 01 Jun 2027 12:00:00 GMT")], Some(-365 * 86_400)),
            (vec![("date", "yesterday")], None),
            (vec![("date", "")], None),
            (vec![("age", "3")], None),
        ] {
            let dates = Dates::default();
            dates.note("npm.example", &answer(&headers), noon());
            let expected: Vec<_> = ahead.map(TimeDelta::seconds).into_iter().collect();
            assert_eq!(dates.differences(noon()), expected, "{headers:?}");
        }
    }

    #[test]
    fn only_what_was_said_lately_and_by_this_clock_counts() {
        let dates = Dates::default();
        dates.note("npm.example", &answer(&[("date", "Mon, 01 Jun 2026 12:00:00 GMT")]), noon());
        for (later, count) in [(0, 1), (60, 1), (61, 0), (-1, 0), (525_600, 0)] {
            assert_eq!(dates.differences(noon() + TimeDelta::minutes(later)).len(), count, "{later}");
        }
    }

    #[test]
    fn hosts_do_not_add_up_without_end() {
        let dates = Dates::default();
        let answer = answer(&[("date", "Mon, 01 Jun 2026 12:00:00 GMT")]);
        (0..2 * MAX_HOSTS).for_each(|host| dates.note(&host.to_string(), &answer, noon()));
        assert_eq!(dates.differences(noon()).len(), MAX_HOSTS);
        dates.note("late.example", &answer, noon() + TimeDelta::hours(2));
        assert_eq!(dates.differences(noon() + TimeDelta::hours(2)).len(), 1);
    }
}
