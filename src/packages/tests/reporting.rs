//! Tests of releases that others report as malicious.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    judging::learned,
    lab::{Lab, observation, package, release},
};
use crate::{
    detect::{Setting, Tuning, unreadable},
    model::{
        AffectedVersions, Alert, AlertKind, AlertStatus, Confidence, DevelopmentKind, Fingerprint, MalwareReport,
        Package, ReleaseId, Severity, Signal,
    },
    packages::{
        examination::{Examined, Past},
        settings::Settings,
    },
    store::{NewReport, Outcome, Record, StoredBaseline},
};

const DETECTOR: &str = "reported-malicious";

fn report(id: &str, release: &ReleaseId, published_at: DateTime<Utc>) -> NewReport {
    let listed = [release.version().to_owned()].into();
    let affected = AffectedVersions { listed, ranges: Vec::new() };
    let report = MalwareReport { id: id.to_owned(), published_at, withdrawn_at: None, aliases: Vec::new() };
    NewReport { report, stamp: 1, modified_at: published_at, affected: vec![(release.package().clone(), affected)] }
}

impl Lab {
    fn take(&self, report: NewReport) {
        self.parts.store.take_reports(&[report], self.now()).unwrap();
    }

    fn tell(&self) {
        while self.parts.reported().tell_some().unwrap() {}
        assert_eq!(self.parts.store.untold_reports(9).unwrap(), []);
    }

    /// A stored release that raised no alert.
    fn quiet(&self, release: &ReleaseId) {
        let seen = observation(release, self.days_ago(1), "ana");
        self.parts.store.record(&Record::observed(seen, Outcome::Clean, self.now())).unwrap();
    }

    fn alert(&self, release: &ReleaseId) -> Alert {
        self.parts.store.alert(&Fingerprint::of_release(release)).unwrap().unwrap()
    }

    /// How many messages wait.
    fn messages(&self) -> usize {
        self.parts.store.outbox(self.now()).unwrap().len()
    }

    /// Judges a release as the queue would.
    async fn judge(&self, package: &Package, version: &str, account: &str, baseline: &mut StoredBaseline) {
        let (verification, enricher) = (Arc::new(self.parts.verification()), Arc::new(self.parts.enricher()));
        let judge = self.parts.judge(verification, enricher, Arc::new(self.parts.doubts()));
        let turn = self.turn(package);
        let release = release(&package.at(version), self.days_ago(1), account);
        let subject = self.subject(package, &turn);
        judge.judge(&subject, release, Past::Read, baseline, &mut Examined::default()).await.unwrap();
    }
}

fn detectors(alert: &Alert) -> Vec<&str> {
    alert.signals.iter().map(|signal| &*signal.detector).collect()
}

fn kinds(alert: &Alert) -> Vec<DevelopmentKind> {
    alert.developments.iter().map(|development| development.kind).collect()
}

#[test]
fn a_stored_release_that_is_reported_is_a_critical_alert_once() {
    let (lab, bad) = (Lab::new(), package("widget").at("1.0.0"));
    lab.quiet(&bad);
    lab.take(report("MAL-2026-1", &bad, lab.days_ago(3)));
    lab.tell();
    let alert = lab.alert(&bad);
    assert_eq!((alert.severity, detectors(&alert)), (Severity::Critical, vec![DETECTOR]));
    assert_eq!(alert.signals[0].seen, "reported by others since 2026-05-29: MAL-2026-1");
    assert_eq!(alert.title, "widget 1.0.0: Others report it as malicious");
    assert_eq!((lab.row(&bad).outcome, lab.messages(), kinds(&alert)), (Outcome::Alerted, 1, vec![]));
    // Others report it, too: those who were told are told of that.
    lab.take(report("MAL-2026-2", &bad, lab.days_ago(2)));
    lab.tell();
    let alert = lab.alert(&bad);
    assert_eq!((detectors(&alert), kinds(&alert)), (vec![DETECTOR], vec![DevelopmentKind::Reported]));
    assert!(alert.signals[0].seen.ends_with("MAL-2026-1, MAL-2026-2"));
    let stats = lab.parts.store.alert_stats(None, lab.now()).unwrap().reported.unwrap();
    assert_eq!((stats.reported, stats.missed), (1, 1));
}

