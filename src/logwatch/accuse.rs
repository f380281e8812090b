//! Reports log violations: keeps the evidence at once, and raises the alert when an accident is ruled out.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{announce::Announcer, shown::Shown};
use crate::{
    clock::Clock,
    model::{Alert, AlertKind, AlertStatus, Confidence, Fingerprint, Severity},
    store::{MirrorRow, NewEvidence, Store, StoreError, Violated},
    text::with_causes,
    tlog::{Evidence, Fault, Judgement, Misdeed, ReadError, Tree, checkpoint::tree_id},
    upkeep::ACTOR,
};

/// How bad a misdeed is.
#[derive(Clone, Copy, Debug)]
struct Gravity {
    severity: Severity,
    confidence: Confidence,
    /// For how long it may be an accident: a stale copy, a cache that was spoiled, a file that is on its way.
    patience: TimeDelta,
}

/// The misdeeds that can be mended, and are then over. The others stand until somebody has looked.
const CURABLE: [Misdeed; 6] = [
    Misdeed::Rollback,
    Misdeed::Unproven,
    Misdeed::Entries,
    Misdeed::Omission,
    Misdeed::Checkpoint,
    Misdeed::Malformed,
];

fn gravity(misdeed: Misdeed) -> Gravity {
    use Confidence::{High, Medium};
    let of = |severity, confidence, minutes| Gravity { severity, confidence, patience: TimeDelta::minutes(minutes) };
    match misdeed {
        Misdeed::Fork | Misdeed::SameSize => of(Severity::Critical, High, 0),
        Misdeed::Entries => of(Severity::High, Medium, 1),
        Misdeed::Rollback | Misdeed::Unproven => of(Severity::High, Medium, 10),
        Misdeed::Checkpoint | Misdeed::Omission | Misdeed::Malformed => of(Severity::Medium, Medium, 10),
        Misdeed::KeyChanged => of(Severity::Medium, High, 0),
        Misdeed::Stale => of(Severity::Low, Medium, 0),
    }
}

/// Who accuses logs, and acquits them.
#[derive(Debug)]
pub struct Accuser {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub announcer: Arc<Announcer>,
}

impl Accuser {
    /// Keeps evidence against a tree's log, and raises the alert if the violation lasts for longer than an accident would.
    pub fn accuse(&self, tree: &Tree, evidence: &Evidence, now: DateTime<Utc>) -> Result<(), StoreError> {
        // A key changes once: what is seen again is another change.
        self.accuse_of(tree, evidence, evidence.misdeed == Misdeed::KeyChanged, now)
    }

    /// [`Self::accuse`] of what is known to be another violation than the last one of its kind, or to be the same.
    pub fn accuse_of(
        &self,
        tree: &Tree,
        evidence: &Evidence,
        is_other: bool,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let misdeed = evidence.misdeed;
        let kept = NewEvidence {
            id: evidence.id(),
            log: tree.name.clone(),
            kind: misdeed.as_str().to_owned(),
            document: evidence.document(),
        };
        let id = self.store.keep_evidence(&kept, now)?;
        let violated = Violated { log: &tree.name, kind: misdeed.accusation(), evidence: &id, is_other };
        let violation = self.store.log_violated(&violated, now)?;
        let Gravity { severity, confidence, patience } = gravity(misdeed);
        if now - violation.since < patience {
            return Ok(());
        }
        let subject = misdeed.subject(&tree.name);
        let alert = Alert {
            argument: argument(evidence, &id) + &self.silent_mirrors(tree, misdeed)?,
            evidence: Some(violation.evidence),
            ..Alert::about(AlertKind::Log, &subject, severity, confidence, title(tree, misdeed), now)
        };
        self.announcer.raise(&alert, now)
    }

    /// What could not be asked: a mirror that does not answer may have what the others no longer show.
    fn silent_mirrors(&self, tree: &Tree, misdeed: Misdeed) -> Result<String, StoreError> {
        if !matches!(misdeed, Misdeed::Rollback | Misdeed::Unproven) {
            return Ok(String::new());
        }
        let is_silent = |row: &MirrorRow| {
            let is_its_own = row.log == tree.name || tree_id(&row.log, &tree.name).is_some();
            is_its_own && row.failing_since.is_some_and(|since| row.seen_at.is_none_or(|at| at < since))
        };
        let urls: Vec<_> = self.store.log_mirrors()?.into_iter().filter(is_silent).map(|row| row.url).collect();
        Ok(if urls.is_empty() { String::new() } else { format!(" No answer came from {}.", urls.join(", ")) })
    }

