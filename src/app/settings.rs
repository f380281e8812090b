//! Builds the settings of package checks and detectors from `[daemon]` and `[detectors]`.

use crate::{
    config::{Config, DetectorSection},
    detect::{Setting, Tuning},
    packages::Settings,
};

/// The configured settings of detectors.
pub fn tuning(config: &Config) -> Tuning {
    let setting = |section: &DetectorSection| Setting {
        enabled: section.enabled,
        severity: section.severity,
        days: section.days,
    };
    Tuning::new(config.detectors.iter().map(|(id, section)| (id.clone(), setting(section))))
}

/// The settings of package checks.
pub(crate) fn settings(config: &Config) -> Settings {
    Settings {
        concurrency: config.daemon.concurrency as usize,
        recheck: config.daemon.recheck.iter().map(|period| period.delta()).collect(),
        reconcile_after: config.daemon.reconcile_interval.delta(),
        run_window: config.own.run_window.delta(),
        tuning: tuning(config),
        ..Settings::default()
    }
}
