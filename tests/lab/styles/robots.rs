//! Honest projects that machines release: on every merge, every night, or many packages at once.

use chrono::{DateTime, TimeDelta, Utc};

use super::project::{By, Project, Source, TagStyle, Trail};

/// A bot releases every merge to the default branch, several on some days; the next major version is prepared on a branch
/// of its own, which is not merged yet.
pub fn semantic_release(project: &mut Project) {
    (project.pipeline.source, project.pipeline.trigger) = (Source::Branch, "push");
    project.pace = (0, 9);
    if project.once_in(3) {
        project.by = By::TokenInWorkflow;
    }
    let track = ["next", "beta", "alpha"][project.random.usize(0..3)];
    while !project.is_done() {
        let draft = project.next_release();
        project.publish(&draft);
        if project.once_in(5) {
            project.now += TimeDelta::minutes(project.random.i64(3..50));
            project.version[2] += 1;
            let version = project.version_text();
            let draft = project.draft(&version);
            project.publish(&draft);
        }
        if project.once_in(9) {
            project.pass_time();
            let version = format!("{}.0.0-{track}.{}", project.version[0] + 1, project.releases.len());
            let mut draft = project.draft(&version);
            (draft.reference, draft.merged) = (format!("refs/heads/{track}"), false);
            project.publish(&draft);
        }
    }
}

/// One run on the default branch publishes those packages of a repository that changed, each with a version of its own.
pub fn changesets_monorepo(project: &mut Project) {
    (project.pipeline.source, project.pipeline.trigger) = (Source::Branch, "push");
    project.tags = TagStyle::Package;
    if project.once_in(3) {
        project.by = By::TokenInWorkflow;
    }
    let mut versions: Vec<[u64; 3]> = (0..project.random.usize(3..6)).map(|_| [1, 0, 0]).collect();
    project.length += 10;
    while !project.is_done() {
        project.pass_time();
        let is_everything = project.once_in(6);
        let packages: Vec<usize> = (0..versions.len()).filter(|_| is_everything || project.once_in(2)).collect();
        let burst = packages.into_iter().map(|package| {
            let version = &mut versions[package];
            *version =
                if is_everything { [version[0], version[1] + 1, 0] } else { [version[0], version[1], version[2] + 1] };
            (format!("@scope{}/part{package}", project.number), text(*version))
        });
        let burst: Vec<_> = burst.collect();
        publish_at_once(project, &burst);
    }
}

/// All packages of a repository have one version, and are published together within a minute. One tag is for all.
pub fn lerna_fixed_burst(project: &mut Project) {
    project.tags = TagStyle::V;
    project.by = [By::Workflow, By::TokenInWorkflow, By::Person(0)][project.random.usize(0..3)];
    let packages = project.random.usize(4..9);
    project.length *= 2;
    while !project.is_done() {
        project.pass_time();
        project.bump();
        let version = project.version_text();
        let burst: Vec<_> =
            (0..packages).map(|n| (format!("@scope{}/part{n}", project.number), version.clone())).collect();
        publish_at_once(project, &burst);
    }
}

/// Publishes packages by one run, some seconds one after the other.
fn publish_at_once(project: &mut Project, burst: &[(String, String)]) {
    let mut run = None;
    for (package, version) in burst {
        let mut draft = project.draft_of(package, version);
        draft.run = *run.get_or_insert(draft.run);
        project.now += TimeDelta::seconds(project.random.i64(2..9));
        project.publish(&draft);
    }
}

fn text([major, minor, patch]: [u64; 3]) -> String {
    format!("{major}.{minor}.{patch}")
}

/// Stable releases by tag, and a build of the default branch every night, which has no tag.
pub fn nightly_and_stable(project: &mut Project) {
    (project.pipeline.source, project.pipeline.trigger) = (Source::Tag, "push");
    project.pace = (4, 9);
    while !project.is_done() {
        let draft = project.next_release();
        project.publish(&draft);
        for _ in 0..project.random.u32(0..4) {
            project.now = night_after(project.now);
            publish_nightly(project);
        }
    }
}

fn night_after(now: DateTime<Utc>) -> DateTime<Utc> {
    (now.date_naive() + TimeDelta::days(1)).and_hms_opt(2, 30, 7).unwrap().and_utc()
}

fn publish_nightly(project: &mut Project) {
    let [major, minor, _] = project.version;
    let version = format!("{major}.{}.0-nightly.{}", minor + 1, project.now.format("%Y%m%d"));
    let mut draft = project.draft(&version);
    draft.reference = format!("refs/heads/{}", project.home.default_branch);
    draft.trigger = "schedule";
    draft.trail = Trail::Nothing;
    project.publish(&draft);
}

/// A package is split: new packages of the same scope and repository, and the main one depends on them the same day.
pub fn splits_same_day_deps(project: &mut Project) {
    project.package = format!("@scope{}/core", project.number);
    if project.once_in(3) {
        project.by = By::Person(0);
    }
    let count = project.turning_point();
    project.release_until(count);
    project.pass_time();
    for part in ["parser", "runtime"].iter().take(project.random.usize(1..3)) {
        let name = format!("@scope{}/{part}", project.number);
        let draft = project.draft_of(&name, "1.0.0");
        project.publish(&draft);
        project.dependencies.insert(name.clone(), "^1.0.0".to_owned());
        project.new_dependencies.insert(name, project.now);
        project.now += TimeDelta::minutes(project.random.i64(1..90));
    }
    // Publishing a part forgets what is new; the main package has both first.
    let now = project.now;
    let parts = project.dependencies.keys().filter(|name| name.starts_with('@')).cloned();
    project.new_dependencies = parts.map(|name| (name, now - TimeDelta::hours(1))).collect();
    project.version = [project.version[0], project.version[1] + 1, 0];
    let version = project.version_text();
    let draft = project.draft(&version);
    project.publish(&draft);
    project.finish();
}
