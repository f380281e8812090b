//! Tests of a pipeline that asks the forge before it judges: differences with facts, and verdicts without them.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::sync::Arc;

use lab::{Publication, Workflow, World, forge::LabForge, forge_town::Neighbours, git::LabGit, rig::*};
use provwatch::{
    app::{App, Parts, assemble, client_over},
    clock::{Clock, ManualClock},
    model::{Alert, AlertKind, AlertStatus, Claim, Severity},
    progress::NoProgress,
    store::{AlertFilter, Store},
};
use serde_json::json;

const TOKEN: &str = "github_token_file = \"FOLDER/token\"";

struct Town {
    world: World,
    forge: LabForge,
    clock: Arc<ManualClock>,
    app: App,
    _folder: tempfile::TempDir,
}

impl Town {
    /// A package with a year of releases by its workflow, and a forge that is asked without a token.
    async fn settled() -> Self {
        Self::founded("").with_history(|number| by_workflow(&run(number))).await
    }

    /// The same, and the forge is asked with a token.
    async fn with_token() -> Self {
        Self::founded(TOKEN).with_history(|number| by_workflow(&run(number))).await
    }

    /// Nothing was published yet; `forges` is what the configuration says of them.
    fn founded(forges: &str) -> Self {
        let (world, forge) = (World::new(), LabForge::default());
        let clock = Arc::new(ManualClock::at_text(START));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let folder = folder();
        std::fs::write(folder.path().join("token"), "secret").unwrap();
        let forges = format!("[forges]\n{}\n", forges.replace("FOLDER", folder.path().to_str().unwrap()));
        let config = config(&CONFIG.replace("[forges]\nenabled = false\n", &forges));
        let neighbours = Neighbours(world.clone(), forge.clone(), LabGit::default());
        let parts = Parts {
            store: Arc::new(Store::open(&folder.path().join("provwatch.db")).unwrap()),
            watchlist: watchlist("packages = [\"pkg:npm/widget\"]"),
            http: client_over(&config, Arc::new(neighbours), Arc::clone(&shared)).unwrap(),
            verifier: verifier(world.lab()),
            clock: shared,
            progress: Arc::new(NoProgress),
        };
        let app = assemble(&config, parts).unwrap();
        Self { world, forge, clock, app, _folder: folder }
    }

    async fn with_history(self, release: impl Fn(i64) -> Publication) -> Self {
        for number in 0..12 {
            let at = self.clock.now() - chrono::TimeDelta::days(30 * (12 - number));
            self.world.publish_npm("widget", &format!("1.0.{number}"), &release(number).at(at));
        }
        self.app.pass().await.unwrap();
        assert_eq!(self.forge.asked(), [] as [&str; 0], "history is not asked for");
        self
    }

    async fn publish(&self, version: &str, workflow: &Workflow) {
        self.put(version, by_workflow(workflow)).await;
    }

    async fn put(&self, version: &str, publication: Publication) {
        self.world.publish_npm("widget", version, &publication.at(self.clock.now()));
        self.app.pass().await.unwrap();
    }

    /// Every further look that there is.
    async fn looks_again(&self) {
        for minutes in [11, 31, 121, 721] {
            self.after(minutes).await;
        }
    }

    async fn after(&self, minutes: u64) {
        self.clock.advance(std::time::Duration::from_secs(60 * minutes));
        self.app.pass().await.unwrap();
    }

    fn row(&self, version: &str) -> provwatch::store::ReleaseRow {
        let release = format!("pkg:npm/widget@{version}").parse().unwrap();
        self.app.store.release(&release).unwrap().unwrap()
    }

    /// The forge says this of a run.
    fn run_is(&self, number: i64, conclusion: Option<&str>) {
        let (path, answer) = repository(&run(number));
        self.forge.has(&path, answer).has(
            &format!("{path}/actions/runs/{number}/attempts/1"),
            json!({"event": "push", "run_attempt": 1, "conclusion": conclusion}),
        );
    }

    /// Six releases whose runs ended well.
    async fn sees_runs_end_well(&self) {
        for number in 100..106 {
            self.run_is(number, Some("success"));
            self.publish(&format!("1.1.{number}"), &run(number)).await;
            self.after(60 * 24).await;
        }
    }

    /// The forge knows the repository, and whether its default branch has the commit of a release by this workflow.
    fn compares(&self, workflow: &Workflow, status: &str) {
        let (path, answer) = repository(workflow);
        let sha = workflow.claims.source_repository_digest.clone().unwrap();
        self.forge
            .has(&path, answer)
            .has(&format!("{path}/compare/main...{sha}?per_page=1&page=2"), json!({"status": status}));
    }

    fn alerts(&self) -> Vec<Alert> {
        let mut alerts = self.app.store.alerts(&AlertFilter::default()).unwrap();
        alerts.retain(|alert| alert.kind == AlertKind::Release);
        alerts
    }
}

