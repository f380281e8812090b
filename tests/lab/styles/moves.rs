//! Honest projects whose repository, owner or default branch changes.

use chrono::TimeDelta;
use provwatch::model::Ecosystem;

use super::project::{By, Forge, Home, Pipeline, Project, Source, TagStyle};

/// The repository and the CI leave GitLab for GitHub. The repository there is as old as the move, or a mirror of before;
/// the owner is an organization of before, or made for the move.
pub fn gitlab_to_github(project: &mut Project) {
    project.publish_to(Ecosystem::PYPI);
    let owner = format!("group{}", project.number);
    let github = (project.home.clone(), project.pipeline.clone());
    project.home = Home { forge: Forge::GitLab, owner, id: 31_000_000 + project.number, ..project.home.clone() };
    project.home.owner_id += 4_000_000;
    project.pipeline = Pipeline {
        workflow: ".gitlab-ci.yml".to_owned(),
        trigger: "push",
        source: Source::Tag,
        runner: "gitlab-hosted",
        provider: "gitlab",
        ..project.pipeline.clone()
    };
    let count = project.turning_point();
    project.release_until(count);
    (project.home, project.pipeline) = github;
    let age = if project.once_in(3) { project.random.i64(100..900) } else { project.random.i64(2..60) };
    project.home.since = project.now - TimeDelta::days(age);
    if project.once_in(4) {
        project.home.owner_since = project.home.since - TimeDelta::days(project.random.i64(0..20));
    }
    project.register_anew();
    project.finish();
}

/// The package's repository is merged into another repository of the same owner, which has been there for long. The manifest
/// follows; the workflow, the ref and the tags are those of the new place.
pub fn moved_into_monorepo(project: &mut Project) {
    if project.once_in(4) {
        project.publish_to(Ecosystem::PYPI);
    }
    let count = project.turning_point();
    project.release_until(count);
    let age = TimeDelta::days(project.random.i64(60..1800));
    project.home.name = format!("monorepo{}", project.number);
    project.home.id += 500_000;
    project.home.since = project.now - age;
    project.tags = TagStyle::Package;
    if project.once_in(2) {
        "release-packages.yml".clone_into(&mut project.pipeline.workflow);
    }
    if project.once_in(2) {
        (project.pipeline.source, project.pipeline.trigger) = (Source::Branch, "push");
    }
    project.register_anew();
    project.finish();
}

/// A maintainer hands the repository over to an organization: the same repository, another owner. One organization in five
/// is days old.
pub fn transferred_to_org(project: &mut Project) {
    project.home.owner_kind = "user";
    if project.once_in(4) {
        project.publish_to(Ecosystem::PYPI);
    }
    let count = project.turning_point();
    project.release_until(count);
    let (owner, name) = (format!("organization{}", project.number), project.home.name.clone());
    project.home.rename(&owner, &name);
    project.home.owner_kind = "organization";
    project.home.owner_id += 300_000;
    let age = if project.once_in(5) { project.random.i64(2..25) } else { project.random.i64(90..3000) };
    project.home.owner_since = project.now - TimeDelta::days(age);
    project.register_anew();
    project.finish();
}

/// An organization takes another name; its repositories keep theirs, or follow.
pub fn org_rename(project: &mut Project) {
    project.home.owner_kind = "organization";
    let count = project.turning_point();
    project.release_until(count);
    let owner = format!("{}-labs", project.home.owner);
    let name = if project.once_in(3) { format!("{}-next", project.home.name) } else { project.home.name.clone() };
    project.home.rename(&owner, &name);
    if project.once_in(2) {
        project.register_anew();
    }
    project.finish();
}

/// A private repository is opened: until then nothing could be attested, and no forge showed anything.
pub fn private_then_public(project: &mut Project) {
    project.home.is_public = false;
    project.by = if project.once_in(2) { By::BareWorkflow } else { By::Person(0) };
    let count = project.turning_point();
    project.release_until(count);
    project.home.is_public = true;
    project.by = By::Workflow;
    project.finish();
}

/// The default branch is renamed from `master` to `main`; most of these build from it.
pub fn master_to_main(project: &mut Project) {
    "master".clone_into(&mut project.home.default_branch);
    if !project.once_in(5) {
        (project.pipeline.source, project.pipeline.trigger) = (Source::Branch, "push");
    }
    if project.once_in(4) {
        project.publish_to(Ecosystem::PYPI);
    }
    let count = project.turning_point();
    project.release_until(count);
    "main".clone_into(&mut project.home.default_branch);
    project.finish();
}
