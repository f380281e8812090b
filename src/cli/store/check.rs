//! `provwatch store check`: verifies the structure of the store, every row, and the history with its signed and noted heads.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::{bar::Bar, files::existing};
use crate::{
    app, bounded,
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table::{self, Sheet},
        output::{self, Printing},
        words,
    },
    store::{
        Against, CheckedHistory, CheckedStore, DamagedPlace, Fault, Head, HeadVerifier, NotedHead, Restore, Signatures,
        Store,
    },
    text::with_causes,
};

/// Most bytes of a public key.
const LARGEST_KEY: u64 = 16 * 1024;
/// Most restores that are listed.
const RESTORES: usize = 20;

/// Verify the structure of the store, each row, and that its history was not edited
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch store check
  provwatch store check /var/backups/provwatch.db
  provwatch store check --head 4711:0f3c9a52d1b8e746  # noted earlier
  provwatch store check --public-key provwatch.pub --format json

The command reads the whole store, also while the daemon runs, and changes nothing. It checks pages, indexes and \
references, compares each row with its checksum, and verifies the history of alert actions and steps of baselines. \
It names the first rows that were damaged, or edited, deleted, inserted or moved by another program. A person who can \
write the file can also compute the whole history anew: only a head that left this machine, or a signature with a key \
that they do not have, shows that.

Exit codes:
  0 the store is sound · 1 failed · 2 wrong usage or configuration
  3 the structure, a row or an entry was damaged or changed
  4 no key for the signed heads, or only the structure could be checked")]
pub struct Check {
    /// Check this file in place of the store of the configuration
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// A head that was noted earlier; may be repeated
    #[arg(long = "head", value_name = "SEQ:HASH")]
    heads: Vec<NotedHead>,
    /// The public key for the signed heads, as PEM [default: that of the configured key]
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    #[command(flatten)]
    printing: Printing,
}

/// The result.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Checked {
    /// Whether nothing contradicts the history. A history that was not checked is not whole.
    whole: bool,
    /// How many entries it has.
    entries: u64,
    /// Its last entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<ShownHead>,
    /// The first contradictions, in the order of the history.
    faults: Vec<ShownFault>,
    /// How many contradictions there are.
    fault_count: u64,
    signatures: Signatures,
    /// The SHA-256 of the public key that the signed heads were verified with.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Whether no part of the store has a fault.
    sound: bool,
    /// The version of the schema.
    schema_version: i64,
    structure: Structure,
    /// Missing: the rows could not be checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<Rows>,
    /// The parts that were not checked, or could not be read, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<String>,
    /// The restores of the store, the latest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    restores: Vec<Restore>,
    /// Why a noted head may be missing, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    explained: Vec<String>,
}

/// The structure of the file.
#[derive(Debug, Serialize, JsonSchema)]
struct Structure {
    /// The first faults, in SQLite's words.
    faults: Vec<String>,
    /// Whether there may be more.
    more: bool,
}

/// The rows of all tables.
#[derive(Debug, Serialize, JsonSchema)]
struct Rows {
    /// How many there are.
    count: u64,
    /// Those without a checksum in tables that have them.
    without_checksum: u64,
    /// The first that do not agree with their checksum.
    damaged: Vec<DamagedPlace>,
    /// How many do not.
    damaged_count: u64,
}

/// The head of the history.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct ShownHead {
    /// The number of the last entry.
    seq: i64,
    /// The first 32 hexadecimal digits of its hash.
    hash: String,
    /// Both, as `store check --head` takes them.
    head: String,
}

