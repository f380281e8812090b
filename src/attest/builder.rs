//! Checks that several attestations of one file come from one build.

use super::failure::VerificationFailure;
use crate::model::{Check, VerifiedProvenance, WorkflowIdentity};

/// The first of several verified attestations, if all are valid and name one builder.
///
/// # Errors
/// The first failure, or [`Check::Publisher`] if they contradict each other.
pub(super) fn agreed(
    verified: impl Iterator<Item = Result<VerifiedProvenance, VerificationFailure>>,
) -> Result<Option<VerifiedProvenance>, VerificationFailure> {
    let mut first: Option<VerifiedProvenance> = None;
    for next in verified {
        let next = next?;
        match &first {
            Some(first) => check_same(&first.identity, &next.identity)?,
            None => first = Some(next),
        }
    }
    Ok(first)
}

/// The claims that identify repository and workflow must be the same. The claims about the signer may differ, as
/// reusable workflows sign in their own name.
fn check_same(one: &WorkflowIdentity, other: &WorkflowIdentity) -> Result<(), VerificationFailure> {
    if builder(one) == builder(other) {
        return Ok(());
    }
    Err(VerificationFailure::invalid(
        Check::Publisher,
        format!("its attestations name two builders, {one} and {other}"),
    ))
}

fn builder(identity: &WorkflowIdentity) -> [Option<&String>; 5] {
    let claims = &identity.claims;
    [
        Some(&identity.issuer),
        claims.source_repository_uri.as_ref().or(Some(&identity.subject)),
        claims.source_repository_identifier.as_ref(),
        claims.source_repository_owner_identifier.as_ref(),
        claims.build_config_uri.as_ref(),
    ]
}
