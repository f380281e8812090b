//! Tests of facts by Git's protocol, and of what the API adds about the commit that a tag names.

use chrono::TimeDelta;
use provwatch::{
    clock::Clock,
    enrich::{Depth, ForgeKind, ForgeRepository, Question, Remembered},
    model::{Fact, Facts, Observation, Provenance},
};
use serde_json::{Value, json};

use super::{Cache, Lab, Memory, SHA, SINCE, attested, by_hand, repository};
use crate::lab::git::LabRepository;

const BEFORE: &str = "89abcdef0123456789abcdef0123456789abcdef";
const TAGGED: &str = "76543210fedcba9876543210fedcba9876543210";

fn question<'a>(release: &'a Observation, place: &'a ForgeRepository, depth: Depth) -> Question<'a> {
    let named_since = Some(SINCE.parse().unwrap());
    Question { release, place, former: &[], named_since, commit_before: Some(BEFORE), depth }
}

/// The facts by Git's protocol alone.
async fn by_git(lab: &Lab, release: &Observation, place: &ForgeRepository) -> Facts {
    lab.forges.facts(question(release, place, Depth::Tag)).await.facts
}

/// All facts.
async fn all(lab: &Lab, release: &Observation) -> Facts {
    let named = || ForgeRepository::of_url("https://github.com/acme/widget").unwrap();
    let place = ForgeRepository::of(release).unwrap_or_else(named);
    lab.forges.facts(question(release, &place, Depth::All)).await.facts
}

fn of_groups(path: &str) -> Observation {
    let mut release = attested("gitlab.com");
    let Provenance::Verified(verified) = &mut release.attestation else { panic!("it is attested") };
    verified.identity.claims.source_repository_uri = Some(format!("https://gitlab.com/{path}"));
    release
}

#[tokio::test]
async fn a_project_within_groups_is_asked_for_by_its_whole_path() {
    let lab = Lab::new(ForgeKind::Gitlab, None);
    lab.git.has("acme/tools/web/widget", LabRepository::new(BEFORE).tag("v1.2.3", SHA));
    let release = of_groups("acme/tools/web/widget");
    let place = ForgeRepository::of(&release).unwrap();
    let tag = by_git(&lab, &release, &place).await.tag.unwrap();
    assert_eq!((tag.exists, tag.commit.as_deref()), (Some(true), Some(SHA)));
    assert_eq!(lab.git.places(), ["gitlab.com/acme/tools/web/widget"]);
    assert_eq!(lab.forge.asked(), [] as [&str; 0], "the certificate names it with its id");
    by_git(&lab, &by_hand(), &place).await;
    assert_eq!(lab.forge.asked(), ["projects/acme%2Ftools%2Fweb%2Fwidget"], "the name alone is confirmed");
}

#[tokio::test]
async fn a_forge_within_the_company_is_asked_at_its_own_host() {
    let lab = Lab::at(ForgeKind::Github, "git.acme.example", "https://git.acme.example/api/v3/", None);
    lab.git.has("acme/widget", LabRepository::new(SHA).tag("v1.2.3", SHA));
    let release = attested("git.acme.example");
    let facts = by_git(&lab, &release, &ForgeRepository::of(&release).unwrap()).await;
    assert_eq!(
        (facts.tag.unwrap().exists, lab.git.places()),
        (Some(true), vec!["git.acme.example/acme/widget".to_owned()])
    );
    assert_eq!(facts.commit.unwrap().on_default_branch, Some(true));
    let elsewhere = attested("github.com");
    let facts = by_git(&lab, &elsewhere, &ForgeRepository::of(&elsewhere).unwrap()).await;
    assert_eq!((facts.tag, lab.git.asked().len()), (None, 1), "only forges of the configuration are asked");
}

#[tokio::test]
async fn a_commit_that_a_manifest_claims_is_worth_nothing() {
    let lab = Lab::new(ForgeKind::Github, None);
    lab.forge.has("repos/acme/widget", repository());
    lab.git.has("acme/widget", &LabRepository::new(SHA));
    let mut release = by_hand();
    release.manifest = Some(serde_json::from_value(json!({"git_head": SHA})).unwrap());
    let facts = by_git(&lab, &release, &ForgeRepository::of_url("https://github.com/acme/widget").unwrap()).await;
    assert_eq!((facts.tag.unwrap().exists, facts.commit), (Some(false), None));
}

