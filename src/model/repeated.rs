//! Repetitions of an alert: how many later releases showed the same deviation, and the newest of them.

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Alert, ReleaseId};

/// The later releases that repeat the deviation of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Repeated {
    /// How many, without the release that the alert is about.
    pub count: u64,
    /// When the newest was published.
    pub last_at: DateTime<Utc>,
    /// The newest.
    pub newest: ReleaseId,
}

impl Repeated {
    /// With one more, by its own alert. `None`: the alert is not about a release.
    pub fn with(before: Option<Self>, repetition: &Alert) -> Option<Self> {
        let (newest, last_at) = (repetition.purl.clone()?, repetition.at());
        match before {
            None => Some(Self { count: 1, last_at, newest }),
            // A release may be found after one that was published later.
            Some(before) if before.last_at > last_at => Some(Self { count: before.count + 1, ..before }),
            Some(before) => Some(Self { count: before.count + 1, last_at, newest }),
        }
    }

    /// All of these alerts. `None`: there are none.
    pub fn of<'a>(repetitions: impl IntoIterator<Item = &'a Alert>) -> Option<Self> {
        repetitions.into_iter().fold(None, |all, one| Self::with(all.clone(), one).or(all))
    }
}

/// `by 2 later releases; the newest is 1.2.6, published 2026-06-01 12:00 UTC`. The version is in its publisher's words.
impl fmt::Display for Repeated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, many) = (self.count, if self.count == 1 { "" } else { "s" });
        let at = self.last_at.format("%Y-%m-%d %H:%M UTC");
        write!(f, "by {count} later release{many}; the newest is {}, published {at}", self.newest.version())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AlertKind, Confidence, Severity};

    fn alert(release: &str, day: u32) -> Alert {
        let at: DateTime<Utc> = format!("2026-01-{day:02}T12:00:00Z").parse().unwrap();
        let about = Alert::about(AlertKind::Release, release, Severity::High, Confidence::High, String::new(), at);
        Alert { purl: release.parse().ok(), published_at: Some(at), ..about }
    }

    #[test]
    fn the_newest_is_the_one_that_was_published_last() {
        let [two, four, three] =
            [("pkg:npm/a@1.0.2", 2), ("pkg:npm/a@1.0.4", 4), ("pkg:npm/a@1.0.3", 3)].map(|(it, day)| alert(it, day));
        let all = Repeated::of([&two, &four, &three]).unwrap();
        assert_eq!((all.count, all.newest.to_string().as_str()), (3, "pkg:npm/a@1.0.4"));
        assert_eq!(Some(all.last_at), four.published_at);
        assert_eq!(all.to_string(), "by 3 later releases; the newest is 1.0.4, published 2026-01-04 12:00 UTC");
        assert_eq!(Repeated::of([]), None);
        assert_eq!(Repeated::of([&Alert { purl: None, ..two }]), None, "not about a release");
    }
}