fn run(number: i64) -> Workflow {
    let uri = format!("https://github.com/acme/widget/actions/runs/{number}/attempts/1");
    workflow("widget").with(Claim::RunInvocationUri, &uri)
}

fn strange() -> Workflow {
    Workflow::github("acme/widget", "release.yml", "refs/heads/oidc-test")
}

/// The repository as the claims of the lab's workflow name it.
fn repository(workflow: &Workflow) -> (String, serde_json::Value) {
    let id = workflow.claims.source_repository_identifier.clone().unwrap();
    let answer = json!({"id": id.parse::<u64>().unwrap(), "full_name": "acme/widget",
        "created_at": "2019-01-01T00:00:00Z", "default_branch": "main", "owner": {"id": 5}});
    (format!("repositories/{id}"), answer)
}

#[tokio::test]
async fn an_ordinary_release_costs_no_question_without_a_token() {
    let town = Town::settled().await;
    town.publish("1.1.0", &run(99)).await;
    assert_eq!(town.alerts(), []);
    assert_eq!(town.forge.asked(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_branch_that_was_never_merged_is_worse_than_a_branch() {
    let town = Town::settled().await;
    town.compares(&strange(), "diverged");
    town.publish("1.1.0", &strange()).await;
    let [alert] = town.alerts().try_into().unwrap();
    assert_eq!(alert.severity, Severity::Critical);
    assert!(alert.signals.iter().any(|signal| signal.seen.contains("that is not on the default branch")));
}

#[tokio::test]
async fn what_could_not_be_asked_is_said_in_the_alert() {
    let town = Town::settled().await;
    town.forge.fails_with(Some(503));
    town.publish("1.1.0", &strange()).await;
    let [alert] = town.alerts().try_into().unwrap();
    assert_eq!(alert.severity, Severity::High);
    assert!(
        alert.argument.contains("Not checked: repository (") && alert.argument.contains("503"),
        "{}",
        alert.argument
    );
}

#[tokio::test]
async fn what_could_not_be_asked_is_asked_again() {
    let town = Town::settled().await;
    town.forge.fails_with(Some(503));
    town.publish("1.1.0", &strange()).await;
    town.compares(&strange(), "diverged");
    town.forge.fails_with(None);
    town.after(6).await;
    let [alert] = town.alerts().try_into().unwrap();
    assert_eq!(alert.severity, Severity::Critical, "{}", alert.argument);
    assert!(!alert.argument.contains("503"), "{}", alert.argument);
    town.looks_again().await;
    assert_eq!(town.row("1.1.0").recheck_at, None, "nothing more is waited for");
}

#[tokio::test]
async fn a_run_that_is_not_over_is_looked_at_again_before_it_teaches() {
    let town = Town::with_token().await;
    town.run_is(99, None);
    town.publish("1.1.0", &run(99)).await;
    let row = town.row("1.1.0");
    assert_eq!((town.alerts().len(), row.in_baseline, row.unchecked.len()), (0, false, 0));
    assert!(row.recheck_at.is_some());
    town.run_is(99, Some("success"));
    town.after(11).await;
    assert!(!town.row("1.1.0").in_baseline, "its tag may still come");
    town.after(20).await;
    let row = town.row("1.1.0");
    assert_eq!((row.in_baseline, row.recheck_at), (true, None));
    assert_eq!(row.observation.unwrap().facts.run.unwrap().conclusion.as_deref(), Some("success"));
}

#[tokio::test]
async fn a_run_that_fails_after_it_published_is_told_when_it_is_over() {
    let town = Town::with_token().await;
    town.sees_runs_end_well().await;
    town.run_is(200, None);
    town.publish("1.2.0", &run(200)).await;
    assert_eq!(town.alerts(), []);
    town.run_is(200, Some("failure"));
    town.after(11).await;
    let [alert] = town.alerts().try_into().unwrap();
    assert!(alert.signals.iter().any(|signal| signal.detector == "run-failed"), "{alert:?}");
    assert_eq!((alert.severity, town.row("1.2.0").in_baseline), (Severity::Low, false), "its tag may still come");
    town.after(20).await;
    assert_eq!((town.alerts()[0].severity, town.row("1.2.0").in_baseline), (Severity::Medium, false));
}

#[tokio::test]
async fn a_tag_that_comes_after_half_an_hour_changes_nothing() {
    let town = Town::with_token().await;
    town.run_is(99, None);
    town.publish("1.1.0", &run(99)).await;
    town.run_is(99, Some("success"));
    let (path, _) = repository(&run(99));
    town.after(11).await;
    town.after(20).await;
    town.forge.has(&format!("{path}/git/ref/tags/v1.1.0"), json!({"ref": "refs/tags/v1.1.0"}));
    town.after(120).await;
    let facts = town.row("1.1.0").observation.unwrap().facts;
    assert_eq!(facts.tag.unwrap().exists, Some(false), "releases are compared by the look after half an hour");
}

#[tokio::test]
async fn a_second_look_never_loses_what_the_first_one_had() {
    let town = Town::with_token().await;
    town.run_is(99, None);
    town.publish("1.1.0", &run(99)).await;
    let before = town.row("1.1.0").observation;
    town.world.break_down("attestations", lab::Fault::Reset);
    town.after(6).await;
    assert_eq!(town.row("1.1.0").observation, before);
}

#[tokio::test]
async fn an_upgrade_that_is_seen_during_its_run_is_learned() {
    let town = Town::founded(TOKEN).with_history(|_| by_ada()).await;
    for number in 100..106 {
        let (path, _) = repository(&run(number));
        let version = format!("1.1.{number}");
        town.run_is(number, None);
        town.forge.has(&format!("{path}/git/ref/tags/v{version}"), json!({"ref": "x"}));
        town.publish(&version, &run(number)).await;
        town.run_is(number, Some("success"));
        town.looks_again().await;
        assert!(town.row(&version).in_baseline, "{version}: {:?}", town.alerts());
    }
    let (_, answer) = repository(&run(1));
    town.forge.has("repos/acme/widget", answer);
    town.put("1.1.200", by_ada()).await;
    let severity = || town.alerts().iter().map(|alert| alert.severity).max();
    assert_eq!(severity(), Some(Severity::High), "a token after trusted publishing, while its tag may still come");
    town.after(31).await;
    assert_eq!(severity(), Some(Severity::Critical), "a token after trusted publishing: {:?}", town.row("1.1.200"));
}

#[tokio::test]
async fn what_a_forge_does_not_say_again_is_not_lost() {
    let town = Town::with_token().await;
    let commit = "e".repeat(40);
    let evil =
        run(200).with(Claim::SourceRepositoryDigest, &commit).with(Claim::SourceRepositoryRef, "refs/heads/next");
    town.run_is(200, None);
    town.compares(&evil, "diverged");
    town.publish("1.1.200", &evil).await;
    let [first] = town.alerts().try_into().unwrap();
    assert!(first.severity >= Severity::High, "{first:?}");
    town.forge.fails_with(Some(503));
    town.looks_again().await;
    let [second] = town.alerts().try_into().unwrap();
    assert_eq!((second.severity, &second.signals), (first.severity, &first.signals));
    let commit = town.row("1.1.200").observation.unwrap().facts.commit.unwrap();
    assert_eq!(commit.on_default_branch, Some(false));
}

#[tokio::test]
async fn a_run_that_is_deleted_after_it_published_is_told() {
    let town = Town::with_token().await;
    town.sees_runs_end_well().await;
    town.run_is(200, None);
    town.publish("1.2.0", &run(200)).await;
    let (path, _) = repository(&run(200));
    town.forge.lacks(&format!("{path}/actions/runs/200/attempts/1"));
    town.looks_again().await;
    let [alert] = town.alerts().try_into().unwrap();
    let signal = alert.signals.iter().find(|signal| signal.detector == "run-failed").unwrap();
    assert_eq!(signal.seen, "a run that was deleted");
}

#[tokio::test]
async fn evidence_that_is_gone_at_the_last_look_is_judged_by_the_first() {
    let town = Town::with_token().await;
    town.run_is(99, None);
    town.publish("1.1.0", &run(99)).await;
    town.run_is(99, Some("success"));
    town.world.break_down("attestations", lab::Fault::Reset);
    town.looks_again().await;
    let row = town.row("1.1.0");
    assert_eq!((row.in_baseline, row.recheck_at, row.unchecked), (true, None, vec![]));
}

#[tokio::test]
async fn a_forge_that_takes_the_token_no_more_is_an_alert_until_it_does() {
    let town = Town::with_token().await;
    let troubles = || {
        let all = town.app.store.alerts(&AlertFilter::default()).unwrap();
        let of_forge = all.into_iter().filter(|alert| alert.title.starts_with("github.com has not answered"));
        of_forge.map(|alert| alert.status).collect::<Vec<_>>()
    };
    town.forge.fails_with(Some(401));
    town.publish("1.1.0", &run(900)).await;
    town.app.check_health().unwrap();
    assert_eq!(troubles(), [], "once is nothing");
    town.looks_again().await;
    town.app.check_health().unwrap();
    assert_eq!(troubles(), [AlertStatus::Open]);
    town.forge.fails_with(None);
    town.publish("1.1.1", &run(901)).await;
    town.app.check_health().unwrap();
    assert_eq!(troubles(), [AlertStatus::Resolved]);
}
