//! Detects a release that violates the operator's policy.

use crate::{
    baseline::Traits,
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{
        AuthMethod, Baseline, Confidence, Demand, EffectivePolicy, EvidenceRank, Missing, OrNone, Severity, Signal,
        Unread, fits,
        traits::{Environments, EvidenceRanks},
    },
};

/// A release that the operator's policy does not allow.
pub struct PolicyViolated;

static ABOUT: About = About {
    id: "policy-violated",
    title: "Violates the policy",
    harmless: Some("Does not meet the policy"),
    category: SignalCategory::Policy,
    severity: Severity::High,
    confidence: Confidence::High,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release that violates the `expect` block of its package or tier in the watchlist. The signal is high for weaker evidence, and for another issuer, owner, repository or workflow. It is medium for another ref, environment or publisher, for a younger repository, and for a release outside the publish hours. `[tiers.TIER] severity` replaces these for the demands of a tier. An unknown value violates nothing: a release without an attestation has no known repository. Require `evidence` to cover that case.

The signal is informational where `missing` is `warn`, the default of a tier's demands. That covers evidence or an environment that no release of the package ever had, and no stronger evidence either.

### Why it matters
A baseline describes past releases; a policy states the requirement. The policy applies from the first release on. History weakens it only where `missing` is `warn`, and never for another value: a foreign repository always violates it.

### False positives
A project that changed while your policy stayed the same. Several violations by one release count once.

### What to do
Look for an announcement by the project. If the change is honest, change the `expect` block, or announce the change with `provwatch expect add`.

### Example incident
None. The value of this detector depends on the policy.";

impl Detector for PolicyViolated {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let Some(effective) = change.policy else { return Vec::new() };
        let policy = &effective.policy;
        let evidence = policy.evidence.and_then(|least| weaker(change, effective, least));
        let age = policy.min_repository_age_days.and_then(|least| young(change, effective, least));
        let mut found: Vec<Signal> = evidence.into_iter().collect();
        for (demand, allowed) in policy.lists().into_iter().filter(|(_, allowed)| !allowed.is_empty()) {
            for value in values(change, demand) {
                let plain = if demand == Demand::Issuers { &value } else { without_scheme(&value) };
                if !allowed.iter().any(|glob| fits(glob, plain) || fits(glob, &value)) {
                    let is_missing =
                        value.is_empty() && demand == Demand::Environments && !had_environment(change.package);
                    found.push(violated(effective, demand, &allowed.join(", "), plain, is_missing));
                }
            }
        }
        found.extend(age);
        found.extend(outside_hours(change, effective));
        found
    }
}

/// The demands of a policy that no release of a baseline ever met, because the evidence or environment was always missing.
pub fn never_met(baseline: &Baseline, effective: &EffectivePolicy) -> Vec<Demand> {
    let evidence = effective.policy.evidence.filter(|least| best(baseline) < Some(*least));
    let environments = Some(Demand::Environments).filter(|demand| effective.policy.has(*demand));
    let environments = environments.filter(|_| !had_environment(baseline));
    evidence.map(|_| Demand::Evidence).into_iter().chain(environments).collect()
}

/// Weaker evidence than the policy demands. It is *missing* if the package never had it. A release with weaker evidence than
/// earlier releases lost something, whatever the policy demands.
fn weaker(change: &Change<'_>, effective: &EffectivePolicy, least: EvidenceRank) -> Option<Signal> {
    let rank = change.rank.filter(|rank| *rank < least)?;
    let is_missing = best(change.package).is_none_or(|best| best <= rank);
    Some(violated(effective, Demand::Evidence, least.as_str(), rank.as_str(), is_missing))
}

/// The strongest evidence that a release of any line had.
fn best(baseline: &Baseline) -> Option<EvidenceRank> {
    baseline.lines.values().filter_map(|line| line.tally(EvidenceRanks).values().max().copied()).max()
}

