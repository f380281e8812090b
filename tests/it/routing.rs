//! Tests of who is told of an alert, and when: conditions, silences, quiet hours, escalations, and the commands for them.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::fs;

use chrono::TimeDelta;
use lab::{
    Rig,
    program::{self, Said},
    rig::*,
};
use provwatch::{
    model::{AlertKind, AlertMatchers, Severity},
    store::Store,
};
use serde_json::Value;
use tempfile::TempDir;

const WIDGET: &str = "pkg:npm/widget";
const GADGET: &str = "pkg:npm/gadget";

/// A lab with these subscriptions instead of the usual ones, where the history of two packages is known.
async fn rig(subscriptions: &str) -> Rig {
    let (base, _) = CONFIG.split_once("[[subscriptions]]").unwrap();
    let rig = Rig::configured(&format!("{base}{subscriptions}"), &[WIDGET, GADGET]);
    for (package, repository) in [(WIDGET, "widget"), (GADGET, "gadget")] {
        rig.history(package, 8, &by_ada_attested(&workflow(repository)));
    }
    rig.smooth_pass().await;
    rig.days_pass(2);
    rig
}

fn hook(name: &str, keys: &str) -> String {
    format!("[[subscriptions]]\nname = {name:?}\ntype = \"webhook\"\nurl = \"https://hooks.example/{name}\"\n{keys}\n")
}

/// What was sent to a receiver: the release and the note of each message.
fn sent(rig: &Rig, name: &str) -> Vec<(String, Option<String>)> {
    let messages = rig.world.received().into_iter().filter(|(path, _)| *path == format!("/{name}"));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    messages.filter_map(|(_, body)| Some((text(&body["data"]["purl"])?, text(&body["data"]["note"])))).collect()
}

async fn taken_over(rig: &Rig, package: &str) -> String {
    let release = format!("{package}@1.1.0");
    rig.publish(&release, &by_mallory());
    rig.smooth_pass().await;
    release
}

#[tokio::test]
async fn each_receiver_is_told_of_what_it_selects() {
    let rig = rig(&[
        hook("widgets", "match = { packages = ['pkg:npm/wid*'] }"),
        hook("gadgets", "match = { packages = ['pkg:npm/gadget'], ecosystems = ['npm'] }"),
        hook("logs", "match = { kinds = ['log'] }"),
    ]
    .concat())
    .await;
    let release = taken_over(&rig, WIDGET).await;
    assert_eq!(sent(&rig, "widgets"), [(release, None)]);
    assert!(sent(&rig, "gadgets").is_empty() && sent(&rig, "logs").is_empty());
}

#[tokio::test]
async fn a_silenced_takeover_is_stored_and_sent_once_when_the_silence_ends() {
    let rig = rig(&hook("all", "min_severity = 'info'")).await;
    let now = rig.now();
    let widgets = AlertMatchers {
        packages: vec![WIDGET.parse().unwrap()],
        max_severity: Some(Severity::Critical),
        ..AlertMatchers::default()
    };
    rig.store().add_silence(&widgets, "a drill", "ada", (now, now + TimeDelta::hours(6))).unwrap();
    let release = taken_over(&rig, WIDGET).await;
    assert_eq!(rig.outcome(&release), provwatch::store::Outcome::Alerted, "detection goes on");
    assert!(sent(&rig, "all").iter().all(|(purl, _)| *purl != release));
    assert_eq!(rig.store().silences().unwrap()[0].held.alerts, 1);
    let other = taken_over(&rig, GADGET).await;
    assert!(sent(&rig, "all").iter().any(|(purl, _)| *purl == other), "other packages are not silenced");
    rig.minutes_pass(6 * 60);
    for _ in 0..3 {
        rig.pass().await;
    }
    assert_eq!(sent(&rig, "all").iter().filter(|(purl, _)| *purl == release).count(), 1);
}

