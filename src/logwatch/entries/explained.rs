//! Finds the release that carries a log entry.

use crate::{
    logwatch::rows::place,
    model::{Observation, ReleaseId, WorkflowIdentity},
    store::{LogEntryRow, ReleaseRow, Store, StoreError, Trace},
};

/// Most releases with the digest of an entry that are checked for its signer.
const SAME_DIGEST: usize = 100;

/// The release that carries an entry: by its place in the log; by the key, which is made for one signing; by the signed
/// digest, if the release is known to be built by the same workflow, since anyone can sign published files; or by the
/// run that signed. Not every bundle proves its place.
pub fn explanation(store: &Store, row: &LogEntryRow) -> Result<Option<ReleaseId>, StoreError> {
    let at = place(store, &row.log, row.entry.index)?;
    let claims = &row.entry.identity.claims;
    let traces = [
        Some(Trace::LogEntry { origin: &at.origin, index: at.index }),
        Some(Trace::Signed(&row.entry.key_sha256)),
        row.entry.digest.as_deref().map(Trace::Signed),
        row.entry.digest.as_deref().map(Trace::Digest),
        claims.run_invocation_uri.as_deref().map(Trace::Run),
    ];
    for trace in traces.into_iter().flatten() {
        let anybody_can = matches!(trace, Trace::Digest(_) | Trace::Signed(_));
        let is_its_own = |release: &ReleaseRow| !anybody_can || was_built_by(release, &row.entry.identity);
        let releases = store.traced(trace, if anybody_can { SAME_DIGEST } else { 1 })?;
        if let Some(release) = releases.into_iter().find(is_its_own) {
            return Ok(Some(release.purl));
        }
    }
    Ok(None)
}

/// Whether a release is verified to be built by the signing workflow.
fn was_built_by(release: &ReleaseRow, signer: &WorkflowIdentity) -> bool {
    release
        .observation
        .iter()
        .flat_map(Observation::verified)
        .any(|verified| is_same_workflow(&verified.identity, signer))
}

/// Whether both are one workflow file in one repository. The repository is compared by its id where both name it, since
/// a renamed repository stays the same.
fn is_same_workflow(one: &WorkflowIdentity, other: &WorkflowIdentity) -> bool {
    let id = |of: &WorkflowIdentity| of.claims.source_repository_identifier.clone();
    let url = |of: &WorkflowIdentity| of.claims.source_repository_uri.as_deref().unwrap_or(&of.subject).to_lowercase();
    let file = |of: &WorkflowIdentity| {
        let workflow = of.workflow().unwrap_or(&of.subject).to_lowercase();
        workflow.strip_prefix(&url(of)).map(str::to_owned).unwrap_or(workflow)
    };
    let is_of_one = match (id(one), id(other)) {
        (Some(one), Some(other)) => one == other,
        _ => url(one) == url(other),
    };
    one.issuer == other.issuer && is_of_one && file(one) == file(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Claims;

    #[test]
    fn a_workflow_stays_the_same_when_its_repository_is_renamed() {
        let signer = |repository: &str, id: Option<&str>, file: &str| WorkflowIdentity {
            issuer: "https://issuer.example".to_owned(),
            subject: format!("https://forge.example/{repository}/{file}@refs/tags/v1"),
            claims: Claims {
                source_repository_uri: Some(format!("https://forge.example/{repository}")),
                source_repository_identifier: id.map(str::to_owned),
                build_config_uri: Some(format!("https://forge.example/{repository}/{file}@refs/tags/v1")),
                ..Claims::default()
            },
        };
        let one = signer("acme/widget", Some("7"), "release.yml");
        for (other, expected) in [
            (signer("Acme/gadget", Some("7"), "release.yml"), true),
            (signer("acme/widget", Some("8"), "release.yml"), false),
            (signer("ACME/widget", None, "release.yml"), true),
            (signer("acme/gadget", None, "release.yml"), false),
            (signer("acme/widget", Some("7"), "nightly.yml"), false),
        ] {
            assert_eq!(is_same_workflow(&one, &other), expected, "{other:?}");
        }
    }
}