impl From<Head> for ShownHead {
    fn from(head: Head) -> Self {
        Self { seq: head.seq, hash: head.short_hash(), head: head.to_string() }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
struct ShownFault {
    #[serde(flatten)]
    fault: Fault,
    /// A sentence for people.
    sentence: String,
}

impl Check {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let key = self.key(context)?;
        let against = Against { noted: self.heads.clone(), key };
        let path = self
            .file
            .clone()
            .map_or_else(|| Ok(context.config.store_path()), |file| existing(&file).map(Path::to_owned))?;
        let store = Store::open_unchanged(&path)?;
        let found = {
            let bar = Bar::new();
            store.check(&against, &|stage| bar.show(stage))?
        };
        let restores = if found.is_older() { Vec::new() } else { store.restores(RESTORES)? };
        let checked = Checked::of(found, against.key.as_ref().map(HeadVerifier::id));
        let checked = checked.explained(&self.heads, restores);
        if self.printing.is_json() {
            output::json(&checked)?;
        } else {
            checked.print();
            checked.print_next();
        }
        Ok(checked.exit())
    }

    /// The named key, or that of the configuration. A signing key that this user may not read is noted: the history is
    /// checked without it.
    fn key(&self, context: &Context) -> Result<Option<HeadVerifier>, CliError> {
        if let Some(path) = &self.public_key {
            return public_key(path).map(Some);
        }
        match app::head_signer(&context.config) {
            Ok(signer) => Ok(signer.map(|signer| signer.verifier())),
            Err(error) => {
                output::note(format_args!("The signing key is not read: {}.", with_causes(&error)));
                Ok(None)
            }
        }
    }
}

fn public_key(path: &Path) -> Result<HeadVerifier, CliError> {
    let wrong = |why: &dyn std::fmt::Display| CliError::usage(format!("the public key {}: {why}", path.display()));
    let read = bounded::read(path, LARGEST_KEY).map_err(|error| wrong(&error))?;
    let bytes = read.ok_or_else(|| wrong(&"it has more than 16 KiB, so it is another file"))?;
    HeadVerifier::from_pem(&String::from_utf8_lossy(&bytes)).map_err(|error| wrong(&error))
}

impl Checked {
    pub(super) fn of(checked: CheckedStore, key: Option<String>) -> Self {
        let (sound, schema_version) = (checked.is_sound(), checked.schema_version);
        let mut skipped = checked.unread;
        if checked.history.is_none() && skipped.is_empty() {
            skipped.push(format!(
                "only the structure was checked, because the schema version {schema_version} is of an earlier provwatch"
            ));
        }
        let is_checked = checked.history.is_some();
        let history = checked.history.unwrap_or_else(CheckedHistory::empty);
        let shown = |fault: Fault| ShownFault { sentence: fault.to_string(), fault };
        Self {
            whole: is_checked && history.fault_count == 0,
            entries: history.entries,
            head: history.head.map(ShownHead::from),
            faults: history.faults.into_iter().map(shown).collect(),
            fault_count: history.fault_count,
            signatures: history.signatures,
            key,
            sound,
            schema_version,
            structure: Structure { faults: checked.structure.faults, more: checked.structure.more },
            rows: checked.rows.map(|rows| Rows {
                count: rows.rows,
                without_checksum: rows.unsealed,
                damaged: rows.damaged,
                damaged_count: rows.damaged_count,
            }),
            skipped,
            restores: Vec::new(),
            explained: Vec::new(),
        }
    }

    /// A head from a time that a restore took back is not in the history. That is still a finding: only the operator knows
    /// whether the restore was theirs.
    fn explained(self, noted: &[NotedHead], restores: Vec<Restore>) -> Self {
        let missing = |head: &&NotedHead| {
            let text = head.to_string();
            self.faults.iter().any(|shown| match &shown.fault {
                Fault::NotedDiffers { noted } | Fault::NotedMissing { noted, .. } => *noted == text,
                _ => false,
            })
        };
        let explanation = |head: &NotedHead| {
            let restore = restores.iter().find(|restore| restore.took_back(head))?;
            let by = words::name(&restore.by);
            let to =
                restore.as_of.map_or_else(String::new, |as_of| format!(" to its state of {}", words::moment(as_of)));
            let before = restore.replaced.as_deref().map_or_else(String::new, |name| {
                format!(
                    ". The store before is in {}: `provwatch store check` on that file shows its head",
                    words::name(name)
                )
            });
            Some(format!(
                "{by} restored the store on {}{to}, which can explain that the head {head} is missing{before}",
                words::moment(restore.at)
            ))
        };
        let explained = noted.iter().filter(missing).filter_map(explanation).collect();
        Self { restores, explained, ..self }
    }

    /// Whether all parts were checked.
    pub(super) fn is_complete(&self) -> bool {
        self.skipped.is_empty()
    }

