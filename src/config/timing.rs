//! When a subscription receives its messages: quiet hours and escalation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Period;
use crate::model::{DigestTimes, PublishHours, TimeOfDay, Weekday, Zone};

/// Hours in which a subscription receives critical alerts only. provwatch sends the others once when they are over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// When they begin, such as `22:00`.
    #[schemars(with = "String", extend("format" = "time-of-day", "examples" = ["22:00"]))]
    pub from: TimeOfDay,
    /// The first minute after them, up to `24:00`. Where it is before `from`, they end on the next day.
    #[schemars(with = "String", extend("format" = "time-of-day", "examples" = ["07:00"]))]
    pub to: TimeOfDay,
    /// The time zone, by its name in the IANA database: `Europe/Berlin`, `UTC`.
    #[schemars(with = "String", extend("format" = "time-zone", "examples" = ["Europe/Berlin"]))]
    pub zone: Zone,
    /// The days on which they begin. Default: every day.
    #[serde(default = "every_day")]
    #[schemars(length(min = 1))]
    pub days: Vec<Weekday>,
}

fn every_day() -> Vec<Weekday> {
    use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    vec![Mon, Tue, Wed, Thu, Fri, Sat, Sun]
}

impl QuietHours {
    /// The hours of the place.
    pub fn hours(&self) -> PublishHours {
        let Self { from, to, zone, days } = self.clone();
        PublishHours { days, from, to, zone }
    }
}

/// Another subscription that receives a critical alert that stays open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalate {
    /// How long a critical alert may stay unacknowledged.
    pub after: Period,
    /// The name of the other subscription, which receives the alert whatever its own conditions and quiet hours are. It
    /// must not have a `digest`, in which the alert would wait.
    #[schemars(length(min = 1))]
    pub to: String,
}

/// One message about each day or week in place of single ones, with sections for new, changed, still open and resolved
/// alerts, for what expires, and for health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// The period: `day`, or `week` from Monday to Monday.
    pub every: Every,
    /// The time of the day, such as `08:00`.
    #[schemars(with = "String", extend("format" = "time-of-day", "examples" = ["08:00"]))]
    pub at: TimeOfDay,
    /// The time zone, by its name in the IANA database: `Europe/Berlin`, `UTC`.
    #[schemars(with = "String", extend("format" = "time-zone", "examples" = ["Europe/Berlin"]))]
    pub zone: Zone,
}

/// The period of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Every {
    /// Every day.
    Day,
    /// Every Monday.
    Week,
}

impl Digest {
    /// When digests are due.
    pub fn times(&self) -> DigestTimes {
        let day = (self.every == Every::Week).then_some(Weekday::Mon);
        DigestTimes { day, at: self.at, zone: self.zone.clone() }
    }

    /// The reason why it can never be due.
    pub fn refuse(&self) -> Option<String> {
        let is_end = self.at.to_string() == "24:00";
        is_end.then(|| "at is 24:00, the end of a day; expected 00:00 to 23:59".to_owned())
    }
}
