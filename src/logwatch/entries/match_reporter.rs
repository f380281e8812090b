//! Match reporter: raises alerts for the matches of `[[logs.match]]`.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{entry_alert::links, flood};
use crate::{
    deliver::Subscriptions,
    logwatch::{rows::place, settings::LogSettings},
    model::{Alert, AlertKind, Confidence, LogEntry, Report, Severity, Sighting, Sightings},
    store::{MatchReporter, MatchRule, Met, Scope, Store, StoreError},
    text::shell_word,
    tlog::Tree,
};

/// Makes the reporters of matches of `[[logs.match]]`.
#[derive(Debug)]
pub struct MatchReporters {
    pub store: Arc<Store>,
    pub settings: Arc<LogSettings>,
    pub subscriptions: Arc<Subscriptions>,
}

/// Reports the matches in one tree. The store calls it within a transaction, so it does not read the store.
#[derive(Debug)]
pub struct OfTree<'a> {
    matches: &'a [MatchRule],
    subscriptions: &'a Subscriptions,
    /// The place of the tree's first entry.
    first: LogEntry,
}

impl MatchReporters {
    /// The reporter of matches in a tree.
    ///
    /// # Errors
    /// The store failed.
    pub fn of(&self, tree: &Tree) -> Result<OfTree<'_>, StoreError> {
        let first = place(&self.store, &tree.name, 0)?;
        Ok(OfTree { matches: &self.settings.matches, subscriptions: &self.subscriptions, first })
    }
}

impl OfTree<'_> {
    fn place(&self, met: &Met) -> LogEntry {
        LogEntry { index: self.first.index.saturating_add(met.index), ..self.first.clone() }
    }
}

impl MatchReporter for OfTree<'_> {
    fn rules(&self) -> &[MatchRule] {
        self.matches
    }

    fn accusation(&self, rule: &MatchRule, met: &Met, now: DateTime<Utc>) -> (Alert, Vec<Scope>) {
        let LogEntry { origin, index } = self.place(met);
        let (name, who) = (&rule.name, &met.identity);
        let (subject, title) = match rule.report {
            Report::All => (format!("match {name}\n{origin} {index}"), format!("match {name}: {who} signed")),
            Report::New | Report::Never => {
                (format!("match {name}\n{}", who.lasting()), format!("match {name}: new signer {who}"))
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
            team: rule.team.clone(),
            entries: Some(Sightings::first(self.sighting(met), now)),
            ..Alert::about(AlertKind::Log, &subject, rule.severity, Confidence::High, title, now)
        };
        (alert, flood::of_match(rule, met, now))
    }

    fn history(&self, rule: &MatchRule, now: DateTime<Utc>) -> Alert {
        let (name, log) = (&rule.name, &self.first.origin);
        let subject = format!("match {name}\nhistory of {log}");
        let title = format!("match {name}: older entries of {log}");
        let argument = format!(
            "These entries were logged before the match was configured; this alert counts them. `provwatch logs matches \
             --match {}` lists them.",
            shell_word(name)
        );
        Alert {
            argument,
            matched: Some(name.clone()),
            team: rule.team.clone(),
            ..Alert::about(AlertKind::Log, &subject, Severity::Info, Confidence::High, title, now)
        }
    }

    fn sighting(&self, met: &Met) -> Sighting {
        Sighting::at(&self.place(met), &met.identity.to_string())
    }

    fn wants(&self, alert: &Alert) -> Vec<String> {
        self.subscriptions.matching(alert)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logwatch::{lab::Lab, settings::LogSettings};

    #[tokio::test]
    async fn a_match_is_told_by_the_rule_that_found_it() {
        let rule =
            MatchRule { name: "acme".to_owned(), severity: Severity::High, report: Report::All, team: None, own: None };
        let lab = Lab::new().with(|settings, _| LogSettings { matches: vec![rule.clone()], ..settings });
        let match_reporters = MatchReporters {
            store: Arc::clone(&lab.parts.store),
            settings: Arc::clone(&lab.parts.settings),
            subscriptions: Arc::clone(&lab.parts.subscriptions),
        };
        let tree = lab.look().await.tree;
        let match_reporter = match_reporters.of(&tree).unwrap();
        assert_eq!(match_reporter.rules(), std::slice::from_ref(&rule));
        let history = match_reporter.history(&rule, lab.now());
        assert_eq!((&*history.title, history.severity), ("match acme: older entries of log.example", Severity::Info));
        assert!(match_reporter.wants(&history).is_empty(), "nobody subscribes");
    }
}
