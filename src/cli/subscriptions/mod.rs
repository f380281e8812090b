//! `provwatch subscriptions`: shows the receivers of alerts, and who would be told of an alert.

mod list;
mod route;

use std::path::Path;

use clap::Subcommand;

pub(super) use self::{list::Listed, route::Route};
use super::{context::Context, exit::Outcome, test_sinks::TestSinks};

/// Show the receivers of alerts, and who would be told of an alert
#[derive(Debug, Subcommand)]
pub enum Subscriptions {
    /// List the subscriptions, with their conditions and times
    List(list::List),
    /// Another name of `test-sinks`
    #[command(hide = true)]
    Test(TestSinks),
    /// Show who would be told of an alert or a package, when, and why, without sending
    Route(route::Routing),
}

impl Subscriptions {
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        match self {
            Self::List(command) => command.run(&Context::load(config)?),
            Self::Test(command) => command.run(config),
            Self::Route(command) => command.run(&Context::load(config)?),
        }
    }
}
