//! `provwatch logs list`: lists the followed logs.

use schemars::JsonSchema;
use serde::Serialize;

use super::wording::{OFF, UNREAD};
use crate::{
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        fact_table,
        output::{self, Printing},
        words,
    },
    logwatch::FollowedLog,
    store::LogKind,
    watchlist::Watchlist,
};

/// List the logs that provwatch follows
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch logs list
  provwatch logs list --format json

The list has the logs of the trust root and those of [[logs.instance]]. `provwatch run` asks each log of the trust \
root for its kind; before that, the list shows the kind that its key suggests.")]
pub struct List {
    #[command(flatten)]
    printing: Printing,
}

impl List {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        if !self.printing.is_json() && !context.config.logs.enabled {
            output::line(OFF);
        }
        let app = context.app_to_look(Watchlist::default())?;
        let mut table = output::table(["LOG", "KIND", "READ", "URL"]);
        for log in app.logs.followed_logs() {
            let read = if log.tailed { "every entry" } else { "checkpoints" };
            let kind = if log.is_guess() { format!("{}, not asked yet", log.kind) } else { log.kind.to_string() };
            if self.printing.is_json() {
                output::json(&Line::of(&log))?;
            } else {
                table.add_row([words::name(log.name()), kind, read.to_owned(), words::name(&log.url)]);
            }
        }
        if !self.printing.is_json() {
            output::print(&table);
            super::not_followed::print(&app.logs.logs_not_followed());
            if !app.trust.verifier().is_ready() {
                output::line(UNREAD);
            }
            output::line("");
            fact_table::say("`provwatch logs status` shows how far each was read.");
        }
        Ok(Exit::Clean)
    }
}

/// A log that is followed.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Line<'a> {
    /// The origin of its checkpoints.
    name: &'a str,
    /// The protocol of the log.
    kind: LogKind,
    /// Where.
    url: &'a str,
    /// Whether every entry is read, or only the checkpoints.
    tailed: bool,
    /// Whether the log's answers showed its kind; false: the kind is the one that its key suggests.
    recognized: bool,
    /// SHA-256 over its public key, hexadecimal.
    key_id: String,
}

impl<'a> Line<'a> {
    fn of(log: &'a FollowedLog) -> Self {
        Self {
            name: log.name(),
            kind: log.kind,
            url: log.url.as_str(),
            tailed: log.tailed,
            recognized: !log.is_guess(),
            key_id: log.log.signer().key().key_id(),
        }
    }
}
