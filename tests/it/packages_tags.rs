//! Tests of tags in the pipeline: without a token, every new release costs one question to a server of Git.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use lab::{
    Fault, Publication, Workflow,
    forge_town::{FIRST, ForgeTown, commit, described, tagged},
    git::GitFault,
    rig::*,
};
use provwatch::model::{AlertStatus, Claim, DevelopmentKind, Fact, Facts, Severity};
use serde_json::json;

const WIDGET: &str = "pkg:npm/widget";

/// A package with a year of tagged releases by its workflow, and no token. The default branch is at the commit that every
/// release of this workflow is built from.
async fn settled() -> ForgeTown {
    let town = ForgeTown::founded("", &[WIDGET]).with_history("widget", &usual()).await;
    town.git.has("acme/widget", &tagged(commit(&workflow("widget")), &[]));
    assert_eq!(town.git.counts(), (0, 0), "history is not asked for");
    town
}

fn usual() -> Publication {
    by_workflow(&workflow("widget"))
}

/// The repository has the tag of a version, at the commit of the usual workflow.
fn tag(town: &ForgeTown, versions: &[&str]) {
    let workflow = workflow("widget");
    let tags: Vec<String> = versions.iter().map(|version| format!("v{version}")).collect();
    let tags: Vec<_> = tags.iter().map(|tag| (tag.as_str(), commit(&workflow))).collect();
    town.git.has("acme/widget", &tagged(commit(&workflow), &tags));
}

fn facts(town: &ForgeTown, release: &str) -> Facts {
    town.row(release).observation.unwrap().facts
}

fn detectors(town: &ForgeTown) -> Vec<String> {
    let alerts = town.alerts();
    alerts.iter().flat_map(|alert| &alert.signals).map(|signal| signal.detector.to_string()).collect()
}

#[tokio::test]
async fn every_new_release_costs_one_question_and_the_first_one_a_listing() {
    let town = settled().await;
    for (number, version) in ["1.1.0", "1.1.1", "1.2.0", "2.0.0"].into_iter().enumerate() {
        tag(&town, &[version]);
        town.publish("widget", version, &usual()).await;
        assert_eq!(town.git.counts(), (1, number + 1), "{version}");
        let tag = facts(&town, &format!("widget@{version}")).tag.unwrap();
        assert_eq!((tag.exists, tag.commit.as_deref()), (Some(true), Some(commit(&workflow("widget")))));
        assert!(town.git.asked().last().unwrap().contains(&format!("ref-prefix refs/tags/v{version}")));
        assert!(town.row(&format!("widget@{version}")).in_baseline);
        town.after(60 * 24).await;
    }
    assert_eq!(town.forge.asked(), [] as [&str; 0], "the certificate names the repository with its id");
    assert_eq!(town.alerts(), []);
}

#[tokio::test]
async fn a_missing_tag_is_looked_for_three_times_before_it_counts() {
    let town = settled().await;
    town.publish("widget", "1.1.0", &usual()).await;
    assert_eq!((town.git.counts(), town.severity("widget@1.1.0")), ((1, 1), Some(Severity::Info)));
    assert!(!town.row("widget@1.1.0").in_baseline, "the tag may still come");
    town.after(5).await;
    assert_eq!(town.git.counts(), (1, 1), "not before ten minutes");
    town.after(5).await;
    assert_eq!((town.git.counts(), town.severity("widget@1.1.0")), ((1, 2), Some(Severity::Info)));
    town.after(15).await;
    assert_eq!(town.git.counts(), (1, 2), "not before half an hour");
    town.after(6).await;
    assert_eq!((town.git.counts(), town.severity("widget@1.1.0")), ((1, 3), Some(Severity::Medium)));
    assert_eq!(detectors(&town), ["tag-missing"]);
    town.after(60 * 24 * 4).await;
    let decided = town.git.counts();
    town.after(60 * 24 * 4).await;
    assert_eq!((decided, town.git.counts()), ((1, 4), (1, 4)), "a late tag would be told for two days");
    assert_eq!((town.row("widget@1.1.0").in_baseline, town.row("widget@1.1.0").recheck_at), (false, None));
}

