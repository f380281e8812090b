//! `provwatch incident show`: shows an incident.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    about::{existing, name},
    markdown,
    telling::{Alerts, told},
};
use crate::{
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        fact_table,
        output::{self, Printing, Redaction},
        used::{UsedRelease, used},
        words::{self, NOTHING},
    },
    model::{Fingerprint, Incident},
    store::{Store, StoreError},
    text::shell_word,
};

/// Show an incident
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch incident show axios-2026-03
  provwatch incident show axios-2026-03 --markdown  # for a ticket
  provwatch incident show axios-2026-03 --format json | jq .members")]
pub struct Show {
    /// The incident
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,
    /// Print Markdown, for a ticket
    #[arg(long, conflicts_with = "format")]
    markdown: bool,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    redaction: Redaction,
}

/// An incident, and who uses its releases.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Shown {
    #[serde(flatten)]
    incident: Incident,
    /// The members that projects of the inventory use now, or used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    used: Vec<UsedRelease>,
}

impl Show {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        self.redaction.begin()?;
        let store = context.store_to_read()?;
        let incident = existing(&store, &self.name)?;
        let used = used(&store, incident.members.iter().map(|member| member.purl.clone()))?;
        if self.printing.is_json() {
            output::json(&Shown { incident, used })?;
            return Ok(Exit::Clean);
        }
        let alerts = alerts(&store, &incident)?;
        if self.markdown {
            output::line(markdown::text(&incident, &alerts, &used).trim_end());
        } else {
            print(&incident, &alerts, &used);
        }
        Ok(Exit::Clean)
    }
}

fn alerts(store: &Store, incident: &Incident) -> Result<Alerts, StoreError> {
    let mut alerts = Alerts::new();
    for member in &incident.members {
        if let Some(alert) = store.alert(&Fingerprint::of_release(&member.purl))? {
            alerts.insert(member.purl.clone(), alert);
        }
    }
    Ok(alerts)
}

fn print(incident: &Incident, alerts: &Alerts, used: &[UsedRelease]) {
    let status = if incident.is_open { "open" } else { "closed" };
    output::line(format_args!("{}, {status}", words::name(&incident.name)));
    fact_table::say(&words::sentence(incident.reason()));
    if !incident.members.is_empty() {
        fact_table::heading("releases");
        let mut table = output::bare_table();
        for member in &incident.members {
            let alert = alerts.get(&member.purl);
            table.add_row([
                format!("  {}", words::name(&member.purl)),
                alert.map_or(NOTHING.to_owned(), |alert| format!("{} {}", alert.severity, alert.id)),
                member.tie.map_or("named", |tie| tie.as_str()).to_owned(),
                words::sentence(&member.why),
            ]);
        }
        output::print(&table);
    }
    if !used.is_empty() {
        fact_table::heading("used by");
    }
    for (release, by) in used.iter().map(UsedRelease::words) {
        fact_table::say(&format!("  {release}: {by}"));
    }
    fact_table::heading("history");
    let mut sheet = fact_table::Sheet::new();
    for event in &incident.events {
        sheet.row(&words::minute(event.at), told(event));
    }
    sheet.print();
    let name = shell_word(&incident.name);
    fact_table::next(&[
        (format!("provwatch incident export {name} --to {name}.tar"), "hand the evidence over"),
        (format!("provwatch incident show {name} --markdown"), "the text for a ticket"),
    ]);
}
