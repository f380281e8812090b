//! The listener for the progress of services, such as a progress bar, the demo, or the summary of a pass.

use crate::{
    model::{Alert, Observation, Package, ReleaseId},
    store::{LogProgress, Outcome, Portions},
};

/// What happened.
#[derive(Debug)]
pub enum Step<'a> {
    /// A feed was read.
    Page {
        /// The feed.
        source: &'a str,
        /// Events on the page.
        events: usize,
        /// Of which for watched packages and not seen before.
        new: usize,
    },
    /// A feed lost its place; the watched packages are compared with their documents.
    Gap {
        /// The feed.
        source: &'a str,
        /// Why.
        why: &'a str,
    },
    /// A source could not be read.
    SourceFailed {
        /// The feed.
        source: &'a str,
        /// Why, with causes.
        why: &'a str,
    },
    /// A package is being looked at.
    Examining {
        /// The package.
        package: &'a Package,
        /// Whether for the first time.
        first_sight: bool,
    },
    /// A package could not be looked at; it will be tried again.
    Postponed {
        /// The package.
        package: &'a Package,
        /// Why, with causes.
        why: &'a str,
    },
    /// A registry does not answer, and what is left of its packages is not tried in this pass.
    GivenUp {
        /// The registry's title.
        registry: &'a str,
        /// Why, with causes.
        why: &'a str,
        /// Packages that are left.
        left: u64,
    },
    /// The queue is being worked off; said about once a second.
    Working {
        /// Packages that are being looked at.
        packages: usize,
    },
    /// A portion of a long history was stored; the package's next turn goes on there.
    Portion {
        /// The package.
        package: &'a Package,
        /// How far its history is.
        portions: Portions,
    },
    /// A release was recorded.
    Recorded {
        /// The release.
        release: &'a ReleaseId,
        /// What is known of it; `None` if the registry's words about it could not be read.
        observation: Option<&'a Observation>,
        /// Its outcome.
        outcome: Outcome,
        /// What could not be checked.
        unchecked: &'a [String],
        /// The alert that it raised.
        alert: Option<&'a Alert>,
    },
    /// A transparency log is being looked at.
    Polling {
        /// The log.
        log: &'a str,
    },
    /// The entry that a release names is being looked up in its log.
    LookingUp {
        /// The release.
        release: &'a ReleaseId,
    },
    /// Entries of a transparency log were downloaded and stored; they are not verified yet.
    Downloaded {
        /// The log.
        log: &'a str,
        /// How far the reading has come that they are part of.
        progress: &'a LogProgress,
    },
    /// Much of a transparency log is being read; said about once a minute.
    CatchingUp {
        /// The log.
        log: &'a str,
        /// How far the reading has come.
        progress: &'a LogProgress,
    },
    /// An alert about a log, or about an entry of one, was raised, or raised again.
    LogAlert {
        /// The alert.
        alert: &'a Alert,
    },
    /// An alert about the name of a package was raised, or raised again.
    NameAlert {
        /// The alert.
        alert: &'a Alert,
    },
    /// A package was looked at.
    Examined {
        /// The package.
        package: &'a Package,
        /// Releases recorded.
        releases: usize,
    },
}

/// Is told what the services do. Must not block.
pub trait Progress: Send + Sync + std::fmt::Debug {
    /// Something happened.
    fn report(&self, step: &Step<'_>);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn report(&self, _: &Step<'_>) {}
}
