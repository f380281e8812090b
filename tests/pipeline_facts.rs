//! A running pipeline asks the forge before it judges: what differs with facts, and what is said without.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

mod lab;

use std::sync::Arc;

use futures::future::BoxFuture;
use lab::{Workflow, World, forge::LabForge, rig::*};
use provwatch::{
    clock::{Clock, ManualClock},
    http::{Request, Response, Transport, TransportError},
    model::{Alert, AlertKind, Claim, Severity},
    pipeline::{Nobody, Parts, Pipeline, assemble, client_over},
    store::{AlertFilter, Store},
};
use serde_json::json;

/// The registries of the world, and a forge beside them.
#[derive(Clone, Debug)]
struct Both(World, LabForge);

impl Transport for Both {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        if request.url.host_str() == Some("api.github.com") {
            self.1.exchange(request)
        } else {
            self.0.exchange(request)
        }
    }
}

struct Town {
    world: World,
    forge: LabForge,
    clock: Arc<ManualClock>,
    pipeline: Pipeline,
    _folder: tempfile::TempDir,
}

impl Town {
    /// A package with a year of releases by its workflow, each tagged.
    async fn settled() -> Self {
        Self::settled_with("").await
    }

    /// As before, with more said in `[forges]`.
    async fn settled_with(forges: &str) -> Self {
        let (world, forge) = (World::new(), LabForge::default());
        let clock = Arc::new(ManualClock::at_text(START));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let folder = folder();
        std::fs::write(folder.path().join("token"), "secret").unwrap();
        let forges = format!("[forges]\n{}\n", forges.replace("FOLDER", folder.path().to_str().unwrap()));
        let config = config(&CONFIG.replace("[forges]\nenabled = false\n", &forges));
        let parts = Parts {
            store: Arc::new(Store::open(&folder.path().join("provwatch.db")).unwrap()),
            watchlist: watchlist("packages = [\"pkg:npm/widget\"]"),
            http: client_over(&config, Arc::new(Both(world.clone(), forge.clone())), Arc::clone(&shared)).unwrap(),
            verifier: verifier(world.lab()),
            clock: shared,
            witness: Arc::new(Nobody),
        };
        let pipeline = assemble(&config, parts).unwrap();
        let town = Self { world, forge, clock, pipeline, _folder: folder };
        for number in 0..12 {
            let at = town.clock.now() - chrono::TimeDelta::days(30 * (12 - number));
            town.world.publish_npm("widget", &format!("1.0.{number}"), &by_workflow(&run(number)).at(at));
        }
        town.pipeline.pass().await.unwrap();
        assert_eq!(town.forge.asked(), [] as [&str; 0], "history is not asked for");
        town
    }

    async fn publish(&self, version: &str, workflow: &Workflow) {
        self.world.publish_npm("widget", version, &by_workflow(workflow).at(self.clock.now()));
        self.pipeline.pass().await.unwrap();
    }

    async fn after(&self, minutes: u64) {
        self.clock.advance(std::time::Duration::from_secs(60 * minutes));
        self.pipeline.pass().await.unwrap();
    }

    fn row(&self, version: &str) -> provwatch::store::ReleaseRow {
        let release = format!("pkg:npm/widget@{version}").parse().unwrap();
        self.pipeline.store().release(&release).unwrap().unwrap()
    }

    /// The forge says this of a run.
    fn run_is(&self, number: i64, conclusion: Option<&str>) {
        let (path, answer) = repository(&run(number));
        self.forge.has(&path, answer).has(
            &format!("repos/acme/widget/actions/runs/{number}/attempts/1"),
            json!({"event": "push", "run_attempt": 1, "conclusion": conclusion}),
        );
    }

    fn alerts(&self) -> Vec<Alert> {
        let mut alerts = self.pipeline.store().alerts(&AlertFilter::default()).unwrap();
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
    let (path, answer) = repository(&strange());
    let sha = strange().claims.source_repository_digest.unwrap();
    town.forge.has(&path, answer);
    town.forge.has(&format!("repos/acme/widget/compare/main...{sha}?per_page=1&page=2"), json!({"status": "diverged"}));
    town.publish("1.1.0", &strange()).await;
    let [alert] = town.alerts().try_into().unwrap();
    assert_eq!(alert.severity, Severity::Critical);
    assert!(alert.signals.iter().any(|signal| signal.seen.contains("that the default branch does not have")));
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
    let (path, answer) = repository(&strange());
    let sha = strange().claims.source_repository_digest.unwrap();
    town.forge.has(&path, answer);
    town.forge.has(&format!("repos/acme/widget/compare/main...{sha}?per_page=1&page=2"), json!({"status": "diverged"}));
    town.forge.fails_with(None);
    town.after(6).await;
    let [alert] = town.alerts().try_into().unwrap();
    assert_eq!(alert.severity, Severity::Critical, "{}", alert.argument);
    assert!(!alert.argument.contains("503"), "{}", alert.argument);
    assert_eq!(town.row("1.1.0").recheck_at, None, "nothing more is waited for");
}

const TOKEN: &str = "github_token_file = \"FOLDER/token\"";

#[tokio::test]
async fn a_run_that_is_not_over_is_looked_at_again_before_it_teaches() {
    let town = Town::settled_with(TOKEN).await;
    town.run_is(99, None);
    town.publish("1.1.0", &run(99)).await;
    let row = town.row("1.1.0");
    assert_eq!((town.alerts().len(), row.teaches, row.unchecked.len()), (0, false, 0));
    assert!(row.recheck_at.is_some());
    town.run_is(99, Some("success"));
    town.after(11).await;
    let row = town.row("1.1.0");
    assert_eq!((row.teaches, row.recheck_at), (true, None));
    assert_eq!(row.observation.unwrap().facts.run.unwrap().conclusion.as_deref(), Some("success"));
}

#[tokio::test]
async fn a_run_that_fails_after_it_published_is_told_when_it_is_over() {
    let town = Town::settled_with(TOKEN).await;
    for number in 100..106 {
        town.run_is(number, Some("success"));
        town.publish(&format!("1.1.{number}"), &run(number)).await;
        town.after(60 * 24).await;
    }
    town.run_is(200, None);
    town.publish("1.2.0", &run(200)).await;
    assert_eq!(town.alerts(), []);
    town.run_is(200, Some("failure"));
    town.after(11).await;
    let [alert] = town.alerts().try_into().unwrap();
    assert!(alert.signals.iter().any(|signal| signal.detector == "run-failed"), "{alert:?}");
    assert!(!town.row("1.2.0").teaches || alert.severity < Severity::Medium);
}

#[tokio::test]
async fn a_tag_that_comes_later_changes_nothing() {
    let town = Town::settled_with(TOKEN).await;
    town.run_is(99, None);
    town.publish("1.1.0", &run(99)).await;
    town.run_is(99, Some("success"));
    town.forge.has("repos/acme/widget/git/ref/tags/v1.1.0", json!({"ref": "refs/tags/v1.1.0"}));
    town.after(11).await;
    let facts = town.row("1.1.0").observation.unwrap().facts;
    assert_eq!(facts.tag.unwrap().exists, Some(false), "releases are compared by their first look");
}

#[tokio::test]
async fn a_second_look_never_loses_what_the_first_one_had() {
    let town = Town::settled_with(TOKEN).await;
    town.run_is(99, None);
    town.publish("1.1.0", &run(99)).await;
    let before = town.row("1.1.0").observation;
    town.world.break_down("attestations", lab::Fault::Reset);
    town.after(6).await;
    assert_eq!(town.row("1.1.0").observation, before);
}