#[test]
fn a_report_is_added_to_the_alert_that_was_raised_before() {
    let (lab, bad) = (Lab::new(), package("widget").at("1.0.0"));
    let raise = |severity: Severity, title: &str| {
        let mut record = Record::observed(observation(&bad, lab.days_ago(1), "eve"), Outcome::Alerted, lab.now());
        let signal = Signal { severity, detector: "publisher-changed".into(), ..unreadable(title) };
        let (subject, at) = (bad.to_string(), lab.days_ago(1));
        let about = Alert::about(AlertKind::Release, &subject, severity, Confidence::High, title.to_owned(), at);
        record.alert = Some(Alert { purl: Some(bad.clone()), signals: vec![signal], ..about });
        record.subscriptions = vec!["all".to_owned()];
        lab.parts.store.record(&record).unwrap();
    };
    raise(Severity::High, "another account");
    let before = lab.messages();
    lab.take(report("MAL-2026-1", &bad, lab.now()));
    lab.tell();
    let alert = lab.alert(&bad);
    assert_eq!((alert.severity, detectors(&alert)), (Severity::Critical, vec![DETECTOR, "publisher-changed"]));
    assert!(lab.messages() > before);
    assert_eq!(kinds(&alert), [], "the alert itself is announced again, because it is worse");
    let stats = lab.parts.store.alert_stats(None, lab.now()).unwrap().reported.unwrap();
    assert_eq!((stats.earlier.count, stats.earlier.median_seconds, stats.missed), (1, Some(86_400), 0));
}

#[test]
fn a_withdrawn_report_is_told_and_leaves_what_was_found_otherwise() {
    let (lab, bad) = (Lab::new(), package("widget").at("1.0.0"));
    lab.quiet(&bad);
    let report = report("MAL-2025-41440", &bad, lab.days_ago(3));
    lab.take(report.clone());
    lab.tell();
    let withdrawn = MalwareReport { withdrawn_at: Some(lab.now()), ..report.report };
    lab.take(NewReport { report: withdrawn, stamp: 2, ..report });
    lab.tell();
    let alert = lab.alert(&bad);
    assert_eq!((alert.status, kinds(&alert)), (AlertStatus::Open, vec![DevelopmentKind::ReportWithdrawn]));
    assert!(alert.developments[0].text.contains("MAL-2025-41440 no longer says"), "{alert:?}");
    assert_eq!(lab.row(&bad).observation.unwrap().facts.reports, None);
    assert_eq!(lab.parts.store.alert_stats(None, lab.now()).unwrap().reported, None);
}

#[test]
fn a_report_that_is_known_under_another_id_is_told_once_and_stands_until_none_says_so() {
    let (lab, bad) = (Lab::new(), package("widget").at("1.0.0"));
    lab.quiet(&bad);
    let first = report("MAL-2026-1", &bad, lab.days_ago(3));
    lab.take(first.clone());
    lab.tell();
    let mut other = report("GHSA-aaaa-bbbb-cccc", &bad, lab.days_ago(2));
    other.report.aliases = vec!["MAL-2026-1".to_owned()];
    lab.take(other.clone());
    lab.tell();
    let messages = lab.messages();
    assert_eq!((kinds(&lab.alert(&bad)), messages), (vec![], 1));
    for (report, expected) in [(first, vec![]), (other, vec![DevelopmentKind::ReportWithdrawn])] {
        let withdrawn = MalwareReport { withdrawn_at: Some(lab.now()), ..report.report };
        lab.take(NewReport { report: withdrawn, stamp: 2, ..report });
        lab.tell();
        assert_eq!(kinds(&lab.alert(&bad)), expected);
    }
}

/// As after a crash between the alert and the note that it told of the report.
#[test]
fn what_is_not_noted_as_told_is_told_once_more_and_no_more() {
    let (lab, bad) = (Lab::new(), package("widget").at("1.0.0"));
    lab.quiet(&bad);
    let report = report("MAL-2026-1", &bad, lab.days_ago(3));
    let withdrawn = MalwareReport { withdrawn_at: Some(lab.now()), ..report.report.clone() };
    let withdrawn = NewReport { report: withdrawn, ..report.clone() };
    lab.take(report.clone());
    lab.tell();
    for hours in 1..4 {
        // Withdrawn and there again before anything was told of that.
        let modified_at = report.modified_at + TimeDelta::hours(hours);
        lab.take(NewReport { modified_at, ..withdrawn.clone() });
        lab.take(NewReport { modified_at: modified_at + TimeDelta::minutes(1), ..report.clone() });
        assert_eq!(lab.parts.store.untold_reports(9).unwrap().len(), 1);
        lab.tell();
        assert_eq!(kinds(&lab.alert(&bad)), [DevelopmentKind::Reported]);
    }
}

