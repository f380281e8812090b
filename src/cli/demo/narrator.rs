use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    portrait::portrait,
    words::{faint, good, origin, strong},
};
use crate::{
    cli::output::{self, severity},
    deliver::plain,
    model::{Alert, Observation, Package, ReleaseId, Signal},
    pipeline::{Happening, Witness},
    store::{Outcome, Store},
};

/// Columns of a package's name.
const NAME: usize = 22;
/// Most characters of what a signal expected or saw.
const SHOWN: usize = 76;

/// Tells what the pipeline does as it does it.
#[derive(Debug)]
pub(super) struct Narrator {
    store: Arc<Store>,
    unknown: Mutex<BTreeSet<Package>>,
}

impl Narrator {
    pub fn new(store: &Arc<Store>) -> Self {
        Self { store: Arc::clone(store), unknown: Mutex::default() }
    }

    fn unknown(&self) -> std::sync::MutexGuard<'_, BTreeSet<Package>> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn introduce(&self, package: &Package) {
        let Ok(stored) = self.store.baseline(package) else { return };
        let registry = package.ecosystem().title();
        for (index, line) in portrait(&stored.baseline).iter().enumerate() {
            let (registry, name) = if index == 0 { (registry, package.name()) } else { ("", "") };
            output::line(format_args!("  {registry:<9} {} {line}", strong(&format!("{name:<NAME$}"))));
        }
    }
}

impl Witness for Narrator {
    fn see(&self, happening: &Happening<'_>) {
        match happening {
            Happening::Recorded { release, observation, outcome, alert, .. } if *outcome != Outcome::Learned => {
                tell(release, *observation, *alert);
            }
            Happening::Examining { package, first_sight: true } => _ = self.unknown().insert((*package).clone()),
            Happening::Examined { package, .. } if self.unknown().remove(*package) => self.introduce(package),
            Happening::Postponed { package, why } => output::line(format_args!("  {package}: {why}")),
            _ => {}
        }
    }
}

fn tell(release: &ReleaseId, observation: Option<&Observation>, alert: Option<&Alert>) {
    let name = format!("{:<NAME$}", format!("{} {}", release.package().name(), release.version()));
    let from = observation.map(origin).unwrap_or_default();
    match alert {
        None => output::line(format_args!("  {} {name} {from}", good("ok"))),
        Some(alert) => {
            output::line(format_args!("  {} {} {from}", severity(alert.severity), strong(&name)));
            alert.signals.iter().for_each(evidence);
        }
    }
}

fn evidence(signal: &Signal) {
    output::line(format_args!("    {}", signal.detector));
    output::line(format_args!("      {} {}", faint("expected"), plain(&signal.expected, SHOWN)));
    output::line(format_args!("      {} {}", faint("seen    "), plain(&signal.seen, SHOWN)));
}
