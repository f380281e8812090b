use serde_json::json;

use crate::{
    cli::{
        args::Printing,
        context::Context,
        exit::{Exit, Outcome},
        output, words,
    },
    watchlist::Watchlist,
};

/// List the logs that are followed
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch logs list
  provwatch logs list --format json

The logs are those of the trust root that is built in or configured, and those of [[logs.instance]].")]
pub struct List {
    #[command(flatten)]
    printing: Printing,
}

impl List {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let pipeline = context.pipeline_to_look(Watchlist::default())?;
        let mut table = output::table(["LOG", "KIND", "READ", "URL"]);
        for log in pipeline.followed_logs() {
            let read = if log.tailed { "every entry" } else { "checkpoints" };
            if self.printing.is_json() {
                output::json(&json!({
                    "name": log.name(), "kind": log.kind, "url": log.url.as_str(), "tailed": log.tailed,
                    "key_id": hex::encode(log.log.signer().key().id()),
                }))?;
            } else {
                table.add_row([words::name(log.name()), log.kind.to_string(), read.to_owned(), words::name(&log.url)]);
            }
        }
        if !self.printing.is_json() {
            output::print(&table);
            output::line("\n`provwatch logs status` shows how far each was read.");
        }
        Ok(Exit::Clean)
    }
}
