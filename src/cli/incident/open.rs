//! `provwatch incident open`: opens an incident.

use super::about::{event, events, name};
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table,
        operator::Author,
        output::{self, Printing},
        reason::reason,
        target, words,
    },
    model::{IncidentEventKind, ReleaseId},
};

/// Open an incident
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch incident open axios-2026-03 pkg:npm/axios@1.14.1 \\
      --reason 'published with a stolen token, see the maintainers'
  provwatch incident open INC-4711 --reason 'a contractor lost a laptop'

While the incident is open, a later release that has the run, the signing workflow, the publisher or the certified \
repository in common with one of its releases raises an alert and joins it. The history of an incident only grows, and \
`provwatch store check` verifies it.")]
pub struct Open {
    /// Its name, one word
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,
    /// Its first releases
    #[arg(value_name = "PURL", value_parser = target::release)]
    releases: Vec<ReleaseId>,
    /// What happened, for later readers
    #[arg(long, value_parser = reason)]
    reason: String,
    #[command(flatten)]
    author: Author,
    #[command(flatten)]
    printing: Printing,
}

impl Open {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let (store, now, by) = (context.store_to_change()?, Context::clock().now(), self.author.name());
        let mut all = vec![event(IncidentEventKind::Opened, &self.reason, &by, now)];
        all.extend(events(IncidentEventKind::Added, &self.releases, &self.reason, (&by, now)));
        if !store.open_incident(&self.name, &all)? {
            let there = CliError::usage(format!("there is an incident {:?} already", self.name));
            return Err(there.next(format!("provwatch incident show {}", self.name)));
        }
        let incident = super::about::existing(&store, &self.name)?;
        if self.printing.is_json() {
            output::json(&incident)?;
            return Ok(Exit::Clean);
        }
        let releases = words::counted(incident.members.len() as u64, "release");
        fact_table::say(&format!("Incident {} is open, with {releases}.", self.name));
        for release in &self.releases {
            if store.release(release)?.is_none() {
                fact_table::say(&format!("{release} is not stored: nothing joins the incident by it."));
            }
        }
        fact_table::next(&[
            (format!("provwatch incident show {}", self.name), "see it"),
            (format!("provwatch incident note {} --text '…'", self.name), "note what you find"),
        ]);
        Ok(Exit::Clean)
    }
}
