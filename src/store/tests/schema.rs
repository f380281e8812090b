//! Tests of the schema and its migrations.

use std::{env, fmt::Write as _, fs};

use rusqlite::{Connection, functions::FunctionFlags};

use super::lab::{Lab, alerted, dump, event, learned, noon, package};
use crate::{
    model::Severity,
    store::{Store, migrations, open, packed::unpack},
};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/schema.sql");

/// The schema of a database, however many migrations it took.
fn rendered(db: &Connection) -> String {
    let mut out = String::from(
        "-- What all migrations add up to. Generated: `UPDATE_SCHEMA=1 cargo test store::tests::schema` writes it.\n",
    );
    for pragma in ["application_id", "user_version"] {
        let value: i64 = db.pragma_query_value(None, pragma, |row| row.get(0)).unwrap();
        writeln!(out, "PRAGMA {pragma} = {value};").unwrap();
    }
    let mut query = db
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY tbl_name, type <> 'table', name")
        .unwrap();
    for sql in query.query_map([], |row| row.get::<_, String>(0)).unwrap() {
        write!(out, "\n{};\n", sql.unwrap()).unwrap();
    }
    out
}

#[test]
fn schema_sql_is_what_all_migrations_add_up_to() {
    let lab = Lab::new();
    let rendered = rendered(&lab.store.connection());
    if env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(SCHEMA, &rendered).unwrap();
    }
    assert_eq!(fs::read_to_string(SCHEMA).unwrap(), rendered, "run it with UPDATE_SCHEMA=1 and commit the difference");
}

#[test]
fn the_first_migration_marks_the_file_as_ours() {
    let lab = Lab::new();
    let id: i64 = lab.store.connection().pragma_query_value(None, "application_id", |row| row.get(0)).unwrap();
    assert_eq!(id, open::APPLICATION_ID);
    assert_eq!(id.to_be_bytes()[4..], *b"pvwt");
}

/// Rows of the first schema survive every later migration; with each new one, this test starts from the schema before
/// it.
#[test]
#[expect(clippy::disallowed_methods, reason = "a database of an older version")]
fn a_filled_database_survives_every_migration() {
    let filled = Lab::new();
    filled.store.take_page("npm-changes", "7", &[event(&package("axios"), "1")], noon()).unwrap();
    filled.store.record(&learned("pkg:npm/axios@1.0.0", 0)).unwrap();
    filled.store.record(&alerted("pkg:npm/axios@1.0.1", Severity::High)).unwrap();
    let before = dump(&filled.store);
    let path = filled.path().with_file_name("old.db");
    let old = Connection::open(&path).unwrap();
    {
        let mut old = old;
        migrations::migrate_to(&mut old, 1);
        old.execute("ATTACH ?1 AS filled", [filled.path().to_str().unwrap()]).unwrap();
        old.execute_batch("DELETE FROM work_generation; PRAGMA defer_foreign_keys = ON").unwrap();
        let mut tables = old
            .prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            .unwrap();
        let names: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        // What was text then; the traces are made from it.
        old.create_scalar_function("unpacked", 1, FunctionFlags::SQLITE_UTF8, |row| {
            let packed: Option<Vec<u8>> = row.get(0)?;
            Ok(packed.map(|packed| String::from_utf8(unpack(&packed).unwrap()).unwrap()))
        })
        .unwrap();
        for name in names.iter().filter(|name| *name != "traces") {
            // The columns of that time; the migrations add the others.
            let columns: String = old
                .query_row("SELECT group_concat(name) FROM pragma_table_info(?1)", [name], |row| row.get(0))
                .unwrap();
            let values = columns.replace("observation", "unpacked(observation)");
            old.execute_batch(&format!("INSERT INTO main.{name} ({columns}) SELECT {values} FROM filled.{name}"))
                .unwrap();
        }
    }
    let store = Store::open(&path).unwrap();
    assert_eq!(dump(&store), before);
    let broken: i64 =
        store.connection().query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).unwrap();
    assert_eq!(broken, 0);
}

#[test]
fn migrating_twice_changes_nothing() {
    let lab = Lab::new();
    lab.store.record(&learned("pkg:npm/axios@1.0.0", 0)).unwrap();
    let before = dump(&lab.store);
    let lab = lab.restarted();
    assert_eq!(dump(&lab.store), before);
}

#[test]
fn histories_are_append_only() {
    let lab = Lab::new();
    lab.store.record(&learned("pkg:npm/axios@1.0.0", 0)).unwrap();
    lab.store.record(&alerted("pkg:npm/axios@1.0.1", Severity::High)).unwrap();
    let alert = lab.store.alerts(&crate::store::AlertFilter::default()).unwrap()[0].fingerprint;
    lab.store.acknowledge(&alert, "alice", "known", noon()).unwrap();
    for sql in [
        "DELETE FROM baseline_versions",
        "UPDATE baseline_versions SET note = 'x'",
        "DELETE FROM alert_actions",
        "UPDATE alert_actions SET by = 'mallory'",
    ] {
        let error = lab.sql(sql).unwrap_err().to_string();
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
}
