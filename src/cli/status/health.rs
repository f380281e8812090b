//! What is a reason to worry. Silence must never look like safety.

use chrono::TimeDelta;

use super::{Report, Source, Subscription};
use crate::{
    cli::words,
    pipeline::{Settings, TRUST_PATIENCE, TRUST_ROOT},
    store::{LogRow, LogStanding},
};

/// For how long packages may fail, or deliveries wait, before that is a reason.
const PATIENCE: TimeDelta = TimeDelta::hours(1);
/// For how long a delivery that was given up is a reason, if others got through since.
const REMEMBERED: TimeDelta = TimeDelta::hours(24);

/// The reasons, a sentence each.
pub(super) fn reasons(report: &Report) -> Vec<String> {
    let sources = report.sources.iter().filter_map(|source| silent(report, source));
    let subscriptions = report.subscriptions.iter().flat_map(|subscription| dead(report, subscription));
    let logs = report.logs.iter().filter_map(|log| unread(report, log));
    sources.chain(logs).chain(failing(report)).chain(subscriptions).collect()
}

fn unread(report: &Report, log: &LogRow) -> Option<String> {
    let fails = report.at - log.failing_since.filter(|_| log.standing != LogStanding::Drained)?;
    let (name, why) = (words::name(&log.name), words::sentence(log.last_error.as_deref().unwrap_or_default()));
    (fails > Settings::default().stale_after).then(|| {
        format!("{name} has not been read for {}; what is signed in it is not seen: {why}", words::span(fails))
    })
}

fn silent(report: &Report, source: &Source) -> Option<String> {
    if !source.enabled {
        return None;
    }
    let name = words::name(&source.name);
    let Some(last) = source.state.as_ref().and_then(|state| state.last_success) else {
        let error = source.state.as_ref().and_then(|state| state.last_error.as_deref());
        let why = error.map_or("is `provwatch run` running?".to_owned(), words::sentence);
        return Some(format!("{name} was never read; {why}"));
    };
    let silence = report.at - last;
    let (patience, meaning) = match source.name.as_str() {
        TRUST_ROOT => (TRUST_PATIENCE, "newer signatures cannot be checked"),
        _ => (Settings::default().stale_after, "new releases are not seen"),
    };
    (silence > patience).then(|| format!("{name} has not been read for {}; {meaning}", words::span(silence)))
}

fn failing(report: &Report) -> Option<String> {
    let waits = report.at - report.work.oldest_failing?;
    let packages = words::counted(report.work.failing, "package fails", "packages fail");
    (waits > PATIENCE).then(|| format!("{packages} to be looked at, the oldest for {}", words::span(waits)))
}

