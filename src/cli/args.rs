//! The commands of the program and their arguments. Help texts address users who have never seen the program.

use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};

use super::exit::Outcome;

/// Watches package registries for takeovers: who published this release, from where, and is that how this package is
/// normally released?
#[derive(Debug, Parser)]
#[command(name = "provwatch", version, propagate_version = true, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Arguments {
    /// The configuration file [default: /etc/provwatch/provwatch.toml for root, else below the configuration folder]
    #[arg(long, short, global = true, value_name = "FILE", env = "PROVWATCH_CONFIG")]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  provwatch demo                         # watch a takeover being caught
  provwatch init                         # write configuration and watchlist
  provwatch watch import package-lock.json
  provwatch run --once                   # one full pass over all sources
  provwatch alerts list
  provwatch lookup pkg:npm/axios@1.14.1  # who published this, from where?

Exit codes:
  0 clean · 1 failed · 2 wrong usage or configuration
  3 findings at or above --fail-on · 4 could not check everything that was asked
  5 unhealthy (status)";

/// The commands, in the order in which a newcomer meets them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show a takeover being caught, from a recording, without a network
    Demo(super::demo::Demo),
    /// Write a configuration and a watchlist to start from
    Init(super::init::Init),
    /// Check the configuration, the store, the trust root and the way to every source
    Doctor(super::doctor::Doctor),
    /// Watch: the daemon, or one full pass
    Run(super::run::Run),
    /// Make the running daemon read configuration and watchlist again
    Reload(super::reload::Reload),
    /// Show the health of provwatch itself; exits with 5 when it is not healthy
    Status(super::status::Status),
    /// Say which packages are watched
    #[command(subcommand)]
    Watch(super::watch::Watch),
    /// Learn the baselines of packages now instead of when their turn comes
    Backfill(super::backfill::Backfill),
    /// Show and correct what is normal for a package
    #[command(subcommand)]
    Baseline(super::baseline::Baseline),
    /// Show and acknowledge alerts
    #[command(subcommand)]
    Alerts(super::alerts::Alerts),
    /// Who published a release, from where, what did it prove, and what else did they publish?
    Lookup(super::lookup::Lookup),
    /// The releases of a package and what happened around them, newest first
    Timeline(super::timeline::Timeline),
    /// Announce planned changes, so that they raise no alert
    #[command(subcommand)]
    Expect(super::expect::Expect),
    /// Transparency logs: which are followed, how far each is read, and what one did wrong
    #[command(subcommand)]
    Logs(super::logs::Logs),
    /// Run recorded timelines through the detectors
    Replay(super::replay::Replay),
    /// The detectors and what each one means
    #[command(subcommand)]
    Detectors(super::detectors::Detectors),
    /// Verify attestations, or the release or stored file that a purl or digest names
    Verify(super::verify::Verify),
    /// Verify one Sigstore bundle, with the command line of sigstore-conformance
    VerifyBundle(super::verify_bundle::VerifyBundle),
    /// Send a test alert to every subscription
    TestSinks(super::test_sinks::TestSinks),
    /// Print completions for a shell
    Completions(super::completions::Completions),
    /// Print the manual page
    Man(super::completions::Man),
}

impl Arguments {
    /// Runs the command.
    ///
    /// # Errors
    /// The error of the command.
    pub fn run(&self) -> Outcome {
        let config = self.config.as_deref();
        if let Some(config) = config {
            super::callable::called_with(config);
        }
        match &self.command {
            Command::Demo(command) => command.run(),
            Command::Init(command) => command.run(config),
            Command::Doctor(command) => command.run(config),
            Command::Run(command) => command.run(config),
            Command::Reload(_) => super::reload::Reload::run(config),
            Command::Status(command) => command.run(config),
            Command::Watch(command) => command.run(config),
            Command::Backfill(command) => command.run(config),
            Command::Baseline(command) => command.run(config),
            Command::Alerts(command) => command.run(config),
            Command::Lookup(command) => command.run(config),
            Command::Timeline(command) => command.run(config),
            Command::Expect(command) => command.run(config),
            Command::Logs(command) => command.run(config),
            Command::Replay(command) => command.run(),
            Command::Detectors(command) => command.run(),
            Command::Verify(command) => command.run(config),
            Command::VerifyBundle(command) => command.run(),
            Command::TestSinks(command) => command.run(config),
            Command::Completions(command) => command.run(Self::command()),
            Command::Man(command) => command.run(Self::command()),
        }
    }
}
