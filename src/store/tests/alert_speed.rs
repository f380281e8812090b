//! How long lists and counts take with very many alerts. By hand: `cargo test --release --lib alert_speed -- --ignored --nocapture`.

use std::time::Instant;

use super::lab::{Lab, alert, minutes_later, noon, package};
use crate::{
    model::{Alert, AlertAction, AlertKind, AlertStatus, Resolution, Severity},
    store::{AlertFilter, alerts::insert, error::QueryFailure, operator_actions::act},
};

const ALERTS: u32 = 100_000;
const DETECTORS: [&str; 5] = ["odd-hours", "evidence-downgrade", "workflow-changed", "tag-missing", "young-dependency"];

/// The nth alert of many: most are low and resolved, a few are critical, every hundredth is about one package.
fn nth(n: u32) -> Alert {
    let severity = match n % 1_000 {
        0 => Severity::Critical,
        1..50 => Severity::High,
        50..300 => Severity::Medium,
        _ => Severity::Low,
    };
    let name = if n.is_multiple_of(100) { "axios".to_owned() } else { format!("package-{}", n % 10_000) };
    let mut alert = alert(&format!("pkg:npm/{name}@1.{n}.0"), severity);
    alert.raised_at = minutes_later(i64::from(n));
    alert.argument = "The last 32 releases of line 1 were published by GitHub Actions with provenance. ".repeat(4);
    let signal = alert.signals[0].clone();
    let detectors = (0..3).map(|place| DETECTORS[((n + place * 7) % 5) as usize]);
    alert.signals =
        detectors.map(|detector| crate::model::Signal { detector: detector.into(), ..signal.clone() }).collect();
    alert
}

fn fill(lab: &Lab) {
    let fill = |db: &rusqlite::Connection| -> Result<(), QueryFailure> {
        for n in 0..ALERTS {
            let alert = nth(n);
            insert(db, &alert, noon())?;
            let status = match n % 20 {
                0 => continue,
                1 | 2 => AlertStatus::Acknowledged,
                3 => AlertStatus::Snoozed,
                _ => AlertStatus::Resolved,
            };
            let at = alert.raised_at + chrono::TimeDelta::minutes(i64::from(n % 97));
            let until = (status == AlertStatus::Snoozed).then(|| at + chrono::TimeDelta::days(30));
            let category = (status == AlertStatus::Resolved).then_some(Resolution::Expected);
            act(
                db,
                &alert.fingerprint,
                &AlertAction { until, category, ..AlertAction::new(status, "ada", "known", at) },
            )?;
        }
        Ok(())
    };
    lab.store.write("filling", |db| fill(db)).unwrap();
}

/// The best of five: the machine may be busy.
fn milliseconds(what: impl Fn() -> usize) -> (f64, usize) {
    let once = || {
        let began = Instant::now();
        let rows = what();
        (began.elapsed().as_secs_f64() * 1_000.0, rows)
    };
    (0..5).map(|_| once()).min_by(|one, other| one.0.total_cmp(&other.0)).unwrap()
}

#[test]
#[ignore = "takes many minutes without --release"]
fn lists_of_a_hundred_thousand_alerts_are_fast() {
    let lab = Lab::new();
    fill(&lab);
    let all = AlertFilter { by_clock: Some(minutes_later(i64::from(ALERTS))), ..AlertFilter::default() };
    let now = minutes_later(i64::from(ALERTS));
    let filters = [
        ("all", all.clone()),
        ("open", AlertFilter { status: Some(AlertStatus::Open), ..all.clone() }),
        ("snoozed", AlertFilter { status: Some(AlertStatus::Snoozed), ..all.clone() }),
        (
            "critical, open",
            AlertFilter { min_severity: Some(Severity::Critical), status: Some(AlertStatus::Open), ..all.clone() },
        ),
        ("one package", AlertFilter { package: Some(package("axios")), ..all.clone() }),
        ("one detector", AlertFilter { detector: Some("odd-hours".to_owned()), ..all.clone() }),
        ("a detector that none has", AlertFilter { detector: Some("run-failed".to_owned()), ..all.clone() }),
        ("a kind that none has", AlertFilter { kind: Some(AlertKind::Log), ..all.clone() }),
        ("stale", AlertFilter { stale_by: Some(now), ..all.clone() }),
        (
            "old and without repetitions",
            AlertFilter { raised_before: Some(minutes_later(500)), repetitions: false, ..all.clone() },
        ),
    ];
    for (name, filter) in filters {
        let (took, rows) = milliseconds(|| lab.store.alerts(&filter).unwrap().len());
        println!("{name}: {rows} alerts in {took:.1} ms");
        assert!(took < 50.0, "{name} took {took} ms");
    }
    let (took, raised) = milliseconds(|| usize::try_from(lab.store.alert_stats(None, now).unwrap().raised).unwrap());
    println!("statistics: {raised} alerts in {took:.1} ms");
    let (took, due) = milliseconds(|| lab.store.open_what_ended(minutes_later(1)).unwrap());
    println!("nothing is due: {due} in {took:.1} ms");
}
