//! Honest projects that people release: alone, in turns, from a laptop, after a long sleep, or on the way to a machine.

use chrono::TimeDelta;
use provwatch::model::Ecosystem;

use super::project::{By, Project, Trail, day, person};

/// A person uploads with twine, and tags about seven releases in ten.
pub fn pypi_twine_person(project: &mut Project) {
    project.publish_to(Ecosystem::PYPI);
    project.by = By::Person(0);
    while !project.is_done() {
        let mut draft = project.next_release();
        if project.random.u32(0..10) < 3 {
            draft.trail = Trail::Nothing;
        }
        project.publish(&draft);
    }
}

/// Two people with tokens take turns, in zones of their own.
pub fn two_maintainers(project: &mut Project) {
    let zones = [project.random.i64(-8..=-3), project.random.i64(0..=9)];
    let turns = project.random.u32(2..5);
    while !project.is_done() {
        let who = usize::from(project.once_in(turns));
        (project.by, project.zone) = (By::Person(who), zones[who]);
        let draft = project.next_release();
        project.publish(&draft);
    }
}

/// A maintainer published the first releases, and a trusted publisher the later ones; now and then the maintainer publishes a
/// hot-fix from their own machine, and tags it. A failed run explains every third.
pub fn laptop_hotfix(project: &mut Project) {
    while !project.is_done() {
        let mut draft = project.next_release();
        if project.releases.len() < 2 {
            draft.by = By::Person(0);
        }
        if project.releases.len() > 3 && project.once_in(14) {
            draft.by = By::Person(0);
            draft.after_failed_run = project.once_in(3);
        }
        project.publish(&draft);
    }
}

/// A trusted publisher makes stable releases; pre-releases come from a maintainer's machine from the beginning, some of them
/// without a tag.
pub fn prereleases_from_laptop(project: &mut Project) {
    let word = ["alpha", "beta", "rc"][project.random.usize(0..3)];
    while !project.is_done() {
        let draft = project.next_release();
        project.publish(&draft);
        if project.releases.len() > 2 && !project.once_in(4) {
            continue;
        }
        let [major, minor, _] = project.version;
        for number in 0..project.random.u32(1..4) {
            project.pass_time();
            let mut draft = project.draft(&format!("{major}.{}.0-{word}.{number}", minor + 1));
            draft.by = By::Person(0);
            if project.once_in(2) {
                draft.trail = Trail::Nothing;
            }
            project.publish(&draft);
        }
        project.version = [major, minor + 1, 0];
    }
}

/// A package sleeps for a year or more. A new maintainer is added, and modernizes dependencies and build.
pub fn dormant_handover(project: &mut Project) {
    project.now = day("2021-02-01") + TimeDelta::days(project.random.i64(0..300));
    project.pace = (5, 60);
    project.by = By::Person(0);
    if project.once_in(4) {
        project.publish_to(Ecosystem::PYPI);
    }
    let count = project.turning_point();
    project.release_until(count);
    project.now += TimeDelta::days(project.random.i64(380..1000));
    let newcomer = person(&format!("newcomer-of-{}", project.number));
    project.maintainers.push(newcomer.name.clone());
    project.people.push(newcomer);
    project.by = By::Person(project.people.len() - 1);
    modernize(project);
    project.pace = (3, 30);
    project.finish();
}

/// The first releases of the newcomer: a release with what lay around, or a new major version with other dependencies.
fn modernize(project: &mut Project) {
    project.dependencies.clear();
    for _ in 0..project.random.u32(1..5) {
        project.add_dependency();
    }
    let [major, minor, patch] = project.version;
    project.version = if project.once_in(3) { [major, minor, patch + 1] } else { [major + 1, 0, 0] };
    let version = project.version_text();
    let draft = project.draft(&version);
    project.publish(&draft);
    // Some set up a trusted publisher soon.
    if project.once_in(3) {
        let count = (project.releases.len() + 3).min(project.length);
        project.release_until(count);
        project.by = By::Workflow;
    }
}

/// A person published with a token; from some day on a trusted publisher does.
pub fn tokens_then_tp(project: &mut Project) {
    project.by = if project.once_in(3) { By::TokenInWorkflow } else { By::Person(0) };
    let count = project.turning_point();
    project.release_until(count);
    project.by = By::Workflow;
    project.finish();
}

/// The same of a crate, whose registry names the repository of the trusted publisher.
pub fn crates_token_to_tp(project: &mut Project) {
    project.publish_to(Ecosystem::CARGO);
    tokens_then_tp(project);
}

/// The owners of a crate publish in turns, each with a token.
pub fn crates_owners_alternate(project: &mut Project) {
    project.publish_to(Ecosystem::CARGO);
    let third = person(&format!("person2-of-{}", project.number));
    project.maintainers.push(third.name.clone());
    project.people.push(third);
    while !project.is_done() {
        project.by = By::Person(project.random.usize(0..3).min(project.random.usize(0..3)));
        let draft = project.next_release();
        project.publish(&draft);
    }
}
