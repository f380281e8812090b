use super::{Context, Outcome, no_such_alert, output, title};
use crate::cli::{args::Printing, exit::Exit, operator, words};

/// Say that you have an alert in hand
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch alerts ack 6adc1e73047a \\
      --reason 'maintainers confirm: new laptop, old token'

Who, when and why are recorded. The release stays held; `provwatch baseline accept` makes it normal.")]
pub struct Ack {
    /// The alert's id, or the digits it begins with
    #[arg(value_name = "ID")]
    id: String,
    /// Why, for whoever comes after you
    #[arg(long, value_parser = reason)]
    reason: String,
    #[command(flatten)]
    printing: Printing,
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("say why, for whoever comes after you".to_owned()) } else { Ok(text.to_owned()) }
}

impl Ack {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = context.store_to_change()?;
        let (by, now) = (operator::name(), Context::clock().now());
        let alert = store.acknowledge(&self.id, &by, &self.reason, now)?.ok_or_else(|| no_such_alert(&self.id))?;
        if self.printing.is_json() {
            output::json(&alert)?;
        } else {
            let (id, by) = (words::name(&alert.id), words::name(by));
            output::line(format_args!("{id} is acknowledged by {by}: {}", title(&alert)));
        }
        Ok(Exit::Clean)
    }
}