#[tokio::test]
async fn a_late_tag_explains_an_alert_and_ends_nothing() {
    let town = settled().await;
    town.publish("widget", "1.1.0", &usual()).await;
    for minutes in [11, 20] {
        town.after(minutes).await;
    }
    assert_eq!(detectors(&town), ["tag-missing"]);
    tag(&town, &["1.1.0"]);
    for _ in 0..3 {
        town.after(100).await;
    }
    let alert = town.alerts().pop().unwrap();
    let kinds: Vec<DevelopmentKind> = alert.developments.iter().map(|development| development.kind).collect();
    assert_eq!(kinds, [DevelopmentKind::LateTag]);
    assert!(alert.developments[0].text.starts_with("The tag v1.1.0 exists now"), "{}", alert.developments[0].text);
    assert_eq!((alert.severity, alert.status), (Severity::Medium, AlertStatus::Open));
    let counts = town.git.counts();
    town.after(60 * 24).await;
    assert_eq!((town.git.counts(), town.row("widget@1.1.0").recheck_at), (counts, None), "it is not asked for again");
    assert!(!town.row("widget@1.1.0").in_baseline, "only an operator accepts it");
}

#[tokio::test]
async fn a_tag_that_comes_within_half_an_hour_ends_it() {
    for minutes in [10, 30] {
        let town = settled().await;
        town.publish("widget", "1.1.0", &usual()).await;
        if minutes == 30 {
            town.after(11).await;
        }
        tag(&town, &["1.1.0"]);
        town.after(minutes - if minutes == 30 { 11 } else { 0 }).await;
        let row = town.row("widget@1.1.0");
        assert_eq!((row.in_baseline, row.recheck_at), (true, None), "after {minutes} minutes");
        assert_eq!(row.observation.unwrap().facts.tag.unwrap().exists, Some(true));
        assert_eq!(town.severity("widget@1.1.0"), Some(Severity::Info), "the alert of the first look stays");
    }
}

#[tokio::test]
async fn the_habit_is_learned_once_and_survives_a_restart() {
    let town = settled().await;
    tag(&town, &["1.1.0"]);
    town.publish("widget", "1.1.0", &usual()).await;
    let history = town.app.store.baseline_history(&WIDGET.parse().unwrap(), 50).unwrap();
    let notes = history.iter().filter_map(|step| step.note.as_deref());
    assert_eq!(notes.filter(|note| note.contains("from a listing of the repository")).count(), 1, "{history:?}");
    let town = town.restarted();
    town.after(60 * 24).await;
    town.publish("widget", "1.1.1", &usual()).await;
    assert_eq!(town.git.counts(), (1, 2), "no second listing");
    town.after(31).await;
    assert_eq!(town.severity("widget@1.1.1"), Some(Severity::Medium), "twelve earlier releases had a tag");
}

#[tokio::test]
async fn a_package_that_never_tagged_has_no_habit_to_break() {
    let town = ForgeTown::founded("", &[WIDGET]).with_history("widget", &usual()).await;
    town.git.has("acme/widget", &lab::git::LabRepository::new(FIRST));
    town.publish("widget", "1.1.0", &usual()).await;
    town.after(31).await;
    assert_eq!((town.alerts(), town.row("widget@1.1.0").in_baseline), (vec![], true));
}

#[tokio::test]
async fn a_listing_that_failed_is_tried_again_with_a_later_release() {
    let town = settled().await;
    town.git.misbehaves(Some(GitFault::Status(503, vec![])));
    town.publish("widget", "1.1.0", &usual()).await;
    town.git.misbehaves(None);
    tag(&town, &["1.1.0"]);
    town.after(61).await;
    town.publish("widget", "1.1.1", &usual()).await;
    town.after(31).await;
    assert_eq!(town.severity("widget@1.1.1"), Some(Severity::Medium));
}

/// Ada's release of a package that its workflow published, by a name that this answer of the API is about.
async fn by_name(history: &Publication, answer: Option<serde_json::Value>) -> ForgeTown {
    let town = ForgeTown::founded("", &[WIDGET]).with_history("widget", history).await;
    town.git.has("acme/widget", &tagged(FIRST, &[("v1.1.0", FIRST)]));
    match answer {
        Some(answer) => {
            town.forge.has("repos/acme/widget", answer);
        }
        None => town.forge.fails_with(Some(503)),
    }
    town.publish("widget", "1.1.0", &by_ada()).await;
    town
}

#[tokio::test]
async fn a_name_that_may_be_another_repositorys_has_neither_tag_nor_no_tag() {
    let mut another = described(&workflow("widget"));
    another["id"] = json!(999);
    let mut young = described(&workflow("widget"));
    young["created_at"] = json!("2026-05-30T00:00:00Z");
    for (history, answer, why) in [
        (usual(), Some(another), "the name acme/widget belongs to another repository now (id 999)"),
        (by_ada(), Some(young), "the repository acme/widget is younger than its name in the package"),
        (by_ada(), None, "the name acme/widget was not confirmed: "),
    ] {
        let town = by_name(&history, answer).await;
        let facts = facts(&town, "widget@1.1.0");
        assert_eq!(facts.tag, None, "{why}");
        assert!(facts.unknown.unwrap()[&Fact::Tag].starts_with(why), "{why}");
        assert_eq!(town.git.counts(), (0, 0), "nothing is asked of a stranger's repository: {why}");
        assert!(!detectors(&town).contains(&"tag-missing".to_owned()), "{why}");
    }
}

