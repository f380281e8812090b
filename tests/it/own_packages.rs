//! Tests of one's own packages: a run of the release workflow must explain each release. What the forge and the CI say of
//! runs decides, at once or after the window.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use chrono::TimeDelta;
use lab::{
    Publication, Workflow,
    forge_town::{ForgeTown, described},
    rig::*,
    town::run,
};
use provwatch::model::{Alert, Allowance, DevelopmentKind, FileDigest, Package, Severity};
use serde_json::{Value, json};

const OWN: &str = "[[package]]\npurl = \"pkg:npm/widget\"\nown = true";
const DETECTOR: &str = "own-release-unexplained";

/// One's own package with a year of releases by its workflow, and a forge that knows the repository.
async fn settled(forges: &str) -> ForgeTown {
    let town = ForgeTown::watching(forges, OWN.to_owned()).with_history("widget", &by_workflow(&run(1))).await;
    town.forge.has(&home(), described(&run(1)));
    town
}

fn home() -> String {
    format!("repositories/{}", run(1).claims.source_repository_identifier.unwrap())
}

/// The forge says this of the attempt of a run.
fn run_is(town: &ForgeTown, number: u32, conclusion: &Value) {
    let path = format!("{}/actions/runs/{number}/attempts/1", home());
    town.forge
        .has(&path, json!({"event": "push", "run_attempt": 1, "conclusion": conclusion, "created_at": town.now()}));
}

/// The forge lists these runs of the release workflow for a release that is published now.
fn lists(town: &ForgeTown, runs: &Value) {
    let stamp = |minutes| (town.now() + TimeDelta::minutes(minutes)).format("%Y-%m-%dT%H:%M:%SZ");
    let window = format!("{}..{}", stamp(-3 * 24 * 60), stamp(5));
    let path = format!("{}/actions/workflows/release.yml/runs?per_page=100&created={window}", home());
    town.forge.has(&path, json!({"workflow_runs": runs}));
}

fn listed(town: &ForgeTown, number: u32, conclusion: &Value, minutes: (i64, i64)) -> Value {
    let at = |minutes| town.now() + TimeDelta::minutes(minutes);
    json!({"html_url": format!("https://github.com/acme/widget/actions/runs/{number}"), "conclusion": conclusion,
        "path": ".github/workflows/release.yml", "created_at": at(minutes.0), "updated_at": at(minutes.1)})
}

fn by_run(number: u32) -> Publication {
    by_workflow(&run(number))
}

/// The signal of the alert about a release: what was seen in place of a run.
fn seen(town: &ForgeTown, version: &str) -> Option<String> {
    let alert = alert(town, version)?;
    let signal = alert.signals.iter().find(|signal| signal.detector == DETECTOR)?;
    assert_eq!(signal.severity, Severity::High);
    Some(signal.seen.clone())
}

fn alert(town: &ForgeTown, version: &str) -> Option<Alert> {
    let release = format!("pkg:npm/widget@{version}").parse().unwrap();
    town.alerts().into_iter().find(|alert| alert.purl.as_ref() == Some(&release))
}

fn allow(town: &ForgeTown, run: &str, digests: &[FileDigest], package: Option<&str>) {
    let allowance = Allowance {
        id: 0,
        run: run.to_owned(),
        digests: digests.to_vec(),
        package: package.map(|purl| purl.parse::<Package>().unwrap()),
        at: town.now(),
        by: "ci".to_owned(),
    };
    town.app.store.allow_run(&allowance, None, town.now()).unwrap().unwrap();
}

#[tokio::test]
async fn a_run_that_ended_well_explains_the_release_at_once() {
    let town = settled("").await;
    run_is(&town, 2, &json!("success"));
    town.publish("widget", "1.1.0", &by_run(2)).await;
    assert_eq!(alert(&town, "1.1.0"), None);
    // The tag is looked for twice.
    town.after(11).await;
    town.after(20).await;
    let row = town.row("widget@1.1.0");
    assert!(row.in_baseline && row.recheck_at.is_none(), "{row:?}");
}

#[tokio::test]
async fn a_run_that_failed_or_is_gone_is_told_at_once() {
    for (conclusion, expected) in [
        (Some(json!("failure")), "a run that ended with failure"),
        (Some(json!("cancelled")), "a run that ended with cancelled"),
        (Some(json!("startup_failure")), "a run that ended with startup_failure"),
        (None, "a run that the forge does not have"),
    ] {
        let town = settled("").await;
        if let Some(conclusion) = &conclusion {
            run_is(&town, 2, conclusion);
        }
        town.publish("widget", "1.1.0", &by_run(2)).await;
        assert_eq!(seen(&town, "1.1.0").as_deref(), Some(expected));
        assert!(!town.row("widget@1.1.0").in_baseline);
    }
}

