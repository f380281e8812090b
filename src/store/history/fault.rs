//! A contradiction between the history and the rows that it covers.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// What does not agree. The numbers are those of entries of the history; `table` and `row` name a covered row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// A covered row has another content than when it was written.
    Edited { seq: i64, table: &'static str, row: i64 },
    /// A covered row has another content, and does not agree with its checksum either: a disk that turned a bit does that,
    /// and so does a person who edits the file without provwatch.
    Damaged { seq: i64, table: &'static str, row: i64 },
    /// A covered row does not exist any more.
    Deleted { seq: i64, table: &'static str, row: i64 },
    /// A row of a covered table has no entry: another program inserted it.
    Inserted { table: &'static str, row: i64 },
    /// A covered row comes before one that is older.
    Reordered { seq: i64, table: &'static str, row: i64 },
    /// An alert stands elsewhere than its last action says: another program changed its status, end or category.
    StandsElsewhere { alert: String },
    /// Entries do not exist any more.
    EntriesMissing { first: i64, last: i64 },
    /// An entry does not follow from the one before it: one of them was edited, inserted or exchanged.
    Unchained { seq: i64 },
    /// An entry cannot be read.
    Unreadable { seq: i64 },
    /// The last entries do not exist any more, or are others.
    HeadMoved { head: i64, last: i64 },
    /// The history has another entry than the noted head.
    NotedDiffers { noted: String },
    /// The history ends before the noted head.
    NotedMissing { noted: String, last: i64 },
    /// A signed head has another hash than the entry.
    SignedDiffers { seq: i64 },
    /// The history ends before a signed head.
    SignedMissing { seq: i64, last: i64 },
    /// The signature of a head does not verify.
    SignatureInvalid { seq: i64 },
    /// The key signed no head of a history that has entries.
    NeverSigned { key: String },
    /// The daemon worked for more than two days without a signed head, and the history has grown.
    SignatureOverdue { seq: i64, entries: i64 },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edited { seq, table, row } => {
                write!(f, "the row {row} of {table} (entry {seq}) was edited after provwatch wrote it")
            }
            Self::Damaged { seq, table, row } => write!(
                f,
                "the row {row} of {table} (entry {seq}) was edited or is damaged: its checksum does not agree either"
            ),
            Self::Deleted { seq, table, row } => write!(f, "the row {row} of {table} (entry {seq}) was deleted"),
            Self::Inserted { table, row } => {
                write!(f, "the row {row} of {table} has no entry: another program inserted it")
            }
            Self::Reordered { seq, table, row } => {
                write!(f, "the row {row} of {table} (entry {seq}) was moved: an older row comes after it")
            }
            Self::StandsElsewhere { alert } => write!(
                f,
                "the status, end or category of the alert {alert} was edited: it is not that of its last action, which \
                 `provwatch alerts show {alert}` shows"
            ),
            Self::EntriesMissing { first, last } if first == last => write!(f, "the entry {first} was deleted"),
            Self::EntriesMissing { first, last } => write!(f, "the entries {first} to {last} were deleted"),
            Self::Unchained { seq } => write!(
                f,
                "the entry {seq} does not follow from the entry before it: one was edited, inserted or exchanged"
            ),
            Self::Unreadable { seq } => write!(f, "the entry {seq} cannot be read"),
            of_a_head => of_a_head.head(f),
        }
    }
}

impl Fault {
    /// The sentence of a fault that concerns a head.
    fn head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeadMoved { head, last } => {
                write!(f, "the history ends with the entry {last}, and provwatch wrote another end, the entry {head}")
            }
            Self::NotedDiffers { noted } => {
                write!(f, "the history was rewritten: it does not contain the head {noted}")
            }
            Self::NotedMissing { noted, last } => {
                write!(f, "the history ends with the entry {last}, before the head {noted}")
            }
            Self::SignedDiffers { seq } => {
                write!(f, "the history was rewritten: the entry {seq} is not the one that was signed")
            }
            Self::SignedMissing { seq, last } => {
                write!(f, "the history ends with the entry {last}, before the signed head {seq}")
            }
            Self::SignatureInvalid { seq } => write!(f, "the signature of the head {seq} does not verify"),
            Self::NeverSigned { key } => {
                let key: String = key.chars().take(16).collect();
                write!(f, "the key {key} signed no head of this history")
            }
            Self::SignatureOverdue { seq, entries } => write!(
                f,
                "the last signed head is the entry {seq}, and the daemon worked for days without signing the {entries} \
                 entries after it"
            ),
            // The other faults have their sentences above.
            _ => Ok(()),
        }
    }
}

/// The first contradictions, and how many there are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    pub first: Vec<Fault>,
    pub count: u64,
}

/// Most contradictions that are kept.
const KEPT: usize = 20;

impl Faults {
    pub fn add(&mut self, fault: Fault) {
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(fault);
        }
    }
}
