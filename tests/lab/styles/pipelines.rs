//! Honest projects that change how their workflow builds and publishes.

use chrono::TimeDelta;
use provwatch::model::Ecosystem;

use super::project::{By, Project, Source, TagStyle, Trail, day};

/// The CI provider becomes CircleCI, which npm takes as a trusted publisher and which cannot attest.
pub fn circleci_moves(project: &mut Project) {
    let count = project.turning_point();
    project.release_until(count);
    project.by = By::BareWorkflow;
    project.pipeline.provider = "circleci";
    project.register_anew();
    project.finish();
}

/// Merged commits rename the deployment environment, split it by kind of release, add or drop it. Certificates name
/// environments since November 2025.
pub fn environment_changes(project: &mut Project) {
    project.now = day("2025-11-05") + TimeDelta::days(project.random.i64(0..40));
    project.pace = (2, 16);
    if project.once_in(4) {
        project.publish_to(Ecosystem::PYPI);
    }
    let (before, after) = match project.random.u32(0..4) {
        0 => (Some("release"), Some("production")),
        1 => (Some("release"), None),
        2 => (None, Some("release")),
        _ => (Some("release"), Some("release-stable")),
    };
    project.pipeline.environment = before;
    let count = project.turning_point();
    project.release_until(count);
    project.pipeline.environment = after;
    project.register_anew();
    while !project.is_done() {
        let draft = project.next_release();
        // The split: a second environment for what is urgent.
        let is_urgent = after == Some("release-stable") && project.once_in(4);
        project.pipeline.environment = if is_urgent { Some("release-hotfix") } else { after };
        project.publish(&draft);
    }
}

/// The jobs move into a reusable workflow: of the repository, of its owner, or, pinned to a tag, of another owner.
pub fn reusable_refactor(project: &mut Project) {
    if project.once_in(4) {
        project.publish_to(Ecosystem::PYPI);
    }
    let count = project.turning_point();
    project.release_until(count);
    let (owner, name) = (&project.home.owner, &project.home.name);
    let branch = &project.home.default_branch;
    let builder = match project.random.u32(0..5) {
        0 | 1 => format!("{owner}/{name}/.github/workflows/publish-package.yml@refs/heads/{branch}"),
        2 => format!("{owner}/.github/.github/workflows/publish-package.yml@refs/heads/main"),
        3 => format!("{owner}/workflows/.github/workflows/publish-package.yml@refs/tags/v2"),
        _ => "common-workflows/publish/.github/workflows/publish.yml@refs/tags/v3".to_owned(),
    };
    project.pipeline.builder = Some(builder);
    project.finish();
}

/// The file of the workflow gets another name; npm needs a new registration for that.
pub fn workflow_renamed(project: &mut Project) {
    if project.once_in(4) {
        project.publish_to(Ecosystem::PYPI);
    }
    let count = project.turning_point();
    project.release_until(count);
    let renamed = ["deploy.yml", "npm-publish.yml", "cd.yaml"][project.random.usize(0..3)];
    renamed.clone_into(&mut project.pipeline.workflow);
    project.register_anew();
    project.finish();
}

/// The project builds on its own machines from some day on, or on hosted ones again.
pub fn runner_change(project: &mut Project) {
    if project.once_in(2) {
        project.publish_to(Ecosystem::PYPI);
    } else {
        // npm takes trusted publishing from hosted runners only.
        project.by = By::TokenInWorkflow;
    }
    let (before, after) =
        if project.once_in(2) { ("github-hosted", "self-hosted") } else { ("self-hosted", "github-hosted") };
    project.pipeline.runner = before;
    let count = project.turning_point();
    project.release_until(count);
    project.pipeline.runner = after;
    project.finish();
}

/// The workflow runs for tags; now and then a maintainer starts it by hand on the default branch, and it makes the tag itself.
pub fn sometimes_dispatch(project: &mut Project) {
    project.pipeline.source = Source::Tag;
    if project.once_in(4) {
        project.publish_to(Ecosystem::PYPI);
    }
    while !project.is_done() {
        let mut draft = project.next_release();
        if project.once_in(8) {
            draft.trigger = "workflow_dispatch";
            draft.reference = format!("refs/heads/{}", project.home.default_branch);
        }
        project.publish(&draft);
    }
}

/// A quarter of the tags come minutes to hours after the publication: the first look does not find them.
pub fn tag_after_publish(project: &mut Project) {
    (project.pipeline.source, project.pipeline.trigger) = (Source::Branch, "push");
    match project.random.u32(0..4) {
        0 => project.by = By::TokenInWorkflow,
        1 => project.by = By::Person(0),
        2 => project.publish_to(Ecosystem::PYPI),
        _ => {}
    }
    while !project.is_done() {
        let mut draft = project.next_release();
        if project.once_in(4) {
            draft.trail = Trail::Nothing;
        }
        project.publish(&draft);
    }
}

/// Tags change from `v1.2.3` to `package@1.2.3`, or lose the letter.
pub fn tag_style_change(project: &mut Project) {
    project.tags = TagStyle::V;
    let count = project.turning_point();
    project.release_until(count);
    project.tags = if project.once_in(3) { TagStyle::Plain } else { TagStyle::Package };
    project.finish();
}

/// Fixes for old lines come from branches of theirs, which nobody protected; half of these projects build the tags there.
pub fn lts_branches_unprotected(project: &mut Project) {
    if project.once_in(4) {
        project.publish_to(Ecosystem::PYPI);
    }
    let first = project.version[0];
    while !project.is_done() {
        let draft = project.next_release();
        project.publish(&draft);
        if project.releases.len() % 9 == 6 {
            project.version = [project.version[0] + 1, 0, 0];
        }
        let line = project.version[0].saturating_sub(1 + u64::from(project.once_in(3)));
        if line >= first && project.once_in(3) && !project.is_done() {
            fix_old_line(project, line);
        }
    }
}

fn fix_old_line(project: &mut Project, line: u64) {
    project.pass_time();
    let mut draft = project.draft(&format!("{line}.90.{}", project.releases.len()));
    draft.merged = false;
    if project.pipeline.source == Source::Branch {
        draft.reference = match project.number % 3 {
            0 => format!("refs/heads/{line}.x"),
            1 => format!("refs/heads/release/{line}"),
            _ => format!("refs/heads/v{line}-stable"),
        };
    }
    project.publish(&draft);
}
