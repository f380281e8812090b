//! `provwatch silences add`: adds a silence.

use chrono::{DateTime, TimeDelta, Utc};

use super::conditions::{Conditions, check, doubts};
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        matching,
        operator::Author,
        output::{self, Printing},
        reason::reason,
        when::End,
        words, wrap,
    },
    model::{AlertStatus, Held, Silence},
    store::{AlertFilter, Store},
};

/// Add a silence
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "\
provwatch silences add [CONDITIONS] --reason <REASON> \\
           <--until <TIME>|--for <PERIOD>>",
    after_help = "\
Examples:
  provwatch silences add --package 'pkg:npm/@acme/*' --detector odd-hours \\
      --for 14d --reason 'release week, see the calendar'
  provwatch silences add --match acme --until 2026-12-24T08:00:00Z \\
      --reason 'the new runner signs for the first time'
  provwatch silences add --team payments --max-severity critical --for 2h \\
      --reason 'exercise, announced to everybody'
  provwatch silences add --alert 6adc1e73 --for 7d --reason 'they travel' \\
      --dry-run

All given conditions must hold; of a condition that is given several times, one value is enough. A silence covers an \
alert only if it covers all of it: every package of a campaign, every detector that found something. A critical alert \
needs --max-severity critical. A silence lasts at most a year. When it ends, provwatch sends what is still open."
)]
pub struct Add {
    #[command(flatten)]
    conditions: Conditions,
    /// The reason, for later readers
    #[arg(long, value_parser = reason)]
    reason: String,
    #[command(flatten)]
    end: End,
    /// Print what the silence would hold back, and add nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    author: Author,
    #[command(flatten)]
    printing: Printing,
}

fn until(end: End, now: DateTime<Utc>) -> Result<DateTime<Utc>, CliError> {
    let until = end.required(now, "a silence")?;
    if until <= now {
        return Err(CliError::usage(format!("the silence would have ended at {}", words::moment(until))));
    }
    if until - now > Silence::LONGEST + TimeDelta::hours(1) {
        let step = "turn the detector off in [detectors], or restrict the subscription with `match`";
        return Err(CliError::usage("a silence lasts at most a year").next(step));
    }
    Ok(until)
}

impl Add {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = if self.dry_run { context.store_to_read()? } else { context.store_to_change()? };
        let matchers = self.conditions.matchers(&store)?;
        check(context, &matchers)?;
        let now = Context::clock().now();
        let mut silence = Silence {
            id: 0,
            matchers,
            reason: self.reason.clone(),
            by: self.author.name(),
            created_at: now,
            until: until(self.end, now)?,
            expired: None,
            held: Held::default(),
        };
        for doubt in doubts(context, &store, &silence.matchers)? {
            output::note(format_args!("warning: {doubt}"));
        }
        if !self.dry_run {
            let Silence { matchers, reason, by, until, .. } = &silence;
            silence.id = store.add_silence(matchers, reason, by, (now, *until))?;
        }
        if self.printing.is_json() {
            output::json(&silence)?;
        } else {
            self.tell(&silence, covered(&store, &silence, now)?);
        }
        Ok(Exit::Clean)
    }

    fn tell(&self, silence: &Silence, covered: u64) {
        let (what, until) = (matching::words(&silence.matchers), words::moment(silence.until));
        let beginning =
            if self.dry_run { "This silence would hold".to_owned() } else { format!("Silence {} holds", silence.id) };
        say(&format!("{beginning} messages back until {until}: {what}."));
        let open = match covered {
            0 => "It covers no alert that is not resolved.".to_owned(),
            count => {
                let are = if count == 1 { "is" } else { "are" };
                format!("It covers {} that {are} not resolved.", words::counted(count, "alert"))
            }
        };
        say(&open);
        if self.dry_run {
            say("This was a dry run: nothing was added.");
        }
    }
}

fn say(text: &str) {
    output::line(wrap::paragraphs(text, wrap::width(), ""));
}

/// How many alerts that are not resolved it covers.
fn covered(store: &Store, silence: &Silence, now: DateTime<Utc>) -> Result<u64, CliError> {
    let all = AlertFilter { repetitions: false, limit: usize::MAX, ..AlertFilter::default() };
    let open = store.alerts(&all)?.into_iter().filter(|alert| alert.status_at(now) != AlertStatus::Resolved);
    Ok(open.filter(|alert| silence.holds(alert)).count() as u64)
}
