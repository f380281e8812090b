//! Reports log violations: keeps the evidence at once, and raises the alert when an accident is ruled out.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{announce::Announcer, shown::Shown};
use crate::{
    clock::Clock,
    model::{Alert, AlertKind, Confidence, Fingerprint, Severity},
    store::{MirrorRow, NewEvidence, Store, StoreError, Violated},
    text::with_causes,
    tlog::{Fault, Judgement, LogEvidence, LogViolation, ReadError, Tree, checkpoint::tree_id},
};

/// The severity of a violation.
#[derive(Clone, Copy, Debug)]
struct ViolationSeverity {
    severity: Severity,
    confidence: Confidence,
    /// For how long it may be an accident: a stale copy, a spoiled cache, a delayed file.
    patience: TimeDelta,
}

/// The violations that can be repaired, and are then over. The others stay open until an operator has checked them.
const CURABLE: [LogViolation; 6] = [
    LogViolation::Rollback,
    LogViolation::Unproven,
    LogViolation::Entries,
    LogViolation::Omission,
    LogViolation::Checkpoint,
    LogViolation::Malformed,
];

fn severity_of(violation: LogViolation) -> ViolationSeverity {
    use Confidence::{High, Medium};
    let of = |severity, confidence, minutes| ViolationSeverity {
        severity,
        confidence,
        patience: TimeDelta::minutes(minutes),
    };
    match violation {
        LogViolation::Fork | LogViolation::SameSize => of(Severity::Critical, High, 0),
        LogViolation::Entries => of(Severity::High, Medium, 1),
        LogViolation::Rollback | LogViolation::Unproven => of(Severity::High, Medium, 10),
        LogViolation::Checkpoint | LogViolation::Omission | LogViolation::Malformed => of(Severity::Medium, Medium, 10),
        LogViolation::KeyChanged => of(Severity::Medium, High, 0),
        LogViolation::Stale => of(Severity::Low, Medium, 0),
    }
}

/// Reports log violations, and clears them.
#[derive(Debug)]
pub struct ViolationReporter {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub announcer: Arc<Announcer>,
}

impl ViolationReporter {
    /// Keeps evidence against a tree's log, and raises the alert if the violation lasts longer than an accident would.
    pub fn report(&self, tree: &Tree, evidence: &LogEvidence, now: DateTime<Utc>) -> Result<(), StoreError> {
        // A key changes once: a second key change is another change.
        self.report_of(tree, evidence, evidence.violation == LogViolation::KeyChanged, now)
    }

    /// [`Self::report`] where it is known whether this is another violation than the last one of its kind.
    pub fn report_of(
        &self,
        tree: &Tree,
        evidence: &LogEvidence,
        is_other: bool,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let violation = evidence.violation;
        let kept = NewEvidence {
            id: evidence.id(),
            log: tree.name.clone(),
            kind: violation.as_str().to_owned(),
            document: evidence.document(),
        };
        let id = self.store.keep_evidence(&kept, now)?;
        let violated = Violated { log: &tree.name, kind: violation.accusation(), evidence: &id, is_other };
        let known = self.store.log_violated(&violated, now)?;
        let ViolationSeverity { severity, confidence, patience } = severity_of(violation);
        if now - known.since < patience {
            return Ok(());
        }
        let subject = violation.subject(&tree.name);
        let alert = Alert {
            argument: argument(evidence, &id) + &self.silent_mirrors(tree, violation)?,
            evidence: Some(known.evidence),
            ..Alert::about(AlertKind::Log, &subject, severity, confidence, title(tree, violation), now)
        };
        self.announcer.raise(&alert, now)
    }

    /// The mirrors that could not be read: a mirror that does not answer may have the entries that the others no longer
    /// show.
    fn silent_mirrors(&self, tree: &Tree, violation: LogViolation) -> Result<String, StoreError> {
        if !matches!(violation, LogViolation::Rollback | LogViolation::Unproven) {
            return Ok(String::new());
        }
        let is_silent = |row: &MirrorRow| {
            let is_its_own = row.log == tree.name || tree_id(&row.log, &tree.name).is_some();
            is_its_own && row.failing_since.is_some_and(|since| row.seen_at.is_none_or(|at| at < since))
        };
        let urls: Vec<_> = self.store.log_mirrors()?.into_iter().filter(is_silent).map(|row| row.url).collect();
        Ok(if urls.is_empty() { String::new() } else { format!(" No answer came from {}.", urls.join(", ")) })
    }

    /// Clears the violations that can be repaired: the tree was read to its end, and everything verified.
    pub fn clear(&self, tree: &Tree, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.store.log_violations_ended(&tree.name, now)?;
        let reason = "the log verifies again; the evidence is kept";
        CURABLE.iter().try_for_each(|violation| self.resolve_violation(tree, *violation, reason, now))
    }

