//! What was known at an earlier time, and what cannot be told of that time.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    cli::{fact_table, words},
    model::{Alert, AlertAction, AlertStatus, BaselineReason, Package, ReleaseLine},
    store::BaselineVersion,
};

/// The time of `--at`, if one is given.
#[derive(Clone, Copy, Debug)]
pub(super) struct At(pub Option<DateTime<Utc>>);

impl At {
    /// Whether what was learned at a time was known.
    pub fn knows(self, learned_at: DateTime<Utc>) -> bool {
        self.0.is_none_or(|at| learned_at <= at)
    }

    /// Where an alert stood, after these actions, the latest first.
    pub fn status(self, alert: &Alert, actions: &[AlertAction], now: DateTime<Utc>) -> AlertStatus {
        let Some(at) = self.0 else { return alert.status_at(now) };
        let Some(last) = actions.iter().find(|action| action.at <= at) else { return AlertStatus::Open };
        let is_over = last.until.is_some_and(|until| until <= at);
        if is_over { AlertStatus::Open } else { last.status }
    }
}

/// The first line of a timeline of an earlier time.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct AsOf {
    /// The time: nothing below was learned later.
    pub at: DateTime<Utc>,
    /// The package.
    pub package: Package,
    /// The baseline of that time: the last step of each line.
    pub(super) baseline: Vec<StepThen>,
    /// What cannot be told of that time, a sentence each.
    pub untold: Vec<String>,
}

/// The step at which a line of the baseline was.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StepThen {
    line: ReleaseLine,
    /// The step.
    version: u32,
    /// How many releases it had learned from since its beginning or its last reset, without those it forgot.
    releases: usize,
}

impl AsOf {
    /// Prints it in sentences.
    pub fn print(&self) {
        let at = words::moment(self.at);
        fact_table::say(&format!("This is what provwatch knew at {at}; what it learned later is left out."));
        let steps: Vec<String> = self.baseline.iter().map(StepThen::words).collect();
        let steps = if steps.is_empty() { "nothing was learned".to_owned() } else { steps.join("; ") };
        fact_table::say(&format!("The baseline then: {steps}."));
        for untold in &self.untold {
            fact_table::say(&format!("Not known of that time: {}", words::sentence(untold)));
        }
    }
}

impl StepThen {
    fn words(&self) -> String {
        let (line, version) = (words::name(&self.line), self.version);
        format!("line {line} at step {version}, with {}", words::counted(self.releases, "release"))
    }
}

/// A baseline as it was: the releases that it included, by line.
#[derive(Debug, Default)]
pub(super) struct BaselineThen(BTreeMap<ReleaseLine, (u32, BTreeSet<String>)>);

impl BaselineThen {
    /// After these steps, the latest first.
    pub fn after<'a>(steps: impl DoubleEndedIterator<Item = &'a BaselineVersion>) -> Self {
        let mut then = Self::default();
        for step in steps.rev() {
            let (version, releases) = then.0.entry(step.line.clone()).or_default();
            *version = step.version;
            match (step.reason, &step.purl) {
                (BaselineReason::Reset, _) => releases.clear(),
                (BaselineReason::Learned | BaselineReason::Accepted, Some(purl)) => drop(releases.insert(purl.clone())),
                (_, Some(purl)) => drop(releases.remove(purl)),
                (_, None) => {}
            }
        }
        then
    }

    /// Whether it included a release.
    pub fn includes(&self, purl: &str) -> bool {
        self.0.values().any(|(_, releases)| releases.contains(purl))
    }

    /// The last step of each line.
    pub fn steps(&self) -> Vec<StepThen> {
        let step = |(line, (version, releases)): (&ReleaseLine, &(u32, BTreeSet<String>))| StepThen {
            line: line.clone(),
            version: *version,
            releases: releases.len(),
        };
        self.0.iter().map(step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AlertKind, Confidence, Severity};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn an_alert_stood_where_the_last_action_had_put_it() {
        let noon = at("2026-06-01T12:00:00Z");
        let alert = Alert::about(AlertKind::Release, "x", Severity::High, Confidence::High, String::new(), noon);
        let action = |status, hour: u32, until: Option<&str>| AlertAction {
            until: until.map(at),
            ..AlertAction::new(status, "ada", "because", at(&format!("2026-06-01T{hour}:00:00Z")))
        };
        // The latest first.
        let actions = [
            action(AlertStatus::Resolved, 20, None),
            action(AlertStatus::Snoozed, 14, Some("2026-06-01T16:00:00Z")),
            action(AlertStatus::Acknowledged, 13, None),
        ];
        for (time, status) in [
            ("2026-06-01T12:30:00Z", AlertStatus::Open),
            ("2026-06-01T13:00:00Z", AlertStatus::Acknowledged),
            ("2026-06-01T15:00:00Z", AlertStatus::Snoozed),
            ("2026-06-01T16:00:00Z", AlertStatus::Open),
            ("2026-06-01T20:00:00Z", AlertStatus::Resolved),
        ] {
            assert_eq!(At(Some(at(time))).status(&alert, &actions, at("2027-01-01T00:00:00Z")), status, "{time}");
        }
    }

    #[test]
    fn a_baseline_is_what_its_steps_made_of_it() {
        let step = |version, reason, purl: Option<&str>| BaselineVersion {
            line: ReleaseLine::named("1"),
            version,
            reason,
            purl: purl.map(str::to_owned),
            at: at("2026-06-01T12:00:00Z"),
            actor: "provwatch".to_owned(),
            note: None,
        };
        let steps = [
            step(5, BaselineReason::Accepted, Some("c")),
            step(4, BaselineReason::Learned, Some("a")),
            step(3, BaselineReason::Reset, None),
            step(2, BaselineReason::Unlearned, Some("a")),
            step(1, BaselineReason::Learned, Some("a")),
        ];
        for (from, included) in [(0, "a c"), (1, "a"), (2, ""), (3, ""), (4, "a")] {
            let then = BaselineThen::after(steps[from..].iter());
            let found: Vec<&str> = ["a", "b", "c"].into_iter().filter(|purl| then.includes(purl)).collect();
            assert_eq!(found.join(" "), included, "without the last {from}");
        }
        let [last] = &BaselineThen::after(steps.iter()).steps()[..] else { panic!("one line") };
        assert_eq!((last.version, last.releases), (5, 2));
    }
}