#[tokio::test]
async fn a_silence_on_campaigns_hides_none_of_their_releases() {
    let rig = rig(&hook("all", "min_severity = 'info'\nmatch = { kinds = ['release', 'campaign'] }")).await;
    let now = rig.now();
    let campaigns = AlertMatchers {
        kinds: vec![AlertKind::Campaign],
        max_severity: Some(Severity::Critical),
        ..AlertMatchers::default()
    };
    rig.store().add_silence(&campaigns, "a drill", "ada", (now, now + TimeDelta::hours(6))).unwrap();
    let releases = [taken_over(&rig, WIDGET).await, taken_over(&rig, GADGET).await];
    assert_eq!(rig.store().silences().unwrap()[0].held.alerts, 1, "the campaign");
    for release in releases {
        assert!(sent(&rig, "all").iter().any(|(purl, _)| *purl == release), "{release}: {:?}", sent(&rig, "all"));
    }
}

#[tokio::test]
async fn quiet_hours_do_not_delay_an_escalation() {
    let rig = rig(&[
        hook("desk", "match = { kinds = ['release'] }\nescalate = { after = '30m', to = 'boss' }"),
        hook("boss", "kinds = ['log']\nquiet_hours = { from = '06:00', to = '05:00', zone = 'UTC' }"),
    ]
    .concat())
    .await;
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory().install_script("node steal.js"));
    rig.smooth_pass().await;
    let release = "pkg:npm/widget@1.1.0".to_owned();
    let is_critical = |alert: &provwatch::model::Alert| alert.severity == Severity::Critical;
    assert!(rig.alerts().iter().any(is_critical), "{:?}", rig.alerts());
    assert_eq!((sent(&rig, "desk"), sent(&rig, "boss")), (vec![(release.clone(), None)], Vec::new()));
    rig.minutes_pass(31);
    rig.pass().await;
    let why = Some("escalated: desk did not acknowledge it in time".to_owned());
    assert_eq!(sent(&rig, "boss"), [(release, why)]);
}

#[tokio::test]
async fn an_alert_that_stays_open_is_told_again_until_somebody_acknowledges_it() {
    let keys = "min_severity = 'info'\nmatch = { kinds = ['release'] }\nrepeat = '24h'\nnotify_resolution = true";
    let rig = rig(&hook("desk", keys)).await;
    let release = taken_over(&rig, WIDGET).await;
    rig.days_pass(1);
    rig.pass().await;
    let repeated = Some("repeated: the alert is still open".to_owned());
    assert_eq!(sent(&rig, "desk"), [(release.clone(), None), (release.clone(), repeated)]);
    let alert =
        rig.alerts().into_iter().find(|alert| alert.purl.as_ref().is_some_and(|purl| purl.to_string() == release));
    rig.store().acknowledge(&alert.unwrap().fingerprint, "ada", "it was me", rig.now()).unwrap();
    for _ in 0..3 {
        rig.minutes_pass(1);
        rig.pass().await;
    }
    let noticed = sent(&rig, "desk").pop().unwrap().1;
    assert_eq!((sent(&rig, "desk").len(), noticed.as_deref()), (3, Some("acknowledged by ada: it was me")));
}

/// A folder with a configuration.
struct Home(TempDir);

impl Home {
    fn with(subscriptions: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = "[store]\npath = \"provwatch.db\"\n[watchlist]\nfiles = [\"watchlist.toml\"]\n";
        fs::write(folder.path().join("provwatch.toml"), format!("{base}{subscriptions}")).unwrap();
        let watchlist = "[[package]]\npurl = \"pkg:npm/axios\"\ntier = \"critical\"\nteam = \"web\"\n";
        fs::write(folder.path().join("watchlist.toml"), watchlist).unwrap();
        Store::open(&folder.path().join("provwatch.db")).unwrap();
        Self(folder)
    }

    fn run(&self, arguments: &[&str]) -> Said {
        Said::by(&mut program::provwatch(self.0.path(), &[&["--config", "provwatch.toml"], arguments].concat()))
    }
}

const DESKS: &str = r#"
[[subscriptions]]
name = "web"
type = "stdout"
match = { teams = ["web"], min_severity = "low" }
escalate = { after = "30m", to = "boss" }

[[subscriptions]]
name = "boss"
type = "stdout"
min_severity = "critical"
"#;

