//! Tests of one's own signatures in transparency logs: a run of the release workflow must explain each.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use lab::{
    Workflow,
    forge_town::described,
    ledger::Api,
    rig::{by_workflow, workflow},
    town::{Setting, Town, run},
};
use provwatch::{
    clock::Clock,
    model::{Allowance, FileDigest, Severity},
};
use serde_json::{Value, json};

const DETECTOR: &str = "own-signature-unexplained";

fn own_package(forges: &str) -> Setting {
    let watched = "[[package]]\npurl = \"pkg:npm/widget\"\nown = true".to_owned();
    Setting { watched, forges: forges.to_owned(), more: String::new() }
}

/// A match of one's own signers, of a repository that no watched package has.
fn own_match(forges: &str, workflows: &str) -> Setting {
    let more = format!(
        "[[logs.match]]\nname = \"ours\"\nsan = \"https://github\\\\.com/acme/tool/.*\"\nreport = \"never\"\nown = true\n{workflows}\n"
    );
    Setting { forges: forges.to_owned(), more, ..Setting::default() }
}

async fn town(setting: Setting) -> Town {
    let town = Town::settled_as(Api::Tiles, "log.example", setting).await;
    for workflow in [run(1), tool("release.yml", 1)] {
        let home = home(&workflow);
        town.forge.has(&home, described(&workflow));
    }
    town
}

fn tool(file: &str, number: u32) -> Workflow {
    let uri = format!("https://github.com/acme/tool/actions/runs/{number}/attempts/1");
    Workflow::github("acme/tool", file, "refs/heads/main").with(provwatch::model::Claim::RunInvocationUri, &uri)
}

fn home(workflow: &Workflow) -> String {
    format!("repositories/{}", workflow.claims.source_repository_identifier.as_ref().unwrap())
}

fn run_is(town: &Town, workflow: &Workflow, number: u32, conclusion: &Value) {
    let path = format!("{}/actions/runs/{number}/attempts/1", home(workflow));
    town.forge.has(&path, json!({"conclusion": conclusion}));
}

/// What was seen in place of a run, for each alert.
fn seen(town: &Town) -> Vec<String> {
    let alerts = town.alerts();
    let signals = alerts.iter().flat_map(|alert| &alert.signals).filter(|signal| signal.detector == DETECTOR);
    signals
        .map(|signal| {
            assert_eq!(signal.severity, Severity::High);
            signal.seen.clone()
        })
        .collect()
}

#[tokio::test]
async fn a_signature_of_an_own_package_is_told_at_once_if_its_run_failed_or_is_gone() {
    let town = town(own_package("")).await;
    run_is(&town, &run(1), 2, &json!("failure"));
    run_is(&town, &run(1), 3, &json!("success"));
    for number in [2, 3, 4] {
        town.sign(&run(number));
    }
    town.pass().await;
    let mut told = seen(&town);
    told.sort();
    assert_eq!(told, ["a run that ended with failure", "a run that the forge does not have"]);
    town.pass().await;
    assert_eq!(seen(&town).len(), 2, "each once");
}

#[tokio::test]
async fn a_run_under_way_is_awaited_and_a_release_does_not_replace_its_result() {
    let town = town(own_package("")).await;
    run_is(&town, &run(1), 2, &json!(null));
    town.sign(&run(2));
    town.publish("1.1.0", &by_workflow(&run(2)));
    town.minutes_pass(110).await;
    assert_eq!(seen(&town), [] as [&str; 0]);
    town.minutes_pass(20).await;
    assert_eq!(seen(&town), ["a run that has not ended within 2 h"]);
}

#[tokio::test]
async fn a_match_needs_its_own_workflow_and_a_run() {
    for (workflows, file, expected) in [
        ("", "other.yml", None),
        ("workflows = [\".github/workflows/release.yml\"]", "release.yml", None),
        ("workflows = [\".github/workflows/rel*.yml\"]", "release.yml", None),
        ("workflows = [\".github/workflows/release.yml\"]", "other.yml", Some("a run of another workflow")),
    ] {
        let town = town(own_match("", workflows)).await;
        run_is(&town, &tool(file, 1), 7, &json!("success"));
        town.sign(&tool(file, 7));
        town.minutes_pass(130).await;
        assert_eq!(seen(&town).len(), usize::from(expected.is_some()), "{workflows} {file}");
        assert!(seen(&town).iter().all(|text| text.starts_with(expected.unwrap())), "{:?}", seen(&town));
        assert_eq!(town.alerts().len(), seen(&town).len(), "report = never, and nothing else is told of a match");
    }
}

#[tokio::test]
async fn without_a_forge_the_ci_explains_by_run_or_by_digest() {
    let town = town(own_match("enabled = false", "")).await;
    let allow = |run: &str, digests: Vec<FileDigest>| {
        let (at, by) = (town.clock.now(), "ci".to_owned());
        let allowance = Allowance { id: 0, run: run.to_owned(), digests, package: None, at, by };
        town.store().allow_run(&allowance, None, at).unwrap().unwrap();
    };
    town.sign(&tool("release.yml", 7));
    town.minutes_pass(60).await;
    assert_eq!(seen(&town), [] as [&str; 0]);
    // The lab signs this digest.
    let digest: FileDigest = format!("sha256:{}", "07".repeat(32)).parse().unwrap();
    allow("https://github.com/acme/tool/actions/runs/7", vec![digest]);
    town.minutes_pass(120).await;
    assert_eq!(seen(&town), [] as [&str; 0]);
    let row = town.store().log_entry("log.example", 3).unwrap().unwrap();
    assert!(row.judged_at.is_some(), "it is explained");
}

#[tokio::test]
async fn a_signature_that_names_no_run_is_told_at_once() {
    let town = town(own_match("enabled = false", "")).await;
    let mut nameless = tool("release.yml", 7);
    nameless.claims.run_invocation_uri = None;
    town.sign(&nameless);
    town.pass().await;
    assert_eq!(seen(&town), ["a signature that names no run"]);
}

#[tokio::test]
async fn nobody_else_needs_a_run() {
    let town = town(Setting::default()).await;
    town.sign(&workflow("widget"));
    town.minutes_pass(130).await;
    assert_eq!(seen(&town), [] as [&str; 0]);
}
