//! Reads facts from GitHub's REST API, <https://docs.github.com/en/rest>.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{
    ask::{Age, Asker, ForgeAnswer},
    branches::{self, Branches},
    finder::Finder,
    former_names,
    place::{ForgeRepository, Named, attempt, commit, run_number},
    run_list::{ListedRun, RunList, UnderWay},
    tags,
};
use crate::model::{AuthMethod, Fact, OwnerFacts, RunFacts, run_and_attempt};

/// Most branches of a page.
const PAGE: usize = 100;

/// How long before a manual release a failed run explains it.
const JUST_BEFORE: TimeDelta = TimeDelta::hours(6);

#[derive(Serialize, Deserialize)]
struct Repository {
    id: u64,
    full_name: String,
    created_at: DateTime<Utc>,
    #[serde(default)]
    fork: bool,
    #[serde(default)]
    archived: bool,
    default_branch: String,
    visibility: Option<String>,
    owner: Account,
    parent: Option<Parent>,
}

#[derive(Serialize, Deserialize)]
struct Parent {
    full_name: String,
}

#[derive(Serialize, Deserialize)]
struct Account {
    id: u64,
    #[serde(rename = "type")]
    kind: Option<String>,
    created_at: Option<DateTime<Utc>>,
}

/// A commit as git has it: the other form includes the changes, which may exceed the size limit.
#[derive(Serialize, Deserialize)]
struct Commit {
    verification: Option<Verification>,
}

#[derive(Serialize, Deserialize)]
struct Verification {
    verified: bool,
}

#[derive(Serialize, Deserialize)]
struct Branch {
    name: String,
}

#[derive(Serialize, Deserialize)]
struct Comparison {
    status: String,
}

/// Most files of a comparison: GitHub names no more.
const MOST_FILES: usize = 300;

/// The files that a range of commits changes.
#[derive(Serialize, Deserialize)]
struct Changes {
    #[serde(default)]
    files: Vec<Changed>,
}

#[derive(Serialize, Deserialize)]
struct Changed {
    filename: String,
}

#[derive(Serialize, Deserialize)]
struct Run {
    event: Option<String>,
    conclusion: Option<String>,
    #[serde(rename = "run_attempt")]
    attempt: Option<u32>,
    created_at: Option<DateTime<Utc>>,
    actor: Option<Login>,
    head_repository: Option<Parent>,
    repository: Option<Parent>,
    path: Option<String>,
    #[serde(default)]
    html_url: String,
    updated_at: Option<DateTime<Utc>>,
}

#[derive(Serialize, Deserialize)]
struct Login {
    login: String,
}

#[derive(Serialize, Deserialize)]
struct Runs {
    workflow_runs: Vec<Run>,
}

/// The repository that has a name now.
pub(super) async fn named(asker: &Asker<'_>, path: &str) -> ForgeAnswer<Named> {
    let known = asker.ask::<Repository>(&format!("repos/{path}"), Age::NAME).await;
    known.map(|repository| Named { id: repository.id, created_at: repository.created_at })
}

pub(super) async fn find(asker: &Asker<'_>, found: &mut Finder<'_>) {
    let place = found.question.place.clone();
    let known = repository(asker, &place).await;
    found.gone(&place, &known);
    let Some(repository) = found.take(Fact::Repository, known) else { return };
    take_repository(found, &repository);
    let by_name = |name: &str| format!("repos/{name}");
    former_names::find(asker, found, &repository.full_name, by_name, |there: &Repository| there.id == repository.id)
        .await;
    owner(asker, found, &repository).await;
    if found.is_stranger() {
        return;
    }
    // By now the name may be another user's. GitHub's own redirects and page links lead below the id,
    // <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects>.
    let at = format!("repositories/{}", repository.id);
    let of_tag = |name: &str| format!("{at}/git/ref/tags/{}", escaped(name));
    let of_release = |name: &str| format!("{at}/releases/tags/{}", escaped(name));
    tags::find(asker, found, of_tag, of_release).await;
    commit_facts(asker, found, &at, &repository.default_branch).await;
    run_facts(asker, found, &at).await;
}

