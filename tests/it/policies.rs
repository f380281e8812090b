//! Tests of policies: their verdicts over timelines, and `baseline pin` and `watch list` of the real program.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab::program::{self, Said};

use std::{fs, path::Path};

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::{
    baseline::learn,
    clock::{Clock, SystemClock},
    detect::{AssessmentInputs, ReleaseContext},
    model::{Baseline, BaselineReason, Observation, Severity},
    packages::{
        assess,
        replay::{Rules, trace},
    },
    store::{BaselineChange, NewBaselineVersion, Outcome, Record, Store},
    watchlist::Watchlist,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How a release was published.
#[derive(Clone, Copy, Debug)]
enum How {
    /// With a token, and nothing attested.
    Token,
    /// With a token and provenance.
    Provenance,
    /// By a trusted publisher, with provenance.
    Trusted,
    /// By a trusted publisher that builds in an environment.
    Environment,
    /// By a method that the registry does not state, and nothing attested.
    Unknown,
}

use How::{Environment, Provenance, Token, Trusted, Unknown};

/// A release of a package on GitHub, at Wednesday noon in UTC of the week with that number.
fn release(name: &str, number: usize, how: How) -> Observation {
    let noon: DateTime<Utc> = "2026-01-07T12:00:00Z".parse().unwrap();
    release_at(name, number, how, noon + TimeDelta::weeks(i64::try_from(number).unwrap()))
}

fn release_at(name: &str, number: usize, how: How, at: DateTime<Utc>) -> Observation {
    let repository = format!("https://github.com/acme/{name}");
    let method = match how {
        Token | Provenance => "token",
        Trusted | Environment => "trusted_publisher",
        Unknown => "unknown",
    };
    let mut claims = json!({
        "source_repository_uri": repository, "source_repository_identifier": "4242",
        "source_repository_owner_uri": "https://github.com/acme", "source_repository_owner_identifier": "77",
        "source_repository_ref": format!("refs/tags/v1.0.{number}"), "build_trigger": "push",
        "build_config_uri": format!("{repository}/.github/workflows/release.yml@refs/tags/v1.0.{number}"),
        "runner_environment": "github-hosted",
    });
    if matches!(how, Environment) {
        claims["deployment_environment"] = json!("release");
    }
    let issuer = "https://token.actions.githubusercontent.com";
    let attestation = match how {
        Token | Unknown => json!({"status": "absent"}),
        _ => json!({"status": "verified", "issuer": issuer, "signed_at": at, "claims": claims}),
    };
    let publisher = if method == "trusted_publisher" { "GitHub Actions" } else { "ada" };
    serde_json::from_value(json!({
        "purl": format!("pkg:npm/{name}@1.0.{number}"), "published_at": at, "publisher": {"name": publisher},
        "auth": {"method": method}, "attestation": attestation,
    }))
    .unwrap()
}

/// The severity of the policy's signal for each release, and whether the release joins the baseline.
fn judged(watchlist: &str, releases: &[Observation]) -> Vec<(Option<Severity>, bool)> {
    let watchlist = Watchlist::parse(watchlist, Path::new("w.toml")).unwrap();
    let mut judged = Vec::new();
    trace(releases, Rules { watchlist: Some(&watchlist), expected: &[] }, |_, assessed| {
        let mut own = assessed.signals.iter().filter(|signal| signal.detector == "policy-violated");
        judged.push((own.next().map(|signal| signal.severity), assessed.in_baseline));
    });
    judged
}

fn severities(watchlist: &str, how: &[How]) -> Vec<Option<Severity>> {
    let releases: Vec<_> = how.iter().enumerate().map(|(number, how)| release("lib", number, *how)).collect();
    judged(watchlist, &releases).into_iter().map(|(severity, _)| severity).collect()
}

#[test]
fn a_demand_that_was_never_met_warns_or_alerts() {
    let own = |expect: &str| format!("[[package]]\npurl = 'pkg:npm/lib'\nexpect = {{ {expect} }}\n");
    let of_tier = |table: &str| format!("packages = ['pkg:npm/lib']\n[tiers.normal]\n{table}\n");
    let both = |own: &str, tier: &str| {
        format!("[[package]]\npurl = 'pkg:npm/lib'\nexpect = {{ {own} }}\n[tiers.normal]\nexpect = {{ {tier} }}\n")
    };
    let (info, low, medium, high) =
        (Some(Severity::Info), Some(Severity::Low), Some(Severity::Medium), Some(Severity::High));
    for (watchlist, how, expected) in [
        // By default an entry's own demand alerts, and a tier's warns.
        (own("evidence = 'provenance'"), &[Token, Token][..], &[high, high][..]),
        (own("evidence = 'provenance', missing = 'warn'"), &[Token, Token], &[info, info]),
        (of_tier("expect = { evidence = 'provenance' }"), &[Token, Token], &[info, info]),
        (of_tier("expect = { evidence = 'provenance', missing = 'alert' }"), &[Token, Token], &[high, high]),
        (both("missing = 'alert'", "evidence = 'provenance'"), &[Token], &[high]),
        (both("evidence = 'provenance'", "missing = 'warn', refs = ['tag']"), &[Token], &[high]),
        // A loss is not a lack.
        (of_tier("expect = { evidence = 'provenance' }"), &[Token, Provenance, Token], &[info, None, high]),
        (of_tier("expect = { evidence = 'provenance' }"), &[Trusted, Trusted, Token], &[None, None, high]),
        // The package had less than is demanded, and now less than it had.
        (of_tier("expect = { evidence = 'trusted-publisher' }"), &[Provenance, Provenance, Token], &[info, info, high]),
        // What is not known violates nothing.
        (of_tier("expect = { evidence = 'provenance', missing = 'alert' }"), &[Unknown, Unknown], &[None, None]),
        // An environment can be missing too; a different one is not missing.
        (of_tier("expect = { environments = ['release'] }"), &[Trusted, Trusted], &[info, info]),
        (own("environments = ['release']"), &[Trusted, Trusted], &[medium, medium]),
        (of_tier("expect = { environments = ['release'] }"), &[Environment, Trusted], &[None, medium]),
        (of_tier("expect = { environments = ['other'] }"), &[Environment], &[medium]),
        // Another value always violates.
        (of_tier("expect = { owners = ['github.com/other'] }"), &[Trusted], &[high]),
        (of_tier("expect = { repository_ids = ['1'] }"), &[Trusted], &[high]),
        (of_tier("expect = { repository_ids = ['1', '4242'] }"), &[Trusted], &[None]),
        // A tier's severity is that of its own demands.
        (of_tier("severity = 'low'\nexpect = { owners = ['github.com/other'] }"), &[Trusted], &[low]),
        (
            of_tier("severity = 'critical'\nexpect = { refs = ['branch main'] }"),
            &[Trusted],
            &[Some(Severity::Critical)],
        ),
        (of_tier("severity = 'critical'\nexpect = { evidence = 'provenance' }"), &[Token], &[info]),
        (own("refs = ['branch main']") + "[tiers.normal]\nseverity = 'critical'\n", &[Trusted], &[medium]),
    ] {
        assert_eq!(severities(&watchlist, how), expected, "{watchlist} {how:?}");
    }
}

#[test]
fn a_release_that_only_warns_joins_the_baseline() {
    let watchlist = "packages = ['pkg:npm/lib']\n[tiers.normal.expect]\nevidence = 'provenance'\n";
    let releases: Vec<_> = (0..3).map(|number| release("lib", number, Token)).collect();
    assert!(judged(watchlist, &releases).iter().all(|(severity, joins)| *severity == Some(Severity::Info) && *joins));
}

#[test]
fn a_release_outside_the_publish_hours_violates_the_policy() {
    let watchlist = "[[package]]\npurl = 'pkg:npm/lib'\n[package.expect.hours]\n\
        days = ['mon', 'tue', 'wed', 'thu', 'fri']\nfrom = '08:00'\nto = '19:00'\nzone = 'Europe/Berlin'\n";
    for (at, outside) in [
        ("2026-01-07T07:00:00Z", false),
        ("2026-01-07T06:59:00Z", true),
        ("2026-07-08T06:00:00Z", false),
        ("2026-07-08T17:00:00Z", true),
        ("2026-07-11T10:00:00Z", true),
    ] {
        let releases = [release_at("lib", 0, Trusted, at.parse().unwrap())];
        let expected = outside.then_some(Severity::Medium);
        assert_eq!(judged(watchlist, &releases)[0].0, expected, "{at}");
    }
    let mut undated =
        serde_json::to_value(release_at("lib", 0, Trusted, "2026-01-07T03:00:00Z".parse().unwrap())).unwrap();
    undated["unread"] = json!({"published_at": "it is missing"});
    let undated: Observation = serde_json::from_value(undated).unwrap();
    assert_eq!(judged(watchlist, &[undated])[0].0, None, "the time is that of the first look");
}

/// A folder with a configuration, a watchlist and a store.
struct Desk(TempDir);

impl Desk {
    fn new(watchlist: &str) -> Self {
        let desk = Self(TempDir::new().unwrap());
        let config = "[store]\npath = \"provwatch.db\"\n[watchlist]\nfiles = [\"watchlist.toml\"]\n";
        desk.write("provwatch.toml", config);
        desk.write("watchlist.toml", watchlist);
        desk
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Said {
        Said::by(&mut program::provwatch(self.0.path(), &[&["--config", "provwatch.toml"], arguments].concat()))
    }

    /// Learns packages from releases.
    fn learn(&self, packages: &[Vec<Observation>]) {
        let store = Store::open(&self.0.path().join("provwatch.db")).unwrap();
        for releases in packages {
            let mut baseline = Baseline::empty(releases[0].purl.package().clone());
            for release in releases {
                learn(&mut baseline, release);
            }
            let (line, actor) = (releases[0].line(), "provwatch".to_owned());
            let version = NewBaselineVersion { line, reason: BaselineReason::Learned, purl: None, actor, note: None };
            let change = BaselineChange { based_on: 0, baseline, versions: vec![version] };
            store.change_baseline(&change, SystemClock.now()).unwrap();
        }
    }
}

fn releases(name: &str, how: How) -> Vec<Observation> {
    (0..5).map(|number| release(name, number, how)).collect()
}

const LIST: &str = "packages = [\n    \"pkg:npm/lib\", # ours\n    \"pkg:npm/bare\",\n    \"pkg:npm/new\",\n]\n\n[tiers.normal.expect]\nevidence = \"provenance\"\n";

#[test]
fn a_demand_that_only_warns_stays_visible() {
    let desk = Desk::new(LIST);
    let before = desk.run(&["watch", "list"]);
    assert!(before.code == 0 && !before.out.contains("NEVER MET"), "{before}");
    desk.learn(&[releases("lib", Trusted), releases("bare", Token)]);
    let said = desk.run(&["watch", "list"]);
    let line = |name: &str| said.out.lines().find(|line| line.contains(name)).unwrap().to_owned();
    assert!(said.out.contains("NEVER MET") && line("pkg:npm/bare").ends_with("evidence"), "{said}");
    assert!(!line("pkg:npm/lib").contains("evidence") && !line("pkg:npm/new").contains("evidence"), "{said}");
    let lines = desk.run(&["watch", "list", "--format", "json"]).json();
    let unmet: Vec<_> = lines.iter().map(|line| (line["pattern"].as_str().unwrap(), line.get("never_met"))).collect();
    let evidence = json!(["evidence"]);
    assert_eq!(unmet, [("pkg:npm/bare", Some(&evidence)), ("pkg:npm/lib", None), ("pkg:npm/new", None)]);
    desk.write("provwatch.db", &"not a database, but long enough to look like one. ".repeat(50));
    let said = desk.run(&["watch", "list"]);
    assert!(said.code == 0 && said.out.contains("pkg:npm/bare") && said.err.contains("cannot be read"), "{said}");
}

#[test]
fn a_release_that_only_warns_is_looked_up_with_its_signal() {
    let desk = Desk::new(LIST);
    desk.learn(&[releases("bare", Token)]);
    let store = Store::open(&desk.0.path().join("provwatch.db")).unwrap();
    let (watchlist, release) = (Watchlist::parse(LIST, Path::new("w.toml")).unwrap(), release("bare", 6, Token));
    let policy = watchlist.policy(release.purl.package());
    let alone = ReleaseContext::default();
    let inputs = AssessmentInputs { policy: policy.as_ref(), ..AssessmentInputs::usual(&alone) };
    let assessed = assess::assess(&store.baseline(release.purl.package()).unwrap().baseline, &release, &inputs);
    let raised_at = release.published_at + TimeDelta::minutes(2);
    let alert = assess::alert(&release, &assessed, raised_at, assess::links(&release)).unwrap();
    let mut record = Record::observed(release, Outcome::Alerted, raised_at);
    record.alert = Some(alert);
    store.record(&record).unwrap();
    drop(store);
    let said = desk.run(&["lookup", "pkg:npm/bare@1.0.6", "--fail-on", "low"]);
    assert!(said.code == 0 && said.out.contains("policy-violated"), "{said}");
    assert!(said.out.contains("Does not meet the policy") && said.out.contains("policy-violated (info)"), "{said}");
    let listed = desk.run(&["alerts", "list"]);
    assert!(!listed.out.contains("1.0.6"), "what is informational is shown on request: {listed}");
    let listed = desk.run(&["alerts", "list", "--min-severity", "info"]);
    assert!(listed.out.contains("1.0.6"), "{listed}");
}

#[test]
fn a_pin_is_shown_first_and_written_on_request() {
    let desk = Desk::new(LIST);
    desk.learn(&[releases("lib", Trusted), releases("bare", Token)]);
    let shown = desk.run(&["baseline", "pin", "pkg:npm/lib"]);
    assert_eq!(desk.read("watchlist.toml"), LIST, "a preview writes nothing");
    for line in [
        "--- watchlist.toml",
        "-    \"pkg:npm/lib\", # ours",
        "+# ours",
        "+purl = \"pkg:npm/lib\"",
        "+[package.expect]",
    ] {
        assert!(shown.out.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    assert!(shown.code == 0 && shown.err.contains("nothing was written"), "{shown}");

    let written = desk.run(&["baseline", "pin", "pkg:npm/lib", "--write"]);
    assert!(written.code == 0 && written.out.contains("pinned 1 package in watchlist.toml"), "{written}");
    let list = desk.read("watchlist.toml");
    for line in [
        "owners = [\"github.com/acme\"] # 5 releases since 2026-01-07",
        "repository_ids = [\"4242\"] # 5 releases since 2026-01-07",
        "workflows = [\".github/workflows/release.yml\"] # 5 releases since 2026-01-07",
    ] {
        assert!(list.contains(line), "{list}");
    }
    assert!(
        list.contains("# Pinned on ") && list.contains("[tiers.normal.expect]\nevidence = \"provenance\""),
        "{list}"
    );

    let again = desk.run(&["baseline", "pin", "pkg:npm/lib", "--write"]);
    assert!(again.code == 0 && again.err.contains("they stay as they are"), "{again}");
    assert_eq!(desk.read("watchlist.toml"), list, "what stands there is not written again");
    assert_eq!(desk.run(&["watch", "list"]).code, 0);
}

#[test]
fn a_pin_holds_a_release_of_another_repository_off() {
    let desk = Desk::new("packages = ['pkg:npm/lib']\n");
    desk.learn(&[releases("lib", Trusted)]);
    assert_eq!(desk.run(&["baseline", "pin", "--tier", "normal", "--write"]).code, 0);
    let list = desk.read("watchlist.toml");
    let honest = release("lib", 9, Trusted);
    assert_eq!(judged(&list, std::slice::from_ref(&honest))[0].0, None);
    for (claim, other) in [
        ("source_repository_identifier", json!("4243")),
        ("source_repository_owner_uri", json!("https://github.com/mallory")),
        ("build_config_uri", json!("https://github.com/acme/lib/.github/workflows/other.yml@refs/heads/main")),
    ] {
        let mut foreign = serde_json::to_value(&honest).unwrap();
        foreign["attestation"]["claims"][claim] = other;
        assert_eq!(judged(&list, &[serde_json::from_value(foreign).unwrap()])[0].0, Some(Severity::High), "{claim}");
    }
}

#[test]
fn pins_go_into_a_file_of_their_own_or_to_standard_output() {
    let desk = Desk::new(LIST);
    desk.learn(&[releases("lib", Trusted), releases("bare", Token)]);
    let printed = desk.run(&["baseline", "pin", "--tier", "normal", "--output", "-"]);
    assert!(printed.code == 0 && printed.err.contains("pkg:npm/bare is not pinned"), "{printed}");
    assert_eq!(Watchlist::parse(&printed.out, Path::new("-")).unwrap().counts(), (1, 0), "{printed}");
    let to_file = || desk.run(&["baseline", "pin", "--tier", "normal", "--output", "pins.toml"]);
    assert_eq!(to_file().code, 0);
    assert_eq!(desk.read("pins.toml"), printed.out);
    let again = to_file();
    assert!(again.code == 2 && again.err.contains("pins.toml exists, and is not overwritten"), "{again}");
    assert_eq!((desk.read("pins.toml"), desk.read("watchlist.toml")), (printed.out, LIST.to_owned()));
    desk.write("watchlist.toml", &format!("include = [\"pins.toml\"]\n{LIST}"));
    let kept = desk.run(&["baseline", "pin", "pkg:npm/lib", "--format", "json"]).json().remove(0);
    assert_eq!((&kept["done"], &kept["kept"]), (&json!("kept"), &json!(["owners", "repository_ids", "workflows"])));
}

#[test]
fn what_cannot_be_pinned_is_said() {
    let desk = Desk::new(LIST);
    desk.learn(&[releases("lib", Trusted), releases("bare", Token), releases("other", Trusted)]);
    for (arguments, code, words) in [
        (&["pkg:npm/bare"][..], 4, "pkg:npm/bare is not pinned: no release of the baseline proves it"),
        (&["pkg:npm/new"], 4, "pkg:npm/new is not pinned"),
        (&["pkg:npm/other"], 2, "pkg:npm/other is not watched"),
        (&["--tier", "critical"], 4, "nothing to pin"),
        (&[], 2, "required"),
        (&["pkg:npm/lib", "--tier", "normal"], 2, "cannot be used with"),
        (&["pkg:npm/lib", "--write", "--output", "x"], 2, "cannot be used with"),
        (&["pkg:npm/lib", "--output", "-", "--format", "json"], 2, "give one of them"),
        (&["pkg:npm/lib", "--output", "/nonexistent/x"], 1, "cannot write /nonexistent/x"),
        (&["--tier", "urgent"], 2, "unknown tier"),
    ] {
        let said = desk.run(&[&["baseline", "pin"], arguments].concat());
        assert!(said.code == code && said.err.contains(words), "{arguments:?}: {said}");
        assert_eq!(desk.read("watchlist.toml"), LIST);
    }
    let lines = desk.run(&["baseline", "pin", "--tier", "normal", "--format", "json"]).json();
    let done: Vec<_> =
        lines.iter().map(|line| (line["purl"].as_str().unwrap(), line["done"].as_str().unwrap())).collect();
    assert_eq!(done, [("pkg:npm/bare", "skipped"), ("pkg:npm/lib", "proposed")]);
    let owners: &Value = &lines[1]["demands"]["owners"]["github.com/acme"];
    assert_eq!((&owners["count"], &owners["first"]), (&json!(5), &json!("2026-01-07T12:00:00Z")));
}

#[test]
fn a_thousand_packages_are_pinned_at_once() {
    let names: Vec<_> = (0..1000).map(|number| format!("lib-{number}")).collect();
    let list: Vec<String> = names.iter().map(|name| format!("    \"pkg:npm/{name}\",\n")).collect();
    let desk = Desk::new(&format!("default_tier = \"critical\"\npackages = [\n{}]\n", list.concat()));
    desk.learn(&names.iter().map(|name| releases(name, Trusted)).collect::<Vec<_>>());
    let shown = desk.run(&["baseline", "pin", "--tier", "critical"]);
    let written = desk.run(&["baseline", "pin", "--tier", "critical", "--write"]);
    assert!(written.out.contains("pinned 1000 packages"), "{written}");
    assert_eq!(shown.out.lines().filter(|line| line.starts_with("+owners = ")).count(), 1000);
}
