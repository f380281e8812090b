//! The log entries that a search found, as lines and as a table.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    cli::{output, words},
    model::MatchedEntry,
    store::LogEntryRow,
};

/// A log entry that was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct ListedEntry {
    /// The entry.
    #[serde(flatten)]
    entry: MatchedEntry,
    /// The SHA-256 of the certificate's public key, hexadecimal.
    key_sha256: String,
}

impl From<LogEntryRow> for ListedEntry {
    fn from(row: LogEntryRow) -> Self {
        let key_sha256 = row.entry.key_sha256.clone();
        Self { entry: row.into(), key_sha256 }
    }
}

/// Prints entries as a table.
pub(super) fn print(entries: &[ListedEntry]) {
    let mut table = output::table(["SIGNED (UTC)", "LOG", "ENTRY", "SIGNER", "CARRIED BY"]);
    for ListedEntry { entry, .. } in entries {
        let forged = if entry.issued_by_trusted_authority { "" } else { "forged: " };
        let carried = entry.explained_by.as_ref().map_or_else(|| "no known release".to_owned(), words::name);
        table.add_row([
            words::minute(entry.not_before),
            words::name(&entry.log),
            entry.index.to_string(),
            format!("{forged}{}", words::sentence(&entry.subject)),
            carried,
        ]);
    }
    output::print(&table);
}