/// A release by hand whose tag names a commit, with these further answers of GitHub.
fn tagged_by_hand() -> (Lab, Observation) {
    let lab = Lab::github(None);
    lab.forge.has("repos/acme/widget", repository());
    lab.git.has("acme/widget", LabRepository::new(BEFORE).annotated("v1.2.3", SHA, TAGGED));
    (lab, by_hand())
}

#[tokio::test]
async fn a_tag_is_newer_if_its_commit_comes_after_that_of_the_version_before() {
    let path = format!("repositories/77/compare/{BEFORE}...{TAGGED}?per_page=1&page=2");
    for (status, is_newer) in [
        (Some("ahead"), Some(true)),
        (Some("behind"), Some(false)),
        (Some("identical"), Some(false)),
        (Some("diverged"), Some(false)),
        (None, Some(false)),
    ] {
        let (lab, release) = tagged_by_hand();
        if let Some(status) = status {
            lab.forge.has(&path, json!({"status": status}));
        }
        let tag = all(&lab, &release).await.tag.unwrap();
        assert_eq!((tag.commit.as_deref(), tag.is_newer), (Some(TAGGED), is_newer), "{status:?}");
    }
    let (lab, release) = tagged_by_hand();
    lab.forge.says(&path, b"<html>");
    let facts = all(&lab, &release).await;
    assert_eq!(facts.tag.unwrap().is_newer, None);
    assert!(facts.unknown.unwrap()[&Fact::TagOrder].contains("another form"));
}

/// A widget as GitLab knows it, whose default branch lacks the commit.
fn unmerged_at_gitlab() -> Lab {
    let lab = Lab::new(ForgeKind::Gitlab, None);
    let project = json!({"id": 77, "path_with_namespace": "acme/widget", "created_at": "2020-01-01T00:00:00Z",
        "default_branch": "main"});
    let base = |of: &str, commit: &str| format!("projects/77/repository/merge_base?refs[]={of}&refs[]={commit}");
    lab.forge.has("projects/77", project.clone()).has("projects/acme%2Fwidget", project);
    lab.forge.has(&base("refs/heads/main", SHA), json!({"id": "9".repeat(40)}));
    lab
}

#[tokio::test]
async fn gitlab_tells_which_commit_is_newer_by_the_base_of_both() {
    let path = format!("projects/77/repository/merge_base?refs[]={BEFORE}&refs[]={TAGGED}");
    for (base, is_newer) in [(Some(BEFORE), true), (Some(TAGGED), false), (Some(SHA), false), (None, false)] {
        let lab = unmerged_at_gitlab();
        lab.git.has("acme/widget", LabRepository::new(BEFORE).tag("v1.2.3", TAGGED));
        if let Some(base) = base {
            lab.forge.has(&path, json!({"id": base}));
        }
        let (release, place) = (by_hand(), ForgeRepository::of_url("https://gitlab.com/acme/widget").unwrap());
        let facts = lab.forges.facts(question(&release, &place, Depth::All)).await.facts;
        assert_eq!(facts.tag.unwrap().is_newer, Some(is_newer), "{base:?}");
    }
}

#[tokio::test]
async fn gitlab_tells_which_branches_have_a_commit_and_what_it_changes() {
    let compare = format!("projects/77/repository/compare?from={BEFORE}&to={SHA}");
    let refs = format!("projects/77/repository/commits/{SHA}/refs?type=branch&per_page=100");
    let file = |path: &str| json!({"new_path": path, "old_path": path});
    for (branches, changes, on_any_branch, changes_workflows) in [
        (json!([]), json!({"diffs": [file("src/a.rs")]}), false, Some(false)),
        (json!([{"name": "next"}]), json!({"diffs": [file("a"), file(".gitlab-ci.yml")]}), true, Some(true)),
        (json!([{"name": "next"}]), json!({"diffs": [file("a")], "compare_timeout": true}), true, None),
    ] {
        let lab = unmerged_at_gitlab();
        lab.forge.has(&refs, branches).has(&compare, changes);
        let facts = all(&lab, &attested("gitlab.com")).await;
        let commit = facts.commit.unwrap();
        assert_eq!((commit.on_any_branch, commit.changes_workflows), (Some(on_any_branch), changes_workflows));
        let why = facts.unknown.unwrap_or_default();
        assert_eq!(why.contains_key(&Fact::ChangedWorkflows), changes_workflows.is_none());
    }
}