#[tokio::test]
async fn a_run_under_way_explains_for_two_hours_and_then_its_result_decides() {
    for (conclusion, expected) in [
        (json!("success"), None),
        (json!("failure"), Some("a run that ended with failure")),
        (json!(null), Some("a run that has not ended within 2 h")),
    ] {
        let town = settled("").await;
        run_is(&town, 2, &json!(null));
        town.publish("widget", "1.1.0", &by_run(2)).await;
        assert!(!town.row("widget@1.1.0").in_baseline, "its run is not over");
        for _ in 0..7 {
            town.after(15).await;
            assert_eq!(seen(&town, "1.1.0"), None, "{conclusion}");
        }
        run_is(&town, 2, &conclusion);
        town.after(16).await;
        town.after(20).await;
        assert_eq!(seen(&town, "1.1.0").as_deref(), expected, "{conclusion}");
        assert_eq!(town.row("widget@1.1.0").in_baseline, expected.is_none(), "{conclusion}");
    }
}

#[tokio::test]
async fn a_forge_that_does_not_answer_is_awaited_and_then_told() {
    let town = settled("").await;
    town.forge.fails_with(Some(502));
    town.publish("widget", "1.1.0", &by_run(2)).await;
    town.after(100).await;
    assert_eq!(seen(&town, "1.1.0"), None);
    town.after(21).await;
    let seen = seen(&town, "1.1.0").unwrap();
    assert!(seen.starts_with("a run whose result is not known") && seen.contains("502"), "{seen}");
}

#[tokio::test]
async fn a_repository_that_the_forge_does_not_show_says_nothing_of_its_runs() {
    let town = settled("").await;
    town.forge.lacks(&home());
    town.publish("widget", "1.1.0", &by_run(2)).await;
    assert_eq!(seen(&town, "1.1.0"), None);
    town.after(121).await;
    let seen = seen(&town, "1.1.0").unwrap();
    assert!(seen.contains("does not show the repository acme/widget; no token is configured"), "{seen}");
}

#[tokio::test]
async fn another_workflow_or_repository_explains_nothing_however_well_it_ended() {
    for (workflow, expected) in [
        (Workflow::github("acme/widget", "other.yml", "refs/heads/main"), "a run of another workflow"),
        (Workflow::github("mallory/widget", "release.yml", "refs/heads/main"), "a run of another repository"),
    ] {
        let town = settled("").await;
        town.publish("widget", "1.1.0", &by_workflow(&workflow)).await;
        let seen = seen(&town, "1.1.0").unwrap();
        assert!(seen.starts_with(expected), "{seen}");
    }
}

#[tokio::test]
async fn without_a_certificate_only_a_run_at_that_time_explains() {
    type Runs = fn(&ForgeTown) -> Value;
    let cases: [(Runs, Option<&str>); 9] = [
        (|_| json!([]), Some("no run at that time")),
        (|town| json!([listed(town, 7, &json!("success"), (-10, 3))]), None),
        (|town| json!([listed(town, 7, &json!("success"), (-60, -30))]), Some("no run at that time")),
        (|town| json!([listed(town, 7, &json!("failure"), (-10, 3))]), Some("a run that ended with failure")),
        (
            |town| json!([listed(town, 7, &json!("failure"), (-9, 3)), listed(town, 8, &json!("success"), (-10, 3))]),
            None,
        ),
        (|town| json!([listed(town, 7, &json!("success"), (-60 * 24, 3))]), None),
        (
            |town| {
                let mut request = listed(town, 7, &json!("success"), (-10, 3));
                request["event"] = json!("pull_request");
                json!([request])
            },
            Some("no run at that time"),
        ),
        (
            |town| {
                let mut fork = listed(town, 7, &json!("success"), (-10, 3));
                fork["head_repository"] = json!({"full_name": "mallory/widget"});
                fork["repository"] = json!({"full_name": "acme/widget"});
                json!([fork])
            },
            Some("no run at that time"),
        ),
        (
            |town| {
                let mut other = listed(town, 7, &json!("success"), (-10, 3));
                other["path"] = json!(".github/workflows/nightly.yml");
                json!([other])
            },
            Some("no run at that time"),
        ),
    ];
    for (number, (runs, expected)) in cases.into_iter().enumerate() {
        let town = settled("").await;
        lists(&town, &runs(&town));
        town.publish("widget", "1.1.0", &by_mallory()).await;
        assert_eq!(seen(&town, "1.1.0").as_deref(), expected, "{number}");
        assert!(alert(&town, "1.1.0").is_some(), "the loss of evidence is told anyway");
    }
}

