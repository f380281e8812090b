//! Raises alerts about log entries, one for each kind of finding, with a count of its entries.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    deliver::Subscriptions,
    detect::{Tuning, about},
    logwatch::{announce::Announcer, settings::LogSettings},
    model::{Alert, AlertKind, Confidence, Links, LogEntry, ReleaseId, Sighting, Sightings, Signal, WorkflowIdentity},
    store::{Accusation, LogEntryRow, Scope, Store, StoreError},
};

/// The subject of an alert about a log entry.
#[derive(Debug)]
pub struct Finding<'a> {
    /// The part of the fingerprint that identifies the finding.
    pub subject: String,
    /// The place of the entry.
    pub place: &'a LogEntry,
    /// The signer, real or claimed.
    pub who: String,
    /// The `[[logs.match]]` that found it, if one did.
    pub matched: Option<String>,
    /// The alert budgets that it is charged to.
    pub scopes: Vec<Scope>,
    /// The entry as it is stored, if it is.
    pub row: Option<&'a LogEntryRow>,
    /// The packages that it concerns.
    pub packages: Vec<String>,
    /// Releases that name it.
    pub members: Vec<ReleaseId>,
    /// Links for the investigation.
    pub links: Links,
}

/// Raises alerts about log entries.
#[derive(Debug)]
pub struct EntryAlerts {
    pub store: Arc<Store>,
    pub tuning: Tuning,
    pub settings: Arc<LogSettings>,
    pub subscriptions: Arc<Subscriptions>,
    pub announcer: Arc<Announcer>,
}

impl EntryAlerts {
    /// Raises the signal of a detector about an entry: one alert for each finding, which counts its entries.
    ///
    /// # Errors
    /// The store failed.
    pub fn raise(&self, finding: &Finding<'_>, signal: Signal, now: DateTime<Utc>) -> Result<(), StoreError> {
        let signals = self.tuning.apply(vec![signal]);
        let Some(signal) = signals.first() else { return Ok(()) };
        let about = about(&signal.detector);
        let confidence = about.map_or(Confidence::Low, |about| about.confidence);
        let title = format!("{}: {}", about.map_or(&*signal.detector, |about| about.title), finding.who);
        let sighting = Sighting::at(finding.place, &finding.row.map_or_else(|| finding.who.clone(), signer));
        let alert = Alert {
            argument: argument(signal, finding),
            signals: signals.clone(),
            members: finding.members.clone(),
            links: finding.links.clone(),
            matched: finding.matched.clone(),
            team: self.team(finding),
            entries: Some(Sightings::first(sighting, now)),
            ..Alert::about(AlertKind::Log, &finding.subject, signal.severity, confidence, title, now)
        };
        let entry = finding.row.map(|row| (&*row.log, row.entry.index, &*signal.detector));
        let accusation = Accusation { alert: &alert, scopes: &finding.scopes, entry };
        let announced = self.store.report(&accusation, &|alert| self.subscriptions.matching(alert), now)?;
        self.announcer.told(&announced);
        Ok(())
    }
}

impl EntryAlerts {
    /// The team of the `[[logs.match]]` that found an entry.
    fn team(&self, finding: &Finding<'_>) -> Option<String> {
        let name = finding.matched.as_ref()?;
        self.settings.matches.iter().find(|rule| rule.name == *name)?.team.clone()
    }
}

/// The signer of an entry, with a mark that distinguishes a forged one from a real one.
fn signer(row: &LogEntryRow) -> String {
    match row.entry.not_issued {
        None => row.entry.identity.to_string(),
        // The other claims of a forged certificate are not worth repeating.
        Some(_) => row.entry.identity.subject.clone(),
    }
}

fn argument(signal: &Signal, finding: &Finding<'_>) -> String {
    let packages = finding.packages.join(", ");
    let whose = if packages.is_empty() { String::new() } else { format!(" It concerns {packages}.") };
    format!("Entry {} of {}.{whose} {}", finding.place.index, finding.place.origin, signal.why)
}

/// Links for the claims of an identity.
pub fn links(identity: &WorkflowIdentity) -> Links {
    let claims = &identity.claims;
    let commit = claims.source_repository_uri.as_ref().zip(claims.source_repository_digest.as_ref());
    Links {
        run: claims.run_invocation_uri.clone(),
        commit: commit.map(|(repository, commit)| format!("{repository}/commit/{commit}")),
        ..Links::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        detect::Setting,
        logwatch::{entries::flood, lab::Lab},
        model::Severity,
        store::AlertFilter,
    };

    #[test]
    fn an_accusation_is_told_once_and_not_at_all_where_its_detector_is_switched_off() {
        let lab = Lab::new();
        let setting = Setting { enabled: false, severity: None, days: None };
        let off = Tuning::new([("forged-certificate".to_owned(), setting)]);
        for (tuning, expected) in [(off, 0), (Tuning::default(), 1)] {
            let announcer = lab.parts.telling().announcer;
            let (store, subscriptions) = (Arc::clone(&lab.parts.store), Arc::clone(&lab.parts.subscriptions));
            let settings = Arc::clone(&lab.parts.settings);
            let alerts = EntryAlerts { store, tuning, settings, subscriptions, announcer };
            for index in 0..3 {
                raise(&alerts, index, lab.now());
            }
            assert_eq!(lab.told.take().len(), expected);
        }
        let [alert] = lab.parts.store.alerts(&AlertFilter::default()).unwrap().try_into().unwrap();
        assert_eq!(alert.argument, "Entry 0 of log.example. No authority issued it.");
    }

    fn raise(alerts: &EntryAlerts, index: u64, now: DateTime<Utc>) {
        let place = LogEntry { origin: "log.example".to_owned(), index };
        let finding = Finding {
            subject: "forged-certificate acme".to_owned(),
            place: &place,
            who: "acme".to_owned(),
            matched: None,
            scopes: vec![flood::of_forgers(now)],
            row: None,
            packages: Vec::new(),
            members: Vec::new(),
            links: Links::default(),
        };
        let signal = Signal {
            detector: "forged-certificate".into(),
            severity: Severity::Medium,
            expected: String::new(),
            seen: String::new(),
            since: None,
            why: "No authority issued it.".to_owned(),
            corroborating: false,
        };
        alerts.raise(&finding, signal, now).unwrap();
    }
}
