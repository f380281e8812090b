//! `provwatch store backup`: copies the store into a file, beside the running daemon, and verifies the copy.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::{bar::Bar, check::Checked, files::told};
use crate::{
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        fact_table,
        output::{self, Printing},
        words,
    },
    store::{Manifest, Replace, Store},
};

/// Copy the store into a file, beside the running daemon, and verify the copy
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch store backup /var/backups/provwatch.db
  provwatch store backup /var/backups/provwatch.db --force --format json

The copy shows the store at one moment; the daemon goes on writing meanwhile. It becomes FILE only when it is complete \
and passed the checks of `store check`, so that a backup that failed replaces nothing. Only its owner may read it. \
Note the printed line elsewhere: it has the schema, the head of the history, the rows and the SHA-256 of the file. \
Back up the configuration and the watchlist too.

Exit codes:
  0 the backup was made · 1 failed · 2 FILE exists, or wrong usage
  3 the copy has faults, and is kept only with --despite-faults
  4 only its structure could be checked: the store is of an earlier version")]
pub struct Backup {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
    /// Keep the copy even if the store has faults
    #[arg(long)]
    despite_faults: bool,
    #[command(flatten)]
    printing: Printing,
}

/// The result.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct BackedUp {
    /// The file.
    file: PathBuf,
    /// Whether it was written: a copy with faults is not, unless that was wanted.
    kept: bool,
    /// When the backup was made.
    at: DateTime<Utc>,
    #[serde(flatten)]
    manifest: Manifest,
    /// What the check of the copy found.
    check: Checked,
}

impl Backup {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = Store::open_unchanged(&context.config.store_path())?;
        let (at, replace) =
            (Context::clock().now(), Replace { existing: self.force, despite_faults: self.despite_faults });
        let made = {
            let bar = Bar::new();
            store.back_up(&self.file, replace, &|stage| bar.show(stage)).map_err(told)?
        };
        let check = Checked::of(made.checked, None);
        let answer = BackedUp { file: self.file.clone(), kept: made.is_kept, at, manifest: made.manifest, check };
        if self.printing.is_json() {
            output::json(&answer)?;
        } else {
            answer.print();
        }
        Ok(answer.exit())
    }
}

impl BackedUp {
    /// The signed heads were not to be verified here.
    fn exit(&self) -> Exit {
        match self.check.exit() {
            Exit::Unchecked if self.check.is_complete() => Exit::Clean,
            exit => exit,
        }
    }

    fn print(&self) {
        let file = self.file.display();
        if self.exit() == Exit::Findings {
            self.check.print();
        }
        if !self.kept {
            return fact_table::say(
                "No backup was made, because the copy has faults. `--despite-faults` keeps it; an earlier backup may be better.",
            );
        }
        fact_table::say(&format!("The backup {file} is complete and checked."));
        output::line(manifest_line(&self.manifest));
    }
}

/// The manifest on a line.
pub(super) fn manifest_line(manifest: &Manifest) -> String {
    let mut parts = vec![format!("schema {}", manifest.schema_version)];
    parts.extend(manifest.as_of.map(|as_of| format!("as of {}", words::moment(as_of))));
    parts.extend(manifest.head.as_ref().map(|head| format!("head {head}")));
    parts.extend(manifest.rows.map(|rows| words::counted(rows, "row")));
    parts.push(words::size(manifest.bytes));
    parts.push(format!("sha256 {}", manifest.sha256));
    parts.join(" · ")
}