fn dead(report: &Report, subscription: &Subscription) -> Vec<String> {
    let Some(state) = &subscription.state else { return Vec::new() };
    let name = words::name(&subscription.name);
    let mut reasons = Vec::new();
    if !subscription.configured && state.pending > 0 {
        let alerts = words::counted(state.pending, "alert waits", "alerts wait");
        reasons.push(format!("{alerts} for the subscription {name}, which the configuration does not have any more"));
    }
    if let Some(failed) = state.last_failure {
        let since_then = state.last_success.is_some_and(|success| success > failed);
        if !since_then || report.at - failed < REMEMBERED {
            let alerts = words::counted(state.failed, "alert was", "alerts were");
            let last = words::ago(failed, report.at);
            reasons.push(format!("{alerts} never delivered to {name}, the last given up {last}"));
        }
    }
    if let Some(oldest) = state.oldest_pending.filter(|oldest| report.at - *oldest > PATIENCE) {
        let waits = words::span(report.at - oldest);
        reasons.push(format!(
            "{name} has not taken an alert that has waited for {waits}; `provwatch test-sinks` tries it"
        ));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::store::{SourceState, Stats, SubscriptionState, WorkSummary};

    fn noon() -> DateTime<Utc> {
        "2026-04-01T12:00:00Z".parse().unwrap()
    }

    #[expect(clippy::unnecessary_wraps, reason = "the fields that it fills are optional")]
    fn ago(minutes: i64) -> Option<DateTime<Utc>> {
        Some(noon() - TimeDelta::minutes(minutes))
    }

    fn report() -> Report {
        Report {
            healthy: true,
            reasons: Vec::new(),
            at: noon(),
            sources: Vec::new(),
            logs: Vec::new(),
            work: WorkSummary::default(),
            failing: Vec::new(),
            subscriptions: Vec::new(),
            stored: Stats {
                packages: 0,
                releases: Vec::new(),
                unchecked: 0,
                alerts: Vec::new(),
                bytes: 0,
                schema_version: 1,
            },
            path: "provwatch.db".into(),
        }
    }

    fn source(enabled: bool, last_success: Option<DateTime<Utc>>) -> Source {
        let state = SourceState {
            name: "npm-changes".to_owned(),
            cursor: None,
            last_success,
            last_error: None,
            last_error_at: None,
            last_gap: None,
            last_gap_at: None,
            events: 0,
        };
        Source { name: state.name.clone(), enabled, state: Some(state) }
    }

    fn failing(last_success: Option<DateTime<Utc>>) -> Source {
        let mut source = source(true, last_success);
        source.state.as_mut().unwrap().last_error = Some("connection refused".to_owned());
        source
    }

    fn trust_root(last_success: Option<DateTime<Utc>>) -> Source {
        Source { name: TRUST_ROOT.to_owned(), ..source(true, last_success) }
    }

    #[test]
    fn a_source_that_is_silent_or_was_never_read_is_a_reason() {
        for (source, said) in [
            (source(true, ago(30)), None),
            (source(true, ago(31)), Some("npm-changes has not been read for 31 min; new releases are not seen")),
            (source(true, None), Some("npm-changes was never read; is `provwatch run` running?")),
            (
                Source { state: None, ..source(true, None) },
                Some("npm-changes was never read; is `provwatch run` running?"),
            ),
            (source(false, ago(9_999)), None),
            (failing(None), Some("npm-changes was never read; connection refused")),
            (trust_root(ago(3 * 24 * 60)), None),
            (
                trust_root(ago(4 * 24 * 60)),
                Some("trust-root has not been read for 4 d; newer signatures cannot be checked"),
            ),
        ] {
            let found = reasons(&Report { sources: vec![source], ..report() });
            assert_eq!(found.first().map(String::as_str), said);
        }
    }

    #[test]
    fn packages_may_fail_for_an_hour() {
        for (since, count) in [(60, 0), (61, 1)] {
            let work = WorkSummary { failing: 2, oldest_failing: ago(since), ..WorkSummary::default() };
            assert_eq!(reasons(&Report { work, ..report() }).len(), count);
        }
    }

    #[test]
    fn alerts_that_reach_nobody_are_a_reason() {
        let state = |pending, oldest_pending, failure, success| SubscriptionState {
            subscription: "ops".to_owned(),
            pending,
            retrying: 0,
            failed: 1,
            oldest_pending,
            last_success: success,
            last_failure: failure,
        };
        for (configured, state, count) in [
            (true, state(1, ago(5), None, None), 0),
            (true, state(1, ago(61), None, None), 1),
            (false, state(1, ago(5), None, None), 1),
            (true, state(0, None, ago(5), ago(1)), 1),
            (true, state(0, None, ago(2_000), ago(1)), 0),
            (true, state(0, None, ago(2_000), ago(3_000)), 1),
            (true, state(0, None, ago(2_000), None), 1),
        ] {
            let subscription = Subscription { name: "ops".to_owned(), configured, state: Some(state) };
            let found = reasons(&Report { subscriptions: vec![subscription], ..report() });
            assert_eq!(found.len(), count, "{found:?}");
        }
    }
}
