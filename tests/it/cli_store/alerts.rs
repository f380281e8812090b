//! Tests of `provwatch alerts`: the list, one alert with its evidence, and what an operator does with alerts.

use std::fmt::Write;

use chrono::TimeDelta;
use provwatch::model::{Alert, AlertKind, AlertStatus, Confidence, Severity};

use super::{ALERT, Desk, now};

#[test]
fn a_list_that_fails_on_what_is_open_and_bad() {
    let desk = Desk::with_story();
    let ran = desk.run(&["alerts", "list"]);
    insta::assert_snapshot!(ran.screen());
    for (arguments, code) in [
        (&["--fail-on", "critical"][..], 0),
        (&["--fail-on", "low"], 3),
        (&["--package", "pkg:npm/axios"], 3),
        (&["--package", "pkg:npm/other"], 4),
        (&["--package", "pkg:npm/axi*"], 3),
        (&["--package", "pkg:npm/oth*"], 0),
        (&["--min-severity", "critical"], 0),
        (&["--status", "resolved"], 0),
        (&["--limit", "1"], 3),
        (&["--limit", "0"], 2),
    ] {
        assert_eq!(desk.run(&[&["alerts", "list"][..], arguments].concat()).code, code, "{arguments:?}");
    }
}

#[test]
fn silence_is_not_called_safety() {
    let desk = Desk::with_story();
    insta::assert_snapshot!(desk.run(&["alerts", "list", "--min-severity", "critical"]).screen());
}

#[test]
fn one_alert_with_all_its_evidence() {
    let desk = Desk::with_story();
    insta::assert_snapshot!(desk.run(&["alerts", "show", "6adc"]).screen());
}

#[test]
fn an_alert_is_taken_in_hand_once() {
    let desk = Desk::with_story();
    let ack = || desk.run(&["alerts", "ack", ALERT, "--reason", " maintainers confirm "]);
    insta::assert_snapshot!(ack().screen());
    assert_eq!(ack().code, 0);
    let alert = desk.store().alert_named(&ALERT.parse().unwrap()).unwrap().unwrap();
    assert_eq!(alert.status, AlertStatus::Acknowledged);
    assert_eq!(desk.store().alert_actions(&alert, 9).unwrap().len(), 1);
    assert_eq!(desk.run(&["alerts", "list"]).code, 0, "nothing bad is open any more");
    let shown = desk.run(&["alerts", "show", ALERT]).screen();
    assert!(shown.contains("acknowledged by ada: maintainers confirm") && !shown.contains("alerts ack"), "{shown}");
}

/// What an operator does with an alert from its first look to its end.
#[test]
fn an_alert_is_handled_to_its_end() {
    let desk = Desk::with_story();
    let mut screens = String::new();
    for arguments in [
        &["alerts", "snooze", ALERT, "--until", "2d", "--reason", "over the holidays", "--dry-run"][..],
        &["alerts", "ack", "pkg:npm/axios@1.14.1", "--reason", "asked the maintainers", "--until", "2d"],
        &["alerts", "ack", "pkg:npm/axios@1.14.1", "--reason", "it takes longer", "--by", "grace", "--dry-run"],
        &["subscriptions", "route", ALERT],
        &["silences", "add", "--alert", ALERT, "--for", "2d", "--reason", "one is enough", "--dry-run"],
        &["alerts", "list"],
        &["alerts", "resolve", "--package", "pkg:npm/axios", "--as", "true-positive", "--reason", "token stolen"],
        &["alerts", "ack", ALERT, "--reason", "again"],
        &["alerts", "resolve", "--package", "pkg:npm/axios", "--as", "true-positive", "--reason", "token stolen"],
        &["alerts", "list"],
        &["alerts", "reopen", ALERT, "--reason", "another one"],
        &["alerts", "reopen", ALERT, "--reason", "another one"],
        &["alerts", "list", "--detector", "evidence-downgrade", "--kind", "release", "--older-than", "1h"],
        &["alerts", "list", "--stale"],
    ] {
        let ran = desk.run(arguments);
        writeln!(screens, "$ provwatch {}\n{}", arguments.join(" "), ran.screen()).unwrap();
    }
    insta::assert_snapshot!(without_ends(&screens));
    let stats = desk.run(&["alerts", "stats", "--since", "2026-01-01"]).screen();
    assert!(stats.contains("1 alert raised since 2026-01-01") && stats.contains("evidence-downgrade"), "{stats}");
    let shown = desk.run(&["alerts", "show", "pkg:npm/axios@1.14.1"]).screen();
    for said in ["open again by ada: another one", "resolved as true-positive by ada: token stolen"] {
        assert!(shown.contains(said), "{shown}");
    }
}

/// Replaces the times that lie two days ahead, which no snapshot can have.
fn without_ends(screens: &str) -> String {
    let day = (now() + TimeDelta::days(2)).format("%Y-%m-%d").to_string();
    let (text, now) = (screens.replace(&day, "<in two days>"), ' ');
    let mut parts = text.split("<in two days>");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':' || c == now);
        write!(out, "<in two days> {rest}").unwrap();
    }
    out
}

