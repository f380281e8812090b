//! Reads from a baseline the demands that `baseline pin` writes.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::{
    baseline::current,
    cli::words,
    model::{Baseline, Demand, EffectivePolicy, Package, Seen, Trait},
    watchlist::{self, PinnedDemand},
};

/// Most values of a demand. More are not a habit that a person can review.
const MOST: usize = 8;

/// The demands that are pinned, each with the trait of the baseline that has its values.
const PINNED: [(Demand, Trait); 3] = [
    (Demand::Owners, Trait::Owners),
    (Demand::RepositoryIds, Trait::RepositoryIds),
    (Demand::Workflows, Trait::Workflows),
];

/// The demands that can be pinned for a package.
pub(super) struct Proposal {
    pub package: Package,
    /// The values in use, by demand.
    pub found: Vec<(Demand, Vec<(String, Seen)>)>,
    /// The demands that the watchlist has for the package already.
    pub kept: Vec<Demand>,
    /// The reason for each demand that is left out, by key.
    pub left_out: BTreeMap<&'static str, String>,
}

impl Proposal {
    /// The values of a baseline whose demands the package's policy does not have yet.
    pub fn of(baseline: &Baseline, policy: Option<&EffectivePolicy>) -> Self {
        let package = baseline.package.clone();
        let mut proposal = Self { package, found: Vec::new(), kept: Vec::new(), left_out: BTreeMap::new() };
        for (demand, one) in PINNED {
            if policy.is_some_and(|effective| effective.policy.has(demand)) {
                proposal.kept.push(demand);
                continue;
            }
            let values: Vec<_> = current(baseline, one).into_iter().map(|(value, seen)| (plain(value), seen)).collect();
            if let Some(why) = refused(demand, &values) {
                proposal.left_out.insert(demand.key(), why);
            } else {
                proposal.found.push((demand, values));
            }
        }
        proposal
    }

    /// The demands to write, if there are any.
    pub fn pin(&self, day: NaiveDate) -> Option<watchlist::Pin> {
        let demands = self.found.iter().map(|(demand, values)| PinnedDemand {
            demand: *demand,
            values: values.iter().map(|(value, _)| value.clone()).collect(),
            remark: remark(values),
        });
        let demands: Vec<_> = demands.collect();
        let remark = format!("Pinned on {day} from the baseline.");
        (!demands.is_empty()).then(|| watchlist::Pin { package: self.package.clone(), demands, remark })
    }
}

/// Owners stand in baselines as URLs, and in policies without the scheme; so do workflows of other repositories.
fn plain(value: String) -> String {
    value.split_once("://").map(|(_, rest)| rest.to_owned()).unwrap_or(value)
}

/// The reason why values cannot be pinned. A publisher may have chosen them.
fn refused(demand: Demand, values: &[(String, Seen)]) -> Option<String> {
    if values.is_empty() {
        return Some("no release of the baseline proves it".to_owned());
    }
    if values.len() > MOST {
        return Some(format!("{} values are in use, more than {MOST}", values.len()));
    }
    // A star would stand for any characters.
    let odd = |text: &str| text.contains('*') || text.chars().any(char::is_control) || demand.refuses(text).is_some();
    let odd = values.iter().find(|(value, _)| odd(value));
    odd.map(|(value, _)| format!("{:?} cannot be written as a demand", words::name(value)))
}

/// `42 releases since 2024-03-01`, and the same of each further value.
fn remark(values: &[(String, Seen)]) -> String {
    let one = |(_, seen): &(String, Seen)| {
        format!(
            "{} since {}",
            words::counted(usize::try_from(seen.count).unwrap_or(usize::MAX), "release"),
            words::day(seen.first)
        )
    };
    values.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LineBaseline, ReleaseLine, traits};

    fn baseline(workflows: &[&str], releases: usize) -> Baseline {
        let mut profile = LineBaseline::default();
        for day in 1..=releases {
            let at = format!("2026-01-{day:02}T12:00:00Z").parse().unwrap();
            profile.count(traits::Owners, ["https://github.com/acme"], at);
            profile.count(traits::RepositoryIds, ["4242"], at);
            profile.count(traits::Workflows, workflows.iter().copied(), at);
            (profile.releases, profile.last_at) = (profile.releases + 1, Some(at));
        }
        let mut baseline = Baseline::empty("pkg:npm/a".parse().unwrap());
        baseline.lines.insert(ReleaseLine::named("1"), profile);
        baseline
    }

    #[test]
    fn what_the_certificates_say_is_pinned_with_its_history() {
        let proposal = Proposal::of(&baseline(&[".github/workflows/release.yml"], 3), None);
        let pin = proposal.pin("2026-11-30".parse().unwrap()).unwrap();
        let written: Vec<_> = pin.demands.iter().map(|one| (one.demand.key(), one.values.join(" "))).collect();
        assert_eq!(
            written,
            [
                ("owners", "github.com/acme".to_owned()),
                ("repository_ids", "4242".to_owned()),
                ("workflows", ".github/workflows/release.yml".to_owned()),
            ]
        );
        assert_eq!(pin.demands[0].remark, "3 releases since 2026-01-01");
    }

    #[test]
    fn what_a_publisher_may_have_chosen_cannot_widen_a_policy() {
        let many: Vec<String> = (0..9).map(|number| format!(".github/workflows/{number}.yml")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for (workflows, why) in [
            (&[][..], "no release of the baseline proves it"),
            (&[".github/workflows/*"], "cannot be written"),
            (&["*"], "cannot be written"),
            (&["/etc/passwd"], "cannot be written"),
            (&[""], "cannot be written"),
            (&["a\nb"], "cannot be written"),
            (&many, "9 values are in use"),
        ] {
            let proposal = Proposal::of(&baseline(workflows, 3), None);
            let said = proposal.left_out.get("workflows");
            assert!(said.is_some_and(|said| said.contains(why)), "{workflows:?}: {said:?}");
            assert_eq!(proposal.found.len(), 2);
        }
    }

    #[test]
    fn demands_of_the_operator_are_kept() {
        let own = crate::model::Policy { owners: vec!["github.com/*".to_owned()], ..crate::model::Policy::default() };
        let policy = EffectivePolicy::of(Some(own), None);
        let proposal = Proposal::of(&baseline(&["a.yml"], 1), policy.as_ref());
        assert_eq!((proposal.kept.as_slice(), proposal.found.len()), (&[Demand::Owners][..], 2));
    }

    #[test]
    fn a_package_without_evidence_has_nothing_to_pin() {
        let proposal = Proposal::of(&Baseline::empty("pkg:npm/a".parse().unwrap()), None);
        assert_eq!((proposal.pin("2026-11-30".parse().unwrap()), proposal.left_out.len()), (None, 3));
    }
}
