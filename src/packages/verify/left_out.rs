//! Detects data about a release that a registry's answer leaves out. An answer without the account must not lead to a
//! clean verdict, and a mirror that leaves it out of every answer raises one alert, not one for each release.

use crate::{
    health::limits::{LEFT_OUT_BY_SEVERAL, LEFT_OUT_LATELY},
    model::{Aspect, AuthMethod, Confidence, Observation, Package, Provenance, RegistryKey, Severity},
    packages::examination::{Examination, LATEST_RELEASES},
    store::{Store, StoreError},
    text::counted,
    upkeep::{OperationalIssue, OperationalIssues},
};

/// The start of every such reason.
const LEFT_OUT: &str = "the registry's answer leaves out ";

/// The reasons why a release is not checked because its registry's answer lacks fields: those that the package's
/// earlier releases had, or all that identify the publisher.
pub fn left_out(store: &Store, subject: &Examination<'_>, release: &Observation) -> Result<Vec<String>, StoreError> {
    let untold = release.untold.as_deref().unwrap_or_default();
    let ecosystem = subject.package.ecosystem();
    // It is unknown which fields a private registry could give: only those that it gave before are missed.
    let is_public = subject.package.is_public();
    let is_expected = |aspect: &&Aspect| !is_public || ecosystem.tells(**aspect);
    let may_be_told: Vec<_> = untold.iter().filter(is_expected).collect();
    if may_be_told.is_empty() {
        return Ok(Vec::new());
    }
    let rows = store.releases(subject.package, LATEST_RELEASES)?;
    let others: Vec<_> =
        rows.iter().filter_map(|row| row.observation.as_ref()).filter(|seen| seen.purl != release.purl).collect();
    // The manifest of a release that is not the latest may be unavailable (PyPI's mirrors).
    let is_usual = |aspect: &Aspect| *aspect == Aspect::Manifest && !untold.contains(&Aspect::Owners);
    let was_told = |aspect: &Aspect| others.iter().any(|seen| is_told(seen, *aspect));
    let mut reasons: Vec<String> = may_be_told
        .into_iter()
        .filter(|aspect| !is_usual(aspect) && was_told(aspect))
        .map(|aspect| format!("{LEFT_OUT}{}, which it told of releases before", aspect.title()))
        .collect();
    if reasons.is_empty() && is_public && is_anonymous(release, untold) {
        reasons.push(format!("{LEFT_OUT}every field that names the publisher"));
    }
    Ok(reasons)
}

/// The issue for a release whose fields stay left out: about the registry where several packages show it, else `None`,
/// and the release's own alert reports it.
pub fn registry_that_leaves_out(
    store: &Store,
    subject: &Examination<'_>,
) -> Result<Option<OperationalIssue>, StoreError> {
    let registry = subject.package.registry();
    let left_out = store.left_out(&registry, subject.now - LEFT_OUT_LATELY)?;
    let several: Vec<_> = left_out.iter().filter(|one| !one.by_design && one.packages >= LEFT_OUT_BY_SEVERAL).collect();
    if several.is_empty() {
        return Ok(None);
    }
    let seen = several.iter().map(|one| {
        format!(
            "{} ({} of the newest {} releases, {})",
            one.aspect.title(),
            one.releases,
            one.of,
            counted(one.packages, "package")
        )
    });
    Ok(Some(registry_leaves_out(&registry, &seen.collect::<Vec<_>>().join("; "), subject.package)))
}

/// Resolves the issue: the registry gives the fields again.
pub fn resolve_left_out(
    store: &Store,
    issues: &OperationalIssues,
    subject: &Examination<'_>,
) -> Result<(), StoreError> {
    if registry_that_leaves_out(store, subject)?.is_some() {
        return Ok(());
    }
    let issue = registry_leaves_out(&subject.package.registry(), "", subject.package);
    issues.resolve(&issue, "the registry tells it again", subject.now)
}

/// Whether a reason is of this kind.
pub fn is_left_out(why: &str) -> bool {
    why.starts_with(LEFT_OUT)
}

fn registry_leaves_out(key: &RegistryKey, seen: &str, package: &Package) -> OperationalIssue {
    let registry = key.title();
    OperationalIssue {
        subject: format!("left out {key}"),
        severity: Severity::Medium,
        confidence: Confidence::High,
        title: format!("the answers of {registry} lack fields that the detectors need"),
        argument: format!(
            "The missing fields: {seen}. The last package was {package}. provwatch does not call such releases clean, \
             and keeps them out of the baseline; it still compares their content. If a mirror stands in the registry's \
             place, make it pass on whole documents, or name the registry itself in the configuration ([registries]). \
             `provwatch lookup` lists the missing fields of a release."
        ),
    }
}

/// Whether a stored release has the field that another one lacks.
fn is_told(seen: &Observation, aspect: Aspect) -> bool {
    let was_there = seen.untold.as_ref().is_some_and(|untold| !untold.contains(&aspect));
    match aspect {
        Aspect::Account => seen.publisher.is_some() || seen.auth.method != AuthMethod::Unknown,
        Aspect::Attestation => was_there || !seen.identities().is_empty(),
        Aspect::Signature | Aspect::Time => was_there,
        Aspect::Owners => seen.maintainers.is_some(),
        Aspect::Manifest => seen.manifest.is_some(),
    }
}

/// Whether nothing identifies the publisher: no account, no attestation, no signature of the registry.
fn is_anonymous(release: &Observation, untold: &[Aspect]) -> bool {
    let nothing_attested = release.provenances().all(|provenance| *provenance == Provenance::Absent);
    let unsigned = untold.contains(&Aspect::Signature);
    let unattested = nothing_attested
        && (release.purl.package().ecosystem().tells(Aspect::Account) || untold.contains(&Aspect::Attestation));
    untold.contains(&Aspect::Account) && unsigned && unattested
}
