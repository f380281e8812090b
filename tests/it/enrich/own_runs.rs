//! Tests of the runs of one's own repositories: one by its URL, and those that were under way at a time.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::{
    enrich::{ForgeKind, ForgeRepository, UnderWay},
    model::RunFacts,
};
use serde_json::json;

use super::{Lab, repository};

fn place(host: &str) -> ForgeRepository {
    ForgeRepository {
        id: Some("77".to_owned()),
        ..ForgeRepository::of_url(&format!("https://{host}/acme/widget")).unwrap()
    }
}

fn at() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

async fn under_way(lab: &Lab, host: &str, workflows: &[&str]) -> Result<BTreeMap<String, RunFacts>, String> {
    let workflows: Vec<String> = workflows.iter().map(|&file| file.to_owned()).collect();
    let wanted = UnderWay { workflows: &workflows, at: at() };
    lab.forges.runs_under_way(&place(host), wanted).await
}

fn reason<T: std::fmt::Debug>(answer: Result<T, String>) -> String {
    answer.unwrap_err()
}

#[tokio::test]
async fn gitlabs_pipelines_count_while_they_run() {
    let lab = Lab::new(ForgeKind::Gitlab, Some("secret"));
    lab.forge.has("projects/77", json!({"id": 77, "path_with_namespace": "acme/widget", "created_at": at()}));
    let pipeline = |id: u32, status: &str, from: i64, to: i64| {
        json!({"id": id, "status": status, "source": "push", "web_url": format!("https://gitlab.com/acme/widget/-/pipelines/{id}"),
            "created_at": at() + TimeDelta::minutes(from), "updated_at": at() + TimeDelta::minutes(to)})
    };
    let path = "projects/77/pipelines?updated_after=2026-06-01T11:55:00Z&order_by=id&sort=asc&per_page=100";
    lab.forge.has(
        path,
        json!([
            pipeline(1, "success", -4400, 1),
            pipeline(2, "success", -20, 1),
            pipeline(3, "running", -10, -9),
            pipeline(4, "success", -30, -20),
            pipeline(5, "success", 10, 20),
        ]),
    );
    let Ok(runs) = under_way(&lab, "gitlab.com", &[".gitlab-ci.yml"]).await else { panic!() };
    let ends: Vec<_> =
        runs.iter().map(|(url, run)| (url.rsplit('/').next().unwrap(), run.conclusion.as_deref())).collect();
    assert_eq!(ends, [("2", Some("success")), ("3", None)]);
    let Ok(runs) = under_way(&lab, "gitlab.com", &[".github/workflows/release.yml"]).await else { panic!() };
    assert!(runs.is_empty(), "GitLab has one workflow");
}

#[tokio::test]
async fn a_job_of_gitlab_is_a_run() {
    let lab = Lab::new(ForgeKind::Gitlab, Some("secret"));
    lab.forge.has("projects/77", json!({"id": 77, "path_with_namespace": "acme/widget", "created_at": at()}));
    lab.forge.has("projects/77/jobs/900", json!({"status": "failed"}));
    let url = "https://gitlab.com/acme/widget/-/jobs/900";
    let Ok(run) = lab.forges.run(&place("gitlab.com"), url).await else { panic!() };
    assert_eq!(run.conclusion.as_deref(), Some("failure"));
    let missing = lab.forges.run(&place("gitlab.com"), "https://gitlab.com/acme/widget/-/jobs/901").await;
    assert_eq!(missing, Ok(RunFacts::gone()));
}

#[tokio::test]
async fn what_is_not_known_is_not_none() {
    let hidden = Lab::new(ForgeKind::Github, Some("secret"));
    let run = "https://github.com/acme/widget/actions/runs/900";
    let why = reason(hidden.forges.run(&place("github.com"), run).await);
    assert!(why.contains("does not show the repository acme/widget; the token does not see it"), "{why}");
    let why = reason(under_way(&hidden, "github.com", &[]).await);
    assert!(why.contains("does not show the repository"), "{why}");
    let why = reason(hidden.forges.run(&place("forge.example"), run).await);
    assert!(why.contains("forge.example is not a forge that is asked"), "{why}");
    let lab = Lab::new(ForgeKind::Github, Some("secret"));
    lab.forge.has("repositories/77", repository());
    let why = reason(lab.forges.run(&place("github.com"), "https://github.com/acme/widget/pull/7").await);
    assert!(why.contains("is not the URL of a run"), "{why}");
    let window = "2026-05-29T12:00:00Z..2026-06-01T12:05:00Z";
    let many: Vec<_> =
        (0..100).map(|id| json!({"html_url": format!("https://github.com/{id}"), "path": "other.yml"})).collect();
    lab.forge
        .has(&format!("repositories/77/actions/runs?per_page=100&created={window}"), json!({"workflow_runs": many}));
    let two = [".github/workflows/release.yml", ".github/workflows/publish.yml"];
    let why = reason(under_way(&lab, "github.com", &two).await);
    assert!(why.contains("lists too many runs"), "{why}");
    let why = reason(under_way(&lab, "github.com", &[".github/workflows/release.yml"]).await);
    assert!(why.contains("has no such workflow"), "{why}");
}
