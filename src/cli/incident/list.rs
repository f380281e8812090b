//! `provwatch incident list`: lists the incidents.

use crate::{
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        fact_table,
        output::{self, Printing},
        words::{self, NOTHING},
    },
    model::Incident,
};

/// List the incidents, the latest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch incident list
  provwatch incident list --all --format json")]
pub struct List {
    /// Show closed incidents, too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    printing: Printing,
}

impl List {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let mut incidents = context.store_to_read()?.incidents()?;
        incidents.retain(|incident| self.all || incident.is_open);
        if self.printing.is_json() {
            incidents.iter().try_for_each(output::json)?;
        } else if incidents.is_empty() {
            fact_table::say("No incident is open; `provwatch incident open` opens one.");
        } else {
            print(&incidents);
        }
        Ok(Exit::Clean)
    }
}

fn print(incidents: &[Incident]) {
    let mut table = output::table(["NAME", "OPENED", "STATUS", "RELEASES", "LAST ENTRY", "REASON"]);
    for incident in incidents {
        let last = incident.events.last().map_or(NOTHING.to_owned(), |event| words::minute(event.at));
        table.add_row([
            words::name(&incident.name),
            incident.opened_at().map_or(NOTHING.to_owned(), words::minute),
            if incident.is_open { "open" } else { "closed" }.to_owned(),
            incident.members.len().to_string(),
            last,
            words::sentence(incident.reason()),
        ]);
    }
    output::print(&table);
}