    pub(super) fn exit(&self) -> Exit {
        let is_unverified = self.key.is_none() && self.signatures.unverified > 0;
        match (self.sound, is_unverified || !self.is_complete()) {
            (false, _) => Exit::Findings,
            (true, true) => Exit::Unchecked,
            (true, false) => Exit::Clean,
        }
    }

    pub(super) fn print(&self) {
        self.print_history();
        self.print_structure();
        self.print_rows();
        for sentence in &self.skipped {
            fact_table::say(&format!("Not checked: {}.", words::sentence(sentence)));
        }
        let mut sheet = Sheet::new();
        sheet.row("entries", self.entries.to_string());
        sheet.maybe("head", self.head.as_ref().map(|head| head.head.clone()));
        sheet.row("signatures", self.signed());
        sheet.rows("restored", self.restores.iter().map(restored));
        sheet.print();
    }

    fn print_history(&self) {
        if self.whole {
            fact_table::say("The history is whole.");
        } else if !self.faults.is_empty() {
            fact_table::say("The history was CHANGED:");
        }
        for fault in &self.faults {
            fact_table::say(&format!("  - {}", fault.sentence));
        }
        if self.fault_count > self.faults.len() as u64 {
            let more = self.fault_count - self.faults.len() as u64;
            fact_table::say(&format!("  and {}", words::counted(more, "other contradiction")));
        }
        for explanation in &self.explained {
            fact_table::say(&format!("  {explanation}."));
        }
    }

    fn print_structure(&self) {
        let Structure { faults, more } = &self.structure;
        if faults.is_empty() {
            return fact_table::say("The structure is sound.");
        }
        fact_table::say("The structure is DAMAGED:");
        for fault in faults {
            fact_table::say(&format!("  - {}", words::sentence(fault)));
        }
        if *more {
            fact_table::say("  and more");
        }
    }

    fn print_rows(&self) {
        let Some(rows) = &self.rows else { return };
        let without = match rows.without_checksum {
            0 => String::new(),
            count => format!(", but {} without one", words::counted(count, "row")),
        };
        if rows.damaged_count == 0 {
            let count = words::counted(rows.count, "row");
            return fact_table::say(&format!("No row contradicts its checksum ({count}{without})."));
        }
        let (damaged, of) = (words::counted(rows.damaged_count, "row"), rows.count);
        fact_table::say(&format!("{damaged} of {of} DAMAGED, by their checksums{without}:"));
        for DamagedPlace { table, key } in &rows.damaged {
            fact_table::say(&format!("  - {} {}", words::name(table), words::name(key)));
        }
        if rows.damaged_count > rows.damaged.len() as u64 {
            fact_table::say("  and more");
        }
    }

    fn print_next(&self) {
        if self.fault_count > 0 {
            fact_table::say(
                "  next: keep a copy of the database, find out who can write it, and compare it with a backup",
            );
        }
        if !self.structure.faults.is_empty() {
            fact_table::say("  next: stop provwatch, and restore a backup: `provwatch store restore FILE`");
        } else if self.rows.as_ref().is_some_and(|rows| rows.damaged_count > 0) {
            fact_table::say(
                "  next: the daemon sets damaged rows aside and rebuilds them; check the disk and the memory",
            );
        }
    }

    fn signed(&self) -> String {
        let Signatures { verified, unverified, up_to, signed_at } = &self.signatures;
        match (up_to.zip(*signed_at), unverified, &self.key) {
            (Some((seq, at)), _, _) => {
                format!("{verified} verified, the last of the entry {seq} on {}", words::minute(at))
            }
            (None, 0, _) => "none".to_owned(),
            (None, unverified, None) => format!("{unverified} not verified: name the key with --public-key"),
            (None, unverified, Some(_)) => format!("{unverified}, all with other keys"),
        }
    }
}

/// A restore on a line.
fn restored(restore: &Restore) -> String {
    let to = restore.as_of.map_or_else(String::new, |as_of| format!(" to its state of {}", words::minute(as_of)));
    let before =
        restore.replaced.as_deref().map_or_else(String::new, |name| format!(", before: {}", words::name(name)));
    format!("on {}{to} by {}{before}", words::minute(restore.at), words::name(&restore.by))
}
