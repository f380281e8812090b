//! How matches are told: [`Herald`] in the words of alerts.

use chrono::{DateTime, Utc};

use super::{correlate::links, flood};
use crate::{
    model::{Alert, AlertKind, Confidence, LogEntry, Report, Severity, Sighting, Sightings},
    pipeline::{Pipeline, PipelineError},
    store::{Herald, MatchRule, Met, Scope},
    text::shell_word,
    tlog::Tree,
};

/// Tells of the matches in one tree.
pub(super) struct OfTree<'a> {
    pipeline: &'a Pipeline,
    /// Where its first entry is.
    first: LogEntry,
}

impl Pipeline {
    /// Who tells of the matches in a tree.
    pub(super) fn herald(&self, tree: &Tree) -> Result<OfTree<'_>, PipelineError> {
        Ok(OfTree { pipeline: self, first: self.place(&tree.name, 0)? })
    }
}

impl OfTree<'_> {
    fn place(&self, met: &Met) -> LogEntry {
        LogEntry { index: self.first.index.saturating_add(met.index), ..self.first.clone() }
    }
}

impl Herald for OfTree<'_> {
    fn rules(&self) -> &[MatchRule] {
        &self.pipeline.logs.matches
    }

    fn accusation(&self, rule: &MatchRule, met: &Met, now: DateTime<Utc>) -> (Alert, Vec<Scope>) {
        let LogEntry { origin, index } = self.place(met);
        let (name, who) = (&rule.name, &met.identity);
        let (subject, title) = match rule.report {
            Report::All => (format!("match {name}\n{origin} {index}"), format!("{name}: {who} signed")),
            Report::New | Report::Never => {
                (format!("match {name}\n{}", who.lasting()), format!("{name}: new signer {who}"))
            }
        };
        let argument = format!(
            "Entry {index} of {origin} was signed as {} (issuer {}), which the [[logs.match]] {name:?} looks for.",
            who.subject, who.issuer
        );
        let alert = Alert {
            argument,
            links: links(who),
            matched: Some(name.clone()),
            entries: Some(Sightings::first(self.sighting(met), now)),
            ..Alert::about(AlertKind::Log, &subject, rule.severity, Confidence::High, title, now)
        };
        (alert, flood::of_match(rule, met, now))
    }

    fn history(&self, rule: &MatchRule, now: DateTime<Utc>) -> Alert {
        let (name, log) = (&rule.name, &self.first.origin);
        let subject = format!("match {name}\nhistory of {log}");
        let title = format!("{name}: older entries of {log}");
        let argument = format!(
            "These entries were logged before the match was configured; this alert counts them. `provwatch logs matches \
             --match {}` lists them.",
            shell_word(name)
        );
        Alert {
            argument,
            matched: Some(name.clone()),
            ..Alert::about(AlertKind::Log, &subject, Severity::Info, Confidence::High, title, now)
        }
    }

    fn sighting(&self, met: &Met) -> Sighting {
        Sighting::at(&self.place(met), &met.identity.to_string())
    }

    fn wants(&self, alert: &Alert) -> Vec<String> {
        self.pipeline.subscriptions.matching(alert)
    }
}
