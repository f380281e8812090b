//! Tables of matchers, alerts, and contradictions.

use chrono::{DateTime, Utc};

use super::*;
use crate::model::{Confidence, DependencyScope, LogEntry, ProjectKind, Sighting, Sightings, Use};

fn matchers(toml: &str) -> AlertMatchers {
    toml::from_str(toml).unwrap_or_else(|error| panic!("{toml}: {error}"))
}

fn about(kind: AlertKind, severity: Severity) -> Alert {
    Alert::about(kind, "x", severity, Confidence::High, "a title".to_owned(), DateTime::<Utc>::UNIX_EPOCH)
}

fn signal(detector: &'static str, corroborating: bool) -> Signal {
    Signal {
        detector: detector.into(),
        severity: Severity::High,
        expected: String::new(),
        seen: String::new(),
        since: None,
        why: String::new(),
        corroborating,
    }
}

fn release() -> Alert {
    Alert {
        purl: Some("pkg:npm/%40acme/widget@1.0.0".parse().unwrap()),
        signals: vec![signal("evidence-downgrade", false), signal("odd-hours", true)],
        tier: Some(Tier::Critical),
        team: Some("payments".to_owned()),
        ..about(AlertKind::Release, Severity::High)
    }
}

fn campaign() -> Alert {
    let members = ["pkg:npm/%40acme/widget@1.0.0", "pkg:npm/chalk@5.0.0"];
    Alert { members: members.map(|purl| purl.parse().unwrap()).to_vec(), ..about(AlertKind::Campaign, Severity::High) }
}

fn of_log() -> Alert {
    let place = LogEntry { origin: "log.example".to_owned(), index: 7 };
    Alert {
        matched: Some("acme".to_owned()),
        entries: Some(Sightings::first(Sighting::at(&place, "ada"), DateTime::<Utc>::UNIX_EPOCH)),
        members: vec!["pkg:npm/chalk@5.0.0".parse().unwrap()],
        ..about(AlertKind::Log, Severity::Info)
    }
}

#[test]
fn all_conditions_must_hold_and_one_value_of_a_list() {
    for (toml, expected) in [
        ("", true),
        ("min_severity = 'high'", true),
        ("min_severity = 'critical'", false),
        ("max_severity = 'medium'", false),
        ("kinds = ['log', 'release']", true),
        ("kinds = ['log']", false),
        ("ecosystems = ['pypi', 'npm']", true),
        ("ecosystems = ['pypi']", false),
        ("packages = ['pkg:npm/@acme/*']", true),
        ("packages = ['pkg:npm/%40acme/widget', 'pkg:npm/chalk']", true),
        ("packages = ['pkg:npm/*']", false),
        ("packages = ['pkg:npm/@acme/widget?repository_url=https://npm.acme.example']", false),
        ("tiers = ['critical']", true),
        ("tiers = ['normal', 'important']", false),
        ("teams = ['payments']", true),
        ("teams = ['Payments']", false),
        ("detectors = ['evidence-downgrade', 'publisher-changed']", true),
        ("detectors = ['odd-hours']", false),
        ("log_matches = ['acme']", false),
        ("logs = ['log.example']", false),
        ("kinds = ['release']\nteams = ['payments']\ntiers = ['critical']\nmin_severity = 'low'", true),
        ("kinds = ['release']\nteams = ['search']\ntiers = ['critical']\nmin_severity = 'low'", false),
    ] {
        let matchers = matchers(toml);
        assert_eq!(matchers.select(&release()), expected, "{toml}");
        assert_eq!(matchers.refusing(&release()).is_none(), expected, "{toml}");
    }
}

