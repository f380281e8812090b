//! Assesses releases in publish order, each by the baseline of its predecessors.

use std::collections::{HashMap, VecDeque, hash_map::Entry};

use chrono::TimeDelta;

use super::{history::History, rules::Rules};
use crate::{
    detect::{AssessmentInputs, Burst, OwnRuns, ReleaseContext, UNTUNED},
    model::{CorrelationKey, EffectivePolicy, Observation, Package, Severity},
    packages::{
        assess::{Assessment, in_memory_history::InMemoryHistory},
        settings::Settings,
    },
    watchlist::Watchlist,
};

/// For how long a release may be judged again by what is published together with it.
const COMPANY: TimeDelta = TimeDelta::hours(2);

/// Assesses releases in publish order, of any packages, and passes each to `see` with its assessment. Baselines start
/// empty, and include clean releases and held ones by the rules of `docs/BASELINES.md`. A release whose company turns out
/// to be an unusual burst is passed again, if that makes it worse.
pub fn trace<'a>(releases: &'a [Observation], rules: Rules<'_>, mut see: impl FnMut(&'a Observation, &Assessment)) {
    let mut order: Vec<&Observation> = releases.iter().collect();
    order.sort_by(|a, b| (a.published_at, &a.purl).cmp(&(b.published_at, &b.purl)));
    let mut replay =
        Trace { rules, packages: HashMap::new(), all: InMemoryHistory::default(), recent: VecDeque::new() };
    for release in order {
        let (judged, assessed) = replay.judge(release);
        see(release, &assessed);
        if judged.is_in_burst() {
            replay.judge_company(release, &mut see);
        }
        replay.remember(judged);
    }
}

/// A release with what it was judged by.
struct Judged<'a> {
    release: &'a Observation,
    release_context: ReleaseContext,
    policy: Option<EffectivePolicy>,
    severity: Option<Severity>,
}

impl Judged<'_> {
    fn is_in_burst(&self) -> bool {
        self.release_context.bursts.iter().any(Burst::is_unusual)
    }
}

struct Trace<'a, 'r> {
    rules: Rules<'r>,
    packages: HashMap<&'a Package, History<'a>>,
    all: InMemoryHistory,
    /// The releases of the last hours, which later ones may be company of.
    recent: VecDeque<Judged<'a>>,
}

impl<'a> Trace<'a, '_> {
    fn judge(&mut self, release: &'a Observation) -> (Judged<'a>, Assessment) {
        let package = release.purl.package();
        let history = match self.packages.entry(package) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(History::of(package)),
        };
        let own = own_runs(self.rules.watchlist, release);
        let release_context = ReleaseContext { own, ..self.all.release_context(release) };
        let policy = self.rules.watchlist.and_then(|watchlist| watchlist.policy(package));
        let inputs = inputs(self.rules, &release_context, policy.as_ref());
        let assessed = history.assess(release, &inputs);
        self.all.add(release, !assessed.reports());
        let severity = assessed.verdict.as_ref().map(|verdict| verdict.severity);
        (Judged { release, release_context, policy, severity }, assessed)
    }

    /// Judges the earlier releases of a burst again, once it is known to be one.
    fn judge_company(&mut self, of: &Observation, see: &mut impl FnMut(&'a Observation, &Assessment)) {
        let keys = CorrelationKey::of(of);
        for judged in &mut self.recent {
            let is_done = judged.is_in_burst() || judged.severity >= Some(Severity::Medium);
            let is_alone = judged.release.purl.package() == of.purl.package() || is_done;
            if is_alone || !CorrelationKey::of(judged.release).iter().any(|key| keys.contains(key)) {
                continue;
            }
            judged.release_context.bursts = self.all.release_context(judged.release).bursts;
            let Some(history) = self.packages.get_mut(judged.release.purl.package()) else { continue };
            let inputs = inputs(self.rules, &judged.release_context, judged.policy.as_ref());
            let assessed = history.assess_again(judged.release, &inputs);
            let severity = assessed.verdict.as_ref().map(|verdict| verdict.severity);
            if severity > judged.severity {
                judged.severity = severity;
                see(judged.release, &assessed);
            }
        }
    }

    fn remember(&mut self, judged: Judged<'a>) {
        let at = judged.release.published_at;
        self.recent.push_back(judged);
        while self.recent.front().is_some_and(|oldest| at - oldest.release.published_at > COMPANY) {
            self.recent.pop_front();
        }
    }
}

/// The runs that may explain a release of one's own package: those of the recorded facts, once their time is over.
fn own_runs(watchlist: Option<&Watchlist>, release: &Observation) -> Option<OwnRuns> {
    watchlist.filter(|watchlist| watchlist.is_own(release.purl.package()))?;
    let window = Settings::default().run_window;
    Some(OwnRuns { allowances: Vec::new(), window, looked_at: release.published_at + window })
}

fn inputs<'i>(
    rules: Rules<'i>,
    release_context: &'i ReleaseContext,
    policy: Option<&'i EffectivePolicy>,
) -> AssessmentInputs<'i> {
    AssessmentInputs { release_context, tuning: &UNTUNED, policy, expected: rules.expected }
}
