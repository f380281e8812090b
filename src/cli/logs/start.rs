use std::sync::Arc;

use crate::{
    cli::{
        context::Context,
        exit::{Exit, Failure, Outcome},
        output, setup, sheet, words,
    },
    pipeline::Nobody,
};

/// Read a log from another index on than where it stands
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch logs start --log log2025-1.rekor.sigstore.dev --from-index 139000000
  provwatch logs start --log log2025-1.rekor.sigstore.dev --from-index 150000000 --allow-gap

Going back reads entries again. Going forward leaves entries unread for ever: that is said with --allow-gap, and
`provwatch logs status` shows the gap. Stop the daemon first.")]
pub struct Start {
    /// The log; for a shard of Rekor v1 with the number of its tree
    #[arg(long, value_name = "NAME")]
    log: String,
    /// The first entry to read, as the tree counts
    #[arg(long, value_name = "INDEX")]
    from_index: u64,
    /// Leave the entries between unread
    #[arg(long)]
    allow_gap: bool,
}

impl Start {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let pipeline = context.pipeline(Arc::new(Nobody))?;
        let log = pipeline.followed_log(&self.log).ok_or_else(|| {
            Failure::usage(format!("no log {:?} is followed", self.log)).next(sheet::callable("provwatch logs list"))
        })?;
        let stands = pipeline.store().log(&self.log)?.and_then(|row| row.tail).map(|tail| tail.verified);
        if stands.is_some_and(|stands| self.from_index > stands) && !self.allow_gap {
            let gap = format!("the entries {} to {} would never be read", stands.unwrap_or(0), self.from_index - 1);
            return Err(Failure::usage(gap).next("add --allow-gap if that is what you want"));
        }
        setup::runtime()?.block_on(pipeline.start_log_at(&log, &self.log, self.from_index))?;
        output::line(format!("{} is read from entry {} on.", words::name(&self.log), self.from_index));
        Ok(Exit::Clean)
    }
}