#[test]
fn a_silence_lives_from_add_to_expire() {
    let home = Home::with(DESKS);
    let add = ["silences", "add", "--package", "pkg:npm/axios", "--for", "30d", "--reason", "release week"];
    let added = home.run(&add);
    assert!(added.code == 0 && added.out.contains("Silence 1 holds messages back until"), "{added}");
    let check = home.run(&["silences", "check", "pkg:npm/axios"]);
    assert!(check.code == 0 && check.out.contains("Silence 1 of"), "{check}");
    let critical = home.run(&["silences", "check", "pkg:npm/axios", "--severity", "critical"]);
    assert!(critical.code == 0 && critical.out.contains("No silence holds it back"), "{critical}");
    let route = home.run(&["subscriptions", "route", "pkg:npm/axios"]);
    assert!(route.out.contains("web: no, silence 1 holds the message back"), "{route}");
    let expired = home.run(&["silences", "expire", "1", "--reason", "over"]);
    assert!(expired.code == 0 && expired.out.contains("Silence 1 is over; it held back nothing"), "{expired}");
    let (current, all) = (home.run(&["silences", "list"]), home.run(&["silences", "list", "--all"]));
    assert!(current.out.contains("Nothing is silenced"), "{current}");
    assert!(all.out.contains("release week") && all.out.contains("over"), "{all}");
}

#[test]
fn a_route_names_who_is_told_when_and_why() {
    let home = Home::with(DESKS);
    assert_eq!(home.run(&["silences", "add", "--kind", "log", "--for", "1h", "--reason", "x y"]).code, 0);
    let said = home.run(&["subscriptions", "route", "pkg:npm/axios", "--severity", "critical"]);
    for expected in ["tier critical, team web", "web: now;", "after 30m also boss", "boss: now;"] {
        assert!(said.code == 0 && said.out.contains(expected), "{expected}: {said}");
    }
    let said = home.run(&["subscriptions", "route", "pkg:npm/left-pad"]);
    assert!(said.out.contains("web: no; not for this team: it receives"), "{said}");
    assert!(said.out.contains("boss: no; not for this severity: it receives"), "{said}");
    let listed = home.run(&["subscriptions", "list"]);
    assert!(listed.out.contains("team web; severity from low") && listed.out.contains("to boss after 30m"), "{listed}");
}

#[test]
fn silences_that_cannot_be_meant_are_refused() {
    let home = Home::with(DESKS);
    for (arguments, complaint) in [
        (&["--package", "pkg:npm/axios"][..], "--until"),
        (&["--for", "2d"], "required"),
        (&["--package", "pkg:npm/axios", "--for", "400d"], "at most a year"),
        (&["--package", "pkg:npm/axios", "--until", "2199-01-01T00:00:00Z"], "at most a year"),
        (&["--package", "pkg:npm/axios", "--until", "2001-01-01T00:00:00Z"], "would have ended"),
        (&["--package", "axios", "--for", "2d"], "pkg:npm/axios"),
        (&["--detector", "odd-hour", "--for", "2d"], "odd-hours"),
        (&["--kind", "log", "--package", "pkg:npm/axios", "--for", "2d"], "never matches"),
        (&["--kind", "logs", "--for", "2d"], "unknown kind"),
        (&["--kind", "log", "--until", "soon"], "expected 2026-12-24"),
        (&["--kind", "log", "--for", "2d", "--until", "7d"], "cannot be used with"),
        (&["--kind", "log", "--for", "2d", "--by", "provwatch"], "name of a person"),
        (&["--alert", "beef", "--for", "2d"], "no alert id begins"),
        (&["--match", "acme", "--for", "2d"], "unknown [[logs.match]]"),
        (&["--tier", "grave", "--for", "2d"], "unknown tier"),
    ] {
        let said = home.run(&[&["silences", "add", "--reason", "because of x"], arguments].concat());
        assert!(said.code != 0 && said.err.contains(complaint), "{arguments:?}: {said}");
    }
    let said = home.run(&["silences", "expire", "7", "--reason", "over now"]);
    assert_ne!(said.code, 0, "{said}");
    let said = home.run(&["silences", "expire", "abc", "--reason", "over now"]);
    assert!(said.code == 2 && said.err.contains("expected a number"), "{said}");
}

#[test]
fn the_program_refuses_routes_that_cannot_be_meant() {
    let text = DESKS.replace("min_severity = \"critical\"", "escalate = { after = \"1h\", to = \"web\" }");
    let said = Home::with(&text).run(&["subscriptions", "list"]);
    assert!(said.code == 2 && said.err.contains("escalates in a circle: web → boss → web"), "{said}");
    assert!(said.err.contains("provwatch.toml:") && said.err.contains("subscriptions[0].escalate.to"), "{said}");
}

