//! Asks the forge for the runs that may explain a release of one's own package.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};

use super::{dependencies::TOO_LATE, usual_place::usual_place};
use crate::{
    detect::{AssessmentInputs, Change, release_workflows},
    enrich::{ForgeRepository, Forges, UnderWay},
    model::{Baseline, Fact, Observation, RunFacts},
    packages::examination::Examination,
};

/// Most runs of one release that are asked for: each of its files may have one of its own.
const MOST: usize = 20;

/// Asks for runs.
#[derive(Clone, Debug)]
pub struct OwnRunFinder {
    /// The forges that may be queried, unless that is switched off.
    pub forges: Option<Arc<Forges>>,
}

/// What the forge said of the runs.
#[derive(Default)]
struct Found {
    runs: BTreeMap<String, RunFacts>,
    unknown: Option<String>,
}

impl Found {
    fn add(&mut self, other: Self) {
        self.runs.extend(other.runs);
        self.unknown = self.unknown.take().or(other.unknown);
    }
}

impl OwnRunFinder {
    /// Looks up the runs that built a release; without a certificate, those that were under way when it was published. A
    /// result that was known before stays, whatever becomes of the run. Returns whether another look may tell more.
    pub async fn find(
        &self,
        subject: &Examination<'_>,
        release: &mut Observation,
        baseline: &Baseline,
        inputs: &AssessmentInputs<'_>,
    ) -> bool {
        let (Some(own), Some(forges)) = (&inputs.release_context.own, &self.forges) else { return false };
        let change = Change::between(baseline, release, inputs);
        let workflows = release_workflows(&change);
        let place = ForgeRepository::of(release).or_else(|| demanded_place(inputs)).or_else(|| usual_place(baseline));
        let Some(place) = place.filter(|place| forges.knows(place)) else { return false };
        let times = release.bare_files(|digests| own.allows_file(digests));
        let asked = async {
            let mut found = built(forges, &place, release).await;
            for at in times.into_iter().take(MOST) {
                found.add(under_way(forges, &place, &workflows, at).await);
            }
            found
        };
        let too_late = || Found { unknown: Some(TOO_LATE.to_owned()), ..Found::default() };
        let Found { mut runs, unknown } = subject.turn.facts(asked).await.unwrap_or_else(too_late);
        keep_results(&mut runs, release.facts.own_runs.take());
        let is_open = unknown.is_some() || runs.values().any(|run| run.conclusion.is_none());
        // An empty answer of the forge means that no run existed; a missing answer does not.
        if unknown.is_none() || !runs.is_empty() {
            release.facts.own_runs = Some(runs);
        }
        if let Some(why) = unknown {
            release.facts.unknown_because(Fact::OwnRuns, why);
        }
        is_open
    }
}

async fn built(forges: &Forges, place: &ForgeRepository, release: &Observation) -> Found {
    let mut found = Found::default();
    for run in release.runs().take(MOST) {
        match forges.run(place, run).await {
            Ok(facts) => drop(found.runs.insert(run.to_owned(), facts)),
            Err(why) => found.unknown = Some(why),
        }
    }
    found
}

async fn under_way(forges: &Forges, place: &ForgeRepository, workflows: &[String], at: DateTime<Utc>) -> Found {
    let unknown = |why| Found { unknown: Some(why), ..Found::default() };
    if workflows.is_empty() {
        return unknown("the release workflow is not known: name it in `workflows` of the policy".to_owned());
    }
    match forges.runs_under_way(place, UnderWay { workflows, at }).await {
        Ok(runs) => Found { runs, unknown: None },
        Err(why) => unknown(why),
    }
}

/// Keeps the results of runs that an earlier look knew: whoever deletes a run hides nothing, and honest runs are deleted
/// too.
fn keep_results(runs: &mut BTreeMap<String, RunFacts>, before: Option<BTreeMap<String, RunFacts>>) {
    for (url, known) in before.into_iter().flatten() {
        let is_lost = runs.get(&url).is_none_or(|now| now.conclusion.as_deref() == Some("gone"));
        if is_lost && known.conclusion.is_some() {
            runs.insert(url, known);
        }
    }
}

/// The only repository that the policy allows.
fn demanded_place(inputs: &AssessmentInputs<'_>) -> Option<ForgeRepository> {
    let [only] = inputs.policy?.policy.repositories.as_slice() else { return None };
    ForgeRepository::of_url(&format!("https://{only}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_result_that_was_known_stays() {
        let read = |runs: serde_json::Value| -> BTreeMap<String, RunFacts> { serde_json::from_value(runs).unwrap() };
        let mut now =
            read(json!({"a": {"conclusion": "gone"}, "b": {"conclusion": "failure"}, "c": {"event": "push"}}));
        let before = read(json!({
            "a": {"conclusion": "success"}, "b": {"event": "push"}, "d": {"conclusion": "cancelled"}, "e": {},
        }));
        keep_results(&mut now, Some(before));
        let expected = read(json!({
            "a": {"conclusion": "success"}, "b": {"conclusion": "failure"}, "c": {"event": "push"},
            "d": {"conclusion": "cancelled"},
        }));
        assert_eq!(now, expected);
    }
}