/// An old branch has changes of its own, which its earlier versions had too.
#[tokio::test]
async fn the_first_version_of_a_line_is_compared_with_the_default_branch() {
    let (lab, release) = unmerged_at_github();
    let page = format!("repositories/77/compare/main...{SHA}?per_page=1");
    lab.forge.has(&page, json!({"status": "diverged", "files": [{"filename": ".github/workflows/release.yml"}]}));
    let place = ForgeRepository::of(&release).unwrap();
    let asking = Question { commit_before: None, ..question(&release, &place, Depth::All) };
    let commit = lab.forges.facts(asking).await.facts.commit.unwrap();
    assert_eq!(commit.changes_workflows, Some(true));
}

/// A widget at GitHub whose default branch lacks the commit, built from a branch.
fn unmerged_at_github() -> (Lab, Observation) {
    let (lab, mut release) = (Lab::github(None), attested("github.com"));
    lab.forge
        .has(&format!("repositories/77/compare/main...{SHA}?per_page=1&page=2"), json!({"status": "diverged"}))
        .has("repositories/77/branches?protected=true&per_page=100", json!([]));
    let Provenance::Verified(verified) = &mut release.attestation else { panic!("it is attested") };
    verified.identity.claims.source_repository_ref = Some("refs/heads/next".to_owned());
    (lab, release)
}

#[tokio::test]
async fn a_branch_has_a_commit_as_its_head_or_below_it() {
    let heads = format!("repositories/77/commits/{SHA}/branches-where-head");
    let next = format!("repositories/77/compare/next...{SHA}?per_page=1&page=2");
    for (at_head, built, on_any_branch) in [
        (Some(json!([{"name": "next"}])), None, Some(true)),
        (Some(json!([])), Some("behind"), Some(true)),
        (Some(json!([])), Some("diverged"), Some(false)),
        (Some(json!([])), None, Some(false)),
        (None, None, None),
    ] {
        let (lab, release) = unmerged_at_github();
        if let Some(heads_now) = at_head {
            lab.forge.has(&heads, heads_now);
        }
        if let Some(status) = built {
            lab.forge.has(&next, json!({"status": status}));
        }
        let commit = all(&lab, &release).await.commit.unwrap();
        assert_eq!((commit.on_default_branch, commit.on_any_branch), (Some(false), on_any_branch), "{built:?}");
    }
}

/// Branches move on, and are deleted once they were merged.
#[tokio::test]
async fn that_no_branch_has_a_commit_counts_for_a_day() {
    let heads = format!("repositories/77/commits/{SHA}/branches-where-head");
    for (hours, now, on_any_branch) in
        [(23, json!([]), Some(false)), (25, json!([]), None), (25, json!([{"name": "next"}]), Some(true))]
    {
        let (lab, mut release) = unmerged_at_github();
        release.published_at = lab.clock.now() - TimeDelta::hours(hours);
        lab.forge.has(&heads, now);
        let facts = all(&lab, &release).await;
        assert_eq!(facts.commit.unwrap().on_any_branch, on_any_branch, "{hours}");
        assert_eq!(facts.unknown.unwrap_or_default().contains_key(&Fact::OnAnyBranch), on_any_branch.is_none());
    }
}

