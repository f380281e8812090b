//! Replay of timelines through the real rules, for back-tests and stored histories.

mod first_alarms;
mod timeline;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, hash_map::Entry};

use chrono::{DateTime, Utc};
pub use first_alarms::FirstAlarms;
use first_alarms::folded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use timeline::{Expectation, Kind, ReplayError, Timeline, files, is_store};

use super::{
    assess::{Assessment, alert, assess, in_memory_history::InMemoryHistory, links},
    judge::campaign::{self, Accused},
};
use crate::{
    baseline::{Held, Later, joins, learn},
    detect::{AssessmentInputs, UNTUNED, is_open_loss},
    model::{
        Alert, AlertKind, Baseline, CorrelationKey, ExpectedChange, Observation, Package, ReleaseId, Severity,
    },
    watchlist::Watchlist,
};

/// An alert of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaseAlert {
    /// The timeline's name.
    pub case: String,
    /// The alert.
    #[serde(flatten)]
    pub alert: Alert,
}

/// One expectation and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Score {
    /// The expectation.
    #[serde(flatten)]
    pub expected: Expectation,
    /// The worst severity that the release's alert had.
    pub severity: Severity,
    /// Whether it was met.
    pub met: bool,
}

/// What a timeline gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// The timeline's name.
    pub case: String,
    /// Its alerts, by time; of releases that repeat a deviation, the first one's alert with their count.
    pub alerts: Vec<CaseAlert>,
    /// Its expectations.
    pub scores: Vec<Score>,
}

impl Replayed {
    /// How many expectations were met.
    pub fn met(&self) -> usize {
        self.scores.iter().filter(|score| score.met).count()
    }

    /// How many were missed.
    pub fn missed(&self) -> usize {
        self.scores.len() - self.met()
    }
}

/// What releases are judged by while they are replayed, besides what they teach. Nothing by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules<'a> {
    /// The watchlist, for its policies; packages that it does not watch are judged too.
    pub watchlist: Option<&'a Watchlist>,
    /// Changes that were announced.
    pub expected: &'a [ExpectedChange],
}

/// Replays a timeline: every release is assessed against what its predecessors taught, and shown to `see` with its
/// assessment.
pub fn replay(timeline: &Timeline, rules: Rules<'_>, mut see: impl FnMut(&Observation, &Assessment)) -> Replayed {
    let mut alerts: Vec<CaseAlert> = Vec::new();
    let mut by_release: BTreeMap<&ReleaseId, usize> = BTreeMap::new();
    let mut first_alarms = FirstAlarms::default();
    trace(&timeline.observations, rules, |release, assessed| {
        see(release, assessed);
        let Some(mut alert) = alert(release, assessed, release.published_at, links(release)) else { return };
        alert.repeats = first_alarms.repeated_by(release, &alert);
        match by_release.get(&release.purl).map(|&index| &mut alerts[index].alert) {
            Some(known) if known.severity >= alert.severity => {}
            Some(known) => *known = alert,
            None => {
                by_release.insert(&release.purl, alerts.len());
                alerts.push(CaseAlert { case: timeline.case.clone(), alert });
            }
        }
    });
    let severity = |purl| by_release.get(purl).map_or(Severity::Info, |&index| alerts[index].alert.severity);
    let scores = timeline.expect.iter().map(|expected| score(expected, severity(&expected.purl))).collect();
    let campaigns = campaigns(timeline, &alerts);
    let mut alerts = folded(alerts);
    alerts.extend(campaigns);
    alerts.sort_by_key(|alert| (alert.alert.published_at, alert.alert.kind == AlertKind::Campaign));
    Replayed { case: timeline.case.clone(), alerts, scores }
}

/// The campaigns that the alerts add up to, as they stand at the end.
fn campaigns(timeline: &Timeline, alerts: &[CaseAlert]) -> Vec<CaseAlert> {
    let releases: HashMap<&ReleaseId, &Observation> =
        timeline.observations.iter().map(|one| (&one.purl, one)).collect();
    let mut by_bond: BTreeMap<CorrelationKey, Vec<Accused>> = BTreeMap::new();
    for accused in alerts.iter().filter_map(|alert| Accused::by(&alert.alert)) {
        for correlation_key in
            releases.get(&accused.purl).map(|release| CorrelationKey::of(release)).unwrap_or_default()
        {
            by_bond.entry(correlation_key).or_default().push(accused.clone());
        }
    }
    let mut found: Vec<(CorrelationKey, Vec<Accused>)> = Vec::new();
    for (correlation_key, accused) in by_bond {
        found.extend(campaign::campaigns(accused).into_iter().map(|members| (correlation_key.clone(), members)));
    }
    // The bond that ties most together tells; an owner whose releases are all of one repository has nothing to add.
    found.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
    let of_bond = releases_by_bond(timeline, &found.iter().map(|(correlation_key, _)| correlation_key).collect());
    let mut told: HashSet<ReleaseId> = HashSet::new();
    let mut alerts = Vec::new();
    for (correlation_key, members) in &found {
        if members.iter().all(|member| told.contains(&member.purl)) {
            continue;
        }
        let Some(last) = members.last() else { continue };
        let who = releases.get(&last.purl).map(|release| campaign::who(correlation_key, release)).unwrap_or_default();
        let beside = campaign::bystanders(members, of_bond.get(correlation_key).into_iter().flatten().copied());
        let alert = campaign::alert(correlation_key, &who, members, &beside, last.published_at);
        alerts.extend(alert.map(|alert| CaseAlert { case: timeline.case.clone(), alert }));
        told.extend(members.iter().map(|member| member.purl.clone()));
    }
    alerts
}

