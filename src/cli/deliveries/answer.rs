//! The answer of `provwatch deliveries retry`.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::{fact_table, output, words, wrap};

/// What became, or would become, of deliveries.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(in crate::cli) struct Answer {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// The dead letters that are back in the outbox.
    pub put_back: Vec<i64>,
    /// The waiting deliveries that are due now.
    pub due: Vec<i64>,
    /// The subscriptions whose disabled endpoint is tried again.
    pub woken: Vec<String>,
    /// The subscription that is told of earlier alerts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How many alerts it is told of.
    pub sent: usize,
    /// How many silences hold back.
    pub held: usize,
    /// Subscriptions with chosen deliveries that the configuration does not have: theirs stay as they are.
    pub removed: BTreeSet<String>,
}

impl Answer {
    pub(super) fn print(&self) {
        let counted = |count: usize, what| words::counted(u64::try_from(count).unwrap_or(u64::MAX), what);
        let mut said = Vec::new();
        if !self.put_back.is_empty() {
            said.push(format!("{} put back into the outbox", counted(self.put_back.len(), "dead letter")));
        }
        if !self.due.is_empty() {
            said.push(format!("{} due now", counted(self.due.len(), "waiting delivery")));
        }
        said.extend(
            self.woken.iter().map(|name| format!("the disabled endpoint of {} tried again", words::name(name))),
        );
        if let Some(to) = &self.to {
            said.push(format!("{} to be sent to {}", counted(self.sent, "alert"), words::name(to)));
        }
        if self.held > 0 {
            said.push(format!("{} held back by silences", counted(self.held, "alert")));
        }
        let what = if said.is_empty() { "nothing to send again".to_owned() } else { said.join("; ") };
        output::line(wrap::paragraphs(&format!("{}.", capitalized(&what)), wrap::width(), ""));
        for name in &self.removed {
            let name = words::name(name);
            output::note(format_args!(
                "The configuration has no subscription {name}: its deliveries stay as they are."
            ));
        }
        if self.dry_run {
            fact_table::say("This was a dry run: nothing was changed.");
        }
    }
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().collect::<String>() + characters.as_str()).unwrap_or_default()
}
