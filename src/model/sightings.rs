//! The log entries behind one alert: count, rate and samples.

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LogEntry;

/// The first entries that are kept as samples, and as many of the latest.
const HALF: usize = 5;

/// Most characters of a signer: the text is chosen by the author of the entry.
const WHO: usize = 160;

/// Entries of logs that are behind one alert: how many, how fast, and some of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sightings {
    /// How many.
    pub count: u64,
    /// When the first was seen.
    pub first_seen: DateTime<Utc>,
    /// When the latest was.
    pub last_seen: DateTime<Utc>,
    /// How many in an hour, since the first.
    pub per_hour: u64,
    /// The first five and the latest five.
    pub samples: Vec<Sighting>,
}

/// One entry of a log that is behind an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sighting {
    /// Where it is.
    pub log: String,
    /// Its index there.
    pub index: u64,
    /// Who signed, or who is said to have.
    pub who: String,
}

impl Sightings {
    /// The first sighting.
    pub fn first(sighting: Sighting, at: DateTime<Utc>) -> Self {
        Self { count: 1, first_seen: at, last_seen: at, per_hour: 1, samples: vec![sighting] }
    }

    /// These, and later ones.
    #[must_use]
    pub fn and(mut self, later: &Self) -> Self {
        for sighting in &later.samples {
            self.show(sighting);
        }
        self.count += later.count;
        self.last_seen = self.last_seen.max(later.last_seen);
        // Entries within less than an hour count as one hour.
        let minutes = u64::try_from((self.last_seen - self.first_seen).num_minutes()).unwrap_or(0).max(60);
        self.per_hour = (self.count * 60).div_ceil(minutes);
        self
    }

    /// Keeps it as a sample, in place of the oldest of the latest.
    fn show(&mut self, sighting: &Sighting) {
        if self.samples.contains(sighting) {
            return;
        }
        if self.samples.len() == 2 * HALF {
            self.samples.remove(HALF);
        }
        self.samples.push(sighting.clone());
    }

    /// The number in an hour, unless all came at once: entries that were logged long before are found in a moment.
    pub fn rate(&self) -> Option<u64> {
        (self.last_seen > self.first_seen).then_some(self.per_hour)
    }

    /// Whether the samples are complete.
    pub fn is_whole(&self) -> bool {
        self.count <= self.samples.len() as u64
    }
}

impl Sighting {
    /// The entry at a place.
    pub fn at(place: &LogEntry, who: &str) -> Self {
        Self { log: place.origin.clone(), index: place.index, who: who.chars().take(WHO).collect() }
    }
}

/// `2000 entries since 2026-06-01 12:00 UTC, 100 an hour: a (entry 7 of log.example), …`. Empty for one entry.
impl fmt::Display for Sightings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count < 2 {
            return Ok(());
        }
        let since = self.first_seen.format("%Y-%m-%d %H:%M UTC");
        write!(f, "{} entries since {since}", self.count)?;
        if let Some(rate) = self.rate() {
            write!(f, ", {rate} an hour")?;
        }
        f.write_str(if self.is_whole() { ": " } else { "; the latest and the first: " })?;
        for (place, Sighting { log, index, who }) in self.samples.iter().rev().enumerate() {
            write!(f, "{}{who} (entry {index} of {log})", if place > 0 { ", " } else { "" })?;
        }
        f.write_str(".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + chrono::TimeDelta::minutes(minutes)
    }

    fn sighting(index: u64) -> Sighting {
        Sighting { log: "log.example".to_owned(), index, who: format!("signer {index}") }
    }

    #[test]
    fn however_many_there_are_the_first_and_the_latest_are_shown() {
        let one = |index: i64| Sightings::first(sighting(index.unsigned_abs()), at(index));
        let all = (1..2_000).fold(one(0), |all, index| all.and(&one(index)));
        assert_eq!((all.count, all.per_hour), (2_000, 61));
        let indexes: Vec<_> = all.samples.iter().map(|sample| sample.index).collect();
        assert_eq!(indexes, [0, 1, 2, 3, 4, 1995, 1996, 1997, 1998, 1999]);
        let words = all.to_string();
        assert!(words.starts_with(
            "2000 entries since 1970-01-01 00:00 UTC, 61 an hour; the latest and the first: signer 1999 (entry 1999 of"
        ));
        assert!(words.len() < 1_000, "{words}");
        assert_eq!(one(0).to_string(), "");
    }

    #[test]
    fn what_was_found_in_a_moment_has_no_rate_and_a_few_are_shown_whole() {
        let found = |index| Sightings::first(sighting(index), at(0));
        let all = (1..2_000).fold(found(0), |all, index| all.and(&found(index)));
        let words = all.to_string();
        assert!(words.starts_with("2000 entries since 1970-01-01 00:00 UTC; the latest and the first: "), "{words}");
        let both = "2 entries since 1970-01-01 00:00 UTC: signer 1 (entry 1 of log.example), signer 0 (entry 0 of log.example).";
        assert_eq!(found(0).and(&found(1)).to_string(), both);
        let later = Sightings::first(sighting(1), at(30));
        assert!(
            found(0).and(&later).to_string().starts_with("2 entries since 1970-01-01 00:00 UTC, 2 an hour: signer 1")
        );
    }
}
