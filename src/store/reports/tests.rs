//! Tests of stored reports: what they are about, what is told of them, and what a hundred thousand of them cost.

use chrono::{DateTime, Utc};

use super::{NewReport, ReadReports, ReportNews, UntoldReport};
use crate::{
    model::{AffectedVersions, Development, DevelopmentKind, Fingerprint, MalwareReport, Package, Severity},
    store::{
        Record, Subject,
        tests::lab::{Lab, alerted, learned, minutes_later, noon, package, release, report},
    },
};

const BAD: &str = "pkg:npm/axios@1.14.1";

fn versions(listed: &[&str]) -> AffectedVersions {
    AffectedVersions { listed: listed.iter().map(|version| (*version).to_owned()).collect(), ranges: Vec::new() }
}

/// A report about some versions of a package.
fn about(id: &str, name: &str, listed: &[&str]) -> NewReport {
    NewReport { affected: vec![(package(name), versions(listed))], ..report(id, name) }
}

fn withdrawn(of: NewReport, at: DateTime<Utc>) -> NewReport {
    NewReport { report: MalwareReport { withdrawn_at: Some(at), ..of.report }, stamp: 2, ..of }
}

fn lab() -> Lab {
    let lab = Lab::new();
    lab.store.record(&learned("pkg:npm/axios@1.14.0", 0)).unwrap();
    lab.store.record(&alerted(BAD, Severity::High)).unwrap();
    lab
}

fn take(lab: &Lab, reports: &[NewReport]) -> usize {
    lab.store.take_reports(reports, noon()).unwrap().releases
}

/// What is not told, as `purl id`, with `!` if it is withdrawn.
fn untold(lab: &Lab) -> Vec<String> {
    let said = |one: UntoldReport| {
        let mark = if one.news == ReportNews::Reported { "" } else { "!" };
        format!("{} {}{mark}", one.release.version(), one.id)
    };
    lab.store.untold_reports(99).unwrap().into_iter().map(said).collect()
}

fn tell_all(lab: &Lab, accused_at: Option<DateTime<Utc>>) {
    for news in lab.store.untold_reports(99).unwrap() {
        lab.store.report_told(&news, accused_at, &[], noon()).unwrap();
    }
}

fn ids(lab: &Lab, purl: &str) -> Vec<String> {
    lab.store.reports_of(&release(purl)).unwrap().into_iter().map(|report| report.id).collect()
}

#[test]
fn a_report_is_about_stored_releases_and_about_later_ones() {
    let lab = lab();
    assert_eq!(take(&lab, &[about("MAL-2026-1", "axios", &["1.14.1", "1.14.2"])]), 1);
    assert_eq!(untold(&lab), ["1.14.1 MAL-2026-1"]);
    lab.store.record(&alerted("pkg:npm/axios@1.14.2", Severity::High)).unwrap();
    lab.store.record(&alerted("pkg:npm/axios@1.14.3", Severity::High)).unwrap();
    assert_eq!(untold(&lab), ["1.14.1 MAL-2026-1", "1.14.2 MAL-2026-1"]);
    // Unwatched packages are known, too.
    take(&lab, &[report("MAL-2026-2", "left-pad")]);
    assert_eq!(ids(&lab, "pkg:npm/left-pad@9.9.9"), ["MAL-2026-2"]);
    assert_eq!(ids(&lab, "pkg:npm/axios@1.14.0"), [""; 0]);
    assert_eq!(lab.store.report_count().unwrap(), 2);
}

#[test]
fn a_release_that_cannot_be_read_is_matched_unless_no_purl_can_name_it() {
    let lab = lab();
    take(&lab, &[report("MAL-2026-1", "odd")]);
    for version in ["1.0.0", "1 2"] {
        let unreadable = Record::unreadable(package("odd").at(version), "no version", noon());
        assert!(matches!(unreadable.subject, Subject::Unreadable { .. }));
        lab.store.record(&unreadable).unwrap();
    }
    let odd = lab.store.untold_reports(99).unwrap();
    assert!(odd.iter().any(|one| one.release.version() == "1.0.0"), "{odd:?}");
}

