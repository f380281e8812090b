//! Reads facts from GitLab's REST API, version 4, <https://docs.gitlab.com/api/rest/>.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    ask::{Age, Asker, ForgeAnswer},
    branches::{self, Branches},
    finder::Finder,
    former_names,
    place::{ForgeRepository, Named, commit, run_number},
    run_list::{ListedRun, RunList, UnderWay},
    tags,
};
use crate::model::{Fact, OwnerFacts, RunFacts};

/// Most branches of a page.
const PAGE: usize = 100;

#[derive(Serialize, Deserialize)]
struct Project {
    id: u64,
    path_with_namespace: String,
    created_at: DateTime<Utc>,
    default_branch: Option<String>,
    visibility: Option<String>,
    #[serde(default)]
    archived: bool,
    #[serde(rename = "forked_from_project")]
    parent: Option<Parent>,
    namespace: Option<Namespace>,
}

#[derive(Serialize, Deserialize)]
struct Parent {
    path_with_namespace: String,
}

#[derive(Serialize, Deserialize)]
struct Namespace {
    id: u64,
    kind: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Ref {
    name: String,
}

/// The last commit that two refs have in common.
#[derive(Serialize, Deserialize)]
struct Base {
    id: String,
}

#[derive(Serialize, Deserialize)]
struct Branch {
    protected: bool,
}

/// The files that a range of commits changes.
#[derive(Serialize, Deserialize)]
struct Changes {
    #[serde(default)]
    diffs: Vec<Changed>,
    /// The comparison took too long, and lacks files.
    #[serde(rename = "compare_timeout", default)]
    is_cut_off: bool,
}

#[derive(Serialize, Deserialize)]
struct Changed {
    new_path: String,
}

#[derive(Serialize, Deserialize)]
struct Signature {
    verification_status: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Job {
    status: Option<String>,
    created_at: Option<DateTime<Utc>>,
    pipeline: Option<Pipeline>,
    user: Option<User>,
}

#[derive(Serialize, Deserialize)]
struct Pipeline {
    source: Option<String>,
}

/// A pipeline of a list.
#[derive(Serialize, Deserialize)]
struct ListedPipeline {
    status: Option<String>,
    source: Option<String>,
    created_at: Option<DateTime<Utc>>,
    updated_at: Option<DateTime<Utc>>,
    web_url: String,
}

#[derive(Serialize, Deserialize)]
struct User {
    username: String,
}

/// The project that has a name now.
pub(super) async fn named(asker: &Asker<'_>, path: &str) -> ForgeAnswer<Named> {
    let known = asker.ask::<Project>(&by_name(path), Age::NAME).await;
    known.map(|project| Named { id: project.id, created_at: project.created_at })
}

/// The request for the project with this path.
fn by_name(path: &str) -> String {
    format!("projects/{}", path.replace('/', "%2F"))
}

pub(super) async fn find(asker: &Asker<'_>, found: &mut Finder<'_>) {
    let place = found.question.place.clone();
    let answer = project(asker, &place).await;
    found.gone(&place, &answer);
    let Some(project) = found.take(Fact::Repository, answer) else { return };
    take_project(found, &project);
    if found.is_stranger() {
        return;
    }
    former_names::find(asker, found, &project.path_with_namespace, by_name, |there: &Project| there.id == project.id)
        .await;
    let at = format!("projects/{}", project.id);
    let of_tag = |name: &str| format!("{at}/repository/tags/{}", escaped(name));
    let of_release = |name: &str| format!("{at}/releases/{}", escaped(name));
    tags::find(asker, found, of_tag, of_release).await;
    commit_facts(asker, found, &at, project.default_branch.as_deref()).await;
    job(asker, found, &at).await;
}

fn take_project(found: &mut Finder<'_>, project: &Project) {
    let facts = found.repository();
    facts.identifier = Some(project.id.to_string());
    facts.created_at = Some(project.created_at);
    facts.fork = Some(project.parent.is_some());
    facts.fork_of = project.parent.as_ref().map(|parent| parent.path_with_namespace.clone());
    facts.default_branch.clone_from(&project.default_branch);
    facts.visibility.clone_from(&project.visibility);
    facts.archived = Some(project.archived);
    if let Some(namespace) = &project.namespace {
        let kind = namespace.kind.as_ref().map(|kind| if kind == "group" { "organization" } else { "user" }.to_owned());
        found.facts.owner = Some(OwnerFacts { identifier: Some(namespace.id.to_string()), created_at: None, kind });
        found.unknown(Fact::OwnerAge, "GitLab does not tell when a group was made");
    }
}

async fn commit_facts(asker: &Asker<'_>, found: &mut Finder<'_>, at: &str, default: Option<&str>) {
    let Some(sha) = found.commit_id() else { return };
    let sha = sha.as_str();
    is_newer(asker, found, at, sha).await;
    match asker.ask::<Signature>(&format!("{at}/repository/commits/{sha}/signature"), Age::SETTLED).await {
        ForgeAnswer::Found(signature) => {
            found.commit().verified = Some(signature.verification_status.as_deref() == Some("verified"));
        }
        // GitLab has no signature of an unsigned commit.
        ForgeAnswer::Missing => found.commit().verified = Some(false),
        ForgeAnswer::Unknown(why) => found.failed(Fact::CommitSignature, why),
    }
    let Some(default) = default.filter(|name| branches::is_plain(name)) else {
        found.unknown(Fact::OnDefaultBranch, "the default branch is missing or its name cannot be asked for");
        return;
    };
    // A branch has the commit if the commit is the merge base of both. A tag of the same name is another thing. No
    // common commit is 404, an unknown one 400, <https://docs.gitlab.com/api/repositories/#retrieve-a-merge-base>.
    let path = format!("{at}/repository/merge_base?refs[]=refs/heads/{default}&refs[]={sha}");
    let is_merged = match asker.ask::<Base>(&path, Age::QUICK).await {
        ForgeAnswer::Found(base) => base.id.starts_with(&sha.to_lowercase()),
        ForgeAnswer::Missing => false,
        ForgeAnswer::Unknown(why) => return found.failed(Fact::OnDefaultBranch, why),
    };
    found.commit().on_default_branch = Some(is_merged);
    if !is_merged {
        release_branches(asker, found, at, sha).await;
        let before = found.question.commit_before.unwrap_or(default);
        changed_workflows(asker, found, at, &format!("from={before}&to={sha}")).await;
    }
}

/// Whether the commits since the version before, or those that the default branch does not have, change the pipeline. A long list of changes is cut off.
async fn changed_workflows(asker: &Asker<'_>, found: &mut Finder<'_>, at: &str, range: &str) {
    let answer = asker.ask::<Changes>(&format!("{at}/repository/compare?{range}"), Age::SETTLED).await;
    let Some(changes) = found.take(Fact::ChangedWorkflows, answer) else { return };
    let workflows = |file: &Changed| file.new_path == ".gitlab-ci.yml" || file.new_path.starts_with(".gitlab/");
    match (changes.diffs.iter().any(workflows), changes.is_cut_off) {
        (false, true) => found.unknown(Fact::ChangedWorkflows, "the forge does not name all changed files"),
        (changes, _) => found.commit().changes_workflows = Some(changes),
    }
}

/// Whether the tag of a release without a certificate names a commit that comes after that of the version before.
async fn is_newer(asker: &Asker<'_>, found: &mut Finder<'_>, at: &str, sha: &str) {
    let is_bare = commit(found.question.release).is_none();
    let (true, Some(before)) = (is_bare, found.question.commit_before) else { return };
    let path = format!("{at}/repository/merge_base?refs[]={before}&refs[]={sha}");
    let is_newer = match asker.ask::<Base>(&path, Age::SETTLED).await {
        ForgeAnswer::Found(base) => base.id.eq_ignore_ascii_case(before) && !base.id.eq_ignore_ascii_case(sha),
        ForgeAnswer::Missing => false,
        ForgeAnswer::Unknown(why) => return found.failed(Fact::TagOrder, why),
    };
    if let Some(tag) = &mut found.facts.tag {
        tag.is_newer = Some(is_newer);
    }
}

async fn release_branches(asker: &Asker<'_>, found: &mut Finder<'_>, at: &str, sha: &str) {
    let path = format!("{at}/repository/commits/{sha}/refs?type=branch&per_page={PAGE}");
    let Some(having) = found.take(Fact::OnReleaseBranch, asker.ask::<Vec<Ref>>(&path, Age::QUICK).await) else {
        return;
    };
    let is_all = having.len() < PAGE;
    found.on_any_branch(!having.is_empty(), asker.clock.now());
    let names = having.into_iter().map(|branch| branch.name).collect();
    let path = |name: &str| format!("{at}/repository/branches/{}", escaped(name));
    branches::find(asker, found, Branches { names, is_all }, path, |branch: &Branch| branch.protected).await;
}

async fn job(asker: &Asker<'_>, found: &mut Finder<'_>, at: &str) {
    let Some(number) = found.question.release.runs().find_map(run_number) else { return };
    let answer = asker.ask::<Job>(&format!("{at}/jobs/{number}"), Age::QUICK).await;
    if let Some(job) = found.take(Fact::Run, answer) {
        found.facts.run = Some(job.into());
    }
}

impl From<Job> for RunFacts {
    fn from(job: Job) -> Self {
        Self {
            conclusion: conclusion(job.status.as_deref()),
            event: job.pipeline.and_then(|pipeline| pipeline.source),
            created_at: job.created_at,
            actor: job.user.map(|user| user.username),
            ..Self::default()
        }
    }
}

/// The result of a job or pipeline in the words that GitHub has for it. `None`: it has not ended.
fn conclusion(status: Option<&str>) -> Option<String> {
    let word = match status {
        Some("success") => "success",
        Some("failed") => "failure",
        Some("canceled") => "cancelled",
        Some("skipped") => "skipped",
        _ => return None,
    };
    Some(word.to_owned())
}

async fn project(asker: &Asker<'_>, place: &ForgeRepository) -> ForgeAnswer<Project> {
    let path = place.id.as_ref().map_or_else(|| by_name(&place.path), |id| format!("projects/{id}"));
    asker.ask(&path, Age::SLOW).await
}

/// The start of requests about a project.
pub(super) async fn home(asker: &Asker<'_>, place: &ForgeRepository) -> ForgeAnswer<String> {
    project(asker, place).await.map(|project| format!("projects/{}", project.id))
}

/// One job.
pub(super) async fn run(asker: &Asker<'_>, at: &str, url: &str) -> ForgeAnswer<RunFacts> {
    let Some(number) = run_number(url) else { return ForgeAnswer::Unknown(format!("{url:?} is not the URL of a job")) };
    asker.ask::<Job>(&format!("{at}/jobs/{number}"), Age::QUICK).await.map(RunFacts::from)
}

/// The pipelines that changed since a time. GitLab has one workflow for each project.
pub(super) async fn pipelines(asker: &Asker<'_>, at: &str, wanted: UnderWay<'_>) -> ForgeAnswer<RunList> {
    let since = wanted.not_ended_before().format("%Y-%m-%dT%H:%M:%SZ");
    let path = format!("{at}/pipelines?updated_after={since}&order_by=id&sort=asc&per_page={PAGE}");
    let listed = asker.ask::<Vec<ListedPipeline>>(&path, Age::NEWS).await;
    listed.map(|pipelines| RunList {
        is_cut_off: pipelines.len() >= PAGE,
        runs: pipelines.into_iter().map(ListedRun::from).collect(),
    })
}

impl From<ListedPipeline> for ListedRun {
    fn from(pipeline: ListedPipeline) -> Self {
        let conclusion = conclusion(pipeline.status.as_deref());
        let ended_at = pipeline.updated_at.filter(|_| conclusion.is_some());
        let (event, created_at) = (pipeline.source, pipeline.created_at);
        let facts = RunFacts { conclusion, event, created_at, ended_at, ..RunFacts::default() };
        Self { url: pipeline.web_url, workflow: Some(".gitlab-ci.yml".to_owned()), is_of_fork: false, facts }
    }
}

fn escaped(name: &str) -> String {
    name.replace('/', "%2F").replace('+', "%2B")
}