#[test]
fn a_silence_says_what_it_hides_and_what_is_probably_a_mistake() {
    let home = Home::with(DESKS);
    let add = |more: &[&str]| {
        home.run(&[&["silences", "add", "--for", "7d", "--reason", "because of x", "--by", "CI"], more].concat())
    };
    for (more, warning) in [
        (&["--package", "pkg:npm/left-pad"][..], "pkg:npm/left-pad is not watched"),
        (&["--team", "wep"], "unknown team \"wep\"; did you mean \"web\"?"),
        (&["--log", "rekor.example"], "unknown log \"rekor.example\""),
        (&["--team", "web", "--max-severity", "critical"], "holds critical alerts back"),
    ] {
        let said = add(&[more, &["--dry-run"]].concat());
        assert!(said.code == 0 && said.err.contains(warning), "{said}");
        assert!(said.out.contains("nothing was added"), "{said}");
    }
    assert!(home.run(&["silences", "list", "--all"]).out.contains("Nothing is silenced"));
    let said = add(&["--kind", "release"]);
    assert!(said.code == 0 && said.err.is_empty() && said.out.contains("covers no alert"), "{said}");
    assert!(home.run(&["silences", "list"]).out.contains("by CI: because of x"));
    let status = home.run(&["status"]);
    assert!(status.out.contains("silence 1 of CI holds whole kinds of alerts back until"), "{status}");
    let doctor = home.run(&["doctor", "--offline"]);
    assert!(doctor.out.contains("silence 1 of CI holds"), "{doctor}");
}

#[test]
fn a_silence_that_does_not_hold_an_alert_back_says_why() {
    let home = Home::with(DESKS);
    let add = ["silences", "add", "--detector", "odd-hours", "--for", "7d", "--reason", "they travel"];
    assert_eq!(home.run(&add).code, 0);
    let check = |more: &[&str]| home.run(&[&["silences", "check", "pkg:npm/axios"], more].concat());
    let both = check(&["--detector", "odd-hours", "--detector", "publisher-changed"]);
    assert!(both.out.contains("Silence 1 does not: publisher-changed is a reason of the alert, too"), "{both}");
    let held = check(&["--detector", "odd-hours"]);
    assert!(held.out.contains("holds it back until") && !held.out.contains("--max-severity critical"), "{held}");
    let unknown = check(&["--detector", "odd-hour"]);
    assert!(unknown.code == 2 && unknown.err.contains("did you mean \"odd-hours\"?"), "{unknown}");
    let width = held.out.lines().chain(both.out.lines()).map(|line| line.chars().count()).max();
    assert!(width <= Some(110), "{held}");
}

#[test]
fn whoever_records_something_needs_a_store_that_is_read() {
    let home = Home::with(DESKS);
    fs::remove_file(home.0.path().join("provwatch.db")).unwrap();
    let silence = ["silences", "add", "--kind", "log", "--for", "2d", "--reason", "because of x"];
    let expect = ["expect", "add", "pkg:npm/axios", "--manual", "ada", "--for", "2d", "--reason", "because of x"];
    for arguments in [&silence[..], &expect[..]] {
        let said = home.run(arguments);
        assert!(said.code != 0 && said.err.contains("does not exist"), "{said}");
        assert!(!home.0.path().join("provwatch.db").exists());
    }
}

#[test]
fn two_subscriptions_of_one_name_are_refused_by_every_command() {
    let home = Home::with(&DESKS.replace("name = \"boss\"", "name = \"web\""));
    for arguments in [&["subscriptions", "list"][..], &["subscriptions", "route", "pkg:npm/axios"], &["reload"]] {
        let said = home.run(arguments);
        assert!(said.code == 2 && said.err.contains("subscriptions[1].name"), "{said}");
        assert!(said.err.contains("provwatch.toml:"), "{said}");
    }
    let home = Home::with(&DESKS.replace("teams = [\"web\"]", "detectors = [\"odd-hour\"]"));
    let said = home.run(&["reload"]);
    assert!(said.err.contains("unknown detector") || said.err.contains("no daemon"), "{said}");
}
