//! `provwatch incident note`, `decide`, `close` and `reopen`: add to the history of an incident.

use super::about::{event, existing, missing, name};
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table,
        operator::Author,
        reason::reason,
    },
    model::IncidentEventKind,
};

/// Add a note to an incident
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch incident note axios-2026-03 \\
      --text 'the maintainers confirm that the token was stolen'")]
pub struct Note {
    /// The incident
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,
    /// The note
    #[arg(long, value_parser = reason)]
    text: String,
    #[command(flatten)]
    author: Author,
}

impl Note {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        change(context, &self.name, IncidentEventKind::Note, (&self.text, &self.author), "noted")
    }
}

/// Record a decision in an incident
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch incident decide axios-2026-03 \\
      --text 'both versions are blocked in the proxy until April 14'")]
pub struct Decide {
    /// The incident
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,
    /// The decision
    #[arg(long, value_parser = reason)]
    text: String,
    #[command(flatten)]
    author: Author,
}

impl Decide {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        change(context, &self.name, IncidentEventKind::Decision, (&self.text, &self.author), "recorded")
    }
}

/// Close an incident
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch incident close axios-2026-03 \\
      --reason 'the versions are gone, and all projects were checked'")]
pub struct Close {
    /// The incident
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,
    /// The reason, for later readers
    #[arg(long, value_parser = reason)]
    reason: String,
    #[command(flatten)]
    author: Author,
}

impl Close {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        change(context, &self.name, IncidentEventKind::Closed, (&self.reason, &self.author), "closed")
    }
}

/// Open a closed incident again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch incident reopen axios-2026-03 \\
      --reason 'another package of the same account'")]
pub struct Reopen {
    /// The incident
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,
    /// The reason, for later readers
    #[arg(long, value_parser = reason)]
    reason: String,
    #[command(flatten)]
    author: Author,
}

impl Reopen {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        change(context, &self.name, IncidentEventKind::Reopened, (&self.reason, &self.author), "open again")
    }
}

fn change(
    context: &Context,
    name: &str,
    kind: IncidentEventKind,
    (text, author): (&str, &Author),
    done: &str,
) -> Outcome {
    let (store, now) = (context.store_to_change()?, Context::clock().now());
    let incident = existing(&store, name)?;
    match (kind, incident.is_open) {
        (IncidentEventKind::Closed, false) => {
            return Err(CliError::usage(format!("incident {name} is closed already")));
        }
        (IncidentEventKind::Reopened, true) => return Err(CliError::usage(format!("incident {name} is open already"))),
        _ => {}
    }
    if !store.add_to_incident(name, &[event(kind, text, &author.name(), now)])? {
        return Err(missing(name));
    }
    fact_table::say(&format!("{name}: {done}."));
    Ok(Exit::Clean)
}
