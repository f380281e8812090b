//! `provwatch drill`: sends a made-up takeover through the whole path, from feed to receiver.
//!
//! The drill is the real program with the operator's configuration, detectors and receivers. Only the registry is made
//! up ([`network`]), and the database is a new one in a private folder, which the drill removes. So it can neither change
//! a baseline, a statistic or an alert, nor wait behind the daemon, which keeps its lock and its database. Every message
//! is marked by the sink itself (`deliver/trial/drill.rs`).

mod course;
mod network;
pub(super) mod report;
mod stopwatch;

use std::{path::Path, sync::Arc};

use clap::Args;

use self::course::Course;
use super::{
    context::Context,
    exit::{CliError, Exit, Outcome},
    fresh_folder::fresh_folder,
    output::{self, Printing},
    setup,
};
use crate::{clock::Clock, daemon::lock_state, strict_toml::did_you_mean};

/// Send a made-up takeover through the whole path, from feed to receiver, and show the time of each step
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  provwatch drill
  provwatch drill --subscription security-team
  provwatch drill --format json

A registry that exists only in the program announces a takeover of a package that no registry can have. provwatch reads \
the feed, judges the release and stores the alert, with your configuration. It delivers the alert once to each \
subscription that selects a critical alert about this release, whatever silences, quiet hours and digests would do. Each \
message says in its title and id that it is a drill. A subscription for certain packages, tiers, teams or logs is not \
selected; `provwatch test-sinks` tries its receiver.

The drill works beside the daemon and without it. It uses a database of its own in a temporary folder, which it removes: \
baselines, statistics and later alerts are as before.

Exit codes: 0 every receiver accepted the message · 1 one did not, no subscription selects it, or the takeover raised no \
alert · 2 wrong configuration")]
pub struct Drill {
    /// Only this subscription; may be given several times [default: all]
    #[arg(long = "subscription", value_name = "NAME")]
    subscriptions: Vec<String>,
    #[command(flatten)]
    printing: Printing,
}

impl Drill {
    /// Runs the command.
    ///
    /// # Errors
    /// The configuration is wrong, the temporary folder cannot be written, or the takeover raised no alert.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        self.check_names(&context)?;
        let lock = lock_state(&context.config.store_path());
        let clock: Arc<dyn Clock> = Context::clock();
        let folder = fresh_folder("drill")?;
        let report = setup::runtime()?
            .block_on(async { Course::set(&context.config, &self.subscriptions, &folder, clock)?.run(lock).await });
        // Also after a failure: the folder has nothing that anything refers to.
        let removed = std::fs::remove_dir_all(&folder);
        let report = report?;
        removed.map_err(|error| CliError::failed(format!("removing {}: {error}", folder.display())))?;
        if self.printing.is_json() {
            output::json(&report)?;
        } else {
            report.print();
        }
        Ok(if report.is_ok() { Exit::Clean } else { Exit::Failed })
    }

    fn check_names(&self, context: &Context) -> Result<(), CliError> {
        let all = &context.config.subscriptions;
        if all.is_empty() {
            let step = "add a [[subscriptions]] table; docs/CONFIGURATION.md has all types";
            return Err(CliError::usage("the configuration has no subscriptions").next(step));
        }
        let names = || all.iter().map(|subscription| subscription.name.as_str());
        match self.subscriptions.iter().find(|name| !names().any(|known| known == name.as_str())) {
            None => Ok(()),
            Some(unknown) => {
                let why = format!("unknown subscription {unknown:?}{}", did_you_mean(unknown, names()));
                Err(CliError::usage(why).next(format!("name one of {}", names().collect::<Vec<_>>().join(", "))))
            }
        }
    }
}
