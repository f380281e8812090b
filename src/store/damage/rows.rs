//! Copies a damaged row and deletes it.

use std::collections::BTreeMap;

use rusqlite::{Connection, params_from_iter};

use crate::store::{
    broken::{Broken, Raw},
    error::QueryFailure,
};

/// A damaged row by column.
pub(super) type Columns = BTreeMap<String, Raw>;

/// A condition that finds the row: by its index, or by reading the whole table where the index does not lead to it.
fn condition(broken: &Broken, by_index: bool) -> String {
    let prefix = if by_index { "" } else { "+" };
    let numbered = broken.table.key.iter().zip(1..);
    numbered
        .map(|(column, number)| format!("{prefix}{column} IS NOT DISTINCT FROM ?{number}"))
        .collect::<Vec<_>>()
        .join(" AND ")
}

pub(super) fn find(db: &Connection, broken: &Broken) -> Result<Option<Columns>, QueryFailure> {
    for by_index in [true, false] {
        let sql = format!("SELECT * FROM {} WHERE {}", broken.table.name, condition(broken, by_index));
        let mut query = db.prepare(&sql)?;
        let names: Vec<String> = query.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = query.query(params_from_iter(&broken.key))?;
        if let Some(row) = rows.next()? {
            let value = |(index, name)| Ok((name, Raw::from(row.get_ref(index)?)));
            return names.into_iter().enumerate().map(value).collect::<Result<Columns, QueryFailure>>().map(Some);
        }
    }
    Ok(None)
}

/// Deletes the row.
pub(super) fn delete(db: &Connection, broken: &Broken) -> Result<(), QueryFailure> {
    for by_index in [true, false] {
        let sql = format!("DELETE FROM {} WHERE {}", broken.table.name, condition(broken, by_index));
        if db.execute(&sql, params_from_iter(&broken.key))? > 0 {
            break;
        }
    }
    Ok(())
}

/// Sets the row's checksum to that of its current content.
pub(super) fn seal(db: &Connection, broken: &Broken) -> Result<(), QueryFailure> {
    let name = broken.table.name;
    let columns: Vec<String> = broken.table.columns.iter().map(|column| format!("{name}.{column}")).collect();
    let sum = columns.join(", ");
    let sql = format!("UPDATE {name} SET checksum = row_sum({sum}) WHERE {}", condition(broken, true));
    db.execute(&sql, params_from_iter(&broken.key))?;
    Ok(())
}