    /// Resolves the alert about a violation, if there is one. A proven fork stays a fork, whatever the log shows later.
    pub fn resolve_violation(
        &self,
        tree: &Tree,
        violation: LogViolation,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if matches!(violation, LogViolation::Fork | LogViolation::SameSize) {
            return Ok(());
        }
        let fingerprint = Fingerprint::of(AlertKind::Log, &violation.subject(&tree.name));
        self.store.condition_ended(&fingerprint, reason, now).map(drop)
    }

    /// Records that a tree could not be read. Infrastructure failures are operational issues, anything else is the
    /// log's own fault.
    ///
    /// # Errors
    /// The store failed.
    pub fn tree_unread(&self, shown: Shown<'_>, error: &ReadError) -> Result<(), StoreError> {
        // Reading may have taken long.
        let shown = shown.at(self.clock.now());
        self.store.log_failed(&shown.tree.name, &with_causes(error), shown.now)?;
        if error.fault() == Fault::Elsewhere {
            return Ok(());
        }
        let violation = match error {
            ReadError::Withheld { .. } | ReadError::Omitted { .. } => LogViolation::Omission,
            ReadError::Checkpoint(_) => LogViolation::Checkpoint,
            ReadError::Malformed { .. } => LogViolation::Malformed,
            _ => LogViolation::Entries,
        };
        let evidence = shown.evidence(violation, format!("{}: {}", shown.tree, with_causes(error)));
        self.report(shown.tree, &evidence.signed(&[shown.signed]), shown.now)
    }
}

fn title(tree: &Tree, violation: LogViolation) -> String {
    match violation {
        LogViolation::Fork => format!("{tree} signed two histories"),
        LogViolation::SameSize => format!("{tree} signed two trees of one size"),
        LogViolation::Rollback => format!("{tree} went back to fewer entries than it had signed"),
        LogViolation::Unproven => format!("{tree} does not prove that it only grew"),
        LogViolation::Entries => format!("{tree} serves entries that are not those that it signed"),
        LogViolation::Omission => format!("{tree} leaves out what it signed"),
        LogViolation::Checkpoint => format!("{tree} serves a checkpoint that is not its own"),
        LogViolation::Malformed => format!("{tree} answers in a form that cannot be read"),
        LogViolation::KeyChanged => format!("{tree} signs with another key"),
        LogViolation::Stale => format!("{tree} has stopped growing"),
    }
}

fn argument(evidence: &LogEvidence, id: &str) -> String {
    let proof = match evidence.judge() {
        Ok(Judgement::Proven(_)) => "The log's own signatures prove it",
        _ => "provwatch keeps the signed checkpoints; the rest is the observation of this host",
    };
    format!(
        "{}. {proof}: `provwatch logs evidence {id}` exports the evidence, and `provwatch logs verify FILE` checks it \
         anywhere.{}",
        evidence.statement,
        match evidence.violation {
            LogViolation::Stale | LogViolation::KeyChanged => "",
            _ => " provwatch trusts no new entry of the log until it agrees with what it signed before.",
        }
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{logwatch::lab::Lab, model::AlertStatus, store::AlertFilter};

    #[tokio::test]
    async fn what_may_be_an_accident_is_told_once_it_lasts_and_is_over_when_the_log_holds_again() {
        let lab = Lab::new();
        lab.log.grow(3, "one");
        let (look, reporter) = (lab.look().await, lab.reporter());
        let report = |violation| {
            let evidence = look.shown().at(lab.now()).evidence(violation, "it was seen".to_owned());
            reporter.report(&look.tree, &evidence, lab.now()).unwrap();
            lab.told.take()
        };
        assert!(report(LogViolation::Rollback).is_empty());
        lab.clock.advance(Duration::from_mins(11));
        assert_eq!(report(LogViolation::Rollback), ["log.example went back to fewer entries than it had signed"]);
        assert_eq!(report(LogViolation::Fork), ["log.example signed two histories"]);
        reporter.clear(&look.tree, lab.now()).unwrap();
        for proven in [LogViolation::Fork, LogViolation::SameSize] {
            reporter.resolve_violation(&look.tree, proven, "it looks well", lab.now()).unwrap();
        }
        let open = lab.parts.store.alerts(&AlertFilter::default()).unwrap();
        let open = open.iter().filter(|alert| alert.status != AlertStatus::Resolved);
        assert_eq!(open.map(|alert| &*alert.title).collect::<Vec<_>>(), ["log.example signed two histories"]);
    }
}
