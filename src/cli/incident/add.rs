//! `provwatch incident add` and `remove`: adds releases to an incident, and takes them out.

use super::about::{events, existing, missing, name};
use crate::{
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        fact_table,
        operator::Author,
        reason::reason,
        target, words,
    },
    model::{IncidentEventKind, ReleaseId},
};

/// Add releases to an incident
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch incident add axios-2026-03 pkg:npm/plain-crypto-js@4.2.1 \\
      --reason 'its dependency, made by the same person'

A release does not have to be watched or stored.")]
pub struct Add {
    #[command(flatten)]
    asked: Asked,
}

/// Take releases out of an incident
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch incident remove axios-2026-03 pkg:npm/axios@1.14.2 \\
      --reason 'the fix by the maintainers'

The history of the incident keeps that the release was in it.")]
pub struct Remove {
    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, clap::Args)]
struct Asked {
    /// The incident
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,
    /// The releases
    #[arg(value_name = "PURL", required = true, value_parser = target::release)]
    releases: Vec<ReleaseId>,
    /// The reason, for later readers
    #[arg(long, value_parser = reason)]
    reason: String,
    #[command(flatten)]
    author: Author,
}

impl Add {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        self.asked.run(context, IncidentEventKind::Added)
    }
}

impl Remove {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        self.asked.run(context, IncidentEventKind::Removed)
    }
}

impl Asked {
    /// Does nothing for releases that are there already, or are not.
    fn run(&self, context: &Context, kind: IncidentEventKind) -> Outcome {
        let (store, now, by) = (context.store_to_change()?, Context::clock().now(), self.author.name());
        let incident = existing(&store, &self.name)?;
        let is_added = kind == IncidentEventKind::Added;
        let mut news = self.releases.clone();
        news.retain(|release| incident.has(release) != is_added);
        news.dedup();
        if !store.add_to_incident(&self.name, &events(kind, &news, &self.reason, (&by, now)))? {
            return Err(missing(&self.name));
        }
        let (count, done) = (words::counted(news.len() as u64, "release"), if is_added { "added" } else { "removed" });
        fact_table::say(&format!("{}: {count} {done}.", self.name));
        if !incident.is_open {
            fact_table::say(&format!("The incident is closed; `provwatch incident reopen {}` opens it.", self.name));
        }
        Ok(Exit::Clean)
    }
}
