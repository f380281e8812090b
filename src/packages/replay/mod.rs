//! Replay of timelines through the real rules, for back-tests and stored histories, or through a peer's rule.

mod case_alert;
mod first_alarms;
mod history;
mod peer_rules;
mod rules;
mod timeline;
mod trace;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

pub use case_alert::CaseAlert;
use chrono::{DateTime, Utc};
pub use first_alarms::FirstAlarms;
use first_alarms::count_repetitions;
pub use peer_rules::{PeerRule, trace_peer};
pub use rules::Rules;
use serde::Serialize;
pub use timeline::{Expectation, Kind, ReplayError, Timeline, files, is_store};
pub use trace::trace;

use super::{
    assess::{Assessment, alert, links},
    judge::campaign::{self, Accused},
};
use crate::model::{Alert, AlertKind, Confidence, CorrelationKey, Observation, ReleaseId, Severity, Signal};

/// One expectation and its result.
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

/// The result of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// The timeline's name.
    pub case: String,
    /// Its alerts, by time. One that repeats an earlier one says so, and the earlier one counts it.
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

/// Replays a timeline: every release is assessed against the baseline of its predecessors, and passed to `see` with its
/// assessment.
pub fn replay(timeline: &Timeline, rules: Rules<'_>, mut see: impl FnMut(&Observation, &Assessment)) -> Replayed {
    let mut raised = Raised::of(timeline);
    let mut first_alarms = FirstAlarms::default();
    trace(&timeline.observations, rules, |release, assessed| {
        see(release, assessed);
        let mut alert = alert(release, assessed, release.published_at, links(release));
        if let Some(alert) = &mut alert {
            alert.repeats = first_alarms.repeated_by(release, alert);
        }
        raised.extend(release, alert);
    });
    let scores = raised.scores();
    let campaigns = campaigns(timeline, &raised.alerts);
    let mut alerts = raised.alerts;
    count_repetitions(&mut alerts);
    alerts.extend(campaigns);
    alerts.sort_by_key(|alert| (alert.alert.published_at, alert.alert.kind == AlertKind::Campaign));
    Replayed { case: timeline.case.clone(), alerts, scores }
}

/// Replays a timeline by a peer's rule in place of the detectors: an alert is high where the rule fires, and there are no
/// others.
pub fn replay_peer(timeline: &Timeline, rule: PeerRule) -> Replayed {
    let mut raised = Raised::of(timeline);
    trace_peer(&timeline.observations, rule, |release, signal| {
        raised.extend(release, signal.map(|signal| peer_alert(release, rule, signal)));
    });
    let scores = raised.scores();
    Replayed { case: timeline.case.clone(), alerts: raised.alerts, scores }
}

/// The alert of a peer's rule that fires.
pub fn peer_alert(release: &Observation, rule: PeerRule, signal: Signal) -> Alert {
    let title = format!("{} {}: {}", release.purl.package().name(), release.purl.version(), rule.title());
    let subject = release.purl.to_string();
    Alert {
        purl: Some(release.purl.clone()),
        published_at: Some(release.published_at),
        argument: format!("The rule {} of another tool fires; it has no other severity than high.", rule.as_str()),
        signals: vec![signal],
        links: links(release),
        ..Alert::about(AlertKind::Release, &subject, Severity::High, Confidence::Medium, title, release.published_at)
    }
}

/// The alerts of a timeline, the worst of each release.
struct Raised<'a> {
    timeline: &'a Timeline,
    alerts: Vec<CaseAlert>,
    by_release: BTreeMap<&'a ReleaseId, usize>,
}

impl<'a> Raised<'a> {
    fn of(timeline: &'a Timeline) -> Self {
        Self { timeline, alerts: Vec::new(), by_release: BTreeMap::new() }
    }

    fn extend(&mut self, release: &'a Observation, alert: Option<Alert>) {
        let Some(alert) = alert else { return };
        match self.by_release.get(&release.purl).map(|&index| &mut self.alerts[index].alert) {
            Some(known) if known.severity >= alert.severity => {}
            Some(known) => *known = alert,
            None => {
                self.by_release.insert(&release.purl, self.alerts.len());
                self.alerts.push(CaseAlert { case: self.timeline.case.clone(), alert });
            }
        }
    }

    fn scores(&self) -> Vec<Score> {
        let index = |purl| self.by_release.get(purl);
        let severity = |purl| index(purl).map_or(Severity::Info, |&index| self.alerts[index].alert.severity);
        self.timeline.expect.iter().map(|expected| score(expected, severity(&expected.purl))).collect()
    }
}

/// The campaigns among the alerts, as they are at the end.
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
    // The key with the most members is reported; an owner whose releases are all of one repository adds nothing.
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

/// All releases of each of the correlation keys.
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