fn had_environment(baseline: &Baseline) -> bool {
    let mut all = baseline.lines.values().flat_map(|line| line.tally(Environments).values());
    all.any(|environment| *environment != OrNone::Nothing)
}

/// The values of a release that a list of the policy is about.
fn values(change: &Change<'_>, demand: Demand) -> Vec<String> {
    let of_traits = |pick: fn(&Traits<'_>) -> Option<String>| {
        let mut values: Vec<String> = change.traits.iter().filter_map(pick).collect();
        values.dedup();
        values
    };
    match demand {
        Demand::Issuers => of_traits(|traits| Some(traits.issuer.to_owned())),
        Demand::Owners => of_traits(|traits| traits.owner.clone()),
        Demand::Repositories => of_traits(|traits| traits.repository.clone()),
        Demand::RepositoryIds => of_traits(|traits| traits.repository_id.map(str::to_owned)),
        Demand::Workflows => of_traits(|traits| traits.workflow.clone()),
        Demand::Refs => of_traits(|traits| traits.reference.clone()),
        Demand::Environments => of_traits(|traits| traits.environment.map(|name| name.as_str().to_owned())),
        Demand::Publishers => {
            let by_hand = change.release.auth.method != AuthMethod::TrustedPublisher;
            let person = change.release.publisher.iter().filter(|_| by_hand);
            person.map(|person| person.name.clone()).collect()
        }
        Demand::Evidence | Demand::MinRepositoryAge | Demand::Hours => Vec::new(),
    }
}

fn without_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

/// The severity of a violation, unless the operator sets another.
fn usual(demand: Demand) -> Severity {
    match demand {
        Demand::Evidence
        | Demand::Issuers
        | Demand::Owners
        | Demand::Repositories
        | Demand::RepositoryIds
        | Demand::Workflows => Severity::High,
        Demand::Refs | Demand::Environments | Demand::Publishers | Demand::MinRepositoryAge | Demand::Hours => {
            Severity::Medium
        }
    }
}

fn young(change: &Change<'_>, effective: &EffectivePolicy, least: u32) -> Option<Signal> {
    let made = change.release.facts.repository.as_ref()?.created_at?;
    let (least, age) = (i64::from(least), (change.release.published_at - made).num_days());
    let seen = format!("{age} days");
    (age < least).then(|| violated(effective, Demand::MinRepositoryAge, &least.to_string(), &seen, false))
}

/// A release outside the publish hours. If its time is unreadable, it has the time of the first check, which proves nothing.
fn outside_hours(change: &Change<'_>, effective: &EffectivePolicy) -> Option<Signal> {
    let hours = effective.policy.hours.as_ref()?;
    let release = change.release;
    let is_outside = release.unread.of(Unread::TIME).is_none() && !hours.allow(release.published_at);
    let seen = || hours.local(release.published_at);
    is_outside.then(|| violated(effective, Demand::Hours, &hours.to_string(), &seen(), false))
}

fn violated(effective: &EffectivePolicy, demand: Demand, demanded: &str, seen: &str, is_missing: bool) -> Signal {
    let is_excused = is_missing && effective.missing(demand) == Missing::Warn;
    let (severity, why) = if is_excused {
        (
            Severity::Info,
            "The watchlist's policy demands the expected value, and no release of the package ever had it.",
        )
    } else {
        let severity = effective.severity(demand).unwrap_or_else(|| usual(demand));
        (severity, "The watchlist's policy for this package demands the expected value.")
    };
    let expected = format!("{}: {demanded}", demand.key());
    signal(&ABOUT, severity, Difference { expected, seen: quote(seen), since: None, why })
}

/// The demand of the policy that a signal of this detector is about.
pub(in crate::detect) fn demand(signal: &Signal) -> Option<Demand> {
    let (key, _) = signal.expected.split_once(':').filter(|_| signal.detector == ABOUT.id)?;
    Demand::ALL.into_iter().find(|demand| demand.key() == key)
}