fn take_repository(found: &mut Finder<'_>, repository: &Repository) {
    let facts = found.repository();
    facts.identifier = Some(repository.id.to_string());
    facts.created_at = Some(repository.created_at);
    facts.fork = Some(repository.fork);
    facts.fork_of = repository.parent.as_ref().map(|parent| parent.full_name.clone());
    facts.default_branch = Some(repository.default_branch.clone());
    facts.visibility.clone_from(&repository.visibility);
    facts.archived = Some(repository.archived);
}

async fn owner(asker: &Asker<'_>, found: &mut Finder<'_>, repository: &Repository) {
    let path = format!("user/{}", repository.owner.id);
    let Some(owner) = found.take(Fact::Owner, asker.ask::<Account>(&path, Age::SLOW).await) else { return };
    found.facts.owner = Some(OwnerFacts {
        identifier: Some(owner.id.to_string()),
        created_at: owner.created_at,
        kind: owner.kind.map(|kind| kind.to_lowercase()),
    });
}

async fn commit_facts(asker: &Asker<'_>, found: &mut Finder<'_>, at: &str, default: &str) {
    let Some(sha) = found.commit_id() else { return };
    let sha = sha.as_str();
    is_newer(asker, found, at, sha).await;
    let commit = found.take(Fact::Commit, asker.ask::<Commit>(&format!("{at}/git/commits/{sha}"), Age::SETTLED).await);
    let is_there = commit.is_some();
    if let Some(commit) = commit {
        found.commit().verified = commit.verification.map(|verification| verification.verified);
    }
    if !branches::is_plain(default) {
        found.unknown(Fact::OnDefaultBranch, "the default branch has a name that cannot be asked for");
        return;
    }
    let is_merged = match asker.ask(&comparison(at, default, sha), Age::QUICK).await {
        ForgeAnswer::Found(compared) => reaches(&compared),
        // Two histories without a common beginning cannot be compared: an orphan commit.
        ForgeAnswer::Missing if is_there => false,
        ForgeAnswer::Missing => return found.unknown(Fact::OnDefaultBranch, "the forge does not have the commit"),
        ForgeAnswer::Unknown(why) => return found.failed(Fact::OnDefaultBranch, why),
    };
    found.commit().on_default_branch = Some(is_merged);
    if !is_merged {
        release_branches(asker, found, at, default, sha).await;
        any_branch(asker, found, at, sha).await;
        let before = found.question.commit_before.unwrap_or(default);
        changed_workflows(asker, found, at, &format!("{before}...{sha}")).await;
    }
}

/// Whether the tag of a release without a certificate names a commit that comes after that of the version before.
async fn is_newer(asker: &Asker<'_>, found: &mut Finder<'_>, at: &str, sha: &str) {
    let is_bare = commit(found.question.release).is_none();
    let (true, Some(before)) = (is_bare, found.question.commit_before) else { return };
    let answer: ForgeAnswer<Comparison> = asker.ask(&comparison(at, before, sha), Age::SETTLED).await;
    let is_newer = match answer {
        ForgeAnswer::Found(compared) => compared.status == "ahead",
        ForgeAnswer::Missing => false,
        ForgeAnswer::Unknown(why) => return found.failed(Fact::TagOrder, why),
    };
    if let Some(tag) = &mut found.facts.tag {
        tag.is_newer = Some(is_newer);
    }
}

