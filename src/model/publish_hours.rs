//! Publish hours: the days and the hours of a time zone in which a package may be released.

use std::{fmt, str::FromStr, sync::LazyLock};

use chrono::{DateTime, Utc};
use jiff::{
    Timestamp, civil,
    tz::{TimeZone, TimeZoneDatabase},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The time zones of this version. Every machine judges alike, whatever time zone data it has installed.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The minutes of a day.
const DAY: u16 = 24 * 60;

/// The hours in which a package may be released, by the clocks of one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishHours {
    /// The days on which the hours begin.
    #[schemars(length(min = 1))]
    pub days: Vec<Weekday>,
    /// When they begin, such as `08:00`.
    #[schemars(with = "String", extend("format" = "time-of-day", "examples" = ["08:00"]))]
    pub from: TimeOfDay,
    /// The first minute after them, up to `24:00`. Where it is before `from`, they end on the next day.
    #[schemars(with = "String", extend("format" = "time-of-day", "examples" = ["19:00"]))]
    pub to: TimeOfDay,
    /// The time zone, by its name in the IANA database: `Europe/Berlin`, `UTC`.
    #[schemars(with = "String", extend("format" = "time-zone", "examples" = ["Europe/Berlin"]))]
    pub zone: Zone,
}

impl PublishHours {
    /// Whether a time is within the hours.
    pub fn allow(&self, at: DateTime<Utc>) -> bool {
        let Some(local) = self.zone.local(at) else { return true };
        let minute = TimeOfDay::of(local.time());
        let begins = |day: civil::Date| self.days.contains(&Weekday::of(day));
        let began_yesterday = || local.date().yesterday().is_ok_and(begins);
        if self.from < self.to {
            minute >= self.from && minute < self.to && begins(local.date())
        } else {
            (minute >= self.from && begins(local.date())) || (minute < self.to && began_yesterday())
        }
    }

    /// A time as the clocks of the place show it: `sun 03:12 Europe/Berlin`.
    pub fn local(&self, at: DateTime<Utc>) -> String {
        let Some(local) = self.zone.local(at) else { return at.to_rfc3339() };
        let (day, time) = (Weekday::of(local.date()), TimeOfDay::of(local.time()));
        format!("{} {time} {}", day.as_str(), self.zone)
    }

    /// The reason why these hours cannot be meant; `None`: they can.
    pub fn refuse(&self) -> Option<String> {
        let twice = self.days.iter().enumerate().find(|(place, day)| self.days[..*place].contains(day));
        if let Some((_, day)) = twice {
            return Some(format!("hours.days has {:?} twice; keep one", day.as_str()));
        }
        if self.from.0 == DAY {
            return Some("hours.from is 24:00, the end of a day; expected 00:00 to 23:59".to_owned());
        }
        let same = self.from == self.to;
        same.then(|| format!("hours.from and hours.to are both {}; for whole days write 00:00 and 24:00", self.from))
    }
}

impl fmt::Display for PublishHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<_> = self.days.iter().map(|day| day.as_str()).collect();
        write!(f, "{} {}–{} {}", days.join(", "), self.from, self.to, self.zone)
    }
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names of the days say it")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    /// The word of the watchlist files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mon => "mon",
            Self::Tue => "tue",
            Self::Wed => "wed",
            Self::Thu => "thu",
            Self::Fri => "fri",
            Self::Sat => "sat",
            Self::Sun => "sun",
        }
    }

    fn of(day: civil::Date) -> Self {
        match day.weekday() {
            civil::Weekday::Monday => Self::Mon,
            civil::Weekday::Tuesday => Self::Tue,
            civil::Weekday::Wednesday => Self::Wed,
            civil::Weekday::Thursday => Self::Thu,
            civil::Weekday::Friday => Self::Fri,
            civil::Weekday::Saturday => Self::Sat,
            civil::Weekday::Sunday => Self::Sun,
        }
    }
}

/// A minute of the day, from `00:00` to `24:00`, which is the end of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    fn of(time: civil::Time) -> Self {
        Self(u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs()))
    }
}

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let two = |digits: &str| {
            let is_plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u16>().ok().filter(|_| is_plain)
        };
        let read = text.split_once(':').and_then(|(hours, minutes)| {
            let (hours, minutes) = (two(hours)?, two(minutes)?);
            Some(hours * 60 + minutes).filter(|all| *all <= DAY && minutes < 60)
        });
        read.map(Self).ok_or_else(|| "expected hours and minutes from \"00:00\" to \"24:00\"".to_owned())
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

