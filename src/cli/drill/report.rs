//! The report of a drill: the steps with their times, and the answer of every receiver.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    cli::{fact_table, output, words, wrap},
    health::LockState,
    model::{Alert, ReleaseId, Severity},
};

/// The report of a drill.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Report {
    /// The made-up release.
    purl: ReleaseId,
    /// The severity of its alert.
    severity: Severity,
    /// The title of its alert.
    title: String,
    /// The steps before the receivers, in order.
    steps: Vec<Timed>,
    /// The subscriptions.
    receivers: Vec<Told>,
    /// From the announcement by the feed to the last answer of a receiver.
    total_milliseconds: u64,
    /// Whether every receiver that the alert is for has accepted it, and there is one.
    ok: bool,
    /// Whether `provwatch run` has the lock on the database; missing if that is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    daemon_runs: Option<bool>,
}

/// One step with its duration.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Timed {
    /// `feed`, `queue`, `judgement`.
    step: &'static str,
    /// Its duration.
    milliseconds: u64,
}

/// What became of a subscription's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// The receiver accepted it.
    Accepted,
    /// The receiver did not accept it.
    Failed,
    /// The subscription does not select the alert.
    NotSelected,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "ok",
            Self::Failed => "failed",
            Self::NotSelected => "not selected",
        }
    }
}

/// The answer of a subscription's receiver.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Told {
    /// The subscription.
    pub subscription: String,
    /// `email`, `slack`, `webhook`, `stdout`.
    pub kind: &'static str,
    /// What became of the message.
    pub outcome: Outcome,
    /// The answer, or the reason.
    pub detail: String,
    /// From the stored alert to the answer.
    pub milliseconds: u64,
}

impl Timed {
    pub(super) fn new(step: &'static str, duration: Duration) -> Self {
        Self { step, milliseconds: milliseconds(duration) }
    }
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Report {
    pub(super) fn new(
        alert: &Alert,
        purl: ReleaseId,
        steps: Vec<Timed>,
        receivers: Vec<Told>,
        total: Duration,
        lock: LockState,
    ) -> Self {
        Self {
            purl,
            severity: alert.severity,
            title: words::sentence(&alert.title),
            steps,
            // A drill that reaches no receiver must not look like one that went well.
            ok: receivers.iter().all(|told| told.outcome != Outcome::Failed)
                && receivers.iter().any(|told| told.outcome == Outcome::Accepted),
            receivers,
            total_milliseconds: milliseconds(total),
            daemon_runs: match lock {
                LockState::Held => Some(true),
                LockState::Free => Some(false),
                LockState::Unknown => None,
            },
        }
    }

    pub(super) fn is_ok(&self) -> bool {
        self.ok
    }

    pub(super) fn print(&self) {
        let headline = format!("{}  {}", output::severity(self.severity), self.title);
        output::line(wrap::paragraphs(&headline, wrap::width(), ""));
        let mut table = output::table(["STEP", "RESULT", "MS", "DETAIL"]);
        for Timed { step, milliseconds } in &self.steps {
            table.add_row([step, "ok", &milliseconds.to_string(), detail(step)]);
        }
        for told in &self.receivers {
            let step = format!("{} {}", told.kind, words::name(&told.subscription));
            table.add_row([&step, told.outcome.as_str(), &told.milliseconds.to_string(), &told.detail]);
        }
        output::print(&table);
        let total = self.total_milliseconds;
        fact_table::say(&format!(
            "{total} ms from the feed to the last answer. The drill left no trace in the database."
        ));
        fact_table::say(
            "Silences, quiet hours and digests do not hold a drill back; `provwatch silences check` shows what they do.",
        );
        if self.daemon_runs == Some(false) {
            fact_table::say("The daemon does not run: no real takeover would arrive. `provwatch run` starts it.");
        }
    }
}

fn detail(step: &str) -> &'static str {
    match step {
        "feed" => "read the announcement of the release, stored it and made the package due",
        "queue" => "took the package from the queue, and read its document",
        _ => "verified and judged the release, stored it with its alert and deliveries",
    }
}
