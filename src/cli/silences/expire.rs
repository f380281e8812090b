//! `provwatch silences expire`: ends a silence early.

use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        operator::Author,
        output,
        reason::reason,
        target, words, wrap,
    },
    model::SilenceEnd,
};

/// End a silence early
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch silences expire 3 --reason 'the release week is over'

The running daemon then sends what the silence held back and is still open, once. The silence stays in \
`provwatch silences list --all`.")]
pub struct Expire {
    /// The number of the silence, as `provwatch silences list` shows it
    #[arg(value_name = "NUMBER", value_parser = target::number)]
    id: i64,
    /// The reason, for later readers
    #[arg(long, value_parser = reason)]
    reason: String,
    #[command(flatten)]
    author: Author,
}

impl Expire {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let (store, now) = (context.store_to_change()?, Context::clock().now());
        let silences = store.silences()?;
        let Some(silence) = silences.iter().find(|silence| silence.id == self.id) else {
            return Err(CliError::usage(format!("unknown silence {}", self.id)).next("provwatch silences list"));
        };
        if !silence.is_active(now) {
            output::line(format!("Silence {} ended at {}.", self.id, words::moment(silence.ends_at())));
            return Ok(Exit::Clean);
        }
        store.expire_silence(self.id, &SilenceEnd { at: now, by: self.author.name(), reason: self.reason.clone() })?;
        let over = format!("Silence {} is over; it held back {}.", self.id, alerts(silence.held.alerts));
        output::line(wrap::paragraphs(&over, wrap::width(), ""));
        Ok(Exit::Clean)
    }
}

fn alerts(count: u64) -> String {
    if count == 0 { "nothing".to_owned() } else { words::counted(count, "alert") }
}