#[test]
fn an_unchanged_file_is_known_and_a_changed_one_takes_its_place() {
    let lab = lab();
    let first = NewReport {
        affected: vec![(package("axios"), versions(&["1.14.1"])), (package("vite"), AffectedVersions::all())],
        ..report("MAL-2026-1", "axios")
    };
    take(&lab, std::slice::from_ref(&first));
    assert!(lab.store.has_report("MAL-2026-1", 1).unwrap());
    assert!(!lab.store.has_report("MAL-2026-1", 2).unwrap() && !lab.store.has_report("MAL-2026-2", 1).unwrap());
    // A report about other registries is known, so that it is not read again.
    take(&lab, &[NewReport { affected: Vec::new(), ..report("MAL-2026-3", "axios") }]);
    assert!(lab.store.has_report("MAL-2026-3", 1).unwrap());
    tell_all(&lab, None);
    // It is about another version of one package now, and not about the other any more.
    take(&lab, &[NewReport { stamp: 2, ..about("MAL-2026-1", "axios", &["1.14.0"]) }]);
    assert_eq!(untold(&lab), ["1.14.0 MAL-2026-1", "1.14.1 MAL-2026-1!"]);
    assert_eq!(ids(&lab, "pkg:npm/vite@1.0.0"), [""; 0]);
}

#[test]
fn what_was_told_and_withdrawn_is_told_and_what_was_not_told_is_forgotten() {
    let lab = lab();
    let reports = [about("MAL-2026-1", "axios", &["1.14.0"]), about("MAL-2026-2", "axios", &["1.14.1"])];
    take(&lab, &reports[..1]);
    tell_all(&lab, None);
    take(&lab, &reports);
    let gone = reports.clone().map(|report| withdrawn(report, minutes_later(5)));
    assert_eq!(take(&lab, &gone), 0);
    assert_eq!(untold(&lab), ["1.14.0 MAL-2026-1!"]);
    tell_all(&lab, None);
    assert_eq!(untold(&lab), [""; 0]);
    // A file from before the withdrawal says nothing new; the report's authors do if they say so again.
    take(&lab, &reports[..1]);
    assert_eq!(untold(&lab), [""; 0]);
    take(&lab, &[NewReport { modified_at: noon(), ..reports[0].clone() }]);
    assert_eq!(untold(&lab), ["1.14.0 MAL-2026-1"]);
}

#[test]
fn a_report_that_was_withdrawn_before_it_was_read_is_silent() {
    let lab = lab();
    take(&lab, &[withdrawn(report("MAL-2025-41440", "axios"), noon())]);
    lab.store.record(&alerted("pkg:npm/axios@1.14.2", Severity::High)).unwrap();
    assert_eq!(untold(&lab), [""; 0]);
    assert_eq!(lab.store.alert_stats(None, noon()).unwrap().reported, None);
    let [known] = lab.store.reports_of(&release(BAD)).unwrap().try_into().unwrap();
    assert!(!known.is_active());
}

#[test]
fn what_comes_after_the_alert_is_added_in_the_same_transaction() {
    let lab = lab();
    take(&lab, &[report("MAL-2026-1", "axios")]);
    for news in lab.store.untold_reports_of(&release(BAD)).unwrap() {
        let development = Development::report_withdrawn(&news.id, noon(), noon());
        lab.store.report_told(&news, None, &[development], noon()).unwrap();
    }
    let alert = lab.store.alert(&Fingerprint::of_release(&release(BAD))).unwrap().unwrap();
    let kinds: Vec<DevelopmentKind> = alert.developments.iter().map(|development| development.kind).collect();
    assert_eq!(kinds, [DevelopmentKind::ReportWithdrawn]);
    assert_eq!(untold(&lab), ["1.14.0 MAL-2026-1"]);
}

#[test]
fn statistics_tell_by_how_much_an_accusation_was_earlier_or_later() {
    let lab = lab();
    for (minutes, version) in [(-240, "1.14.2"), (-120, "1.14.3"), (-30, "1.14.4")] {
        let purl = format!("pkg:npm/axios@{version}");
        lab.store.record(&alerted(&purl, Severity::High)).unwrap();
        take(&lab, &[about(&format!("MAL-2026-{version}"), "axios", &[version])]);
        tell_all(&lab, Some(minutes_later(minutes)));
    }
    // Not accused; and withdrawn, which does not count.
    take(&lab, &[about("MAL-2026-1", "axios", &["1.14.0"])]);
    tell_all(&lab, None);
    let gone = about("MAL-2026-2", "axios", &["1.14.1"]);
    take(&lab, std::slice::from_ref(&gone));
    tell_all(&lab, Some(noon()));
    take(&lab, &[withdrawn(gone, noon())]);
    let stats = lab.store.alert_stats(None, noon()).unwrap().reported.unwrap();
    assert_eq!((stats.reported, stats.missed), (4, 1));
    // The reports are an hour old: 180 and 60 minutes before them, and 30 minutes after.
    assert_eq!((stats.earlier.count, stats.earlier.median_seconds), (2, Some(60 * 60)));
    assert_eq!((stats.later.count, stats.later.median_seconds), (1, Some(30 * 60)));
    assert_eq!(lab.store.alert_stats(Some(noon()), noon()).unwrap().reported, None, "all reports are older");
}

