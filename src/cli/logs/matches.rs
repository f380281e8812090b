//! `provwatch logs matches`: lists the entries that `[[logs.match]]` found.

use chrono::{DateTime, Utc};

use crate::{
    cli::{
        callable::callable,
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table,
        output::{self, Printing},
        target, words,
    },
    model::MatchedEntry,
    store::{LogEntryRow, LogMatchFilter, Store},
};

/// List the log entries that each [[logs.match]] found, the latest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch logs matches
  provwatch logs matches --match acme --since 2026-06-01T00:00:00Z
  provwatch logs matches --identity github.com/acme/tool --format json

Every listed entry hashes to a root that its log signed. \"forged\" marks an entry whose certificate no trusted \
authority issued: anyone can make such a certificate.")]
pub struct Matches {
    /// Only entries that the [[logs.match]] of this name found
    #[arg(long = "match", value_name = "NAME")]
    name: Option<String>,
    /// Only entries of this log; for a shard of Rekor v1 with the number of its tree
    #[arg(long, value_name = "NAME")]
    log: Option<String>,
    /// Only entries that provwatch saw at this time or later, RFC 3339
    #[arg(long, value_name = "TIME")]
    since: Option<DateTime<Utc>>,
    /// Only entries that provwatch saw before this time, RFC 3339
    #[arg(long, value_name = "TIME")]
    until: Option<DateTime<Utc>>,
    /// Only entries with this text in issuer, subject or a claim, in upper or lower case
    #[arg(long, value_name = "TEXT")]
    identity: Option<String>,
    /// Show at most this many entries
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = target::count)]
    limit: usize,
    #[command(flatten)]
    printing: Printing,
}

impl Matches {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = context.store_to_read()?;
        self.check(context, &store)?;
        let rows = store.log_matches(self.filter())?;
        if self.printing.is_json() {
            rows.into_iter().map(MatchedEntry::from).try_for_each(|entry| output::json(&entry))?;
        } else if rows.is_empty() {
            fact_table::say("No such entry was found. `provwatch logs status` says how far each log was read.");
        } else {
            print(&rows);
            output::limited(rows.len(), self.limit);
        }
        Ok(Exit::Clean)
    }

    fn filter(&self) -> LogMatchFilter<'_> {
        LogMatchFilter {
            name: self.name.as_deref(),
            log: self.log.as_deref(),
            since: self.since,
            until: self.until,
            identity: self.identity.as_deref(),
            limit: self.limit,
        }
    }

    /// A misspelt name would look like no result. Matches of removed rules are listed too.
    fn check(&self, context: &Context, store: &Store) -> Result<(), CliError> {
        let known = context.config.logs.matches.iter().map(|one| one.name.as_str());
        if let Some(name) = self.name.as_deref().filter(|name| !known.clone().any(|known| known == *name)) {
            let found = LogMatchFilter { name: Some(name), limit: 1, ..LogMatchFilter::default() };
            if store.log_matches(found)?.is_empty() {
                let names = known.map(|name| format!("{name:?}")).collect::<Vec<_>>();
                let why = format!("no [[logs.match]] is named {name:?}");
                return Err(if names.is_empty() {
                    CliError::usage(why)
                        .next("add such a table to the configuration; docs/CONFIGURATION.md describes it")
                } else {
                    CliError::usage(format!("{why}; known: {}", names.join(", ")))
                });
            }
        }
        match &self.log {
            Some(log) if store.log(log)?.is_none() => {
                Err(CliError::usage(format!("no log {log:?} was ever read")).next(callable("provwatch logs status")))
            }
            _ => Ok(()),
        }
    }
}

fn print(rows: &[LogEntryRow]) {
    let mut table = output::table(["SEEN (UTC)", "MATCH", "LOG", "ENTRY", "WHO"]);
    for row in rows {
        let forged = if row.entry.not_issued.is_some() { "forged: " } else { "" };
        table.add_row([
            words::minute(row.seen_at),
            words::name(row.entry.patterns.join(", ")),
            words::name(&row.log),
            row.entry.index.to_string(),
            format!("{forged}{}", words::sentence(&row.entry.identity)),
        ]);
    }
    output::print(&table);
    output::line("");
    fact_table::say("`provwatch logs matches --format json` has all that the certificates say.");
}
