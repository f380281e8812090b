//! Counts the repetitions of an alert.

use super::{Alert, Repeated};

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

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

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
