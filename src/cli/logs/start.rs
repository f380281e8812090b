//! `provwatch logs start`: moves the tail of a log to another entry.

use std::sync::Arc;

use super::by_name::named;
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        output, setup, words,
    },
    logwatch::{FollowedLog, StartError},
    progress::NoProgress,
};

/// Continue to read a log from another entry, back or forward
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch logs start --log log2025-1.rekor.sigstore.dev --from-index 139000000
  provwatch logs start --log log2025-1.rekor.sigstore.dev \\
      --from-index 150000000 --allow-gap

A lower index reads entries again. A higher index leaves entries unread: confirm this with --allow-gap; `provwatch \
logs status` shows the gap. Stop the daemon first.")]
pub struct Start {
    /// The log; for a shard of Rekor v1 with the number of its tree
    #[arg(long, value_name = "NAME")]
    log: String,
    /// The index of the first entry to read, in the log's tree
    #[arg(long, value_name = "INDEX")]
    from_index: u64,
    /// Allow entries in between to stay unread
    #[arg(long)]
    allow_gap: bool,
}

impl Start {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let prepared = context.prepare()?;
        let _lock = context.lock()?;
        let app = context.app_of(prepared, Arc::new(NoProgress))?;
        let tree = setup::runtime()?.block_on(async {
            let log = named(&app, &self.log).await?;
            let begun = app.logs.start_log_at(&log, &self.log, self.from_index, self.allow_gap).await;
            begun.map_err(|error| failure(&log, error))
        })?;
        output::line(format!("{} is read from entry {} on.", words::name(&tree), self.from_index));
        Ok(Exit::Clean)
    }
}

fn failure(log: &FollowedLog, error: StartError) -> CliError {
    match &error {
        StartError::Gap { .. } => CliError::usage(error).next("add --allow-gap if that is what you want"),
        StartError::NotTailed(_) => {
            CliError::usage(error).next(format!("add \"{}\" to `tail` in [logs] of the configuration", log.kind))
        }
        _ => CliError::from(error),
    }
}