#[tokio::test]
async fn a_name_that_is_confirmed_is_asked_for_and_confirmed_once_an_hour() {
    let town = by_name(&by_ada(), Some(described(&workflow("widget")))).await;
    assert_eq!(facts(&town, "widget@1.1.0").tag.unwrap().exists, Some(true));
    let confirmed = |town: &ForgeTown| town.forge.asked().iter().filter(|path| *path == "repos/acme/widget").count();
    assert_eq!((confirmed(&town), town.git.counts()), (1, (1, 1)));
    town.after(5).await;
    town.publish("widget", "1.1.1", &by_ada()).await;
    assert_eq!(confirmed(&town), 1);
    town.after(120).await;
    town.publish("widget", "1.1.2", &by_ada()).await;
    assert_eq!(confirmed(&town), 2);
}

#[tokio::test]
async fn only_the_tag_of_the_commit_that_was_built_excuses() {
    // Another workflow of the repository attests it, and a token publishes it, all in the open.
    let build = Workflow::github("acme/widget", "manual.yml", "refs/heads/main");
    let sha = commit(&build).to_owned();
    for (tagged_at, expected) in [(sha.clone(), Severity::Low), ("f".repeat(40), Severity::Medium)] {
        let town = ForgeTown::founded("", &[WIDGET]);
        // Ada published before the workflow did.
        let before = by_ada_attested(&workflow("widget")).at(town.now() - chrono::TimeDelta::days(400));
        town.world.publish_npm("widget", "1.0.50", &before);
        let town = town.with_history("widget", &usual()).await;
        town.git.has("acme/widget", &tagged(&sha, &[("v1.1.0", &tagged_at)]));
        let repository = format!("repositories/{}", build.claims.source_repository_identifier.as_ref().unwrap());
        town.forge
            .has(&repository, described(&build))
            .has(&format!("{repository}/releases/tags/v1.1.0"), json!({"id": 1}))
            .has(&format!("{repository}/compare/main...{sha}?per_page=1&page=2"), json!({"status": "identical"}));
        town.publish("widget", "1.1.0", &by_ada_attested(&build)).await;
        let alerts = town.alerts();
        let mut signals = alerts.iter().flat_map(|alert| &alert.signals);
        let downgrade = signals.find(|signal| signal.detector == "evidence-downgrade").unwrap();
        assert_eq!(downgrade.severity, expected, "{alerts:?}");
    }
}

#[tokio::test]
async fn the_head_of_the_default_branch_is_on_it() {
    let town = settled().await;
    tag(&town, &["1.1.0", "1.1.1"]);
    town.publish("widget", "1.1.0", &usual()).await;
    assert_eq!(facts(&town, "widget@1.1.0").commit.unwrap().on_default_branch, Some(true));
    let later = workflow("widget").with(Claim::SourceRepositoryDigest, &"e".repeat(40));
    town.publish("widget", "1.1.1", &by_workflow(&later)).await;
    assert_eq!(facts(&town, "widget@1.1.1").commit, None, "another commit may be on it or not");
    assert_eq!(town.forge.asked(), [] as [&str; 0]);
}

#[tokio::test]
async fn whatever_a_server_does_in_place_of_an_answer_is_unknown_and_asked_again() {
    let faults = [
        (GitFault::Status(401, vec![]), "private or does not exist", 6),
        (GitFault::Status(429, vec![("retry-after", "900")]), "a pause of 900 s", 16),
        (GitFault::Html, "text/html", 6),
        (GitFault::Truncated(40), "is cut off", 6),
        (GitFault::Slow, "timed out", 6),
        (GitFault::Empty, "the answer is empty", 6),
    ];
    for (fault, why, minutes) in faults {
        let town = settled().await;
        town.git.misbehaves(Some(fault));
        town.publish("widget", "1.1.0", &usual()).await;
        let row = town.row("widget@1.1.0");
        let facts = row.observation.unwrap().facts;
        assert_eq!((facts.tag, town.alerts()), (None, vec![]), "{why}");
        let unknown = facts.unknown.unwrap();
        assert!(unknown[&Fact::Tag].contains(why), "{unknown:?}");
        assert!(row.recheck_at.is_some() && !row.in_baseline, "{why}");
        town.git.misbehaves(None);
        tag(&town, &["1.1.0"]);
        town.after(minutes).await;
        town.after(31).await;
        let row = town.row("widget@1.1.0");
        let facts = row.observation.as_ref().unwrap().facts.clone();
        assert_eq!((facts.tag.unwrap().exists, facts.unknown), (Some(true), None), "{why}");
        assert!(row.in_baseline && row.recheck_at.is_none(), "{why}");
    }
}

