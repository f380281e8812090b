//! Raises alerts about stored releases that others report as malicious, and tells what becomes of such reports.
//!
//! The store notes which releases a report is about, in the transaction that stores the report or the release. What it
//! noted waits here until an alert told of it, so that a crash at any point only repeats work. A report proves nothing
//! about how a project releases: no baseline learns from it, and a release with one teaches nothing.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    audience::Campaigns,
    past::last_good,
    told::tell,
    unlearn::{Why, unlearn},
};
use crate::{
    baseline,
    clock::Clock,
    detect::{AssessmentInputs, ReleaseContext, combine, reported},
    model::{Alert, AlertKind, Development, Fingerprint, Links, MalwareReport, Observation, ReleaseId, Signal},
    packages::{
        assess::{self, Assessment, of_itself},
        registries::Registries,
        settings::Settings,
    },
    progress::Progress,
    store::{Outcome, Record, ReleaseRow, ReportNews, Store, StoreError, UntoldReport},
    text::quoted,
    watchlist::InUse,
};

/// The detector of reported releases.
const DETECTOR: &str = "reported-malicious";

/// Detectors that follow from the accusation of another release.
const OF_OTHER_RELEASES: [&str; 2] = ["beside-accused", "incident-joined"];

/// Most news of one round, each of which is a few short transactions.
pub const AT_ONCE: usize = 100;

/// Most characters of a version in the title of an alert.
const VERSION: usize = 100;

/// The reports about a release that were not withdrawn; `None` instead of none.
///
/// # Errors
/// The store cannot be read.
pub fn active_reports(store: &Store, release: &ReleaseId) -> Result<Option<Vec<MalwareReport>>, StoreError> {
    let mut reports = store.reports_of(release)?;
    reports.retain(MalwareReport::is_active);
    Ok(Some(reports).filter(|reports| !reports.is_empty()))
}

/// Notes that the alert of a record, which was announced just now, told of the reports about its release.
///
/// # Errors
/// The store failed.
pub fn told_at_once(store: &Store, record: &Record) -> Result<(), StoreError> {
    let Some(alert) = record.alert.as_ref().filter(|alert| tells_of_report(alert)) else { return Ok(()) };
    let accused_at = store.alert(&alert.fingerprint)?.as_ref().and_then(accused_at);
    for news in store.untold_reports_of(record.subject.release())? {
        if news.news == ReportNews::Reported {
            store.report_told(&news, accused_at, &[], record.now)?;
        }
    }
    Ok(())
}

fn tells_of_report(alert: &Alert) -> bool {
    alert.signals.iter().any(|signal| signal.detector == DETECTOR)
}

/// When provwatch accused a release, whatever others report; `None`: it did not. That another release is accused may follow
/// from a report, too.
fn accused_at(alert: &Alert) -> Option<DateTime<Utc>> {
    let mut own = own_signals(alert);
    own.retain(|signal| !OF_OTHER_RELEASES.contains(&&*signal.detector));
    let verdict = combine(&own)?;
    (!baseline::in_baseline(Some(verdict.severity))).then_some(alert.raised_at)
}

fn own_signals(alert: &Alert) -> Vec<Signal> {
    alert.signals.iter().filter(|signal| signal.detector != DETECTOR).cloned().collect()
}

/// Tells of reports about stored releases.
#[derive(Debug)]
pub struct Reported {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub progress: Arc<dyn Progress>,
    pub registries: Arc<Registries>,
    pub settings: Arc<Settings>,
    pub watchlist: Arc<InUse>,
    pub campaigns: Campaigns,
}

impl Reported {
    /// Tells of some news, the earliest first. Returns whether there may be more.
    ///
    /// # Errors
    /// The store failed. A damaged row keeps no other news waiting.
    pub fn tell_some(&self) -> Result<bool, StoreError> {
        let untold = self.store.untold_reports(AT_ONCE)?;
        let mut told = 0;
        for news in &untold {
            match self.tell(news) {
                Err(error @ StoreError::DamagedRow { .. }) => {
                    tracing::warn!(release = %news.release, "a report about it is not told yet: {error}");
                }
                outcome => {
                    outcome?;
                    told += 1;
                }
            }
        }
        Ok(told > 0 && untold.len() == AT_ONCE)
    }

    fn tell(&self, news: &UntoldReport) -> Result<(), StoreError> {
        let row = self.store.release(&news.release)?;
        match news.news {
            ReportNews::Reported => self.reported(news, row),
            ReportNews::Withdrawn(on) => self.withdrawn(news, row, on),
        }
    }

    /// Raises the alert of a release, or adds the report to it. Those who were told of the release before are told of the
    /// report, once: by the alert if it is announced, or else by a follow-up.
    fn reported(&self, news: &UntoldReport, row: Option<ReleaseRow>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let known = self.store.alert(&Fingerprint::of_release(&news.release))?;
        let is_watched = self.watchlist.now().matches(news.release.package()).is_some();
        let Some(row) = row.filter(|_| is_watched || known.is_some()) else {
            return self.store.report_told(news, None, &[], now);
        };
        unlearn(&self.store, &news.release, Why::Reported, now)?;
        let announced = match row.observation.clone() {
            Some(observation) => self.raise(row, observation, known.as_ref(), now)?,
            None => self.raise_unread(&news.release, known.as_ref(), now)?,
        };
        let accused_at = known.as_ref().and_then(accused_at);
        let of_release = self.store.reports_of(&news.release)?;
        let report = of_release.iter().find(|report| report.id == news.id).filter(|_| !announced);
        let development = match report {
            Some(report) if !self.is_told_by_another_id(report, &of_release, &news.release)? => {
                Some(Development::reported(report, now))
            }
            _ => None,
        };
        self.store.report_told(news, accused_at, development.as_slice(), now)
    }