#[test]
fn a_part_selects_a_campaign_and_only_all_parts_cover_it() {
    for (toml, selected, covered) in [
        ("packages = ['pkg:npm/chalk']", true, false),
        ("packages = ['pkg:npm/chalk', 'pkg:npm/@acme/*']", true, true),
        ("ecosystems = ['npm']", true, true),
        ("detectors = ['evidence-downgrade']", false, false),
    ] {
        let matchers = matchers(toml);
        assert_eq!((matchers.select(&campaign()), matchers.cover(&campaign())), (selected, covered), "{toml}");
    }
    let mut alert = release();
    alert.signals.push(signal("install-script-added", false));
    let one = matchers("detectors = ['evidence-downgrade']");
    assert!(one.select(&alert) && !one.cover(&alert), "another detector found something too");
    assert!(one.cover(&release()), "a corroborating signal is not a reason of its own");
}

#[test]
fn alerts_about_logs_are_matched_by_their_logs_and_matches() {
    for (toml, expected) in [
        ("log_matches = ['acme']", true),
        ("log_matches = ['other']", false),
        ("logs = ['log.example']", true),
        ("logs = ['log']", false),
        ("packages = ['pkg:npm/chalk']", false),
        ("ecosystems = ['npm']", false),
    ] {
        assert_eq!(matchers(toml).select(&of_log()), expected, "{toml}");
    }
}

#[test]
fn what_can_never_match_is_found() {
    let known = ["evidence-downgrade", "odd-hours"];
    for (toml, keys) in [
        ("kinds = ['log']\npackages = ['pkg:npm/a']", vec!["packages"]),
        ("kinds = ['log']\ntiers = ['critical']", vec!["tiers"]),
        ("kinds = ['release', 'campaign']\nlog_matches = ['acme']", vec!["log_matches"]),
        ("logs = ['log.example']\necosystems = ['npm']", vec!["ecosystems"]),
        ("ecosystems = ['pypi']\npackages = ['pkg:npm/a']", vec!["packages"]),
        ("ecosystems = ['pypi']\npackages = ['pkg:npm/a*']", vec!["packages"]),
        ("detectors = ['evidence-downgrade', 'evidence-downgrad', '']", vec!["detectors", "detectors"]),
        ("min_severity = 'high'\nmax_severity = 'low'", vec!["max_severity"]),
        ("teams = ['']", vec!["teams"]),
        ("log_matches = [' ']", vec!["log_matches"]),
        (
            "kinds = ['log']\ndetectors = ['nothing']\nmin_severity = 'critical'\nmax_severity = 'info'\ntiers = ['normal']",
            vec!["max_severity", "tiers", "detectors"],
        ),
        ("", vec![]),
        ("min_severity = 'high'\nmax_severity = 'high'", vec![]),
        ("kinds = ['log', 'release']\npackages = ['pkg:npm/a']", vec![]),
        ("kinds = ['operation']\npackages = ['pkg:npm/a']\necosystems = ['npm', 'pypi']", vec![]),
    ] {
        let found: Vec<_> = matchers(toml).contradictions(&known).into_iter().map(|found| found.key).collect();
        assert_eq!(found, keys, "{toml}");
    }
}

#[test]
fn obnoxious_matchers_are_refused() {
    for toml in [
        "min_severity = 'worst'",
        "min_severity = 3",
        "kinds = 'log'",
        "kinds = ['everything']",
        "ecosystems = ['gem']",
        "packages = ['axios']",
        "packages = ['pkg:npm/****']",
        "packages = ['pkg:npm/a@1.0.0']",
        "tiers = ['Critical']",
        "colour = 'red'",
        "min_severity = 'low'\nmin_severity = 'low'",
    ] {
        assert!(toml::from_str::<AlertMatchers>(toml).is_err(), "{toml}");
    }
}

#[test]
fn matchers_survive_a_round_trip() {
    let all = matchers(
        "min_severity = 'low'\nmax_severity = 'high'\nkinds = ['release']\necosystems = ['npm']\npackages = ['pkg:npm/a*']\n\
         tiers = ['normal']\nteams = ['a']\ndetectors = ['odd-hours']",
    );
    let json = serde_json::to_string(&all).unwrap();
    assert_eq!(serde_json::from_str::<AlertMatchers>(&json).unwrap(), all);
    assert_eq!(serde_json::to_string(&AlertMatchers::default()).unwrap(), "{}");
}

