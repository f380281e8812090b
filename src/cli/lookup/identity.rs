//! Prints the verified identity of a release.

use crate::{
    cli::{
        fact_table::{self, Sheet},
        output, words, wrap,
    },
    model::{Claim, Claims, File, Observation, Provenance, VerifiedProvenance},
};

pub(in crate::cli) fn print(observation: &Observation) {
    let mut said: Vec<&Provenance> = Vec::new();
    for provenance in observation.provenances() {
        if !said.iter().any(|other| same(other, provenance)) {
            said.push(provenance);
            one(observation, provenance);
        }
    }
}

/// Files of one run differ in their log entries only.
fn same(a: &Provenance, b: &Provenance) -> bool {
    match (a, b) {
        (Provenance::Verified(a), Provenance::Verified(b)) => a.identity == b.identity,
        (a, b) => a == b,
    }
}

fn one(observation: &Observation, provenance: &Provenance) {
    let (all, of) = (observation.files.len(), files(observation, provenance));
    let of = match of {
        1 if all > 1 => format!(" ({})", named(observation, provenance)),
        of if of > 1 && of < all => format!(" ({of} of {all} files)"),
        _ => String::new(),
    };
    match provenance {
        Provenance::Absent => {
            fact_table::heading(format_args!("provenance: none{of}, the registry has no attestation"));
        }
        Provenance::Unavailable { reason } => {
            fact_table::heading(format_args!("provenance: could not be checked{of}"));
            output::line(wrap::paragraphs(&words::sentence(reason), wrap::width(), "  "));
        }
        Provenance::Invalid { check, reason } => {
            fact_table::heading(format_args!("provenance: INVALID{of}, it fails the check {check}"));
            output::line(wrap::paragraphs(&words::sentence(reason), wrap::width(), "  "));
        }
        Provenance::Verified(verified) => {
            fact_table::heading(format_args!("provenance: verified{of}"));
            facts(verified);
        }
    }
}

fn files(observation: &Observation, provenance: &Provenance) -> usize {
    with(observation, provenance).count()
}

fn with<'a>(observation: &'a Observation, provenance: &'a Provenance) -> impl Iterator<Item = &'a File> {
    let has = move |file: &&File| file.attestation.as_ref().is_some_and(|attestation| same(attestation, provenance));
    observation.files.iter().filter(has)
}

/// The file that the provenance is about.
fn named(observation: &Observation, provenance: &Provenance) -> String {
    with(observation, provenance).next().map(|file| words::name(&file.name)).unwrap_or_default()
}

fn facts(verified: &VerifiedProvenance) {
    let mut sheet = Sheet::new();
    signer(&mut sheet, verified);
    sheet.print();
}

/// The signer, the origin, the time and the log entry. Names are cut at a sentence's length only: half a name is
/// another name.
pub(in crate::cli) fn signer(sheet: &mut Sheet, verified: &VerifiedProvenance) {
    let identity = &verified.identity;
    let claims = &identity.claims;
    source(sheet, claims);
    sheet.maybe("workflow", identity.workflow().map(words::sentence));
    sheet.maybe("ref", claims.source_repository_ref.as_ref().map(words::sentence));
    sheet.maybe("commit", claims.source_repository_digest.as_ref().map(words::sentence));
    sheet.maybe("trigger", claims.build_trigger.as_ref().map(words::sentence));
    // People build without an environment, and its absence has no meaning for them.
    let tells = verified.signed_at.is_some_and(|at| Claim::DeploymentEnvironment.is_carried(at))
        && claims.source_repository_uri.is_some();
    let environment = claims.deployment_environment.as_ref().map(words::sentence);
    sheet.maybe("environment", environment.or_else(|| tells.then(|| "none".to_owned())));
    sheet.maybe("runner", claims.runner_environment.as_ref().map(words::sentence));
    sheet.maybe("run", claims.run_invocation_uri.as_ref().map(words::sentence));
    sheet.row("issuer", words::sentence(&identity.issuer));
    sheet.maybe("signed as", Some(words::sentence(&identity.subject)).filter(|subject| !subject.is_empty()));
    sheet.maybe("signed", verified.signed_at.map(words::moment));
    sheet.maybe(
        "logged",
        verified.log.as_ref().map(|entry| format!("{}, index {}", words::sentence(&entry.origin), entry.index)),
    );
}

fn source(sheet: &mut Sheet, claims: &Claims) {
    let with_id = |uri: &String, id: &Option<String>| match id {
        Some(id) => format!("{} (id {})", words::sentence(uri), words::sentence(id)),
        None => words::sentence(uri),
    };
    let repository = claims.source_repository_uri.as_ref();
    let visibility = claims.source_repository_visibility_at_signing.as_ref();
    let visibility = visibility.map(|visibility| format!(", {} when signed", words::sentence(visibility)));
    sheet.maybe(
        "repository",
        repository.map(|uri| {
            format!("{}{}", with_id(uri, &claims.source_repository_identifier), visibility.unwrap_or_default())
        }),
    );
    let owner = claims.source_repository_owner_uri.as_ref();
    sheet.maybe("owner", owner.map(|uri| with_id(uri, &claims.source_repository_owner_identifier)));
}
