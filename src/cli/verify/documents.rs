//! Verifies the attestations of a file one by one, against the given artifact and conditions.

use super::{
    asked::Verify,
    report::{Attested, Report, Said, Verdict},
};
use crate::{
    attest::{Attestation, FileDigests, Verifier, attestations},
    cli::{exit::CliError, words},
    model::WorkflowIdentity,
};

pub(super) fn report(
    asked: &Verify,
    document: &[u8],
    file: Option<FileDigests>,
    verifier: &Verifier,
) -> Result<Report, CliError> {
    let next = "a published file is looked up by its digest: `provwatch verify sha256:…`";
    let found = attestations(document).map_err(|error| CliError::usage(error).next(next))?;
    let mut all: Vec<Attested> = found.iter().map(|one| attested(asked, one, file.as_ref(), verifier)).collect();
    leave_keys_alone(&mut all);
    let (verdict, reasons) = verdict(&all, file.is_some());
    let target = asked.target.clone();
    Ok(Report { target, verdict, reasons, artifact: file, attestations: all, releases: Vec::new() })
}

fn attested(asked: &Verify, one: &Attestation, file: Option<&FileDigests>, verifier: &Verifier) -> Attested {
    let speaks_of_it = file.and_then(|file| one.speaks_of(file));
    // An attestation of another file is verified by itself; a note adds that it is about another file.
    let compared = file.filter(|_| speaks_of_it != Some(false));
    let attestation = Said::of(one.verify(verifier, compared));
    let is_asked = attestation.verdict() == Verdict::Verified && speaks_of_it != Some(false);
    let signer = signer(&attestation);
    Attested {
        place: Some(one.place.clone()).filter(|place| !place.is_empty()),
        kind: one.kept.as_str(),
        predicate_type: one.predicate_type.clone(),
        about: one.about.iter().map(Into::into).collect(),
        speaks_of_it,
        conditions: if is_asked { asked.conditions.of(signer.as_ref()) } else { Vec::new() },
        attestation,
    }
}

/// The signer. A certificate without an issuer still has a subject.
fn signer(said: &Said) -> Option<WorkflowIdentity> {
    let named = || Some(WorkflowIdentity { subject: said.subject.clone()?, ..WorkflowIdentity::default() });
    said.proven.as_ref().map(|proven| proven.identity.clone()).or_else(named)
}

/// A registry's key proves nothing about the builder. Beside attestations that do, the conditions do not apply to it.
fn leave_keys_alone(all: &mut [Attested]) {
    if all.iter().any(|one| !one.conditions.is_empty() && one.attestation.key.is_none()) {
        for one in all.iter_mut().filter(|one| one.attestation.key.is_some()) {
            one.conditions.clear();
        }
    }
}

fn verdict(all: &[Attested], is_compared: bool) -> (Verdict, Vec<String>) {
    let mut worst = Verdict::Verified;
    let mut reasons = Vec::new();
    for one in all {
        let reason = match (&one.attestation.check, &one.attestation.reason) {
            (Some(check), Some(why)) => Some(format!("does not hold: {check}: {why}")),
            (None, Some(why)) => Some(format!("could not be checked: {why}")),
            _ => None,
        };
        reasons.extend(reason.map(|reason| format!("{} {reason}", name(one))));
        let unmet = one.conditions.iter().filter(|condition| !condition.met);
        let mut verdict = one.attestation.verdict();
        for condition in unmet {
            verdict = verdict.max(Verdict::Unmet);
            let place = one.place.as_ref().map(|place| format!("{}: ", words::name(place)));
            reasons.push(format!("{}{}", place.unwrap_or_default(), condition.unmet()));
        }
        worst = worst.max(verdict);
    }
    let speaks = |one: &Attested| one.speaks_of_it != Some(false) && one.attestation.verdict() == Verdict::Verified;
    if is_compared && worst == Verdict::Verified && !all.iter().any(speaks) {
        worst = Verdict::Invalid;
        reasons.push("none of them speaks of the file".to_owned());
    }
    (worst, reasons)
}

/// Its name in a sentence.
fn name(one: &Attested) -> String {
    one.place.as_ref().map_or_else(|| "it".to_owned(), words::name)
}
