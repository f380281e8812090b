//! Counts the alerts about honest releases: how many releases have one, and how often it is news.

use std::collections::{BTreeMap, HashMap, HashSet};

use provwatch::{
    model::{Alert, Links, Observation, Package, ReleaseId, Severity, Signal},
    packages::{
        assess,
        replay::{FirstAlarms, PeerRule, Rules, peer_alert, trace, trace_peer},
    },
};

/// The rules that judge.
#[derive(Clone, Copy)]
pub enum Judge {
    /// provwatch's own.
    Own,
    /// Those of another tool.
    Peer(PeerRule),
}

/// What an alert tells.
pub struct Alarm {
    severity: Severity,
    /// Whether it is not a repetition.
    is_first: bool,
    /// Its signals, for people.
    words: String,
}

/// The alerts about releases of many projects.
#[derive(Clone, Default)]
pub struct Alarms {
    pub releases: usize,
    /// Releases that have an earlier one of their package.
    pub compared: usize,
    /// Releases with an alert, by its severity.
    alerts: BTreeMap<Severity, usize>,
    /// Alerts that interrupt a person, by severity.
    first: BTreeMap<Severity, usize>,
    /// The critical alerts in words, which a test that forbids them shows.
    pub critical: Vec<String>,
}

impl Alarms {
    /// Judges the releases of projects, each by itself.
    pub fn of(projects: &[Vec<Observation>], judge: Judge) -> Self {
        let mut all = Self::default();
        for releases in projects {
            let mut alarms: HashMap<&ReleaseId, Option<Alarm>> = HashMap::new();
            // A release may be judged again, and is worse then.
            judge_all(releases, judge, |release, alarm| drop(alarms.insert(&release.purl, alarm)));
            let packages: HashSet<&Package> = alarms.keys().map(|release| release.package()).collect();
            all.releases += alarms.len();
            all.compared += alarms.len() - packages.len();
            for (release, alarm) in alarms.into_iter().filter_map(|(release, alarm)| Some((release, alarm?))) {
                all.count(release, &alarm);
            }
        }
        all
    }

    fn count(&mut self, release: &ReleaseId, alarm: &Alarm) {
        if alarm.severity == Severity::Critical {
            self.critical.push(format!("{release}: {}", alarm.words));
        }
        *self.alerts.entry(alarm.severity).or_default() += 1;
        if alarm.is_first {
            *self.first.entry(alarm.severity).or_default() += 1;
        }
    }

    /// The same of all of many.
    pub fn sum<'a>(many: impl Iterator<Item = &'a Self>) -> Self {
        let mut all = Self::default();
        for one in many {
            all.releases += one.releases;
            all.compared += one.compared;
            all.critical.extend_from_slice(&one.critical);
            for (into, from) in [(&mut all.alerts, &one.alerts), (&mut all.first, &one.first)] {
                for (severity, count) in from {
                    *into.entry(*severity).or_default() += count;
                }
            }
        }
        all
    }

    /// How many releases have an alert of a severity.
    pub fn alerts(&self, severity: Severity) -> usize {
        self.alerts.get(&severity).copied().unwrap_or_default()
    }

    /// How many first alarms of a severity there are.
    pub fn first(&self, severity: Severity) -> usize {
        self.first.get(&severity).copied().unwrap_or_default()
    }
}

fn judge_all<'a>(releases: &'a [Observation], judge: Judge, mut see: impl FnMut(&'a Observation, Option<Alarm>)) {
    let mut first_alarms = FirstAlarms::default();
    let mut alarm = |release: &'a Observation, alert: Option<Alert>| {
        let alert = alert?;
        let is_first = first_alarms.repeated_by(release, &alert).is_none();
        let signal = |signal: &Signal| format!("{} {} ({})", signal.detector, signal.severity, signal.seen);
        let words = alert.signals.iter().map(signal).collect::<Vec<_>>().join("; ");
        Some(Alarm { severity: alert.severity, is_first, words })
    };
    match judge {
        Judge::Own => trace(releases, Rules::default(), |release, assessed| {
            let alert = assess::alert(release, assessed, release.published_at, Links::default());
            see(release, alarm(release, alert));
        }),
        Judge::Peer(rule) => trace_peer(releases, rule, |release, signal| {
            see(release, alarm(release, signal.map(|signal| peer_alert(release, rule, signal))));
        }),
    }
}
