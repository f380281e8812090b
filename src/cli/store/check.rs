//! `provwatch store check`: verifies the history, the rows that it covers, and its signed and noted heads.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    app, bounded,
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table::{self, Sheet},
        output::{self, Printing},
        words,
    },
    store::{Against, CheckedHistory, Fault, Head, HeadVerifier, NotedHead, Signatures},
    text::with_causes,
};

/// Most bytes of a public key.
const LARGEST_KEY: u64 = 16 * 1024;

/// Verify that the history of alerts and baselines was not edited
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch store check
  provwatch store check --head 4711:0f3c9a52d1b8e746  # noted earlier
  provwatch store check --public-key provwatch.pub --format json

The history covers alert actions and steps of baselines, acceptances included. The command names the first rows that \
were edited, deleted, inserted or moved by another program. A person who can write the file can also compute the whole \
history anew: only a head that left this machine, or a signature with a key that they do not have, shows that.

Exit codes:
  0 the history is whole · 1 failed · 2 wrong usage or configuration
  3 a row or an entry was changed · 4 no key is known for the signed heads")]
pub struct Check {
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
    /// Whether nothing contradicts the history.
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
        let checked = context.store_to_read()?.check_history(&against)?;
        let key = against.key.as_ref().map(HeadVerifier::id);
        let checked = Checked::of(checked, key);
        if self.printing.is_json() {
            output::json(&checked)?;
        } else {
            checked.print();
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
    fn of(checked: CheckedHistory, key: Option<String>) -> Self {
        let shown = |fault: Fault| ShownFault { sentence: fault.to_string(), fault };
        Self {
            whole: checked.fault_count == 0,
            entries: checked.entries,
            head: checked.head.map(ShownHead::from),
            faults: checked.faults.into_iter().map(shown).collect(),
            fault_count: checked.fault_count,
            signatures: checked.signatures,
            key,
        }
    }

    fn exit(&self) -> Exit {
        let is_unverified = self.key.is_none() && self.signatures.unverified > 0;
        match (self.whole, is_unverified) {
            (false, _) => Exit::Findings,
            (true, true) => Exit::Unchecked,
            (true, false) => Exit::Clean,
        }
    }

    fn print(&self) {
        fact_table::say(if self.whole { "The history is whole." } else { "The history was CHANGED:" });
        for fault in &self.faults {
            fact_table::say(&format!("  - {}", fault.sentence));
        }
        if self.fault_count > self.faults.len() as u64 {
            let more = self.fault_count - self.faults.len() as u64;
            fact_table::say(&format!("  and {}", words::counted(more, "other contradiction")));
        }
        let mut sheet = Sheet::new();
        sheet.row("entries", self.entries.to_string());
        sheet.maybe("head", self.head.as_ref().map(|head| head.head.clone()));
        sheet.row("signatures", self.signed()).print();
        if !self.whole {
            fact_table::say(
                "  next: keep a copy of the database, find out who can write it, and compare it with a backup",
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
