//! Detects many packages published at once by one account, repository or owner.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, release_context::Burst, support},
    model::{Confidence, CorrelationKey, Severity, Signal},
};

/// Many packages at once.
pub struct PackageBurst;

static ABOUT: About = About {
    id: "package-burst",
    title: "One of many packages published at once",
    harmless: None,
    category: SignalCategory::Cadence,
    severity: Severity::Medium,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
Three or more packages that one account, repository or owner publishes in a burst, each at most half an hour after the previous one. The burst must be more than one and a half times as large as any earlier burst. The signal is medium for an account. It is low for a repository or an owner, because an honest run publishes every package that it builds. The signal only corroborates others.

### Why it matters
An attacker uses a stolen account for every package that it may publish, before the maintainers notice the theft.

### False positives
Clean-ups, and new repositories that release many packages for the first time. A monorepo with many packages has such bursts in its history, and they raise no signal.

### What to do
Look at the other packages of the burst; `provwatch lookup` shows them by account, repository and run.

### Example incident
chalk, debug and sixteen others within sixteen minutes (September 2025); the packages of one account in the @antv takeover (2026).";

impl Detector for PackageBurst {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    // Without an earlier release there is no habit.
    change.view?;
    let bursts = &change.release_context.bursts;
    let is_of_repository =
        |burst: &&Burst| matches!(burst.correlation_key, CorrelationKey::Repository(_)) && !burst.is_unusual();
    // Releasing packages that one repository always releases together is usual, even by a new account or owner.
    let usual = bursts.iter().filter(is_of_repository).map(|burst| burst.packages).max().unwrap_or(0);
    let unusual = bursts.iter().filter(|burst| burst.is_unusual() && burst.packages > usual);
    unusual.map(report).max_by_key(|signal| signal.severity)
}

fn report(burst: &Burst) -> Signal {
    let (severity, who) = match &burst.correlation_key {
        CorrelationKey::Publisher(name) => (Severity::Medium, format!("account, {}", quote(name))),
        CorrelationKey::Repository(_) => (Severity::Low, "repository".to_owned()),
        CorrelationKey::Owner(_) => (Severity::Low, "owner".to_owned()),
    };
    let evidence = Difference {
        expected: format!("at most {} at once", burst.usual.max(1)),
        seen: format!("{} packages of one {who}, one right after the other", burst.packages),
        since: None,
        why: "An attacker uses a stolen account on every package in reach before the theft is noticed.",
    };
    support(&ABOUT, severity, evidence)
}
