//! Tests of quiet hours: critical alerts pass, the others wait for the end and are sent once.

use super::*;
use crate::model::{PublishHours, Weekday};

/// A night in Berlin, where the clocks go forward on 29 March and back on 25 October 2026.
fn night(days: &[Weekday]) -> Timing {
    let (from, to, zone) = ("22:00".parse().unwrap(), "07:00".parse().unwrap(), "Europe/Berlin".parse().unwrap());
    Timing { quiet_hours: Some(PublishHours { days: days.to_vec(), from, to, zone }), ..Timing::default() }
}

const DAILY: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

fn lab_at(now: &str, days: &[Weekday]) -> Lab {
    let mut lab = Lab::new(&[]);
    let behind = now.parse::<DateTime<Utc>>().unwrap() - lab.clock.now();
    lab.clock.advance(behind.to_std().unwrap());
    lab.subscription.timing = night(days);
    lab
}

#[tokio::test]
async fn only_critical_alerts_are_sent_in_quiet_hours_and_the_others_once_after_them() {
    for (evening, hours) in [
        ("2026-06-01T22:00:00Z", 7),
        ("2026-10-24T22:00:00Z", 8), // the night on which the clocks go back
    ] {
        let mut lab = lab_at(evening, &DAILY);
        lab.raise("high", Severity::High);
        lab.raise("critical", Severity::Critical);
        assert_eq!(lab.drain().await.delivered, 1, "{evening}");
        assert_eq!(lab.attempted(), ["critical"], "{evening}");
        lab.clock.advance(Duration::from_secs(hours * 3600 - 1));
        let asleep = lab.drain().await.delivered;
        lab.clock.advance(Duration::from_secs(1));
        let awake = lab.drain().await.delivered;
        assert_eq!((asleep, awake, lab.drain().await.delivered), (0, 1, 0), "{evening}");
        assert_eq!(lab.attempted(), ["critical", "high"], "{evening}");
    }
}

#[tokio::test]
async fn hours_that_begin_on_other_days_are_not_quiet() {
    let mut lab = lab_at("2026-06-01T22:00:00Z", &[Weekday::Sat, Weekday::Sun]);
    lab.raise("high", Severity::High);
    assert_eq!(lab.drain().await.delivered, 1, "a Monday");
}

#[tokio::test]
async fn an_alert_that_becomes_critical_in_quiet_hours_is_sent_at_once() {
    let mut lab = lab_at("2026-06-01T22:00:00Z", &DAILY);
    lab.raise("worse", Severity::Medium);
    assert_eq!(lab.step().await, Step::Idle);
    lab.raise("worse", Severity::Critical);
    assert_eq!(lab.step().await, Step::Delivered);
}
