//! The two hashes of the history: that of a row's content, and that of the chain. Both are part of the file format.

use rusqlite::{
    Connection,
    functions::{Context, FunctionFlags},
    types::ValueRef,
};
use sha2::{Digest, Sha256};

/// A hash of the history.
pub(super) type Hash = [u8; 32];

/// The first bytes of what is hashed, so that neither hash stands for anything else.
const CONTENT: &[u8] = b"provwatch history content 1\n";
const CHAIN: &[u8] = b"provwatch history chain 1\n";

/// Registers the functions that triggers and the migration use: `history_content(kind, id, values…)` and
/// `history_link(chain before, seq, kind, id, content)`.
pub(in crate::store) fn know_hashes(connection: &Connection) -> rusqlite::Result<()> {
    let harmless = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("history_content", -1, harmless, |row| Ok(content(row).to_vec()))?;
    connection.create_scalar_function("history_link", 5, harmless, |row| {
        let before = bytes(row.get_raw(0));
        let (seq, kind, item): (i64, String, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
        Ok(link(before, seq, kind.as_bytes(), item, bytes(row.get_raw(4))).to_vec())
    })
}

/// The hash of an entry and of all before it. `before` is empty for the first entry.
pub(super) fn link(before: &[u8], seq: i64, kind: &[u8], item: i64, content: &[u8]) -> Hash {
    let mut hash = Sha256::new_with_prefix(CHAIN);
    for part in [before, kind, content] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(seq.to_be_bytes());
    hash.update(item.to_be_bytes());
    hash.finalize().into()
}

/// The hash of a row: its kind and the values of its columns, each with its place. An empty column adds nothing, so that a
/// column may be added at the end.
fn content(row: &Context<'_>) -> Hash {
    let mut hash = Sha256::new_with_prefix(CONTENT);
    for index in 0..row.len() {
        let (kind, number) = match row.get_raw(index) {
            ValueRef::Null => continue,
            ValueRef::Integer(number) => (1, number.to_be_bytes()),
            ValueRef::Real(number) => (2, number.to_be_bytes()),
            ValueRef::Text(bytes) => (3, (bytes.len() as u64).to_be_bytes()),
            ValueRef::Blob(bytes) => (4, (bytes.len() as u64).to_be_bytes()),
        };
        let mut head = [0; 17];
        head[..8].copy_from_slice(&(index as u64).to_be_bytes());
        head[8] = kind;
        head[9..].copy_from_slice(&number);
        hash.update(head);
        hash.update(bytes(row.get_raw(index)));
    }
    hash.finalize().into()
}

fn bytes(value: ValueRef<'_>) -> &[u8] {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => &[],
    }
}
