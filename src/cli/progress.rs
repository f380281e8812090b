//! What a pass does as it does it: a progress bar on a terminal, and a record of what happened for the summary.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    cli::{output, words},
    model::{Alert, Package, ReleaseId},
    pipeline::{Progress, Step, logs::how_far},
};

/// Shows and records what happens. Without a terminal the bar shows nothing.
#[derive(Debug)]
pub struct ProgressBars {
    bar: ProgressBar,
    seen: Mutex<Seen>,
}

/// What happened.
#[derive(Debug, Default)]
pub struct Seen {
    /// What each source gave, by name.
    pub sources: BTreeMap<String, SourceSeen>,
    /// The packages looked at.
    pub packages: BTreeMap<Package, PackageSeen>,
    /// The packages put off and not looked at since, with the reason.
    pub postponed: BTreeMap<Package, String>,
    /// The releases that could not be checked whole, with the reasons.
    pub unchecked: BTreeMap<ReleaseId, Vec<String>>,
    /// The alerts raised.
    pub alerts: BTreeMap<ReleaseId, Alert>,
    /// The alerts about logs raised, by id.
    pub log_alerts: BTreeMap<String, Alert>,
}

/// What a source gave.
#[derive(Debug, Default)]
pub struct SourceSeen {
    /// Events read.
    pub events: usize,
    /// Of which new and about watched packages.
    pub new: usize,
    /// Why it lost its place, if it did.
    pub gap: Option<String>,
    /// Why it could not be read, if it could not.
    pub error: Option<String>,
}

/// What looking at a package gave.
#[derive(Debug, Default)]
pub struct PackageSeen {
    /// Releases recorded.
    pub releases: usize,
    /// Of which could not be checked whole.
    pub unchecked: usize,
}

impl ProgressBars {
    /// A bar for that many packages.
    pub fn over(packages: u64) -> Self {
        let bar = ProgressBar::new(packages);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {bar:30} {pos}/{len} packages  {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar, seen: Mutex::default() }
    }

    /// That many more packages will be looked at.
    pub fn expect(&self, packages: u64) {
        self.bar.inc_length(packages);
    }

    /// Clears the bar and hands out what happened.
    pub fn finish(&self) -> Seen {
        self.bar.finish_and_clear();
        std::mem::take(&mut *self.seen())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, step: &Step<'_>) {
        match step {
            Step::Page { source, new, .. } => {
                self.bar.inc_length(*new as u64);
                self.bar.set_message(format!("reading {source}"));
            }
            Step::Examining { package, .. } => self.bar.set_message(words::name(package)),
            Step::Portion { package, portions } => {
                let name = words::name(package);
                self.bar.set_message(format!("{name}: {} of {} releases", portions.done, portions.total));
            }
            Step::Downloaded { log, progress } if progress.left() > 0 => {
                self.bar.set_message(format!("{}: {}", words::name(log), how_far(progress)));
            }
            Step::CatchingUp { log, progress } if self.bar.is_hidden() => {
                output::note(format!("{}: {}", words::name(log), how_far(progress)));
            }
            Step::Postponed { .. } | Step::Examined { .. } => self.bar.inc(1),
            _ => {}
        }
    }
}

impl Progress for ProgressBars {
    fn report(&self, step: &Step<'_>) {
        self.show(step);
        self.seen().take(step);
    }
}

impl Seen {
    fn take(&mut self, step: &Step<'_>) {
        match step {
            Step::Page { source, events, new } => {
                let source = self.source(source);
                source.events += events;
                source.new += new;
            }
            Step::Gap { source, why } => self.source(source).gap = Some((*why).to_owned()),
            Step::SourceFailed { source, why } => self.source(source).error = Some((*why).to_owned()),
            Step::Examining { .. }
            | Step::Working { .. }
            | Step::Portion { .. }
            | Step::Polling { .. }
            | Step::LookingUp { .. }
            | Step::CatchingUp { .. }
            | Step::Downloaded { .. } => {}
            Step::LogAlert { alert } => {
                self.log_alerts.insert(alert.id.clone(), (*alert).clone());
            }
            Step::Postponed { package, why } => {
                self.postponed.insert((*package).clone(), (*why).to_owned());
            }
            Step::Recorded { release, unchecked, alert, .. } => self.take_release(release, unchecked, *alert),
            Step::Examined { package, .. } => {
                self.postponed.remove(*package);
                self.packages.entry((*package).clone()).or_default();
            }
        }
    }

    /// The last word on a release counts.
    fn take_release(&mut self, release: &ReleaseId, unchecked: &[String], alert: Option<&Alert>) {
        let package = self.packages.entry(release.package().clone()).or_default();
        package.releases += 1;
        package.unchecked += usize::from(!unchecked.is_empty());
        if unchecked.is_empty() {
            self.unchecked.remove(release);
        } else {
            self.unchecked.insert(release.clone(), unchecked.to_vec());
        }
        if let Some(alert) = alert {
            self.alerts.insert(release.clone(), alert.clone());
        }
    }

    fn source(&mut self, name: &str) -> &mut SourceSeen {
        self.sources.entry(name.to_owned()).or_default()
    }
}
