//! Reads rows of which some may be damaged.

use std::{cell::RefCell, ops::Deref};

use rusqlite::{Connection, Params, Row, types::ValueRef};

use super::{
    broken::{Broken, Raw},
    error::QueryFailure,
    sealed::Table,
};

/// A connection that notes the damaged rows that a query skips.
pub(super) struct Reading<'a> {
    connection: &'a Connection,
    broken: RefCell<Vec<Broken>>,
}

impl Deref for Reading<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl<'a> Reading<'a> {
    pub fn over(connection: &'a Connection) -> Self {
        Self { connection, broken: RefCell::default() }
    }

    /// The rows that were skipped.
    pub fn broken(self) -> Vec<Broken> {
        self.broken.into_inner()
    }

    /// Notes a damaged row.
    pub fn note(&self, broken: Broken) {
        self.broken.borrow_mut().push(broken);
    }

    /// The sound rows that a query finds; the others are noted. `{row}` in the query stands for the key of a row of the
    /// table and whether it is sound, see [`with_row`].
    pub fn rows<T>(
        &self,
        table: &'static Table,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, QueryFailure> {
        let mut sound = Vec::new();
        each(self.connection, table, sql, params, read, |found| {
            match found {
                Ok(value) => sound.push(value),
                Err(broken) => self.note(broken),
            }
            Ok(())
        })?;
        Ok(sound)
    }
}

/// The first row that a query finds. See [`Reading::rows`].
pub(super) fn one<T>(
    db: &Connection,
    table: &'static Table,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, QueryFailure> {
    Ok(several(db, table, sql, params, read)?.into_iter().next())
}

/// All rows that a query finds, none of which may be damaged. See [`Reading::rows`].
pub(super) fn several<T>(
    db: &Connection,
    table: &'static Table,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, QueryFailure> {
    let mut sound = Vec::new();
    each(db, table, sql, params, read, |found| {
        sound.push(found.map_err(QueryFailure::Broken)?);
        Ok(())
    })?;
    Ok(sound)
}

fn each<T>(
    db: &Connection,
    table: &'static Table,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    mut take: impl FnMut(Result<T, Broken>) -> Result<(), QueryFailure>,
) -> Result<(), QueryFailure> {
    let mut query = db.prepare_cached(&with_row(table, sql))?;
    let mut rows = query.query(params)?;
    while let Some(row) = rows.next()? {
        let broken = |why: String| -> Result<T, QueryFailure> {
            Err(QueryFailure::Broken(Broken { table, key: key(table, row)?, why }))
        };
        let found = if row.get_ref("row_is_sound")? == ValueRef::Integer(1) {
            match read(row) {
                Err(error) if is_of_the_value(&error) => broken(error.to_string()),
                value => Ok(value?),
            }
        } else {
            broken("it does not agree with its checksum".to_owned())
        };
        match found {
            Err(QueryFailure::Broken(broken)) => take(Err(broken))?,
            found => take(Ok(found?))?,
        }
    }
    Ok(())
}

/// Replaces `{row}` with the key of a row and whether it is sound, and `{row AS x}` with the same of a table's alias.
fn with_row(table: &Table, sql: &str) -> String {
    let columns = |of: &str| {
        let key = table.key.iter().enumerate().map(|(index, column)| format!("{of}.{column} AS row_key_{index}, "));
        format!("{}{} AS row_is_sound", key.collect::<String>(), table.sound(of))
    };
    if let Some((before, rest)) = sql.split_once("{row AS ")
        && let Some((alias, after)) = rest.split_once('}')
    {
        return format!("{before}{}{after}", columns(alias));
    }
    sql.replacen("{row}", &columns(table.name), 1)
}

pub(super) fn key(table: &Table, row: &Row<'_>) -> Result<Vec<Raw>, QueryFailure> {
    let value = |index: usize| Ok(Raw::from(row.get_ref(format!("row_key_{index}").as_str())?));
    (0..table.key.len()).map(value).collect()
}

/// Leaves out unreadable values of a query that counts many rows: each of them is reported when it is read.
pub(super) fn known<T>(outcome: rusqlite::Result<T>) -> Option<rusqlite::Result<T>> {
    match outcome {
        Err(error) if is_of_the_value(&error) => None,
        outcome => Some(outcome),
    }
}

/// Whether an error means that a value cannot be read, and not that the database cannot.
fn is_of_the_value(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::InvalidColumnType(..)
    )
}
