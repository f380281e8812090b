//! Detects a release that violates the operator's policy.

use crate::{
    baseline::Traits,
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, signal},
    model::{AuthMethod, Confidence, Demand, Severity, Signal, fits},
};

/// A release that the operator's policy does not allow.
pub struct PolicyViolated;

static ABOUT: About = About {
    id: "policy-violated",
    title: "Violates the policy",
    harmless: None,
    category: SignalCategory::Policy,
    severity: Severity::High,
    confidence: Confidence::High,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release that violates the `expect` block of its package or tier in the watchlist. The signal is high for weaker evidence, and for another issuer, owner, repository or workflow. It is medium for another ref, environment or publisher, and for a younger repository. An unknown value violates nothing: a release without an attestation has no known repository. Require `evidence` to cover that case.

### Why it matters
A baseline describes past releases; a policy states the requirement. The policy applies from the first release on, and history never weakens it.

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
        let Some(policy) = change.policy else { return Vec::new() };
        let mut found = Vec::new();
        if let (Some(least), Some(rank)) = (policy.evidence, change.rank)
            && rank < least
        {
            found.push(violated(Demand::Evidence, least.as_str(), rank.as_str()));
        }
        for (demand, allowed) in policy.lists().into_iter().filter(|(_, allowed)| !allowed.is_empty()) {
            for value in values(change, demand) {
                let plain = if demand == Demand::Issuers { &value } else { without_scheme(&value) };
                if !allowed.iter().any(|glob| fits(glob, plain) || fits(glob, &value)) {
                    found.push(violated(demand, &allowed.join(", "), plain));
                }
            }
        }
        found.extend(young(change, policy.min_repository_age_days));
        found
    }
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
        Demand::Workflows => of_traits(|traits| traits.workflow.clone()),
        Demand::Refs => of_traits(|traits| traits.reference.clone()),
        Demand::Environments => of_traits(|traits| traits.environment.map(|name| name.as_str().to_owned())),
        Demand::Publishers => {
            let by_hand = change.release.auth.method != AuthMethod::TrustedPublisher;
            let person = change.release.publisher.iter().filter(|_| by_hand);
            person.map(|person| person.name.clone()).collect()
        }
        Demand::Evidence | Demand::MinRepositoryAge => Vec::new(),
    }
}

fn without_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

fn severity(demand: Demand) -> Severity {
    match demand {
        Demand::Evidence | Demand::Issuers | Demand::Owners | Demand::Repositories | Demand::Workflows => {
            Severity::High
        }
        Demand::Refs | Demand::Environments | Demand::Publishers | Demand::MinRepositoryAge => Severity::Medium,
    }
}

fn young(change: &Change<'_>, least: Option<u32>) -> Option<Signal> {
    let made = change.release.facts.repository.as_ref()?.created_at?;
    let (least, age) = (i64::from(least?), (change.release.published_at - made).num_days());
    (age < least).then(|| violated(Demand::MinRepositoryAge, &least.to_string(), &format!("{age} days")))
}

fn violated(demand: Demand, demanded: &str, seen: &str) -> Signal {
    let evidence = Difference {
        expected: format!("{}: {demanded}", demand.key()),
        seen: quote(seen),
        since: None,
        why: "The watchlist's policy for this package demands the expected value.",
    };
    signal(&ABOUT, severity(demand), evidence)
}

/// The demand of the policy that a signal of this detector is about.
pub(in crate::detect) fn demand(signal: &Signal) -> Option<Demand> {
    let (key, _) = signal.expected.split_once(':').filter(|_| signal.detector == ABOUT.id)?;
    Demand::ALL.into_iter().find(|demand| demand.key() == key)
}