/// Whether a branch has the commit: a release branch, or one whose head it is, or the branch that was built, to which
/// further commits may have come.
async fn any_branch(asker: &Asker<'_>, found: &mut Finder<'_>, at: &str, sha: &str) {
    if found.commit().on_release_branch == Some(true) {
        found.commit().on_any_branch = Some(true);
        return;
    }
    let path = format!("{at}/commits/{sha}/branches-where-head");
    let Some(heads) = found.take(Fact::OnAnyBranch, asker.ask::<Vec<Branch>>(&path, Age::QUICK).await) else { return };
    let mut has_it = !heads.is_empty();
    let built = branches::built(found.question.release);
    if let Some(branch) = built.into_iter().find(|name| branches::is_plain(name)).filter(|_| !has_it) {
        has_it = match asker.ask(&comparison(at, branch, sha), Age::QUICK).await {
            ForgeAnswer::Found(compared) => reaches(&compared),
            ForgeAnswer::Missing => false,
            ForgeAnswer::Unknown(why) => return found.failed(Fact::OnAnyBranch, why),
        };
    }
    found.on_any_branch(has_it, asker.clock.now());
}

/// Whether the commits since the version before, or those that the default branch does not have, change the workflows. An old
/// branch has changes of its own, which its earlier versions had too. The changes are on the first page.
async fn changed_workflows(asker: &Asker<'_>, found: &mut Finder<'_>, at: &str, range: &str) {
    let answer = asker.ask::<Changes>(&format!("{at}/compare/{range}?per_page=1"), Age::SETTLED).await;
    if let Some(changes) = found.take(Fact::ChangedWorkflows, answer) {
        let workflows = |file: &Changed| file.filename.starts_with(".github/");
        match (changes.files.iter().any(workflows), changes.files.len()) {
            (false, MOST_FILES..) => {
                found.unknown(Fact::ChangedWorkflows, format!("the forge names {MOST_FILES} of the changed files"));
            }
            (changes, _) => found.commit().changes_workflows = Some(changes),
        }
    }
}

/// The comparison of a branch with a commit. Only the first page has the changes.
fn comparison(at: &str, branch: &str, sha: &str) -> String {
    format!("{at}/compare/{branch}...{sha}?per_page=1&page=2")
}

/// The branch has a commit that is behind it or at its head.
fn reaches(compared: &Comparison) -> bool {
    matches!(compared.status.as_str(), "behind" | "identical")
}

async fn release_branches(asker: &Asker<'_>, found: &mut Finder<'_>, at: &str, default: &str, sha: &str) {
    let path = format!("{at}/branches?protected=true&per_page={PAGE}");
    let Some(protected) = found.take(Fact::OnReleaseBranch, asker.ask::<Vec<Branch>>(&path, Age::QUICK).await) else {
        return;
    };
    let is_all = protected.len() < PAGE;
    let names = protected.into_iter().map(|branch| branch.name).filter(|name| name != default).collect();
    branches::find(asker, found, Branches { names, is_all }, |branch| comparison(at, branch, sha), reaches).await;
}

async fn run_facts(asker: &Asker<'_>, found: &mut Finder<'_>, at: &str) {
    let release = found.question.release;
    let Some(number) = release.runs().find_map(run_number) else {
        if release.auth.method == AuthMethod::Token {
            failed_just_before(asker, found, at).await;
        }
        return;
    };
    let path = format!("{at}/actions/runs/{number}/attempts/{}", attempt(release));
    match asker.ask::<Run>(&path, Age::QUICK).await {
        ForgeAnswer::Found(run) => found.facts.run = Some(run.into()),
        // The certificate proves that the run existed.
        ForgeAnswer::Missing => {
            found.facts.run = Some(RunFacts::gone());
        }
        ForgeAnswer::Unknown(why) => found.failed(Fact::Run, why),
    }
}

impl From<Run> for RunFacts {
    fn from(run: Run) -> Self {
        Self {
            conclusion: run.conclusion,
            event: run.event,
            attempt: run.attempt,
            created_at: run.created_at,
            ended_at: None,
            actor: run.actor.map(|actor| actor.login),
            head_repository: run.head_repository.map(|repository| repository.full_name),
        }
    }
}

/// The repository. Its id survives renames, and another user cannot take it, as they can a name.
async fn repository(asker: &Asker<'_>, place: &ForgeRepository) -> ForgeAnswer<Repository> {
    let path = place.id.as_ref().map_or_else(|| format!("repos/{}", place.path), |id| format!("repositories/{id}"));
    asker.ask(&path, Age::SLOW).await
}

