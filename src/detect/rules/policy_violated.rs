//! Detects a release that violates the operator's policy.

use crate::{
    baseline::Traits,
    detect::{About, Change, Detector, Evidence, SignalCategory, comparison::quote, signal},
    model::{AuthMethod, Confidence, Demand, Severity, Signal, fits},
};

/// What the operator's policy does not allow.
pub struct PolicyViolated;

static ABOUT: About = About {
    id: "policy-violated",
    title: "Not what the policy demands",
    harmless: None,
    category: SignalCategory::Policy,
    severity: Severity::High,
    confidence: Confidence::High,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release that is not what the watchlist's `expect` block demands of its package or tier: less evidence, another issuer, owner, repository or workflow (high); another ref, environment or publisher, or a repository that is younger (medium). What is not known violates nothing: a release without attestation has no repository, and the demand for evidence speaks of that.

### Why it matters
A baseline says what was usual; a policy says what is right. It holds from the first release on, and no history can wear it down.

### False positives
A project that changed and a policy that did not. Several demands of one release count once.

### What to do
Compare with the project's own announcement, then change the `expect` block, or announce the change with `provwatch expect add`.

### Example incident
None: it is as good as what it demands.";

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

/// What a release has of what a list of the policy speaks of.
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
    let evidence = Evidence {
        expected: format!("{}: {demanded}", demand.key()),
        seen: quote(seen),
        since: None,
        why: "The watchlist demands it of this package.",
    };
    signal(&ABOUT, severity(demand), evidence)
}

/// Which demand a signal of this detector is about.
pub(in crate::detect) fn demand(signal: &Signal) -> Option<Demand> {
    let (key, _) = signal.expected.split_once(':').filter(|_| signal.detector == ABOUT.id)?;
    Demand::ALL.into_iter().find(|demand| demand.key() == key)
}