#[tokio::test]
async fn a_commit_changes_workflows_as_far_as_the_forge_names_its_files() {
    let page = format!("repositories/77/compare/{BEFORE}...{SHA}?per_page=1");
    let files = |names: &[&str], plain: usize| -> Value {
        let plain = (0..plain).map(|number| format!("src/{number}.rs"));
        let names = names.iter().map(|name| (*name).to_owned()).chain(plain);
        names.map(|name| json!({"filename": name, "status": "modified"})).collect()
    };
    for (files, changes_workflows) in [
        (files(&[], 3), Some(false)),
        (files(&[".github/workflows/release.yml"], 3), Some(true)),
        (files(&[".github/workflows/release.yml"], 299), Some(true)),
        (files(&["docs/.github/workflows/release.yml"], 0), Some(false)),
        (files(&[], 300), None),
    ] {
        let (lab, release) = unmerged_at_github();
        lab.forge.has(&page, json!({"status": "diverged", "files": files}));
        let facts = all(&lab, &release).await;
        assert_eq!(facts.commit.unwrap().changes_workflows, changes_workflows);
        let why = facts.unknown.unwrap_or_default();
        assert_eq!(why.contains_key(&Fact::ChangedWorkflows), changes_workflows.is_none());
    }
}

#[tokio::test]
async fn the_api_tells_the_commit_of_a_tag_where_git_does_not() {
    let commit = json!({"ref": "refs/tags/v1.2.3", "object": {"sha": TAGGED, "type": "commit"}});
    let object = json!({"ref": "refs/tags/v1.2.3", "object": {"sha": TAGGED, "type": "tag"}});
    for (answer, expected) in [(commit, Some(TAGGED)), (object, None), (json!({}), None)] {
        let lab = Lab::github(None);
        lab.forge.has("repositories/77/git/ref/tags/v1.2.3", answer);
        let tag = all(&lab, &attested("github.com")).await.tag.unwrap();
        assert_eq!((tag.exists, tag.commit.as_deref()), (Some(true), expected));
    }
}

/// An answer that was kept a minute ago.
fn keep(memory: &Memory, path: &str, body: Option<&str>) {
    let kept = json!({"body": body, "validators": {"etag": "\"old\""}, "at": "2026-06-01T11:59:00Z"});
    let kept: Remembered = serde_json::from_value(kept).unwrap();
    memory.remember(&format!("https://api.github.com/{path}"), &kept);
}

#[tokio::test]
async fn answers_that_earlier_versions_kept_are_read_or_asked_for_again() {
    let lab = Lab::github(None);
    let kept = [
        ("repositories/77/git/ref/tags/v1.2.3", Some("{}")),
        ("repositories/77/releases/tags/v1.2.3", Some("{}")),
        ("repositories/77/actions/runs/900/attempts/1", None),
        ("repositories/77", Some(r#"{"id":77,"created_at":"2020-01-01T00:00:00Z"}"#)),
    ];
    for (path, body) in kept {
        keep(&lab.memory, path, body);
    }
    let facts = all(&lab, &attested("github.com")).await;
    assert_eq!((facts.tag.unwrap().exists, facts.release.unwrap().exists), (Some(true), Some(true)));
    assert_eq!(facts.run.unwrap().conclusion.as_deref(), Some("gone"));
    assert_eq!(facts.repository.unwrap().default_branch.as_deref(), Some("main"), "half an answer is asked for again");
    assert!(!lab.forge.asked().iter().any(|path| path.contains("tags")), "{:?}", lab.forge.asked());
}

#[tokio::test]
async fn a_name_costs_one_question_for_its_owner_and_its_facts() {
    let (lab, release) = tagged_by_hand();
    let facts = all(&lab, &release).await;
    assert_eq!(facts.repository.unwrap().identifier.as_deref(), Some("77"));
    assert_eq!(lab.forge.asked().iter().filter(|path| *path == "repos/acme/widget").count(), 1);
}

#[tokio::test]
async fn a_strangers_repository_gives_its_age_and_nothing_that_excuses() {
    let (lab, release) = tagged_by_hand();
    let mut young = repository();
    young["created_at"] = json!("2026-05-30T00:00:00Z");
    lab.forge.has("repos/acme/widget", young);
    let facts = all(&lab, &release).await;
    assert_eq!((&facts.tag, &facts.release, &facts.commit, &facts.run), (&None, &None, &None, &None));
    assert!(facts.repository.is_some(), "its age speaks against it");
    assert!(facts.unknown.unwrap()[&Fact::Tag].contains("is younger than its name in the package"));
}
