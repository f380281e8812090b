//! When a subscription receives its messages: quiet hours and escalation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Period;
use crate::model::{PublishHours, TimeOfDay, Weekday, Zone};

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
    /// The name of the other subscription, which receives the alert whatever its own conditions are.
    #[schemars(length(min = 1))]
    pub to: String,
}
