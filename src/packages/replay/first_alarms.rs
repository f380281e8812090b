//! Tells first alarms from their repetitions while releases are replayed, as the daemon does where nobody closes an alert.

use std::collections::HashMap;

use super::case_alert::CaseAlert;
use crate::{
    detect::{Alerted, repeats},
    model::{Alert, AlertId, Observation, Package, Repeated},
    packages::judge::repetition::COMPARED,
};

/// The first alarms among releases that are shown in the order of their publication.
#[derive(Debug, Default)]
pub struct FirstAlarms<'a> {
    known: HashMap<&'a Package, Vec<(Alert, &'a Observation)>>,
}

impl<'a> FirstAlarms<'a> {
    /// The id of the first alarm that a release's alert repeats. `None`: it is a first alarm itself, and is kept.
    pub fn repeated_by(&mut self, release: &'a Observation, alert: &Alert) -> Option<AlertId> {
        let known = self.known.entry(release.purl.package()).or_default();
        if let Some((own, _)) = known.iter_mut().find(|(own, _)| own.fingerprint == alert.fingerprint) {
            if own.severity < alert.severity {
                *own = Alert { repeated: own.repeated.take(), ..alert.clone() };
            }
            return None;
        }
        for (first, of) in known.iter_mut().rev().take(COMPARED) {
            if repeats(Alerted { alert: first, release: of }, Alerted { alert, release }) {
                first.repeated = Repeated::with(first.repeated.take(), alert);
                return Some(first.id);
            }
        }
        known.push((alert.clone(), release));
        None
    }
}

/// Notes on each first alarm how often other alerts repeat it.
pub(super) fn count_repetitions(alerts: &mut [CaseAlert]) {
    let mut repeated: HashMap<AlertId, Repeated> = HashMap::new();
    for alert in alerts.iter().map(|case| &case.alert) {
        let Some(of) = alert.repeats else { continue };
        let before = repeated.remove(&of);
        repeated.extend(Repeated::with(before, alert).map(|repeated| (of, repeated)));
    }
    for alert in alerts.iter_mut().map(|case| &mut case.alert) {
        alert.repeated = repeated.remove(&alert.id);
    }
}