#[test]
fn a_detector_that_is_off_and_a_package_that_is_not_watched_raise_nothing() {
    let (mut lab, bad) = (Lab::new(), package("widget").at("1.0.0"));
    let off = Setting { enabled: false, severity: None, days: None };
    let tuning = Tuning::new([(DETECTOR.to_owned(), off)]);
    lab.parts.settings = Arc::new(Settings { tuning, ..Settings::default() });
    let unwatched = package("other").at("1.0.0");
    for release in [&bad, &unwatched] {
        lab.quiet(release);
        lab.take(report(&format!("MAL-{}", release.package().name()), release, lab.days_ago(3)));
    }
    lab.tell();
    assert_eq!(lab.alerts(), []);
    lab.parts.settings = Arc::new(Settings::default());
    lab.quiet(&package("other").at("1.0.1"));
    lab.take(report("MAL-2026-9", &package("other").at("1.0.1"), lab.days_ago(3)));
    lab.tell();
    assert_eq!(lab.alerts(), []);
}

#[test]
fn a_release_that_was_never_readable_is_reported_all_the_same() {
    let (lab, bad) = (Lab::new(), package("widget").at("1.0.0"));
    lab.parts.store.record(&Record::unreadable(bad.clone(), "no version", lab.now())).unwrap();
    lab.take(report("MAL-2026-1", &bad, lab.days_ago(3)));
    lab.tell();
    assert_eq!((lab.alert(&bad).severity, lab.messages()), (Severity::Critical, 1));
}

#[tokio::test]
async fn a_reported_release_of_a_history_teaches_nothing_and_is_an_alert() {
    let (lab, package) = (Lab::new(), package("widget"));
    let bad = package.at("1.4.0");
    lab.take(report("MAL-2026-1", &bad, lab.days_ago(3)));
    let baseline = learned(&lab, &package).await;
    let releases: u32 = baseline.baseline.lines.values().map(|line| line.releases).sum();
    assert_eq!((releases, lab.row(&bad).outcome), (9, Outcome::Held));
    lab.tell();
    assert_eq!((lab.alert(&bad).severity, lab.row(&bad).outcome), (Severity::Critical, Outcome::Alerted));
}

#[tokio::test]
async fn a_release_that_taught_is_unlearned_when_it_is_reported() {
    let (lab, package) = (Lab::new(), package("widget"));
    learned(&lab, &package).await;
    let bad = package.at("1.9.0");
    lab.take(report("MAL-2026-1", &bad, lab.days_ago(3)));
    lab.tell();
    let baseline = lab.parts.store.baseline(&package).unwrap().baseline;
    let releases: u32 = baseline.lines.values().map(|line| line.releases).sum();
    assert_eq!((releases, lab.row(&bad).in_baseline), (9, false));
}

#[tokio::test]
async fn a_new_release_is_judged_with_the_reports_and_told_once() {
    let (lab, package) = (Lab::new(), package("widget"));
    let mut baseline = learned(&lab, &package).await;
    let bad = package.at("1.10.0");
    lab.take(report("MAL-2026-1", &bad, lab.days_ago(1)));
    lab.judge(&package, "1.10.0", "mallory", &mut baseline).await;
    let alert = lab.alert(&bad);
    assert_eq!(alert.severity, Severity::Critical);
    assert!(detectors(&alert).contains(&DETECTOR) && detectors(&alert).contains(&"publisher-changed"), "{alert:?}");
    let before = lab.messages();
    lab.tell();
    assert_eq!((lab.messages(), kinds(&lab.alert(&bad))), (before, vec![]));
    let stats = lab.parts.store.alert_stats(None, lab.now()).unwrap().reported.unwrap();
    assert_eq!((stats.later.count, stats.missed), (1, 0), "a day after the report");
    let history = lab.parts.store.alert_actions(&alert, 9).unwrap();
    assert_eq!(history, []);
}

#[tokio::test]
async fn an_accusation_that_was_taken_back_opens_again_for_a_report() {
    let (lab, package) = (Lab::new(), package("widget"));
    let mut baseline = learned(&lab, &package).await;
    let bad = package.at("2.0.0");
    lab.judge(&package, "2.0.0", "mallory", &mut baseline).await;
    lab.parts.store.resolve(&Fingerprint::of_release(&bad), "ada", "it is ours", lab.now()).unwrap();
    lab.take(report("MAL-2026-1", &bad, lab.now()));
    lab.tell();
    let alert = lab.alert(&bad);
    assert_eq!((alert.status, alert.severity, kinds(&alert)), (AlertStatus::Open, Severity::Critical, vec![]));
}
