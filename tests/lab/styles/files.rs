//! Honest projects at PyPI whose files lose attestations, all of them or some.

use provwatch::model::Ecosystem;

use super::project::{By, Project};

/// A change of the upload tool drops the attestations of all files for months, until a maintainer notices. Tags and releases go
/// on as before.
pub fn pypi_attestation_lost(project: &mut Project) {
    project.publish_to(Ecosystem::PYPI);
    // Lost evidence without a tag is what a thief leaves: no rule can tell the two apart.
    project.forgets_tags = false;
    let count = project.turning_point();
    project.release_until(count);
    project.by = By::BareWorkflow;
    // Every second project never notices.
    if project.once_in(2) {
        let count = (count + project.random.usize(4..10)).min(project.length);
        project.release_until(count);
        project.by = By::Workflow;
    }
    project.finish();
}

/// Wheels of one architecture come from another job, which does not attest: from some release on, or now and then.
pub fn pypi_partial_files(project: &mut Project) {
    project.publish_to(Ecosystem::PYPI);
    // Lost evidence without a tag is what a thief leaves: no rule can tell the two apart.
    project.forgets_tags = false;
    let wheels: &[&'static str] = match project.random.u32(0..3) {
        0 => &["manylinux_2_28_aarch64"],
        1 => &["macosx_11_0_arm64", "macosx_10_13_x86_64"],
        _ => &["musllinux_1_2_x86_64"],
    };
    let is_now_and_then = project.once_in(2);
    let since = project.turning_point();
    while !project.is_done() {
        let mut draft = project.next_release();
        let is_partial = if is_now_and_then { project.once_in(5) } else { project.releases.len() >= since };
        if is_partial {
            draft.bare_wheels = wheels.to_vec();
        }
        project.publish(&draft);
    }
}
