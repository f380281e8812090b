//! Damages database rows behind provwatch's back, and remembers their former values.

use std::path::Path;

use rusqlite::{Connection, params, types::Value};

/// A value that was damaged.
#[derive(Debug)]
pub struct Damage {
    update: &'static str,
    key: String,
    before: Value,
    after: Value,
}

/// Where a value is: how to read it, and how to write it where it still is what it is thought to be.
pub struct Cell {
    pub read: &'static str,
    pub update: &'static str,
}

pub const BASELINE: Cell = Cell {
    read: "SELECT package, body FROM baselines WHERE package = ?1",
    update: "UPDATE baselines SET body = ?2 WHERE package = ?1 AND body = ?3",
};
pub const OBSERVATION: Cell = Cell {
    read: "SELECT purl, observation FROM releases WHERE package = ?1 AND observation IS NOT NULL ORDER BY id DESC",
    update: "UPDATE releases SET observation = ?2 WHERE purl = ?1 AND observation = ?3",
};
pub const FILES: Cell = Cell {
    read: "SELECT purl, files FROM releases WHERE package = ?1 ORDER BY id DESC",
    update: "UPDATE releases SET files = ?2 WHERE purl = ?1 AND files = ?3",
};
pub const MAINTAINERS: Cell = Cell {
    read: "SELECT package, maintainers FROM packages WHERE package = ?1 AND maintainers IS NOT NULL",
    update: "UPDATE packages SET maintainers = ?2 WHERE package = ?1 AND maintainers = ?3",
};
/// Of the alert that was raised last, whatever it is about.
pub const ALERT: Cell = Cell {
    read: "SELECT fingerprint, body FROM alerts WHERE ?1 = ?1 ORDER BY raised_at DESC",
    update: "UPDATE alerts SET body = ?2 WHERE fingerprint = ?1 AND body = ?3",
};

/// Changes one byte of a value, so that it can no longer be read. Nothing if there is no such value.
pub fn damage(path: &Path, cell: &Cell, package: &str) -> Option<Damage> {
    let store = connect(path);
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, Value>(1)?));
    let (key, before) = store.query_row(cell.read, [package], row).ok()?;
    let after = match before.clone() {
        Value::Text(json) => Value::Text(json.replacen(['{', '['], "\u{1}", 1)),
        Value::Blob(mut packed) => {
            packed[0] ^= 0x40;
            Value::Blob(packed)
        }
        other => other,
    };
    store.execute(cell.update, params![key, after, before]).unwrap();
    Some(Damage { update: cell.update, key, before, after })
}

/// Puts a package into the queue whose name nobody can read.
pub fn poison_queue(path: &Path) {
    let insert = "INSERT INTO work (package, reason, since, due_at, generation) VALUES ('pkg:npm/%00%ff', '', 0, 0, 0)";
    connect(path).execute(insert, []).unwrap();
}

/// Makes the alert that was raised last due again for a receiver that has it.
pub fn deliver_again(path: &Path) {
    let again = "UPDATE deliveries SET state = 'pending', next_at = 0, settled_at = NULL WHERE subscription = 'other' \
                 AND alert = (SELECT fingerprint FROM alerts ORDER BY raised_at DESC LIMIT 1)";
    connect(path).execute(again, []).unwrap();
}

/// Puts back what is still damaged, as an operator would from a backup.
pub fn restore(path: &Path, damages: impl Iterator<Item = Damage>) {
    let store = connect(path);
    store.execute("DELETE FROM work WHERE package = 'pkg:npm/%00%ff'", []).unwrap();
    for damage in damages {
        store.execute(damage.update, params![damage.key, damage.before, damage.after]).unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "somebody else writes to the database")]
fn connect(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}