/// A time zone of the IANA database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// The names of all time zones.
    pub fn names() -> Vec<String> {
        ZONES.available().map(|name| name.to_string()).collect()
    }

    /// The day of a moment there, and that day's time of the clocks; of a time that comes twice the first one, and where it
    /// is skipped, as much later. `None`: it is beyond the years that they can show.
    pub(super) fn at_time(&self, moment: DateTime<Utc>, at: TimeOfDay) -> Option<(Weekday, DateTime<Utc>)> {
        let date = self.local(moment)?.date();
        let (hour, minute) = (i8::try_from(at.0 / 60).ok()?, i8::try_from(at.0 % 60).ok()?);
        let time = civil::Time::new(hour, minute, 0, 0).ok()?;
        let due = date.to_datetime(time).to_zoned(self.zone.clone()).ok()?;
        Some((Weekday::of(date), DateTime::from_timestamp(due.timestamp().as_second(), 0)?))
    }

    /// A time as the clocks there show it; `None`: it is beyond the years that they can show.
    fn local(&self, at: DateTime<Utc>) -> Option<civil::DateTime> {
        Some(self.zone.to_datetime(Timestamp::from_second(at.timestamp()).ok()?))
    }
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let zone = ZONES.get(text).ok().filter(|zone| !zone.is_unknown());
        let named = zone.and_then(|zone| Some(Self { name: zone.iana_name()?.to_owned(), zone }));
        named
            .ok_or_else(|| "expected a time zone of the IANA database, such as \"Europe/Berlin\" or \"UTC\"".to_owned())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKDAYS: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];

    fn hours(days: &[Weekday], from: &str, to: &str, zone: &str) -> PublishHours {
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        PublishHours { days: days.to_vec(), from, to, zone: zone.parse().unwrap() }
    }

    fn allows(hours: &PublishHours, at: &str) -> bool {
        hours.allow(at.parse().unwrap())
    }

    #[test]
    fn hours_are_those_of_the_place_in_summer_and_in_winter() {
        let berlin = hours(&WORKDAYS, "08:00", "19:00", "Europe/Berlin");
        for (at, allowed) in [
            ("2026-01-07T06:59:59Z", false), // 07:59 CET
            ("2026-01-07T07:00:00Z", true),
            ("2026-01-07T17:59:59Z", true),
            ("2026-01-07T18:00:00Z", false), // 19:00 CET
            ("2026-07-08T06:00:00Z", true),  // 08:00 CEST
            ("2026-07-08T17:00:00Z", false), // 19:00 CEST
            ("2026-03-27T07:00:00Z", true),  // the Friday before the clocks change
            ("2026-03-30T06:00:00Z", true),  // the Monday after
            ("2026-03-30T05:59:00Z", false),
            ("2026-01-10T11:00:00Z", false), // a Saturday
        ] {
            assert_eq!(allows(&berlin, at), allowed, "{at}");
        }
    }

    #[test]
    fn hours_that_end_on_the_next_day_belong_to_the_day_on_which_they_begin() {
        let night = hours(&[Weekday::Fri], "22:00", "06:00", "UTC");
        for (at, allowed) in [
            ("2026-01-09T21:59:00Z", false),
            ("2026-01-09T22:00:00Z", true),
            ("2026-01-10T05:59:59Z", true),
            ("2026-01-10T06:00:00Z", false),
            ("2026-01-09T03:00:00Z", false), // the night that began on Thursday
        ] {
            assert_eq!(allows(&night, at), allowed, "{at}");
        }
    }

    #[test]
    fn the_hour_that_comes_twice_is_allowed_twice_and_the_skipped_one_never_comes() {
        let early = hours(&[Weekday::Sun], "02:00", "03:00", "Europe/Berlin");
        for (at, allowed) in [
            ("2026-10-25T00:30:00Z", true),  // 02:30 CEST
            ("2026-10-25T01:30:00Z", true),  // 02:30 CET
            ("2026-10-25T02:30:00Z", false), // 03:30 CET
            ("2026-03-29T00:59:59Z", false), // 01:59 CET
            ("2026-03-29T01:00:00Z", false), // 03:00 CEST
        ] {
            assert_eq!(allows(&early, at), allowed, "{at}");
        }
    }

    #[test]
    fn a_whole_day_ends_at_its_midnight() {
        let day = hours(&[Weekday::Wed], "00:00", "24:00", "Asia/Kathmandu");
        assert!(allows(&day, "2026-01-06T18:15:00Z") && allows(&day, "2026-01-07T18:14:59Z"));
        assert!(!allows(&day, "2026-01-06T18:14:59Z") && !allows(&day, "2026-01-07T18:15:00Z"));
        assert_eq!(day.to_string(), "wed 00:00–24:00 Asia/Kathmandu");
        assert_eq!(day.local("2026-01-06T18:15:00Z".parse().unwrap()), "wed 00:00 Asia/Kathmandu");
    }

    #[test]
    fn any_time_is_judged() {
        let hours = hours(&WORKDAYS, "22:00", "06:00", "Pacific/Apia");
        for at in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::UNIX_EPOCH] {
            let _ = (hours.allow(at), hours.local(at));
        }
    }

    #[test]
    fn what_is_not_a_time_of_day_is_refused() {
        for text in ["", ":", "8:00", "08:0", "08:60", "24:01", "25:00", "-1:00", "+8:00", "08:00:00", "08.00", "٠٨:٠٠"]
        {
            assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
        }
        for text in ["00:00", "08:05", "23:59", "24:00"] {
            assert_eq!(text.parse::<TimeOfDay>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_time_zone_is_refused() {
        for text in ["", "Berlin", "+02:00", "Etc/Unknown", "../../etc/passwd", "Europe/Berlin\0", "local", "ÜTC"] {
            assert!(text.parse::<Zone>().is_err(), "{text:?}");
        }
        for (text, name) in [("europe/berlin", "Europe/Berlin"), ("utc", "UTC"), ("Asia/Kolkata", "Asia/Kolkata")] {
            assert_eq!(text.parse::<Zone>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn hours_that_cannot_be_meant_are_refused() {
        for (days, from, to, complaint) in [
            (&[Weekday::Mon, Weekday::Mon][..], "08:00", "09:00", "\"mon\" twice"),
            (&[Weekday::Mon], "08:00", "08:00", "both 08:00"),
            (&[Weekday::Mon], "24:00", "08:00", "hours.from is 24:00"),
        ] {
            let refused = hours(days, from, to, "UTC").refuse();
            assert!(refused.as_deref().is_some_and(|why| why.contains(complaint)), "{refused:?}");
        }
        assert_eq!(hours(&WORKDAYS, "22:00", "06:00", "UTC").refuse(), None);
    }
}