/// Two packages with a year of releases from one repository.
async fn monorepo() -> ForgeTown {
    let history = by_workflow(&workflow("mono"));
    let town = ForgeTown::founded("", &[WIDGET, "pkg:npm/gadget"]);
    let town = town.with_history("widget", &history).await.with_history("gadget", &history).await;
    town.git.has("acme/mono", &tagged(commit(&workflow("mono")), &[]));
    town
}

#[tokio::test]
async fn two_packages_of_one_repository_share_a_listing_for_an_hour() {
    for (minutes, listings) in [(0, 1), (30, 1), (61, 2)] {
        let town = monorepo().await;
        let publication = by_workflow(&workflow("mono"));
        town.world.publish_npm("widget", "1.1.0", &publication.clone().at(town.now()));
        if minutes > 0 {
            town.app.pass().await.unwrap();
            town.after(minutes).await;
        }
        let before = town.git.counts().1;
        town.publish("gadget", "1.1.0", &publication).await;
        let (listed, asked) = town.git.counts();
        assert_eq!(listed, listings, "after {minutes} minutes");
        assert_eq!(asked - before, if minutes > 0 { 1 } else { 2 }, "after {minutes} minutes");
        town.after(31).await;
        assert_eq!(town.severity("gadget@1.1.0"), Some(Severity::Medium), "both know the habit");
        assert_eq!(town.severity("widget@1.1.0"), Some(Severity::Medium));
    }
}

#[tokio::test]
async fn a_burst_beyond_the_budget_of_a_host_is_unknown_and_looked_at_later() {
    let names: Vec<String> = (0..40).map(|number| format!("part-{number}")).collect();
    let purls: Vec<String> = names.iter().map(|name| format!("pkg:npm/{name}")).collect();
    let purls: Vec<&str> = purls.iter().map(String::as_str).collect();
    let mono = workflow("mono");
    let town = ForgeTown::founded("", &purls);
    let tags: Vec<String> = names.iter().map(|name| format!("{name}@1.1.0")).collect();
    let tags: Vec<_> = tags.iter().map(|tag| (tag.as_str(), commit(&mono))).collect();
    town.git.has("acme/mono", &tagged(commit(&mono), &tags));
    for name in &names {
        let at = town.now() - chrono::TimeDelta::days(30);
        town.world.publish_npm(name, "1.0.0", &by_workflow(&mono).at(at));
    }
    town.app.pass().await.unwrap();
    let began = town.now();
    for name in &names {
        town.world.publish_npm(name, "1.1.0", &by_workflow(&mono).at(began));
    }
    town.app.pass().await.unwrap();
    let seconds = usize::try_from((town.now() - began).num_seconds()).unwrap();
    let (listings, questions) = town.git.counts();
    assert!(listings == 1 && listings + questions <= 21 + seconds, "{listings} and {questions} in {seconds} s");
    assert_eq!(town.alerts(), [], "never a missing tag");
    for _ in 0..12 {
        town.after(5).await;
    }
    for name in &names {
        assert_eq!(facts(&town, &format!("{name}@1.1.0")).tag.unwrap().exists, Some(true), "{name}");
    }
}

#[tokio::test]
async fn a_forge_of_ones_own_is_asked_like_the_public_ones() {
    let place = "https://git.acme.example/tools/web/widget";
    let build =
        Workflow::github("acme/widget", "release.yml", "refs/heads/main").with(Claim::SourceRepositoryUri, place);
    let instance = "[[forges.instance]]\nkind = \"gitlab\"\nhost = \"git.acme.example\"\n\
                    api = \"https://git.acme.example/api/v4/\"";
    let town = ForgeTown::founded(instance, &[WIDGET]).with_history("widget", &by_workflow(&build)).await;
    town.git.has("tools/web/widget", &tagged(commit(&build), &[("v1.1.0", commit(&build))]));
    town.publish("widget", "1.1.0", &by_workflow(&build)).await;
    assert_eq!(facts(&town, "widget@1.1.0").tag.unwrap().exists, Some(true));
    assert_eq!(town.git.places(), ["git.acme.example/tools/web/widget"; 2]);
    let mut project = described(&build);
    project["path_with_namespace"] = json!("tools/web/widget");
    town.forge.has("projects/tools%2Fweb%2Fwidget", project);
    town.after(60).await;
    town.publish("widget", "1.1.1", &by_ada()).await;
    assert!(town.forge.asked().contains(&"projects/tools%2Fweb%2Fwidget".to_owned()), "{:?}", town.forge.asked());
    assert_eq!(facts(&town, "widget@1.1.1").tag.unwrap().exists, Some(false));
}

