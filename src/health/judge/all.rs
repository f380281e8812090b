//! Runs all health checks in order, and collects the findings.

use chrono::{DateTime, Utc};

use super::{limits, machine, receivers, reports, restores, runner, sources, work};
use crate::health::{Check, Finding, Snapshot, Verdict};

/// The results of all checks, the most important first.
pub fn checks(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<Check> {
    let mut checks = runner::checks(snapshot, now);
    checks.extend(limits::nothing(snapshot).map(|finding| Check::found("nothing watched", finding)));
    checks.extend(machine::checks(snapshot, now));
    checks.extend(sources::checks(snapshot, now));
    checks.extend(work::checks(snapshot, now));
    checks.extend(receivers::checks(snapshot, now));
    let alerts = machine::alerts(snapshot, &checks);
    checks.extend(alerts);
    checks.extend(limits::checks(snapshot));
    checks.extend(restores::checks(snapshot, now));
    checks.extend(reports::checks(snapshot, now));
    checks
}

/// All findings: the unhealthy first, each in the order of the checks.
pub fn judge(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<Finding> {
    let found = checks(snapshot, now).into_iter().filter_map(|check| match check.verdict {
        Verdict::Found(finding) => Some(*finding),
        Verdict::Unclear | Verdict::Over(_) => None,
    });
    let mut findings: Vec<Finding> = found.collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    findings
}