#[test]
fn a_silence_covers_a_campaign_only_if_it_covers_every_release_of_it() {
    let mixed = Alert {
        tier: Some(Tier::Critical),
        team: Some("web".to_owned()),
        member_tiers: vec![Tier::Normal, Tier::Critical],
        member_teams: vec!["data".to_owned(), "web".to_owned()],
        ..campaign()
    };
    let alike = Alert { member_tiers: vec![Tier::Critical], member_teams: vec!["web".to_owned()], ..mixed.clone() };
    // An older one, or one with a release that has no tier or team.
    let unknown = Alert { member_tiers: Vec::new(), member_teams: Vec::new(), ..mixed.clone() };
    for (toml, expected) in [
        ("tiers = ['critical']", [false, true, false]),
        ("tiers = ['normal']", [false, false, false]),
        ("tiers = ['critical', 'normal']", [true, true, false]),
        ("teams = ['web']", [false, true, false]),
        ("teams = ['web', 'data', 'x']", [true, true, false]),
        ("teams = ['web']\ntiers = ['critical']", [false, true, false]),
        ("kinds = ['campaign']", [true, true, true]),
    ] {
        assert_eq!([&mixed, &alike, &unknown].map(|alert| matchers(toml).cover(alert)), expected, "{toml}");
    }
    assert!(matchers("tiers = ['critical']").select(&mixed) && matchers("teams = ['web']").select(&mixed));
}

/// The release, as it is used by projects with and without an owner.
fn used(projects: &[(&str, Option<&str>)]) -> Alert {
    let one = |(project, owner): &(&str, Option<&str>)| Use {
        project: (*project).to_owned(),
        kind: ProjectKind::Project,
        owner: owner.map(str::to_owned),
        release: "pkg:npm/%40acme/widget@1.0.0".parse().unwrap(),
        scope: DependencyScope::Required,
        depth: Some(1),
        through: None,
        since: DateTime::<Utc>::UNIX_EPOCH,
        until: None,
        vex: None,
        reachability: None,
    };
    Alert { used_by: UsedBy::of(projects.iter().map(one).collect(), &[]), ..release() }
}

#[test]
fn who_wants_to_know_of_a_project_is_told_and_a_silence_covers_all_of_them() {
    let both = used(&[("shop", Some("payments")), ("site", None)]);
    for (toml, selects, covers) in [
        ("used_by = ['shop']", true, false),
        ("used_by = ['s*']", true, true),
        ("used_by = ['*']", true, true),
        ("used_by = ['desk']", false, false),
        ("used_by_owners = ['payments']", true, false),
        ("used_by_owners = ['*']", true, false),
        ("used_by_owners = ['web']", false, false),
        ("used_by = ['shop']\nused_by_owners = ['web']", false, false),
    ] {
        let matchers = matchers(toml);
        assert_eq!((matchers.select(&both), matchers.cover(&both)), (selects, covers), "{toml}");
        assert!(!matchers.select(&release()) && !matchers.cover(&release()), "{toml}: no project uses it");
    }
    let owned = used(&[("shop", Some("payments"))]);
    assert!(matchers("used_by_owners = ['pay*']").cover(&owned));
    assert_eq!(matchers("used_by = ['desk']").refusing(&both), Some("used_by"));
}

#[test]
fn a_project_that_is_not_named_for_lack_of_room_may_be_the_one_that_is_meant() {
    let names: Vec<String> = (0..1_500).map(|number| format!("p{number}")).collect();
    let many = used(&names.iter().map(|name| (name.as_str(), Some("web"))).collect::<Vec<_>>());
    assert!(matchers("used_by = ['desk']").select(&many) && !matchers("used_by = ['p*']").cover(&many));
}

#[test]
fn conditions_on_projects_never_match_alerts_about_logs() {
    let kinds = matchers("kinds = ['log']\nused_by = ['shop']").contradictions(&[]);
    assert_eq!(kinds.first().map(|found| found.key), Some("used_by"));
    assert_eq!(
        matchers("used_by_owners = ['']").contradictions(&[]).first().map(|found| found.key),
        Some("used_by_owners")
    );
}