#[tokio::test]
async fn forges_that_are_switched_off_are_not_asked_by_git_either() {
    let town = ForgeTown::founded("enabled = false", &[WIDGET]).with_history("widget", &usual()).await;
    town.git.has("acme/widget", &tagged(FIRST, &[]));
    town.publish("widget", "1.1.0", &usual()).await;
    town.publish("widget", "1.1.1", &by_mallory()).await;
    town.after(31).await;
    assert_eq!((town.git.counts(), town.forge.asked().len()), ((0, 0), 0));
    assert_eq!(facts(&town, "widget@1.1.0").tag, None);
}

/// Ada's next release, which depends on a package that this account published three hours ago.
async fn depending_on_one_of(account: &Publication) -> ForgeTown {
    let town = ForgeTown::founded("", &[WIDGET]);
    let plain = Publication { dependencies: vec![("old".to_owned(), "1".to_owned())], ..by_ada() };
    let town = town.with_history("widget", &plain).await;
    town.git.has("acme/widget", &tagged(FIRST, &[("v1.1.0", FIRST)]));
    town.world.publish_npm("helper", "1.0.0", &account.clone().at(town.now() - chrono::TimeDelta::hours(3)));
    let more = ["old", "helper"].map(|name| (name.to_owned(), "1".to_owned()));
    town.publish("widget", "1.1.0", &Publication { dependencies: more.into(), ..by_ada() }).await;
    town
}

#[tokio::test]
async fn a_young_dependency_is_own_if_a_settled_account_of_the_package_published_it() {
    let town = depending_on_one_of(&by_ada()).await;
    assert!(facts(&town, "widget@1.1.0").own_dependencies.unwrap().contains("helper"));
    assert!(town.severity("widget@1.1.0").unwrap_or(Severity::Info) < Severity::Medium, "{:?}", town.alerts());
    // The API was not there to confirm the name, so the release is looked at again; meanwhile the registry is not.
    town.world.break_down("helper", Fault::Reset);
    town.after(6).await;
    assert!(facts(&town, "widget@1.1.0").own_dependencies.unwrap().contains("helper"), "a look loses nothing");

    let town = depending_on_one_of(&by_mallory()).await;
    assert_eq!(facts(&town, "widget@1.1.0").own_dependencies, None);
    assert_eq!(town.severity("widget@1.1.0"), Some(Severity::Medium), "{:?}", town.alerts());
}

#[tokio::test]
async fn a_dependency_of_an_account_that_is_new_to_the_package_is_a_strangers() {
    let town = ForgeTown::founded("", &[WIDGET]);
    let plain = Publication { dependencies: vec![("old".to_owned(), "1".to_owned())], ..by_ada() };
    let town = town.with_history("widget", &plain).await;
    town.git.has("acme/widget", &tagged(FIRST, &[("v2.0.0-a.0", FIRST), ("v1.1.1", FIRST)]));
    town.forge.has("repos/acme/widget", described(&workflow("widget")));
    // Mallory published once, six days before.
    let first = Publication { dependencies: vec![("old".to_owned(), "1".to_owned())], ..by_mallory() };
    town.publish("widget", "2.0.0-a.0", &first).await;
    assert!(town.row("widget@2.0.0-a.0").in_baseline, "{:?}", town.alerts());
    town.after(60 * 24 * 6).await;
    town.world.publish_npm("helper", "1.0.0", &by_mallory().at(town.now() - chrono::TimeDelta::hours(3)));
    let more = ["old", "helper"].map(|name| (name.to_owned(), "1".to_owned()));
    town.publish("widget", "1.1.1", &Publication { dependencies: more.into(), ..by_ada() }).await;
    assert_eq!(facts(&town, "widget@1.1.1").own_dependencies, None);
    assert!(town.severity("widget@1.1.1") >= Some(Severity::Medium), "{:?}", town.alerts());
}
