//! Actions on alerts: who did what, why, until when, and in which category a resolved alert falls.

use std::{fmt, str::FromStr};

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AlertStatus, Fingerprint};

/// The longest acknowledgement or snooze with an end.
const LONGEST: TimeDelta = TimeDelta::days(366);

/// What an operator or provwatch did with an alert. The history of an alert consists of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertAction {
    /// Where the alert stood afterwards.
    pub status: AlertStatus,
    /// Who; `provwatch` for what provwatch did itself.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
    /// When an acknowledgement lapses or a snooze ends: the alert is open again then.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<DateTime<Utc>>,
    /// What a resolved alert turned out to be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub category: Option<Resolution>,
    /// The fingerprint of the alert that a duplicate repeats.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duplicate_of: Option<Fingerprint>,
}

/// What a resolved alert turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    /// An attack, or a failure that the alert describes.
    TruePositive,
    /// A change that was planned or is harmless, and was described correctly.
    Expected,
    /// The alert was wrong.
    FalsePositive,
    /// Another alert describes the same.
    Duplicate,
}

impl Resolution {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::TruePositive, Self::Expected, Self::FalsePositive, Self::Duplicate];

    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TruePositive => "true-positive",
            Self::Expected => "expected",
            Self::FalsePositive => "false-positive",
            Self::Duplicate => "duplicate",
        }
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Resolution {
    type Err = UnknownResolution;

    fn from_str(text: &str) -> Result<Self, UnknownResolution> {
        let found = Self::ALL.into_iter().find(|category| category.as_str() == text);
        found.ok_or_else(|| UnknownResolution(text.chars().take(40).collect()))
    }
}

/// A text that is not a category.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not a category; expected true-positive, expected, false-positive or duplicate")]
pub struct UnknownResolution(String);

/// An action that cannot be.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidAction {
    /// The end is not after the action.
    #[error("the end lies in the past; choose a later one")]
    Past,
    /// The end is more than a year away.
    #[error("the end is more than a year away; choose an earlier one")]
    TooFar,
    /// Only an acknowledgement and a snooze have an end, and a snooze must have one.
    #[error("a snooze needs an end, and an action other than a snooze or an acknowledgement has none")]
    End,
    /// Only a resolved alert has a category.
    #[error("only a resolved alert has a category")]
    Category,
    /// A duplicate needs the other alert, and nothing else has one.
    #[error("a duplicate needs the id of the other alert, and no other category has one")]
    Other,
    /// An alert cannot repeat itself.
    #[error("an alert is not a duplicate of itself; name the other alert")]
    Itself,
    /// A digest is a message: nobody handles it.
    #[error("a digest is a message about alerts; name one of the alerts that it lists")]
    Digest,
    /// The alert that it is said to duplicate does not exist.
    #[error("the alert that it is said to duplicate does not exist; `provwatch alerts list` shows the ids")]
    NoOther,
    /// The other alert is a duplicate, too.
    #[error("that alert is itself resolved as a duplicate; name the alert that it duplicates")]
    OfDuplicate,
}

impl AlertAction {
    /// An action without an end and without a category.
    pub fn new(status: AlertStatus, by: impl Into<String>, reason: impl Into<String>, at: DateTime<Utc>) -> Self {
        Self { status, by: by.into(), reason: reason.into(), at, until: None, category: None, duplicate_of: None }
    }

    /// Whether its parts agree with each other.
    ///
    /// # Errors
    /// What does not agree.
    pub fn check(&self) -> Result<(), InvalidAction> {
        match (self.status, self.until) {
            (AlertStatus::Acknowledged | AlertStatus::Snoozed, Some(until)) => check_end(self.at, until)?,
            (AlertStatus::Snoozed, None) | (AlertStatus::Open | AlertStatus::Resolved, Some(_)) => {
                return Err(InvalidAction::End);
            }
            (AlertStatus::Acknowledged | AlertStatus::Open | AlertStatus::Resolved, None) => {}
        }
        if self.category.is_some() && self.status != AlertStatus::Resolved {
            return Err(InvalidAction::Category);
        }
        if (self.category == Some(Resolution::Duplicate)) != self.duplicate_of.is_some() {
            return Err(InvalidAction::Other);
        }
        Ok(())
    }

    /// Whether it is the same as the action before: a repetition of a command is not another action.
    pub fn repeats(&self, before: &Self) -> bool {
        Self { at: before.at, ..self.clone() } == *before
    }
}

fn check_end(at: DateTime<Utc>, until: DateTime<Utc>) -> Result<(), InvalidAction> {
    if until <= at {
        return Err(InvalidAction::Past);
    }
    if until - at > LONGEST { Err(InvalidAction::TooFar) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_whose_parts_do_not_agree_is_refused() {
        use AlertStatus::{Acknowledged, Open, Resolved, Snoozed};
        use InvalidAction::{Category, End, Other, Past, TooFar};
        let at: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let in_hours = |hours| Some(at + TimeDelta::hours(hours));
        let year = 366 * 24;
        let other = Some(Fingerprint::of(crate::model::AlertKind::Operation, "x"));
        for (status, until, category, duplicate_of, said) in [
            (Acknowledged, None, None, None, Ok(())),
            (Acknowledged, in_hours(1), None, None, Ok(())),
            (Acknowledged, in_hours(0), None, None, Err(Past)),
            (Acknowledged, in_hours(-1), None, None, Err(Past)),
            (Snoozed, in_hours(year), None, None, Ok(())),
            (Snoozed, in_hours(year + 1), None, None, Err(TooFar)),
            (Snoozed, Some(DateTime::<Utc>::MAX_UTC), None, None, Err(TooFar)),
            (Snoozed, Some(DateTime::<Utc>::MIN_UTC), None, None, Err(Past)),
            (Snoozed, None, None, None, Err(End)),
            (Open, in_hours(1), None, None, Err(End)),
            (Resolved, in_hours(1), None, None, Err(End)),
            (Open, None, None, None, Ok(())),
            (Open, None, Some(Resolution::Expected), None, Err(Category)),
            (Resolved, None, None, None, Ok(())),
            (Resolved, None, Some(Resolution::Expected), None, Ok(())),
            (Resolved, None, Some(Resolution::Duplicate), None, Err(Other)),
            (Resolved, None, Some(Resolution::Duplicate), other, Ok(())),
            (Resolved, None, Some(Resolution::Expected), other, Err(Other)),
        ] {
            let action =
                AlertAction { until, category, duplicate_of, ..AlertAction::new(status, "ada", "because", at) };
            assert_eq!(action.check(), said, "{action:?}");
        }
    }

    #[test]
    fn categories_are_their_words() {
        for category in Resolution::ALL {
            assert_eq!(category.as_str().parse(), Ok(category));
            assert_eq!(serde_json::to_value(category).unwrap(), category.as_str());
        }
        for text in ["", "Expected", "wontfix", "false positive", &"x".repeat(9_000)] {
            let error = text.parse::<Resolution>().unwrap_err().to_string();
            assert!(error.contains("expected true-positive") && error.len() < 200, "{error}");
        }
    }
}
