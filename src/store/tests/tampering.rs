//! The property that any change of any row of the history is found.

use proptest::prelude::*;
use rusqlite::{Connection, types::Value};

use super::history::{behind_our_back, checked, years};
use crate::store::Store;

/// One value, as SQL.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => format!("CAST(X'{}' AS TEXT)", hex::encode(text)),
        Value::Blob(bytes) => format!("X'{}'", hex::encode(bytes)),
    }
}

/// The tables of the history, with the number that names a row, and their other columns.
const TABLES: [(&str, &str, &[&str]); 3] = [
    ("alert_actions", "id", &["alert", "status", "by", "reason", "at"]),
    ("baseline_versions", "id", &["package", "line", "version", "reason", "purl", "at", "actor", "note"]),
    ("history", "seq", &["kind", "item", "content", "chain"]),
];

#[derive(Clone, Copy, Debug)]
enum Tampering {
    Edit { column: usize, turn: u32 },
    Renumber,
    Delete,
    Copy,
    Swap { with: usize },
    ToTheFront,
}

fn tampering() -> impl Strategy<Value = Tampering> {
    prop_oneof![
        4 => (any::<usize>(), any::<u32>()).prop_map(|(column, turn)| Tampering::Edit { column, turn }),
        1 => Just(Tampering::Renumber),
        1 => Just(Tampering::Delete),
        1 => Just(Tampering::Copy),
        2 => any::<usize>().prop_map(|with| Tampering::Swap { with }),
        1 => Just(Tampering::ToTheFront),
    ]
}

/// Another value for a column.
fn another(value: &Value, turn: u32) -> Value {
    match value {
        Value::Integer(number) => Value::Integer(number ^ (1 << (turn % 40))),
        Value::Blob(bytes) if !bytes.is_empty() => {
            let mut bytes = bytes.clone();
            let place = turn as usize % bytes.len();
            bytes[place] ^= 1 << (turn % 8);
            Value::Blob(bytes)
        }
        Value::Text(text) => Value::Text(format!("{text}{}", turn % 10)),
        _ => Value::Text("something".to_owned()),
    }
}

/// A table whose rows are changed.
struct Rows<'a> {
    db: &'a Connection,
    table: &'static str,
    key: &'static str,
    columns: &'static [&'static str],
}

impl Rows<'_> {
    fn numbers(&self) -> Vec<i64> {
        let sql = format!("SELECT {key} FROM {table} ORDER BY {key}", key = self.key, table = self.table);
        let mut query = self.db.prepare(&sql).unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn values(&self, number: i64) -> Vec<Value> {
        let columns = self.columns.join(", ");
        let sql = format!("SELECT {columns} FROM {} WHERE {} = {number}", self.table, self.key);
        self.db.query_row(&sql, [], |row| (0..self.columns.len()).map(|index| row.get(index)).collect()).unwrap()
    }

    fn set(&self, number: i64, column: &str, value: &Value) -> bool {
        let sql = format!("UPDATE {} SET {column} = {} WHERE {} = {number}", self.table, literal(value), self.key);
        self.db.execute(&sql, []).is_ok()
    }

    fn renumber(&self, from: i64, to: i64) -> bool {
        self.set(from, self.key, &Value::Integer(to))
    }

    fn copy(&self, number: i64, to: i64) -> bool {
        let (table, key, columns) = (self.table, self.key, self.columns.join(", "));
        // A package has no two steps of one number.
        let values = columns.replace("version", "version + 1000");
        let sql =
            format!("INSERT INTO {table} ({key}, {columns}) SELECT {to}, {values} FROM {table} WHERE {key} = {number}");
        self.db.execute(&sql, []).is_ok()
    }

    /// Makes the change. `false`: it would change nothing.
    fn tamper(&self, row: usize, tampering: Tampering) -> bool {
        let numbers = self.numbers();
        let (here, last) = (numbers[row % numbers.len()], *numbers.last().unwrap());
        match tampering {
            Tampering::Edit { column, turn } => {
                let column = column % self.columns.len();
                self.set(here, self.columns[column], &another(&self.values(here)[column], turn))
            }
            Tampering::Renumber => self.renumber(here, last + 7),
            Tampering::ToTheFront => self.renumber(here, -5),
            Tampering::Delete => {
                let sql = format!("DELETE FROM {} WHERE {} = {here}", self.table, self.key);
                self.db.execute(&sql, []).is_ok()
            }
            Tampering::Copy => self.copy(here, last + 1),
            Tampering::Swap { with } => {
                let there = numbers[with % numbers.len()];
                self.values(here) != self.values(there)
                    && self.renumber(here, -1)
                    && self.renumber(there, here)
                    && self.renumber(-1, there)
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// With checksums computed anew or not: any edit, deletion, insertion or exchange of any row is found.
    #[test]
    fn any_change_of_any_row_is_found(
        changes in proptest::collection::vec((0..3_usize, any::<usize>(), tampering(), any::<bool>()), 12),
    ) {
        let lab = years();
        for (table, row, tampering, with_checksum) in changes {
            let copy = lab.path().with_file_name("copy.db");
            for end in ["", "-wal", "-shm"] {
                drop(std::fs::remove_file(format!("{}{end}", copy.display())));
            }
            lab.sql("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
            std::fs::copy(lab.path(), &copy).unwrap();
            let db = behind_our_back(&copy);
            let (table, key, columns) = TABLES[table];
            let is_changed = Rows { db: &db, table, key, columns }.tamper(row, tampering);
            if with_checksum {
                let sums = "UPDATE alert_actions SET checksum = NULL; UPDATE baseline_versions SET checksum = NULL";
                db.execute_batch(sums).unwrap();
            }
            drop(db);
            let found = checked(&Store::open_read_only(&copy).unwrap());
            let is_found = found.fault_count > 0;
            prop_assert_eq!(is_found, is_changed, "{:?} of {} {}: {:?}", tampering, table, row, found);
        }
    }
}
