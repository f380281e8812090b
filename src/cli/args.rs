//! The commands of the program and their arguments. Help texts address users who have never seen the program.

use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};

use super::exit::Outcome;

/// Watches package registries for takeovers: who published this release, from where, and is that how this package is
/// normally released?
#[derive(Debug, Parser)]
#[command(name = "provwatch", version, propagate_version = true, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Arguments {
    /// The configuration file [default: /etc/provwatch/provwatch.toml for root, ~/.config/provwatch/provwatch.toml for
    /// others]
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
    /// Play the recording of a takeover, and show how provwatch detects it
    Demo(super::demo::Demo),
    /// Write a first configuration and watchlist
    Init(super::init::Init),
    /// Check the configuration, the store, the trust root and the connection to every source
    Doctor(super::doctor::Doctor),
    /// Watch packages and logs, as a daemon or in one full pass
    Run(super::run::Run),
    /// Make the running daemon read its configuration and watchlist again
    Reload(super::reload::Reload),
    /// Show the health of provwatch itself, and exit with 5 if it is unhealthy
    Status(super::status::Status),
    /// Show and edit the list of watched packages
    #[command(subcommand)]
    Watch(super::watch::Watch),
    /// Learn the baselines of packages now, before the daemon does
    Backfill(super::backfill::Backfill),
    /// Show and correct the baselines of packages
    #[command(subcommand)]
    Baseline(super::baseline::Baseline),
    /// Show and acknowledge alerts
    #[command(subcommand)]
    Alerts(super::alerts::Alerts),
    /// Find releases, log entries and alerts by anything that was observed of them
    Lookup(super::lookup::Lookup),
    /// Show a package's releases and the events around them, the latest first
    Timeline(super::timeline::Timeline),
    /// Keep an incident: its releases, notes and decisions, and hand its evidence over
    #[command(subcommand)]
    Incident(super::incident::Incident),
    /// Remember which projects use which releases, and since when
    #[command(subcommand)]
    Inventory(super::inventory::Inventory),
    /// Announce planned changes, so that they raise no alert
    #[command(subcommand)]
    Expect(super::expect::Expect),
    /// Tell provwatch of a run of your release workflow, and of the files that it publishes
    Allow(super::allow::Allow),
    /// Hold messages about some alerts back for a time; the alerts are raised and stored as always
    #[command(subcommand)]
    Silences(super::silences::Silences),
    /// Show and search transparency logs, and verify evidence against them
    #[command(subcommand)]
    Logs(super::logs::Logs),
    /// Write lists for proxies and package managers
    #[command(subcommand)]
    Export(super::export::Export),
    /// Back up, restore and check the store
    #[command(subcommand)]
    Store(super::store::Store),
    /// Run recorded timelines through the detectors
    Replay(super::replay::Replay),
    /// List and explain the detectors
    #[command(subcommand)]
    Detectors(super::detectors::Detectors),
    /// Verify a file of attestations, a release by its purl, or a stored file by its digest
    Verify(super::verify::Verify),
    /// Verify one Sigstore bundle, with the options of sigstore-conformance
    VerifyBundle(super::verify_bundle::VerifyBundle),
    /// Show the receivers of alerts, and who would be told of an alert
    #[command(subcommand)]
    Subscriptions(super::subscriptions::Subscriptions),
    /// List and show the messages to receivers, and send what was given up again
    #[command(subcommand)]
    Deliveries(super::deliveries::Deliveries),
    /// Send a test alert to every subscription
    TestSinks(super::test_sinks::TestSinks),
    /// Send a made-up takeover through the whole path, from feed to receiver, and show the time of each step
    Drill(super::drill::Drill),
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
            Command::Incident(command) => command.run(config),
            Command::Inventory(command) => command.run(config),
            Command::Expect(command) => command.run(config),
            Command::Allow(command) => command.run(config),
            Command::Silences(command) => command.run(config),
            Command::Logs(command) => command.run(config),
            Command::Export(command) => command.run(config),
            Command::Store(command) => command.run(config),
            Command::Replay(command) => command.run(),
            Command::Detectors(command) => command.run(),
            Command::Verify(command) => command.run(config),
            Command::VerifyBundle(command) => command.run(),
            Command::Subscriptions(command) => command.run(config),
            Command::Deliveries(command) => command.run(config),
            Command::TestSinks(command) => command.run(config),
            Command::Drill(command) => command.run(config),
            Command::Completions(command) => command.run(Self::command()),
            Command::Man(command) => command.run(Self::command()),
        }
    }
}
