//! Checks a whole store: the structure of its file, every row, and the history.
//!
//! The three parts find different things. The *structure* is SQLite's own: pages, indexes, foreign keys. *Rows* are
//! compared with their checksums, which finds bits that turned. The *history* finds rows that another program edited.

mod rows;
mod structure;

use rusqlite::Connection;

pub use self::rows::DamagedPlace;
use self::{rows::CheckedRows, structure::CheckedStructure};
use super::{
    Store, StoreError,
    history::{Against, CheckedHistory, check_history},
    migrations::LATEST,
    stage::{Part, Stage, Watcher},
};

/// What a check of the whole store found.
#[derive(Debug)]
pub(crate) struct CheckedStore {
    /// The version of its schema.
    pub schema_version: i64,
    pub structure: CheckedStructure,
    /// `None`: not checked, see [`CheckedStore::unread`] and [`CheckedStore::is_older`].
    pub rows: Option<CheckedRows>,
    /// `None`: not checked, as for the rows.
    pub history: Option<CheckedHistory>,
    /// What could not be read, a sentence each.
    pub unread: Vec<String>,
}

impl CheckedStore {
    /// Whether no part has a fault. What was not checked has none.
    pub fn is_sound(&self) -> bool {
        self.structure.faults.is_empty()
            && self.unread.is_empty()
            && self.rows.as_ref().is_none_or(|rows| rows.damaged_count == 0)
            && self.history.as_ref().is_none_or(|history| history.fault_count == 0)
    }

    /// Whether its schema is of an earlier version, so that only its structure was checked.
    pub fn is_older(&self) -> bool {
        self.schema_version < LATEST
    }
}

impl Store {
    /// The version of the schema.
    ///
    /// # Errors
    /// As every read.
    pub(crate) fn schema_version(&self) -> Result<i64, StoreError> {
        self.read("reading the version", |db| {
            Ok(db.query_row("SELECT user_version FROM pragma_user_version", [], |row| row.get(0))?)
        })
    }

    /// Checks the whole store, all rows and the history as of one moment. Of an earlier schema it checks the structure
    /// alone. Takes seconds for a gigabyte, and delays no writer.
    ///
    /// # Errors
    /// The version cannot be read. Faults, and parts that cannot be read for their damage, are not errors.
    pub(crate) fn check(&self, against: &Against, watch: Watcher<'_>) -> Result<CheckedStore, StoreError> {
        let schema_version = self.schema_version()?;
        watch(Stage::begin(Part::Structure));
        let structure = structure::check(&self.connection());
        let mut checked = CheckedStore { schema_version, structure, rows: None, history: None, unread: Vec::new() };
        if checked.is_older() {
            return Ok(checked);
        }
        let rows = self.read("checking the rows", |db| in_one_moment(db, |db| rows::check(db, watch)));
        checked.rows = noting(rows, &mut checked.unread);
        watch(Stage::begin(Part::History));
        let history = self.read("checking the history", |db| in_one_moment(db, |db| check_history(db, against)));
        checked.history = noting(history, &mut checked.unread);
        Ok(checked)
    }
}

fn in_one_moment<T, E: From<rusqlite::Error>>(
    db: &Connection,
    check: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    let moment = db.unchecked_transaction()?;
    check(&moment)
}

/// A part that cannot be read for its damage is a finding.
fn noting<T>(checked: Result<T, StoreError>, unread: &mut Vec<String>) -> Option<T> {
    checked.map_err(|error| unread.push(error.to_string())).ok()
}
