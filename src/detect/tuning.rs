//! The operator's settings of detectors, with the adjustable thresholds.

use std::collections::BTreeMap;

use crate::model::{Severity, Signal};

/// The operator's settings of detectors, by id. All other detectors work as documented.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tuning(BTreeMap<String, Setting>);

/// No settings.
pub static UNTUNED: Tuning = Tuning(BTreeMap::new());

/// The operator's settings of one detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Whether it is enabled.
    pub enabled: bool,
    /// The severity of its signals in place of its own.
    pub severity: Option<Severity>,
    /// Its threshold in days, if it has one and the operator changed it.
    pub days: Option<u32>,
}

/// The adjustable thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The age in days after which a repository or an owner is no longer young.
    pub young_days: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { young_days: 30 }
    }
}

impl Tuning {
    /// These settings.
    pub fn new(settings: impl IntoIterator<Item = (String, Setting)>) -> Self {
        Self(settings.into_iter().collect())
    }

    /// The thresholds of detectors.
    pub fn limits(&self) -> Limits {
        let days = |id: &str| self.0.get(id).and_then(|setting| setting.days);
        let usual = Limits::default();
        Limits { young_days: days("repository-young").unwrap_or(usual.young_days) }
    }

    /// Whether a detector is enabled.
    pub fn is_enabled(&self, detector: &str) -> bool {
        self.0.get(detector).is_none_or(|setting| setting.enabled)
    }

    /// The signals after the operator's settings, the worst first.
    pub fn apply(&self, mut signals: Vec<Signal>) -> Vec<Signal> {
        if self.0.is_empty() {
            return signals;
        }
        signals.retain(|signal| self.0.get(signal.detector.as_ref()).is_none_or(|setting| setting.enabled));
        for signal in &mut signals {
            let severity = self.0.get(signal.detector.as_ref()).and_then(|setting| setting.severity);
            // An informational signal is not a finding, whatever severity its detector has.
            if signal.severity > Severity::Info {
                signal.severity = severity.unwrap_or(signal.severity);
            }
        }
        signals.sort_by_key(|signal| std::cmp::Reverse(signal.severity));
        signals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(detector: &'static str, severity: Severity) -> Signal {
        Signal {
            detector: detector.into(),
            severity,
            expected: String::new(),
            seen: String::new(),
            since: None,
            why: String::new(),
            corroborating: false,
        }
    }

    #[test]
    fn detectors_can_be_silenced_and_weighed_anew() {
        let signals = vec![signal("ref-changed", Severity::High), signal("odd-hours", Severity::Low)];
        let setting = |enabled, severity| Setting { enabled, severity, days: None };
        let quiet = Tuning::new([("ref-changed".to_owned(), setting(false, None))]);
        assert_eq!(quiet.apply(signals.clone()), [signal("odd-hours", Severity::Low)]);
        let loud = Tuning::new([("odd-hours".to_owned(), setting(true, Some(Severity::Critical)))]);
        assert_eq!(loud.apply(signals.clone())[0], signal("odd-hours", Severity::Critical));
        assert_eq!(Tuning::default().apply(signals.clone()), signals);
        let informational = vec![signal("ref-changed", Severity::Info)];
        let heavy = Tuning::new([("ref-changed".to_owned(), setting(true, Some(Severity::High)))]);
        assert_eq!(heavy.apply(informational.clone()), informational);
    }
}
