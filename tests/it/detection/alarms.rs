//! Counts the alerts about honest releases: how many releases have one, and how often it is news.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use provwatch::{
    model::{Observation, Package, Severity, Signal},
    packages::replay::{PeerRule, Rules, trace, trace_peer},
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
    signals: Vec<Signal>,
}

impl Alarm {
    fn words(&self) -> String {
        let signal = |signal: &Signal| format!("{} {} ({})", signal.detector, signal.severity, signal.seen);
        self.signals.iter().map(signal).collect::<Vec<_>>().join("; ")
    }
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
            let mut told: HashMap<&Package, Vec<Alarm>> = HashMap::new();
            judge_all(releases, judge, |release, alarm| {
                let told = told.entry(release.purl.package());
                all.compared += usize::from(matches!(told, Entry::Occupied(_)));
                let critical = alarm.iter().filter(|alarm| alarm.severity == Severity::Critical);
                all.critical.extend(critical.map(|alarm| format!("{}: {}", release.purl, alarm.words())));
                all.count(told.or_default(), alarm);
            });
        }
        all
    }

    fn count(&mut self, told: &mut Vec<Alarm>, alarm: Option<Alarm>) {
        self.releases += 1;
        let Some(alarm) = alarm else { return };
        *self.alerts.entry(alarm.severity).or_default() += 1;
        if is_first_alarm(told, &alarm) {
            *self.first.entry(alarm.severity).or_default() += 1;
        }
        told.push(alarm);
    }

    /// The same of all of many.
    pub fn sum<'a>(many: impl Iterator<Item = &'a Self>) -> Self {
        let mut all = Self::default();
        for one in many {
            all.releases += one.releases;
            all.compared += one.compared;
            all.critical.extend_from_slice(&one.critical);
            for (into, from) in [(&mut all.alerts, &one.alerts), (&mut all.first, &one.first)] {
                from.iter().for_each(|(severity, count)| *into.entry(*severity).or_default() += count);
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

fn judge_all<'a>(
    releases: &'a [Observation],
    judge: Judge,
    mut see: impl FnMut(&'a Observation, Option<Alarm>),
) {
    match judge {
        Judge::Own => trace(releases, Rules::default(), |release, assessed| {
            let alarm = |severity| Alarm { severity, signals: assessed.signals.clone() };
            see(release, assessed.verdict.as_ref().map(|verdict| alarm(verdict.severity)));
        }),
        Judge::Peer(rule) => trace_peer(releases, rule, |release, signal| {
            see(release, signal.map(|signal| Alarm { severity: signal.severity, signals: vec![signal] }));
        }),
    }
}

/// Whether an alert interrupts a person: no earlier alert of its package, as bad or worse, told the same, which is the same
/// detectors with the same `seen`, apart from what varies with every look.
fn is_first_alarm(told: &[Alarm], alarm: &Alarm) -> bool {
    let differences = |alarm: &Alarm| -> Vec<Signal> {
        alarm.signals.iter().filter(|signal| signal.severity > Severity::Info).cloned().collect()
    };
    let now = differences(alarm);
    !told.iter().filter(|known| known.severity >= alarm.severity).any(|known| {
        let before = differences(known);
        before.len() == now.len() && now.iter().all(|signal| before.iter().any(|known| signal.says_what(known)))
    })
}
