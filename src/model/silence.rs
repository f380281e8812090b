//! Silences: alerts that an operator does not want to be sent for a time.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Alert, AlertId, AlertMatchers, Severity};

/// Alerts that provwatch raises and stores as always, and does not send for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Silence {
    /// Its number.
    pub id: i64,
    /// The alerts that it holds back.
    pub matchers: AlertMatchers,
    /// The reason.
    pub reason: String,
    /// The operator who added it.
    pub by: String,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub until: DateTime<Utc>,
    /// The operator who ended it early, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired: Option<SilenceEnd>,
    /// What it held back.
    pub held: Held,
}

/// The early end of a silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SilenceEnd {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What a silence held back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Held {
    /// How many alerts.
    pub alerts: u64,
    /// When it last held one back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<DateTime<Utc>>,
    /// The latest of them.
    pub latest: Vec<AlertId>,
}

impl Silence {
    /// The longest time of a silence: what is not wanted for longer belongs into the configuration.
    pub const LONGEST: TimeDelta = TimeDelta::days(366);
    /// A silence that held nothing back for so long is reported.
    pub const UNUSED: TimeDelta = TimeDelta::days(30);
    /// A silence that ends within this time is reported.
    pub const SOON: TimeDelta = TimeDelta::days(7);

    /// When it ends, or ended.
    pub fn ends_at(&self) -> DateTime<Utc> {
        self.expired.as_ref().map_or(self.until, |end| end.at.min(self.until))
    }

    /// Whether it holds alerts back at a time.
    pub fn is_active(&self, now: DateTime<Utc>) -> bool {
        now < self.ends_at()
    }

    /// Whether it holds an alert back. It holds back a critical one only if its matchers name that severity.
    pub fn holds(&self, alert: &Alert) -> bool {
        let most = self.matchers.max_severity.unwrap_or(Severity::High);
        !alert.is_test() && alert.severity <= most && self.matchers.cover(alert)
    }

    /// Whether it hides much: critical alerts, or all alerts of a kind.
    pub fn is_broad(&self) -> bool {
        let AlertMatchers { kinds, min_severity, max_severity, .. } = &self.matchers;
        let (kinds, min_severity, max_severity) = (kinds.clone(), *min_severity, *max_severity);
        let of_kinds = AlertMatchers { min_severity, max_severity, kinds, ..AlertMatchers::default() };
        self.holds_critical() || self.matchers == of_kinds
    }

    /// Whether it can hold critical alerts back.
    pub fn holds_critical(&self) -> bool {
        self.matchers.max_severity == Some(Severity::Critical)
    }

    /// What an operator should know of an active silence: it is useless, or ends soon.
    pub fn doubt(&self, now: DateTime<Utc>) -> Option<String> {
        if !self.is_active(now) {
            return None;
        }
        let since = self.held.last_at.unwrap_or(self.created_at);
        if now - since >= Self::UNUSED {
            return Some(format!("unused for {} days", (now - since).num_days()));
        }
        let left = self.ends_at() - now;
        // Whoever adds a short silence knows its end.
        (left <= Self::SOON && self.until - self.created_at > Self::SOON).then(|| match left.num_days() {
            0 => format!("ends within {} h", left.num_hours() + 1),
            days => format!("ends in {days} d"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AlertKind, Confidence};

    fn silence(toml: &str) -> Silence {
        let noon: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        Silence {
            id: 1,
            matchers: toml::from_str(toml).unwrap(),
            reason: "planned".to_owned(),
            by: "ada".to_owned(),
            created_at: noon,
            until: noon + TimeDelta::days(90),
            expired: None,
            held: Held::default(),
        }
    }

    #[test]
    fn a_critical_alert_is_held_back_only_by_a_silence_that_names_it() {
        for (toml, high, critical) in [
            ("kinds = ['release']", true, false),
            ("kinds = ['release']\nmax_severity = 'critical'", true, true),
            ("kinds = ['release']\nmax_severity = 'medium'", false, false),
            ("kinds = ['log']\nmax_severity = 'critical'", false, false),
        ] {
            let holds = |severity| {
                let (confidence, at) = (Confidence::High, DateTime::<Utc>::UNIX_EPOCH);
                silence(toml).holds(&Alert::about(AlertKind::Release, "x", severity, confidence, String::new(), at))
            };
            assert_eq!((holds(Severity::High), holds(Severity::Critical)), (high, critical), "{toml}");
        }
    }

    #[test]
    fn a_silence_of_critical_alerts_or_of_a_kind_is_broad() {
        for (toml, broad) in [
            ("", true),
            ("max_severity = 'high'", true),
            ("kinds = ['release']", true),
            ("packages = ['pkg:npm/a']\nmax_severity = 'critical'", true),
            ("packages = ['pkg:npm/a']\nmax_severity = 'high'", false),
            ("kinds = ['release']\ndetectors = ['odd-hours']", false),
            ("teams = ['web']", false),
        ] {
            assert_eq!(silence(toml).is_broad(), broad, "{toml}");
        }
    }

    #[test]
    fn a_silence_ends_at_its_time_or_when_somebody_ends_it() {
        let mut silence = silence("");
        let (noon, until) = (silence.created_at, silence.until);
        assert!(silence.is_active(noon) && !silence.is_active(until));
        let end = |at| Some(SilenceEnd { at, by: "ada".to_owned(), reason: "done".to_owned() });
        silence.expired = end(noon + TimeDelta::hours(1));
        assert!(silence.is_active(noon) && !silence.is_active(noon + TimeDelta::hours(1)));
        silence.expired = end(until + TimeDelta::days(1));
        assert_eq!(silence.ends_at(), until, "an end after the end changes nothing");
    }

    #[test]
    fn useless_silences_and_ends_are_told() {
        let silence = silence("");
        let doubt = |days, held: Option<i64>| {
            let last_at = held.map(|days| silence.created_at + TimeDelta::days(days));
            let held = Held { last_at, ..Held::default() };
            Silence { held, ..silence.clone() }.doubt(silence.created_at + TimeDelta::days(days))
        };
        for (days, held, expected) in [
            (0, None, None),
            (29, None, None),
            (30, None, Some("unused for 30 days")),
            (31, Some(2), None),
            (32, Some(2), Some("unused for 30 days")),
            (83, Some(82), Some("ends in 7 d")),
            (90, Some(82), None),
        ] {
            assert_eq!(doubt(days, held).as_deref(), expected, "{days} {held:?}");
        }
        let short = Silence { until: silence.created_at + TimeDelta::days(7), ..silence.clone() };
        assert_eq!(short.doubt(silence.created_at + TimeDelta::days(6)), None);
    }
}