/// The start of requests about a repository.
pub(super) async fn home(asker: &Asker<'_>, place: &ForgeRepository) -> ForgeAnswer<String> {
    repository(asker, place).await.map(|repository| format!("repositories/{}", repository.id))
}

/// One run, or one attempt of it.
pub(super) async fn run(asker: &Asker<'_>, at: &str, url: &str) -> ForgeAnswer<RunFacts> {
    let Some(number) = run_number(url) else { return ForgeAnswer::Unknown(format!("{url:?} is not the URL of a run")) };
    let attempt = run_and_attempt(url).1.map(|attempt| format!("/attempts/{attempt}")).unwrap_or_default();
    asker.ask::<Run>(&format!("{at}/actions/runs/{number}{attempt}"), Age::QUICK).await.map(RunFacts::from)
}

/// The runs that began in a time: of the workflow, if it is the only one.
pub(super) async fn runs(asker: &Asker<'_>, at: &str, wanted: UnderWay<'_>) -> ForgeAnswer<RunList> {
    let stamp = |time: DateTime<Utc>| time.format("%Y-%m-%dT%H:%M:%SZ");
    let window = format!("{}..{}", stamp(wanted.since()), stamp(wanted.until()));
    let of = match wanted.workflows {
        [only] => only.strip_prefix(".github/workflows/").filter(|name| branches::is_plain(name)),
        _ => None,
    };
    let of = of.map(|name| format!("/workflows/{name}")).unwrap_or_default();
    let path = format!("{at}/actions{of}/runs?per_page={PAGE}&created={window}");
    let listed = asker.ask::<Runs>(&path, Age::NEWS).await;
    listed.map(|Runs { workflow_runs }| RunList {
        is_cut_off: workflow_runs.len() >= PAGE,
        runs: workflow_runs.into_iter().map(ListedRun::from).collect(),
    })
}

impl From<Run> for ListedRun {
    fn from(run: Run) -> Self {
        let workflow = run.path.as_deref().map(|path| path.split_once('@').map_or(path, |(file, _)| file).to_owned());
        let ended_at = run.updated_at.filter(|_| run.conclusion.is_some());
        let (built, home) = (run.head_repository.as_ref(), run.repository.as_ref());
        let is_of_fork = built.zip(home).is_some_and(|(built, home)| built.full_name != home.full_name);
        let url = run.html_url.clone();
        Self { url, workflow, is_of_fork, facts: RunFacts { ended_at, ..run.into() } }
    }
}

/// A run that failed just before a manual release explains it.
async fn failed_just_before(asker: &Asker<'_>, found: &mut Finder<'_>, at: &str) {
    let until = found.question.release.published_at;
    let stamp = |time: DateTime<Utc>| time.format("%Y-%m-%dT%H:%M:%SZ");
    let window = format!("{}..{}", stamp(until - JUST_BEFORE), stamp(until));
    let path = format!("{at}/actions/runs?status=failure&per_page=10&created={window}");
    let answer = asker.ask::<Runs>(&path, Age::QUICK).await;
    let Some(runs) = found.take(Fact::Run, answer) else { return };
    // Tests fail all day; only publishing workflows count, and their files are named so.
    let publishes = |run: &&Run| {
        let path = run.path.as_deref().unwrap_or_default().to_lowercase();
        ["release", "publish", "deploy", "npm", "pypi", "cd."].iter().any(|word| path.contains(word))
    };
    if let Some(failed) = runs.workflow_runs.iter().find(publishes) {
        found.facts.run = Some(RunFacts {
            conclusion: Some("failure".to_owned()),
            event: failed.event.clone(),
            created_at: failed.created_at,
            ..RunFacts::default()
        });
    }
}

/// Escapes plus signs, which some servers read as blanks.
fn escaped(tag: &str) -> String {
    tag.replace('+', "%2B")
}
