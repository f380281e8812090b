//! The policy in force for a package: the demands of its entries in the watchlist, then those of its tier.

use super::{Demand, Missing, Policy, Severity, TierPolicy};

/// The policy in force for a package. It records which demands come from the package's tier, and not from its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EffectivePolicy {
    /// All demands.
    pub policy: Policy,
    /// The demands that come from the tier.
    of_tier: Vec<Demand>,
    /// The severity of their violations.
    tier_severity: Option<Severity>,
    /// The reaction where the package never met one of them.
    tier_missing: Option<Missing>,
    /// The reaction where the package never met a demand of its entries.
    own_missing: Option<Missing>,
}

impl EffectivePolicy {
    /// Joins the demands of a package's entries with those of its tier. `None`: neither has any.
    pub fn of(entries: Option<Policy>, tier: Option<&TierPolicy>) -> Option<Self> {
        let of_tier = tier.and_then(|tier| tier.expect.as_ref());
        if entries.is_none() && of_tier.is_none() {
            return None;
        }
        let (entries, of_tier) = (entries.unwrap_or_default(), of_tier.cloned().unwrap_or_default());
        let is_of_tier = |demand: &Demand| of_tier.has(*demand) && !entries.has(*demand);
        Some(Self {
            of_tier: Demand::ALL.into_iter().filter(is_of_tier).collect(),
            tier_severity: tier.and_then(|tier| tier.severity),
            tier_missing: entries.missing.or(of_tier.missing),
            own_missing: entries.missing,
            policy: entries.or(&of_tier),
        })
    }

    /// The severity of a violation, if the operator sets one.
    pub fn severity(&self, demand: Demand) -> Option<Severity> {
        self.tier_severity.filter(|_| self.of_tier.contains(&demand))
    }

    /// The reaction where the package never met a demand. A tier has many packages. Some of them may never have met its
    /// demands, so that each of their releases would violate them.
    pub fn missing(&self, demand: Demand) -> Missing {
        if self.of_tier.contains(&demand) {
            self.tier_missing.unwrap_or(Missing::Warn)
        } else {
            self.own_missing.unwrap_or(Missing::Alert)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EvidenceRank;

    fn expect(evidence: Option<EvidenceRank>, missing: Option<Missing>) -> Policy {
        Policy { evidence, missing, ..Policy::default() }
    }

    #[test]
    fn each_demand_is_judged_as_its_own_block_says() {
        use Missing::{Alert, Warn};
        let provenance = Some(EvidenceRank::Provenance);
        for (own, own_missing, tier, tier_missing, missing) in [
            (provenance, None, None, None, Alert),
            (provenance, Some(Warn), None, None, Warn),
            (None, None, provenance, None, Warn),
            (None, None, provenance, Some(Alert), Alert),
            (provenance, None, provenance, Some(Warn), Alert),
            (None, Some(Alert), provenance, None, Alert),
            (None, Some(Warn), provenance, Some(Alert), Warn),
        ] {
            let tier =
                TierPolicy { expect: Some(expect(tier, tier_missing)), severity: Some(Severity::Low), team: None };
            let effective = EffectivePolicy::of(Some(expect(own, own_missing)), Some(&tier)).unwrap();
            assert_eq!(effective.missing(Demand::Evidence), missing, "{effective:?}");
            let severity = own.is_none().then_some(Severity::Low);
            assert_eq!(effective.severity(Demand::Evidence), severity, "{effective:?}");
        }
    }

    #[test]
    fn a_tier_without_demands_demands_nothing() {
        let tier = TierPolicy { expect: None, severity: Some(Severity::High), team: None };
        assert_eq!(EffectivePolicy::of(None, Some(&tier)), None);
        assert_eq!(EffectivePolicy::of(None, None), None);
        let own = EffectivePolicy::of(Some(expect(None, None)), Some(&tier)).unwrap();
        assert_eq!(own.severity(Demand::Evidence), None);
    }
}