#[test]
fn the_life_cycle_as_json_has_its_forms() {
    let desk = Desk::with_story();
    let json = |arguments: &[&str]| desk.run(&[arguments, &["--format", "json"]].concat()).objects();
    let planned = json(&["alerts", "ack", ALERT, "--reason", "x", "--dry-run"]);
    assert_eq!((&planned[0]["form"], &planned[0]["changes"]), (&"alert-change/1".into(), &true.into()));
    assert_eq!((&planned[0]["from"], &planned[0]["to"]), (&"open".into(), &"acknowledged".into()));
    let alert = desk.store().alert_named(&ALERT.parse().unwrap()).unwrap().unwrap();
    assert_eq!((alert.status, alert.handling), (AlertStatus::Open, None), "a dry run changes nothing");
    let snoozed = json(&["alerts", "snooze", ALERT, "--until", "30d", "--reason", "x"]);
    assert_eq!((&snoozed[0]["status"], &snoozed[0]["handling"]["by"]), (&"snoozed".into(), &"ada".into()));
    let resolved = json(&["alerts", "resolve", ALERT, "--as", "expected", "--reason", "x"]);
    assert_eq!(resolved[0]["handling"]["category"], "expected");
    let stats = json(&["alerts", "stats", "--since", "2020-01-01"]);
    assert_eq!((&stats[0]["raised"], &stats[0]["categories"][0][0]), (&1.into(), &"expected".into()));
    assert_eq!(json(&["alerts", "reopen", ALERT, "--reason", "x"])[0]["status"], "open");
    assert_eq!(json(&["alerts", "show", ALERT])[0]["history"].as_array().unwrap().len(), 3);
}

#[test]
fn an_action_that_cannot_be_is_refused_with_the_reason() {
    let desk = Desk::with_story();
    for (arguments, code, said) in [
        (&["snooze", ALERT, "--reason", "x"][..], 2, "--until"),
        (&["ack", "@acme/widget", "--reason", "x"], 2, "did you mean pkg:npm/%40acme/widget"),
        (&["ack", "axios", "--reason", "x"], 2, "pkg:npm/axios"),
        (&["snooze", ALERT, "--until", "2020-01-01", "--reason", "x"], 2, "lies in the past"),
        (&["snooze", ALERT, "--until", "2099-01-01", "--reason", "x"], 2, "more than a year away"),
        (&["snooze", ALERT, "--until", "9999d", "--reason", "x"], 2, "expected 2026-12-24"),
        (&["ack", ALERT, "--until", "tomorrow", "--reason", "x"], 2, "expected 2026-12-24"),
        (&["ack", "--reason", "x"], 2, "which alerts?"),
        (&["ack", ALERT, "--package", "pkg:npm/axios", "--reason", "x"], 2, "not both"),
        (&["ack", "--kind", "rumour", "--reason", "x"], 2, "expected release, campaign, log or operation"),
        (&["ack", "--detector", "odd", "--reason", "x"], 2, "detectors list"),
        (&["ack", ALERT, "--reason", "…"], 2, "in words"),
        (&["ack", "pkg:npm/axios@9.9.9", "--reason", "x"], 1, "no alert is about pkg:npm/axios@9.9.9"),
        (&["resolve", ALERT, "--reason", "x"], 2, "--as"),
        (&["resolve", ALERT, "--as", "wontfix", "--reason", "x"], 2, "expected true-positive"),
        (&["resolve", ALERT, "--as", "duplicate", "--reason", "x"], 2, "--duplicate-of"),
        (&["resolve", ALERT, "--as", "expected", "--duplicate-of", ALERT, "--reason", "x"], 2, "--duplicate-of"),
        (&["resolve", ALERT, "--as", "duplicate", "--duplicate-of", "beef", "--reason", "x"], 1, "no alert id begins"),
        (&["resolve", ALERT, "--as", "duplicate", "--duplicate-of", ALERT, "--reason", "x"], 1, "of itself"),
        (&["stats", "--since", "once"], 2, "expected 2026-12-24"),
    ] {
        let ran = desk.run(&[&["alerts"], arguments].concat());
        assert!(ran.code == code && ran.err.contains(said), "{arguments:?}: {} {}", ran.code, ran.err);
        let alert = desk.store().alert_named(&ALERT.parse().unwrap()).unwrap().unwrap();
        assert_eq!((alert.status, alert.handling), (AlertStatus::Open, None), "{arguments:?}");
    }
    let none = desk.run(&["alerts", "ack", "--package", "pkg:npm/other", "--reason", "x"]);
    assert!(none.code == 0 && none.out.contains("No alert fits"), "{}", none.screen());
}

#[test]
fn a_campaign_is_handled_with_its_members() {
    let desk = Desk::with_story();
    let member: provwatch::model::ReleaseId = "pkg:npm/axios@1.14.1".parse().unwrap();
    let at = super::at("2026-03-31T01:00:00Z");
    let campaign = Alert {
        members: vec![member, "pkg:npm/axios-mock@0.30.4".parse().unwrap()],
        ..Alert::about(AlertKind::Campaign, "c", Severity::High, Confidence::High, "two releases".to_owned(), at)
    };
    desk.store().record_alert(&campaign, &[], at).unwrap();
    let id = campaign.id.to_string();
    let count = |arguments: &[&str]| {
        desk.run(&[&["alerts", "ack", &id, "--reason", "x", "--format", "json"], arguments].concat()).objects().len()
    };
    assert_eq!(count(&["--dry-run"]), 1, "the campaign alone");
    assert_eq!(count(&["--dry-run", "--members"]), 2, "a member without an alert is left out");
    assert_eq!(count(&["--members"]), 2);
    assert_eq!(desk.run(&["alerts", "list"]).code, 0, "nothing bad is open any more");
}

#[test]
fn an_alert_that_is_not_there() {
    let desk = Desk::with_story();
    for (id, code, said) in [
        ("beef", 1, "no alert id begins with \"beef\""),
        ("axios", 2, "expected an id or a purl; did you mean pkg:npm/axios"),
    ] {
        for arguments in [&["alerts", "show", id][..], &["alerts", "ack", id, "--reason", "x"]] {
            let ran = desk.run(arguments);
            assert!(ran.code == code && ran.err.contains(said) && ran.err.contains("alerts list"), "{}", ran.err);
        }
    }
    assert_eq!(desk.run(&["alerts", "ack", ALERT, "--reason", "  "]).code, 2);
}
