//! `provwatch store restore`: puts a backup in the place of the store, and keeps the store before.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    backup::manifest_line,
    bar::Bar,
    check::Checked,
    files::{existing, told},
};
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table::{self, Sheet},
        operator::Author,
        output::{self, Printing},
        reason::reason,
        words,
    },
    daemon::{Lock, LockError},
    store::{self, Manifest, Pending, RestoreGap, Restoring, finish_restore},
};

/// Put a backup in the place of the store, and keep the store before
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  systemctl stop provwatch
  provwatch store restore /var/backups/provwatch.db --dry-run
  provwatch store restore /var/backups/provwatch.db --reason 'the disk failed'
  systemctl start provwatch

The command refuses while a daemon runs. It copies FILE beside the store, migrates and checks the copy, records the \
restore in its history, and exchanges the files. The store before stays beside the new one, under another name. If the \
command is interrupted, `provwatch store restore` without a file finishes it.

What happened since the backup: each feed goes on from where the backup had read it. If it does not reach back that far, \
provwatch compares all its packages. `provwatch status` shows when the gap of each feed is closed. Messages may come a \
second time: each says that it is perhaps a repetition, and has the same idempotency key as before. \
Acknowledgements, acceptances and silences since the backup are lost.

Exit codes:
  0 restored · 1 failed, a daemon runs · 2 wrong usage
  3 FILE has faults, and nothing was restored")]
pub struct Restore {
    /// The backup; without one, an interrupted restore is finished
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// What becomes of messages that waited when the backup was made, and may have got through since
    #[arg(long, value_enum, default_value_t = Messages::Send)]
    pending: Messages,
    /// Restore a backup with damaged rows or a changed history
    #[arg(long)]
    despite_faults: bool,
    /// Check the backup and show what would happen
    #[arg(long)]
    dry_run: bool,
    /// Why, for the record
    #[arg(long, value_parser = reason)]
    reason: Option<String>,
    #[command(flatten)]
    author: Author,
    #[command(flatten)]
    printing: Printing,
}

/// What becomes of messages that waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Messages {
    /// They are sent, marked as possible repetitions
    Send,
    /// They are given up; `provwatch deliveries retry` sends them
    GiveUp,
}

/// The result.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Answer {
    /// The store.
    store: PathBuf,
    /// Whether it was restored.
    restored: bool,
    /// Whether it was only to be checked.
    dry_run: bool,
    /// The backup; missing where an interrupted restore was finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<Manifest>,
    /// What the check of the backup found.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<Checked>,
    /// The record of the restore; missing: the backup has faults.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<store::Restore>,
    /// Where the store before is.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced: Option<PathBuf>,
}

impl Restore {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = context.store_place()?;
        let _only_one = if self.dry_run { None } else { Some(lock(&store)?) };
        let answer = match &self.file {
            Some(file) => self.restore(&store, existing(file)?)?,
            None => self.finish(&store)?,
        };
        if self.printing.is_json() {
            output::json(&answer)?;
        } else {
            answer.print();
        }
        Ok(if answer.record.is_some() { Exit::Clean } else { Exit::Findings })
    }

    fn restore(&self, store: &Path, file: &Path) -> Result<Answer, CliError> {
        let restoring = Restoring {
            store,
            from: file,
            pending: match self.pending {
                Messages::Send => Pending::Sent,
                Messages::GiveUp => Pending::GivenUp,
            },
            by: self.author.name(),
            reason: self.reason.clone(),
            now: Context::clock().now(),
            despite_faults: self.despite_faults,
            dry_run: self.dry_run,
        };
        let restored = {
            let bar = Bar::new();
            restoring.run(&|stage| bar.show(stage)).map_err(told)?
        };
        Ok(Answer {
            store: store.to_owned(),
            restored: restored.restore.is_some() && !self.dry_run,
            dry_run: self.dry_run,
            backup: Some(restored.manifest),
            check: Some(Checked::of(restored.checked, None)),
            record: restored.restore,
            replaced: restored.replaced,
        })
    }

    fn finish(&self, store: &Path) -> Result<Answer, CliError> {
        if self.dry_run {
            return Err(CliError::usage("name the backup that is to be checked"));
        }
        let record = finish_restore(store).map_err(told)?;
        let replaced = record.replaced.as_ref().map(|name| store.with_file_name(name));
        let store = store.to_owned();
        Ok(Answer { store, restored: true, dry_run: false, backup: None, check: None, record: Some(record), replaced })
    }
}

/// The right to run on the store, so that no daemon does.
fn lock(store: &Path) -> Result<Lock, CliError> {
    Lock::take(store).map_err(|error| match error {
        LockError::Taken { .. } => CliError::failed(error).next("stop it first: `systemctl stop provwatch`"),
        LockError::NotOurs { .. } | LockError::Failed { .. } => CliError::failed(error),
    })
}

impl Answer {
    fn print(&self) {
        let Some(record) = &self.record else { return self.print_faults() };
        let to = record.as_of.map_or_else(|| "an unknown time".to_owned(), words::moment);
        fact_table::say(&if self.restored {
            format!("The store was restored to its state of {to}.")
        } else {
            format!("The store would go back to its state of {to}. Nothing was changed.")
        });
        let mut sheet = Sheet::new();
        sheet.row("store", self.store.display().to_string());
        sheet.maybe("backup", self.backup.as_ref().map(manifest_line));
        sheet.maybe("store before", self.replaced.as_ref().map(|path| path.display().to_string()));
        sheet.maybe("its head", record.replaced_head.clone());
        sheet.row("messages", messages(record));
        sheet.rows("feeds", record.gaps.iter().map(feed));
        sheet.print();
        fact_table::say(
            "Messages about releases that were published since then may come a second time. They say so, and keep their \
             idempotency keys. Acknowledgements, acceptances and silences since then are lost.",
        );
        if self.restored {
            fact_table::next(&[
                ("systemctl start provwatch".to_owned(), "start the daemon, which closes the gap"),
                ("provwatch status".to_owned(), "see when the gap of each feed is closed"),
            ]);
        }
    }

    fn print_faults(&self) {
        self.check.iter().for_each(Checked::print);
        fact_table::say(
            "Nothing was restored, because the backup has faults. Use an earlier one; `--despite-faults` restores one whose \
             structure is sound.",
        );
    }
}

fn messages(record: &store::Restore) -> String {
    let waited = match record.deliveries {
        1 => "1 message that waited".to_owned(),
        count => format!("{count} messages that waited"),
    };
    match (record.deliveries, record.pending) {
        (0, _) => "none waited".to_owned(),
        (_, Pending::Sent) => format!("{waited}: sent, marked as possible repetitions"),
        (_, Pending::GivenUp) => format!("{waited}: given up; `provwatch deliveries retry --failed` sends them"),
    }
}

fn feed(gap: &RestoreGap) -> String {
    let from = gap.from.map_or_else(|| "where the backup has it".to_owned(), words::moment);
    format!("{} goes on from {from}", words::name(&gap.source))
}