    /// The tree was read to its end and everything held: what could be mended is over.
    pub fn acquit(&self, tree: &Tree, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.store.log_violations_ended(&tree.name, now)?;
        let reason = "what the log serves holds again; the evidence is kept";
        CURABLE.iter().try_for_each(|misdeed| self.resolve_misdeed(tree, *misdeed, reason, now))
    }

    /// Resolves the alert about a misdeed, if there is one.
    pub fn resolve_misdeed(
        &self,
        tree: &Tree,
        misdeed: Misdeed,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let fingerprint = Fingerprint::of(AlertKind::Log, &misdeed.subject(&tree.name));
        if self.store.alert(&fingerprint)?.is_some_and(|alert| alert.status != AlertStatus::Resolved) {
            self.store.resolve(&fingerprint, ACTOR, reason, now)?;
        }
        Ok(())
    }

    /// A tree could not be read. Infrastructure is trouble with the operation, anything else the log's own doing.
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
        let misdeed = match error {
            ReadError::Withheld { .. } | ReadError::Omitted { .. } => Misdeed::Omission,
            ReadError::Checkpoint(_) => Misdeed::Checkpoint,
            ReadError::Malformed { .. } => Misdeed::Malformed,
            _ => Misdeed::Entries,
        };
        let evidence = shown.evidence(misdeed, format!("{}: {}", shown.tree, with_causes(error)));
        self.accuse(shown.tree, &evidence.signed(&[shown.signed]), shown.now)
    }
}

fn title(tree: &Tree, misdeed: Misdeed) -> String {
    match misdeed {
        Misdeed::Fork => format!("{tree} signed two histories"),
        Misdeed::SameSize => format!("{tree} signed two trees of one size"),
        Misdeed::Rollback => format!("{tree} went back to fewer entries than it had signed"),
        Misdeed::Unproven => format!("{tree} does not prove that it only grew"),
        Misdeed::Entries => format!("{tree} serves entries that are not those that it signed"),
        Misdeed::Omission => format!("{tree} leaves out what it signed"),
        Misdeed::Checkpoint => format!("{tree} serves a checkpoint that is not its own"),
        Misdeed::Malformed => format!("{tree} answers in a form that cannot be read"),
        Misdeed::KeyChanged => format!("{tree} signs with another key"),
        Misdeed::Stale => format!("{tree} has stopped growing"),
    }
}

fn argument(evidence: &Evidence, id: &str) -> String {
    let proof = match evidence.judge() {
        Ok(Judgement::Proven(_)) => "The log's own signatures prove it",
        _ => "What the log signed is kept, the rest is what it was seen to serve",
    };
    format!(
        "{}. {proof}: `provwatch logs evidence {id}` exports the evidence, and `provwatch logs verify FILE` checks it \
         anywhere.{}",
        evidence.statement,
        match evidence.misdeed {
            Misdeed::Stale | Misdeed::KeyChanged => "",
            _ => " Nothing that the log says from here on is believed until it agrees with what it signed before.",
        }
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{logwatch::lab::Lab, store::AlertFilter};

    #[tokio::test]
    async fn what_may_be_an_accident_is_told_once_it_lasts_and_is_over_when_the_log_holds_again() {
        let lab = Lab::new();
        lab.log.grow(3, "one");
        let (look, accuser) = (lab.look().await, lab.accuser());
        let accuse = |misdeed| {
            let evidence = look.shown().at(lab.now()).evidence(misdeed, "it was seen".to_owned());
            accuser.accuse(&look.tree, &evidence, lab.now()).unwrap();
            lab.told.take()
        };
        assert!(accuse(Misdeed::Rollback).is_empty());
        lab.clock.advance(Duration::from_mins(11));
        assert_eq!(accuse(Misdeed::Rollback), ["log.example went back to fewer entries than it had signed"]);
        assert_eq!(accuse(Misdeed::Fork), ["log.example signed two histories"]);
        accuser.acquit(&look.tree, lab.now()).unwrap();
        let open = lab.parts.store.alerts(&AlertFilter::default()).unwrap();
        let open = open.iter().filter(|alert| alert.status != AlertStatus::Resolved);
        assert_eq!(open.map(|alert| &*alert.title).collect::<Vec<_>>(), ["log.example signed two histories"]);
    }
}