#[test]
fn the_state_of_the_source_tells_what_was_read_and_what_failed() {
    let lab = lab();
    assert_eq!(lab.store.report_feed().unwrap(), None);
    lab.store.reports_failed("/srv/osv.zip", "no such file", noon()).unwrap();
    let feed = || lab.store.report_feed().unwrap().unwrap();
    assert_eq!((feed().read_at, feed().last_error.as_deref()), (None, Some("no such file")));
    let read = ReadReports {
        source: "/srv/osv.zip".to_owned(),
        state: Some(7),
        newest_at: Some(minutes_later(-5)),
        files: 3,
        unreadable: 1,
        first_problem: Some("MAL-2026-1: not JSON".to_owned()),
    };
    lab.store.reports_read(&read, noon()).unwrap();
    assert!(lab.store.has_read_reports("/srv/osv.zip", 7).unwrap());
    for (source, state) in [("/srv/osv.zip", 8), ("/srv/other.zip", 7)] {
        assert!(!lab.store.has_read_reports(source, state).unwrap());
    }
    // A walk that read no changed file says nothing of the newest.
    lab.store.reports_read(&ReadReports { newest_at: None, ..read }, minutes_later(60)).unwrap();
    let known = feed();
    assert_eq!((known.newest_at, known.read_at), (Some(minutes_later(-5)), Some(minutes_later(60))));
    assert_eq!((known.files, known.unreadable, known.last_error), (3, 1, None));
    lab.store.reports_failed("/srv/osv.zip", "cut off", minutes_later(61)).unwrap();
    assert_eq!((feed().files, feed().last_error_at), (3, Some(minutes_later(61))));
    lab.store.reports_unchanged(minutes_later(62)).unwrap();
    assert_eq!((feed().read_at, feed().last_error), (Some(minutes_later(62)), None));
}

#[test]
fn the_reports_of_another_source_are_forgotten_and_what_was_told_is_not() {
    let lab = lab();
    let read = |source: &str| ReadReports { source: source.to_owned(), ..ReadReports::default() };
    take(&lab, &[report("MAL-2026-1", "axios")]);
    lab.store.reports_read(&read("one"), noon()).unwrap();
    tell_all(&lab, None);
    assert!(!lab.store.forget_reports_but_of(Some("one")).unwrap());
    assert!(lab.store.forget_reports_but_of(Some("two")).unwrap());
    assert_eq!((lab.store.report_count().unwrap(), lab.store.report_feed().unwrap()), (0, None));
    take(&lab, &[report("MAL-2026-1", "axios")]);
    assert_eq!(untold(&lab), [""; 0]);
    lab.store.reports_read(&read("two"), noon()).unwrap();
    assert!(lab.store.forget_reports_but_of(None).unwrap() && !lab.store.forget_reports_but_of(None).unwrap());
}

/// The public feed has some 250,000 reports.
#[test]
fn a_report_costs_few_bytes() {
    let lab = Lab::new();
    let before = std::fs::metadata(lab.path()).unwrap().len();
    let reports: Vec<NewReport> = (0..25_000).map(usual).collect();
    lab.store.take_reports(&reports, noon()).unwrap();
    lab.store.connection().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let bytes = std::fs::metadata(lab.path()).unwrap().len() - before;
    assert!(bytes < 5_000_000, "{bytes} bytes for 25,000 reports");
}

/// One in ten is about single versions of a package, the others about all versions.
fn usual(number: usize) -> NewReport {
    let package: Package = format!("pkg:npm/%40scope-{}/package-name-{number}", number % 100).parse().unwrap();
    let affected = if number.is_multiple_of(10) { versions(&["1.0.0", "1.0.1"]) } else { AffectedVersions::all() };
    let id = format!("MAL-2026-{number}");
    let stamp = i64::MAX - i64::try_from(number).unwrap();
    let about = report(&id, "a");
    NewReport { stamp, affected: vec![(package, affected)], ..about }
}
