//! Stores the changes that the operator announced.

use rusqlite::{Row, named_params};

use super::{
    Store, StoreError,
    columns::{Json, Micros, Text, time},
    sealed::EXPECTED_CHANGES,
};
use crate::model::{ExpectedChange, Package, Removal};

impl Store {
    /// Stores an announced change, and gives it its number; its own number does not matter.
    ///
    /// # Errors
    /// As every write.
    pub fn expect_change(&self, expected: &ExpectedChange) -> Result<i64, StoreError> {
        self.write("recording an expected change", |db| {
            let mut insert = db.prepare_cached(
                "INSERT INTO expected_changes (package, change, from_at, until_at, by, reason, created_at)
                 VALUES (:package, :change, :from, :until, :by, :reason, :now) RETURNING id",
            )?;
            let values = named_params! {
                ":package": expected.package.to_string(), ":change": Json(&expected.change),
                ":from": Micros(expected.from), ":until": Micros(expected.until), ":by": expected.by,
                ":reason": expected.reason, ":now": Micros(expected.created_at),
            };
            Ok(insert.query_row(values, |row| row.get(0))?)
        })
    }

    /// Removes an expected change; its row stays. `false`: the number is unknown, or was removed before.
    pub(crate) fn forget_expected_change(&self, id: i64, removal: &Removal) -> Result<bool, StoreError> {
        self.write("removing an expected change", |db| {
            let mut update = db.prepare_cached(
                "UPDATE expected_changes SET removed_at = ?2, removed_by = ?3, removed_why = ?4
                 WHERE id = ?1 AND removed_at IS NULL",
            )?;
            Ok(update.execute((id, Micros(removal.at), &removal.by, &removal.reason))? > 0)
        })
    }

    /// All expected changes, including those that were removed, by number.
    ///
    /// # Errors
    /// As every read.
    pub fn all_expected_changes(&self) -> Result<Vec<ExpectedChange>, StoreError> {
        self.read("listing announced changes", |db| {
            db.rows(&EXPECTED_CHANGES, "SELECT *, {row} FROM expected_changes ORDER BY id", [], expected_row)
        })
    }

    /// The expected changes that were not removed, including those whose time is over, by number.
    pub(crate) fn expected_changes(&self) -> Result<Vec<ExpectedChange>, StoreError> {
        self.read("listing expected changes", |db| {
            let sql = "SELECT *, {row} FROM expected_changes WHERE removed_at IS NULL ORDER BY id";
            db.rows(&EXPECTED_CHANGES, sql, [], expected_row)
        })
    }

    /// All expected changes of a package, including those that were removed, by number.
    ///
    /// # Errors
    /// As every read.
    pub fn announced_changes_of(&self, package: &Package) -> Result<Vec<ExpectedChange>, StoreError> {
        self.read("listing the announced changes of a package", |db| {
            let sql = "SELECT *, {row} FROM expected_changes WHERE package = ?1 ORDER BY id";
            db.rows(&EXPECTED_CHANGES, sql, [package.to_string()], expected_row)
        })
    }

    /// The expected changes of a package.
    ///
    /// # Errors
    /// As every read.
    pub fn expected_changes_of(&self, package: &Package) -> Result<Vec<ExpectedChange>, StoreError> {
        self.read("listing the expected changes of a package", |db| {
            let sql = "SELECT *, {row} FROM expected_changes WHERE package = ?1 AND removed_at IS NULL ORDER BY id";
            db.rows(&EXPECTED_CHANGES, sql, [package.to_string()], expected_row)
        })
    }
}

fn expected_row(row: &Row<'_>) -> rusqlite::Result<ExpectedChange> {
    Ok(ExpectedChange {
        id: row.get("id")?,
        package: row.get::<_, Text<_>>("package")?.0,
        change: row.get::<_, Json<_>>("change")?.0,
        from: row.get::<_, Micros>("from_at")?.0,
        until: row.get::<_, Micros>("until_at")?.0,
        by: row.get("by")?,
        reason: row.get("reason")?,
        created_at: row.get::<_, Micros>("created_at")?.0,
        removed: removal(row)?,
    })
}

fn removal(row: &Row<'_>) -> rusqlite::Result<Option<Removal>> {
    let (by, reason) = (row.get("removed_by")?, row.get("removed_why")?);
    Ok(time(row.get("removed_at")?).map(|at| Removal { at, by, reason }))
}
