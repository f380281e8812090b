//! Shows the progress of a pass as a bar on a terminal, and records its events for the summary.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use indicatif::{ProgressBar, ProgressStyle};
use schemars::JsonSchema;
use serde::Serialize;

use super::{output, words};
use crate::{
    logwatch::how_far,
    model::{Alert, AlertId, Package, ReleaseId},
    progress::{Progress, Step},
    text::plain,
};

/// The queue says about once a second that it is worked off; every so often that is passed on.
const SAID_EVERY: usize = 10;
/// Most characters of a reason.
const REASON: usize = 400;

/// Shows and records what happens. Without a terminal the bar shows nothing.
#[derive(Debug)]
pub struct ProgressBars {
    bar: ProgressBar,
    /// How often the queue was said to be worked off.
    working: AtomicUsize,
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
    /// The registries that did not answer, by title.
    pub given_up: BTreeMap<String, GivenUp>,
    /// The alerts raised.
    pub alerts: BTreeMap<ReleaseId, Alert>,
    /// The alerts about logs and names raised, by id.
    pub other_alerts: BTreeMap<AlertId, Alert>,
}

/// The result of reading a source.
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

/// A registry that did not answer.
#[derive(Debug, JsonSchema, Serialize)]
pub struct GivenUp {
    /// Why, with causes.
    pub error: String,
    /// Packages that were not tried.
    pub left: u64,
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
        Self { bar, working: AtomicUsize::default(), seen: Mutex::default() }
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
            Step::Working { .. } if self.bar.is_hidden() => {
                if let Some(line) = self.now_and_then() {
                    output::note(line);
                }
            }
            Step::GivenUp { registry, why, left } => {
                let left = words::counted(*left, "package");
                output::note(format!(
                    "{registry} does not answer, {left} left for the next pass: {}",
                    plain(why, REASON)
                ));
            }
            Step::Postponed { .. } | Step::Examined { .. } => self.bar.inc(1),
            _ => {}
        }
    }
}

impl ProgressBars {
    /// Without a terminal a line now and then tells that something happens.
    fn now_and_then(&self) -> Option<String> {
        let times = self.working.fetch_add(1, Ordering::Relaxed) + 1;
        let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
        let line = || format!("{done} of {} checked", words::counted(all.max(done), "package"));
        times.is_multiple_of(SAID_EVERY).then(line)
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
            Step::GivenUp { registry, why, left } => {
                self.given_up.insert((*registry).to_owned(), GivenUp { error: (*why).to_owned(), left: *left });
            }
            Step::Examining { .. }
            | Step::Working { .. }
            | Step::Portion { .. }
            | Step::Polling { .. }
            | Step::LookingUp { .. }
            | Step::CatchingUp { .. }
            | Step::Downloaded { .. } => {}
            Step::LogAlert { alert } | Step::NameAlert { alert } => {
                self.other_alerts.insert(alert.id, (*alert).clone());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_a_line_tells_now_and_then_how_far_it_is() {
        let bars = ProgressBars::over(400);
        let package: Package = "pkg:npm/a".parse().unwrap();
        for _ in 0..120 {
            bars.report(&Step::Examined { package: &package, releases: 0 });
        }
        let lines: Vec<_> = (0..25).filter_map(|_| bars.now_and_then()).collect();
        assert_eq!(lines, ["120 of 400 packages checked"; 2], "every ten seconds or so");
    }

    #[test]
    fn a_registry_that_is_given_up_is_told_once_in_the_summary() {
        let bars = ProgressBars::over(3);
        bars.report(&Step::GivenUp { registry: "npm", why: "refused", left: 2 });
        let seen = bars.finish();
        assert_eq!((seen.given_up.len(), seen.given_up["npm"].left), (1, 2));
    }
}
