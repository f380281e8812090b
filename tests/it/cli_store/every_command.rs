//! Tests of every command that reads the store: missing or empty stores, wrong configurations and arguments, writers,
//! terminals, programs, help.

use std::{fmt::Write, fs};

use provwatch::{model::AlertStatus, store::Setback};
use serde_json::Value;

use super::{ALERT, Desk, fresh};

/// Every command that reads the store.
const READING: &[&[&str]] = &[
    &["status"],
    &["alerts", "list"],
    &["alerts", "show", ALERT],
    &["lookup", "pkg:npm/axios@1.14.1"],
    &["lookup", "pkg:pypi/requests@2.33.0%1B%5B2J"],
    &["lookup", "pkg:pypi/requests"],
    &["timeline", "pkg:npm/axios"],
    &["timeline", "pkg:pypi/requests"],
    &["baseline", "list"],
    &["baseline", "show", "pkg:npm/axios"],
    &["baseline", "history", "pkg:npm/axios"],
];

#[test]
fn what_keeps_a_package_from_being_looked_at_is_said() {
    let desk = Desk::with_story();
    let (store, now) = (desk.store(), "2026-03-31T12:00:00Z".parse().unwrap());
    let packages = ["pkg:npm/axios", "pkg:npm/broken"].map(|name| name.parse().unwrap());
    store.enqueue(&packages, "npm-changes", now).unwrap();
    for package in &packages {
        store.put_off(&store.work_of(package).unwrap().unwrap(), Setback::Failed, now, "it answered 503").unwrap();
    }
    drop(store);
    for release in ["pkg:npm/broken", "pkg:npm/axios@1.14.0", "pkg:npm/axios@9.9.9"] {
        let ran = desk.run(&["lookup", release]);
        assert!(ran.out.contains("it answered 503"), "{release}: {}", ran.screen());
        let ran = desk.run(&["lookup", release, "--format", "json"]);
        assert!(ran.out.contains(r#""error":"it answered 503""#), "{release}: {}", ran.screen());
    }
}

#[test]
fn an_empty_store_is_answered_with_the_next_step() {
    let desk = Desk::new();
    drop(desk.store());
    for (arguments, code, said) in [
        (&["status"][..], 5, "was never read; is `provwatch --config provwatch.toml run`"),
        (&["alerts", "list"], 0, "`provwatch --config provwatch.toml status` says whether the watch is running"),
        (&["alerts", "show", ALERT], 1, "no alert"),
        (&["lookup", "pkg:npm/axios"], 4, "provwatch --config provwatch.toml watch add pkg:npm/axios"),
        (&["timeline", "pkg:npm/axios"], 4, "provwatch --config provwatch.toml watch add pkg:npm/axios"),
        (&["baseline", "list"], 0, "`provwatch --config provwatch.toml backfill` now"),
        (&["baseline", "show", "pkg:npm/axios"], 4, "provwatch --config provwatch.toml backfill pkg:npm/axios"),
        (&["baseline", "history", "pkg:npm/axios"], 4, "Nothing has been learned"),
        (&["baseline", "reset", "pkg:npm/axios", "--note", "x"], 0, "nothing is forgotten"),
    ] {
        let ran = desk.run(arguments);
        assert!(ran.code == code && (ran.out.clone() + &ran.err).contains(said), "{arguments:?}: {}", ran.screen());
    }
}

#[test]
fn a_store_that_is_missing_is_not_made_by_looking() {
    let desk = Desk::new();
    let writing: [&[&str]; 3] = [
        &["alerts", "ack", ALERT, "--reason", "x"],
        &["baseline", "accept", "pkg:npm/axios@1.14.1"],
        &["baseline", "reset", "pkg:npm/axios", "--note", "x"],
    ];
    for arguments in READING.iter().chain(&writing) {
        let ran = desk.run(arguments);
        assert!(
            ran.code == 1 && ran.err.contains("the database provwatch.db does not exist"),
            "{arguments:?}: {}",
            ran.err
        );
        assert!(!desk.path("provwatch.db").exists(), "{arguments:?}");
    }
}

#[test]
fn a_wrong_configuration_is_told_with_its_place() {
    let desk = Desk::with_story();
    fs::write(desk.path("provwatch.toml"), "[store]\npth = 1\n").unwrap();
    for arguments in READING {
        let ran = desk.run(arguments);
        assert!(ran.code == 2 && ran.err.contains("provwatch.toml:2:1") && ran.out.is_empty(), "{}", ran.err);
    }
}

#[test]
fn wrong_arguments_are_answered_with_what_was_meant() {
    let desk = Desk::new();
    let mut screens = String::new();
    for arguments in [
        &["lookup", "axios@1.14.1"][..],
        &["timeline", "@angular/core"],
        &["baseline", "accept", "pkg:npm/axios"],
        &["watch", "add", "pkg:gem/rails"],
        &["alerts", "list", "--min-severity", "terrible"],
    ] {
        let ran = desk.run(arguments);
        writeln!(screens, "$ provwatch {}\n{}", arguments.join(" "), ran.screen()).unwrap();
    }
    insta::assert_snapshot!(screens);
}

#[test]
fn every_command_reads_and_writes_beside_an_open_writer() {
    let desk = Desk::with_story();
    let daemon = desk.store();
    fresh(&daemon);
    for arguments in READING {
        let ran = desk.run(arguments);
        assert!(ran.code != 1 && ran.code != 2, "{arguments:?}: {}", ran.err);
    }
    assert_eq!(desk.run(&["alerts", "ack", ALERT, "--reason", "x"]).code, 0);
    assert_eq!(desk.run(&["baseline", "accept", "pkg:npm/axios@1.14.1", "--reason", "x"]).code, 0);
    assert_eq!(
        daemon.alert_named(&ALERT.parse().unwrap()).unwrap().unwrap().status,
        AlertStatus::Acknowledged,
        "the daemon sees it"
    );
}

#[test]
fn nothing_that_a_publisher_chose_drives_the_terminal() {
    let desk = Desk::with_story();
    for arguments in READING {
        let ran = desk.run(arguments);
        let odd = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!ran.out.contains(odd) && !ran.err.contains(odd), "{arguments:?}: {:?}", ran.out);
    }
}

#[test]
fn json_is_one_object_a_line_and_nothing_else() {
    let desk = Desk::with_story();
    for arguments in READING {
        let ran = desk.run(&[arguments, &["--format", "json"][..]].concat());
        assert!(ran.objects().iter().all(Value::is_object) && !ran.objects().is_empty(), "{arguments:?}");
        assert_eq!(ran.code, desk.run(arguments).code, "{arguments:?}: the code is the same in both forms");
    }
}

#[test]
fn every_help_has_examples() {
    let desk = Desk::new();
    for command in [
        "status",
        "alerts list",
        "alerts show",
        "alerts ack",
        "lookup",
        "timeline",
        "baseline list",
        "baseline show",
        "baseline history",
        "baseline accept",
        "baseline unaccept",
        "baseline reset",
        "baseline pin",
        "watch add",
        "watch remove",
        "watch list",
        "watch why",
        "watch import",
    ] {
        let ran = desk.run(&command.split(' ').chain(["--help"]).collect::<Vec<_>>());
        assert!(ran.code == 0 && ran.out.contains("Examples:\n  provwatch"), "{command}: {}", ran.out);
    }
}
