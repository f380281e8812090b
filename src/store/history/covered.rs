//! The append-only tables that the history covers, and the triggers that append to it.

use rusqlite::Connection;

use crate::store::sealed::{
    ALERT_ACTIONS, ALLOWED_RUNS, BASELINE_VERSIONS, DELIVERY_ACTIONS, INCIDENT_EVENTS, INCIDENTS, SILENCE_ENDS,
    SILENCES, Table,
};

/// An append-only table with an `id` that only grows.
#[derive(Debug)]
pub(super) struct Covered {
    /// The name of its rows in the history: a word that never changes, whatever happens to the table.
    pub kind: &'static str,
    pub table: &'static Table,
    /// The columns whose values are hashed, in this order for ever: a value of an existing row must never change. A column
    /// that is added at the end must be empty in the existing rows.
    pub columns: &'static [&'static str],
}

/// All covered tables. A line here is all that another one needs; its migration must append the existing rows, as
/// `schema/0025_history_chain.sql` does, if there are any.
pub(super) static COVERED: &[Covered] = &[
    Covered { kind: "alert-action", table: &ALERT_ACTIONS, columns: ALERT_ACTIONS.columns },
    Covered { kind: "allowed-run", table: &ALLOWED_RUNS, columns: ALLOWED_RUNS.columns },
    Covered { kind: "baseline-version", table: &BASELINE_VERSIONS, columns: BASELINE_VERSIONS.columns },
    Covered { kind: "delivery-action", table: &DELIVERY_ACTIONS, columns: DELIVERY_ACTIONS.columns },
    Covered { kind: "incident", table: &INCIDENTS, columns: INCIDENTS.columns },
    Covered { kind: "incident-event", table: &INCIDENT_EVENTS, columns: INCIDENT_EVENTS.columns },
    Covered { kind: "silence", table: &SILENCES, columns: SILENCES.columns },
    Covered { kind: "silence-end", table: &SILENCE_ENDS, columns: SILENCE_ENDS.columns },
];

impl Covered {
    /// An SQL expression: the hash of the content of the row that `of` stands for, a table or `NEW`.
    pub fn content(&self, of: &str) -> String {
        let columns: Vec<String> = self.columns.iter().map(|column| format!("{of}.{column}")).collect();
        format!("history_content('{}', {of}.id, {})", self.kind, columns.join(", "))
    }

    /// Appends to the entry with the largest number. The head counts too: after entries were deleted behind our back, the
    /// next one must not take their numbers and hide the gap.
    fn trigger(&self) -> String {
        let (kind, table, content) = (self.kind, self.table.name, self.content("NEW"));
        format!(
            "CREATE TEMP TRIGGER chain_new_{table} AFTER INSERT ON main.{table}
             BEGIN
                 INSERT INTO history (seq, kind, item, content, chain)
                 SELECT past.seq + 1, '{kind}', NEW.id, {content},
                        history_link(past.chain, past.seq + 1, '{kind}', NEW.id, {content})
                 FROM (
                     SELECT seq, chain FROM (
                         SELECT 0 AS rank, seq, chain FROM (SELECT seq, chain FROM history ORDER BY seq DESC LIMIT 1)
                         UNION ALL SELECT 1, seq, chain FROM history_head
                         UNION ALL SELECT 2, 0, X''
                     ) ORDER BY seq DESC, rank LIMIT 1
                 ) AS past;
                 INSERT INTO history_head (only, seq, chain) SELECT 1, seq, chain FROM history ORDER BY seq DESC LIMIT 1
                 ON CONFLICT (only) DO UPDATE SET seq = excluded.seq, chain = excluded.chain;
             END;"
        )
    }
}

/// Appends every row that is inserted from now on.
pub(in crate::store) fn keep_chain(connection: &Connection) -> rusqlite::Result<()> {
    let triggers: String = COVERED.iter().map(Covered::trigger).collect();
    connection.execute_batch(&triggers)
}