/// All releases of each of the bonds.
fn releases_by_bond<'a>(
    timeline: &'a Timeline,
    correlation_keys: &BTreeSet<&CorrelationKey>,
) -> BTreeMap<CorrelationKey, Vec<(&'a ReleaseId, DateTime<Utc>)>> {
    let mut by_bond: BTreeMap<CorrelationKey, Vec<_>> = BTreeMap::new();
    if correlation_keys.is_empty() {
        return by_bond;
    }
    for one in &timeline.observations {
        for correlation_key in
            CorrelationKey::of(one).into_iter().filter(|correlation_key| correlation_keys.contains(correlation_key))
        {
            by_bond.entry(correlation_key).or_default().push((&one.purl, one.published_at));
        }
    }
    by_bond
}

fn score(expected: &Expectation, severity: Severity) -> Score {
    Score { expected: expected.clone(), severity, met: expected.is_met_by(severity) }
}

/// Assesses releases in publish order, of any packages, and shows each to `see` with its assessment. Baselines start empty,
/// learn what teaches, and take in held releases by the rule of `docs/BASELINES.md`.
pub fn trace<'a>(releases: &'a [Observation], rules: Rules<'_>, mut see: impl FnMut(&'a Observation, &Assessment)) {
    let mut order: Vec<&Observation> = releases.iter().collect();
    order.sort_by(|a, b| (a.published_at, &a.purl).cmp(&(b.published_at, &b.purl)));
    let mut packages: HashMap<&Package, History<'a>> = HashMap::new();
    let mut in_memory_history = InMemoryHistory::default();
    for release in order {
        let history = match packages.entry(release.purl.package()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(History::of(release.purl.package())),
        };
        let release_context = in_memory_history.release_context(release);
        let policy = rules.watchlist.and_then(|watchlist| watchlist.policy(release.purl.package()));
        let inputs = AssessmentInputs {
            release_context: &release_context,
            tuning: &UNTUNED,
            policy: policy.as_ref(),
            expected: rules.expected,
        };
        let assessed = history.assess(release, &inputs);
        in_memory_history.add(release, !assessed.reports());
        see(release, &assessed);
    }
}

/// One package while it is replayed.
struct History<'a> {
    baseline: Baseline,
    held: Vec<(Held, &'a Observation)>,
    /// The last alert, and what came since.
    later: Vec<Later>,
}

impl<'a> History<'a> {
    fn of(package: &Package) -> Self {
        Self { baseline: Baseline::empty(package.clone()), held: Vec::new(), later: Vec::new() }
    }

    fn assess(&mut self, release: &'a Observation, inputs: &AssessmentInputs<'_>) -> Assessment {
        let assessed = assess(&self.baseline, release, inputs);
        if assessed.in_baseline {
            learn(&mut self.baseline, release);
        }
        self.remember(release, &assessed);
        if (assessed.in_baseline || is_open_loss(release, &assessed.signals)) && !self.held.is_empty() {
            self.join();
        }
        assessed
    }

    /// Keeps what [`joins`] needs: the last alert, and the clean releases since on lines where something is held.
    fn remember(&mut self, release: &'a Observation, assessed: &Assessment) {
        let (line, published_at) = (release.line(), release.published_at);
        let open_loss = assessed.reports() && is_open_loss(release, &assessed.signals);
        if assessed.reports() && !open_loss {
            self.later.clear();
        }
        if assessed.reports() || self.held.iter().any(|(held, _)| held.line == line) {
            self.later.push(Later { line: line.clone(), published_at, clean: assessed.in_baseline, open_loss });
        }
        // A worse one waits for an operator, whom a replay does not have.
        if let Some(verdict) = assessed.verdict.as_ref().filter(|verdict| verdict.severity == Severity::Medium) {
            let status = release.status;
            self.held.push((Held { line, published_at, severity: verdict.severity, status, open_loss }, release));
        }
    }

    fn join(&mut self) {
        let (baseline, later) = (&mut self.baseline, &self.later);
        self.held.retain(|(held, release)| {
            let joined = joins(held, later);
            if joined {
                learn(baseline, release);
            }
            !joined
        });
    }
}
