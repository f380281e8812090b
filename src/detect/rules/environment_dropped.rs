//! Detects a build without the usual deployment environment, or with an unfamiliar one.

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{Confidence, OrNone, Severity, Signal, traits::Environments},
};

/// Built outside the usual deployment environment.
pub struct EnvironmentDropped;

static ABOUT: About = About {
    id: "environment-dropped",
    title: "Built outside the usual deployment environment",
    harmless: Some("Built in a deployment environment"),
    category: SignalCategory::Pipeline,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A certificate without a deployment environment on a line whose certificates always had one (medium), or with an environment that the line never had (low). Certificates issued before Fulcio added this claim count only if other releases of the line have the claim.

### Why it matters
Environments hold the required reviewers and branch rules between a push and a publication. A workflow without the environment bypasses both.

### False positives
Projects that restructure their workflows. They usually add a new workflow file, too; both signals belong to the same category and count once.

### What to do
Compare the workflow with its previous version. If the project removed the environment on purpose: `provwatch baseline accept`.

### Example incident
In the takeovers of June 2026 that built from branches of attackers, the runs did not use the projects' protected environments.";

impl Detector for EnvironmentDropped {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let dropped = change.traits.iter().filter_map(|traits| {
            let environment = traits.environment_on(change.profile()?)?;
            let new = change.novelty(Environments, environment)?;
            let had_none = change.profile().is_some_and(|line| line.tally(Environments).contains(OrNone::Nothing));
            let severity = match environment {
                OrNone::Nothing => Severity::Medium,
                // On a line that also publishes without one, an environment is an improvement.
                OrNone::Name(_) if had_none => Severity::Info,
                OrNone::Name(_) => Severity::Low,
            };
            // Who merges a commit may change the environment that it runs in.
            let is_merged = change.on_default_branch() == Some(true);
            let severity = if is_merged { new.weigh(severity).lowered() } else { new.weigh(severity) };
            let evidence = Difference {
                expected: new.usual,
                seen: quote(environment.as_str()),
                since: new.since,
                why: "Environments hold the required reviewers and branch rules between a push and a publication.",
            };
            Some(signal(&ABOUT, severity, evidence))
        });
        dropped.collect()
    }
}