#[tokio::test]
async fn without_a_forge_a_token_release_is_told_at_once_and_an_allowed_file_is_not() {
    let town = settled("enabled = false").await;
    town.publish("widget", "1.1.0", &by_mallory()).await;
    assert_eq!(seen(&town, "1.1.0").as_deref(), Some("no run: no forge is asked, and the CI allowed none"));
    let digests = town.row("widget@1.1.0").observation.unwrap().files[0].digests.clone();
    let digest: FileDigest = format!("sha512:{}", digests.sha512.unwrap()).parse().unwrap();
    allow(&town, "https://github.com/acme/widget/actions/runs/7", &[digest], None);
    town.after(1).await;
    let explained = alert(&town, "1.1.0").unwrap();
    let kinds: Vec<_> = explained.developments.iter().map(|development| development.kind).collect();
    assert_eq!(kinds, [DevelopmentKind::LateRun]);
    assert!(seen(&town, "1.1.0").is_some(), "what was told stays");
}

#[tokio::test]
async fn a_run_that_the_ci_named_before_is_awaited_and_its_files_end_the_wait() {
    let town = settled("enabled = false").await;
    let url = "https://github.com/acme/widget/actions/runs/7";
    allow(&town, url, &[], Some("pkg:npm/widget"));
    town.after(5).await;
    town.publish("widget", "1.1.0", &by_ada()).await;
    assert_eq!(seen(&town, "1.1.0"), None);
    let digests = town.row("widget@1.1.0").observation.unwrap().files[0].digests.clone();
    let digest: FileDigest = format!("sha512:{}", digests.sha512.unwrap()).parse().unwrap();
    allow(&town, url, &[digest], Some("pkg:npm/widget"));
    town.after(150).await;
    assert_eq!(seen(&town, "1.1.0"), None);
    let other = settled("enabled = false").await;
    allow(&other, url, &[], Some("pkg:npm/widget"));
    other.publish("widget", "1.1.0", &by_ada()).await;
    other.after(121).await;
    assert_eq!(seen(&other, "1.1.0").as_deref(), Some("a run that the CI did not end within 2 h"));
}

#[tokio::test]
async fn an_allowed_run_publishes_no_other_file_even_if_it_ended_well() {
    let town = settled("").await;
    run_is(&town, 2, &json!("success"));
    let digest: FileDigest = format!("sha256:{}", "ab".repeat(32)).parse().unwrap();
    allow(&town, "https://github.com/acme/widget/actions/runs/2/attempts/1", &[digest], None);
    town.publish("widget", "1.1.0", &by_run(2)).await;
    assert_eq!(seen(&town, "1.1.0").as_deref(), Some("files that the run was not allowed to publish"));
}

#[tokio::test]
async fn an_announced_release_by_hand_needs_no_run() {
    let town = settled("enabled = false").await;
    let package: Package = "pkg:npm/widget".parse().unwrap();
    let expected = provwatch::model::ExpectedChange {
        id: 0,
        package,
        change: provwatch::model::ChangeKind::Manual("ada".to_owned()),
        from: town.now(),
        until: town.now() + TimeDelta::days(1),
        by: "grace".to_owned(),
        reason: "the workflow is broken".to_owned(),
        created_at: town.now(),
        removed: None,
    };
    town.app.store.expect_change(&expected).unwrap();
    town.publish("widget", "1.1.0", &by_ada()).await;
    assert_eq!(seen(&town, "1.1.0"), None);
    town.publish("widget", "1.1.1", &by_mallory()).await;
    assert!(seen(&town, "1.1.1").is_some(), "another account was not announced");
}

#[tokio::test]
async fn a_longer_window_and_an_entry_that_is_not_own_are_honoured() {
    let town = settled("[own]\nrun_window = \"6h\"").await;
    run_is(&town, 2, &json!(null));
    town.publish("widget", "1.1.0", &by_run(2)).await;
    for _ in 0..7 {
        town.after(50).await;
        assert_eq!(seen(&town, "1.1.0"), None);
    }
    town.after(50).await;
    assert_eq!(seen(&town, "1.1.0").as_deref(), Some("a run that has not ended within 6 h"));
    let plain = ForgeTown::founded("", &["pkg:npm/widget"]).with_history("widget", &by_run(1)).await;
    plain.publish("widget", "1.1.0", &by_mallory()).await;
    assert_eq!(seen(&plain, "1.1.0"), None);
}

#[tokio::test]
async fn a_restart_forgets_no_wait() {
    let town = settled("").await;
    run_is(&town, 2, &json!(null));
    town.publish("widget", "1.1.0", &by_run(2)).await;
    let town = town.restarted();
    town.after(121).await;
    assert_eq!(seen(&town, "1.1.0").as_deref(), Some("a run that has not ended within 2 h"));
}