    /// Whether an alert told of the same report under another of its ids.
    fn is_told_by_another_id(
        &self,
        report: &MalwareReport,
        of_release: &[MalwareReport],
        release: &ReleaseId,
    ) -> Result<bool, StoreError> {
        let untold: Vec<String> = self.store.untold_reports_of(release)?.into_iter().map(|news| news.id).collect();
        let is_told = |other: &MalwareReport| other.id != report.id && other.is_active() && !untold.contains(&other.id);
        Ok(of_release.iter().any(|other| is_told(other) && other.is_same(report)))
    }

    /// Whether an alert about the release was announced.
    fn raise(
        &self,
        row: ReleaseRow,
        mut observation: Observation,
        known: Option<&Alert>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        observation.facts.reports = active_reports(&self.store, &observation.purl)?;
        let alert = self.alert(&observation, known, now)?;
        let outcome = if alert.is_some() { Outcome::Alerted } else { row.outcome };
        let mut record = restated(row, observation, outcome, now);
        if let Some(alert) = &alert {
            record.subscriptions = self.campaigns.audience(&record, alert)?;
        }
        record.alert = alert;
        let recorded = self.store.record(&record)?;
        tell(self.progress.as_ref(), &record);
        Ok(recorded.announced)
    }

    /// The alert of a release with its earlier signals; `None`: the operator wants to hear of no reports about it.
    fn alert(
        &self,
        observation: &Observation,
        known: Option<&Alert>,
        now: DateTime<Utc>,
    ) -> Result<Option<Alert>, StoreError> {
        let policy = self.watchlist.now().policy(observation.purl.package());
        let alone = ReleaseContext::default();
        let inputs = AssessmentInputs { policy: policy.as_ref(), ..AssessmentInputs::usual(&alone) };
        let found = of_itself(observation, &inputs).into_iter().find(|signal| signal.detector == DETECTOR);
        let Some(signals) = self.signals(found, known) else { return Ok(None) };
        let (verdict, release) = (combine(&signals), &observation.purl);
        let assessment = Assessment { signals, verdict, compared_with: None, in_baseline: false };
        let links = Links { registry: self.page(release), ..assess::links(observation) };
        let Some(alert) = assess::alert(observation, &assessment, now, links) else { return Ok(None) };
        let last_good = last_good(&self.store, release, observation.published_at)?;
        Ok(Some(self.watchlist.now().stamped(Alert { last_good, ..alert })))
    }

    /// The signal about the reports with those of earlier checks, the worst first. `None`: the detector is switched off, or
    /// quiet.
    fn signals(&self, found: Option<Signal>, known: Option<&Alert>) -> Option<Vec<Signal>> {
        let mut signals = self.settings.tuning.apply(found.into_iter().collect());
        if signals.is_empty() {
            return None;
        }
        signals.extend(known.into_iter().flat_map(own_signals));
        signals.sort_by_key(|signal| (std::cmp::Reverse(signal.severity), signal.corroborating));
        Some(signals)
    }

    /// As [`Reported::raise`], about a release whose entry in the registry's document was never readable.
    fn raise_unread(&self, release: &ReleaseId, known: Option<&Alert>, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let reports = active_reports(&self.store, release)?.unwrap_or_default();
        let Some(signals) = self.signals(reported(&reports), known) else { return Ok(false) };
        let Some(verdict) = combine(&signals) else { return Ok(false) };
        let version = quoted(release.version(), VERSION);
        let title = format!("{} {version}: {}", release.package().name(), verdict.title);
        let links = Links { registry: self.page(release), ..Links::default() };
        let (severity, confidence, subject) = (verdict.severity, verdict.confidence, release.to_string());
        let alert = Alert {
            purl: Some(release.clone()),
            argument: verdict.argument,
            signals,
            links,
            ..Alert::about(AlertKind::Release, &subject, severity, confidence, title, now)
        };
        let alert = self.watchlist.now().stamped(alert);
        let subscriptions = self.campaigns.subscriptions.matching(&alert);
        Ok(self.store.record_alert(&alert, &subscriptions, now)?.announced)
    }

    fn page(&self, release: &ReleaseId) -> Option<String> {
        let registry = self.registries.of(&release.package().registry()).ok()?;
        Some(registry.page(release).to_string())
    }

    /// The alert stays as it is, and the release is known without the report. One that still stands under another id was not
    /// withdrawn.
    fn withdrawn(&self, news: &UntoldReport, row: Option<ReleaseRow>, on: DateTime<Utc>) -> Result<(), StoreError> {
        let now = self.clock.now();
        if let Some(row) = row
            && let Some(mut observation) = row.observation.clone()
        {
            observation.facts.reports = active_reports(&self.store, &news.release)?;
            let outcome = row.outcome;
            self.store.record(&restated(row, observation, outcome, now))?;
        }
        let of_release = self.store.reports_of(&news.release)?;
        let report = of_release.iter().find(|report| report.id == news.id);
        let still_stands = |report: &MalwareReport| of_release.iter().any(|it| it.is_active() && it.is_same(report));
        let development = (!report.is_some_and(still_stands)).then(|| Development::report_withdrawn(&news.id, on, now));
        self.store.report_told(news, None, development.as_slice(), now)
    }
}

/// The record of a release about which nothing changes but reports.
fn restated(row: ReleaseRow, observation: Observation, outcome: Outcome, now: DateTime<Utc>) -> Record {
    let mut record = Record::observed(observation, outcome, now);
    record.unchecked = row.unchecked;
    record.recheck_at = row.recheck_at;
    record.goes_on = true;
    record
}
