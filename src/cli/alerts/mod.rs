//! `provwatch alerts`: what was found, and what was done about it.

mod ack;
mod list;
pub(super) mod show;

use std::path::Path;

use super::{
    context::Context,
    exit::{Failure, Outcome},
    output, words,
};
use crate::model::Alert;

/// Show and acknowledge alerts
#[derive(Debug, clap::Subcommand)]
pub enum Alerts {
    /// The alerts, the latest first
    List(list::List),
    /// One alert with all its evidence, and what became of it
    Show(show::Show),
    /// Acknowledge alerts: say that you are looking into them
    Ack(ack::Ack),
}

impl Alerts {
    /// Runs the command.
    ///
    /// # Errors
    /// The configuration is wrong, the store cannot be read or written, or there is no such alert.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        match self {
            Self::List(command) => command.run(&context),
            Self::Show(command) => command.run(&context),
            Self::Ack(command) => command.run(&context),
        }
    }
}

/// Nobody raised such an alert.
fn no_such_alert(id: &str) -> Failure {
    let digits = !id.is_empty() && id.bytes().all(|digit| digit.is_ascii_hexdigit());
    let id = words::name(id);
    let failure = if digits {
        Failure::failed(format!("there is no alert whose id begins with {id:?}"))
    } else {
        Failure::usage(format!(
            "{id:?} is not the id of an alert; expected its first hexadecimal digits, such as 6adc1e73"
        ))
    };
    failure.next("`provwatch alerts list` shows the ids")
}

/// The alert's title, which names what it is about.
fn title(alert: &Alert) -> String {
    words::sentence(&alert.title)
}
