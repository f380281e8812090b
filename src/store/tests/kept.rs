//! Tests that migrations keep every row of the stores in `tests/data`, which earlier versions filled.
//!
//! A released version never changes its store. `WRITE_STORE=1 cargo test --lib store::tests::kept` writes one of today's
//! schema, `tests/data/store-N.db`, and never over an existing one.

use std::{collections::BTreeMap, fs, path::Path, path::PathBuf};

use rusqlite::types::Value;

use super::{
    filling::filled,
    history::behind_our_back,
    lab::{Lab, dump, noon, readable},
};
use crate::store::{AlertFilter, DeliveryFilter, LogEntryFilter, Store, migrations};

/// Each release in `CHANGELOG.md`, with the version of the schema that it wrote.
const RELEASED: &[(&str, i64)] = &[];

/// The stores that are kept although no release wrote them.
const OTHERS: &[i64] = &[18, 31];

/// What migrations make anew from other tables, in another form.
const MADE_ANEW: &[&str] = &["traces"];

/// A kept store has at most so many bytes.
const LARGEST: u64 = 300 * 1024;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn file(version: i64) -> PathBuf {
    root().join(format!("tests/data/store-{version}.db"))
}

/// The schema versions of the kept stores.
fn kept() -> Vec<i64> {
    let versions = RELEASED.iter().map(|(_, schema)| *schema).chain(OTHERS.iter().copied());
    let mut versions: Vec<i64> = versions.collect();
    versions.sort_unstable();
    versions.dedup();
    versions
}

/// The tables and columns of a store.
fn columns(store: &Path) -> BTreeMap<String, Vec<String>> {
    let db = behind_our_back(store);
    let sql = "SELECT tables.name, columns.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
               WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%' ORDER BY 1, columns.cid";
    let mut query = db.prepare(sql).unwrap();
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap() {
        let (table, column): (String, String) = row.unwrap();
        tables.entry(table).or_default().push(column);
    }
    tables
}

/// The rows of a table in some of its columns, sorted.
fn rows(store: &Path, table: &str, columns: &[String]) -> Vec<String> {
    let db = behind_our_back(store);
    let mut query = db.prepare(&format!("SELECT {} FROM {table}", columns.join(", "))).unwrap();
    // Observations are compressed since version 32 of the schema.
    let value = |row: &rusqlite::Row<'_>, index: usize| match row.get(index)? {
        Value::Blob(packed) if columns[index] == "observation" => Ok(readable(packed)),
        value => Ok(value),
    };
    let row = |row: &rusqlite::Row<'_>| {
        let values = (0..columns.len()).map(|index| value(row, index));
        Ok(format!("{:?}", values.collect::<rusqlite::Result<Vec<_>>>()?))
    };
    let mut rows: Vec<String> = query.query_map([], row).unwrap().map(Result::unwrap).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn every_table_of_a_filled_store_has_rows() {
    let lab = filled();
    for (table, columns) in columns(&lab.path()) {
        assert!(!rows(&lab.path(), &table, &columns).is_empty(), "{table}: fill it in tests/filling.rs");
    }
    assert_eq!(lab.store.history_faults().unwrap(), [""; 0]);
    assert_sound(&lab.store);
}

#[test]
fn a_store_is_filled_with_the_same_rows_each_time() {
    assert_eq!(dump(&filled().store), dump(&filled().store));
}

#[test]
fn a_store_of_todays_schema_can_be_kept() {
    let lab = filled();
    let written = lab.path().with_extension("written");
    {
        let db = behind_our_back(&lab.path());
        db.execute_batch("PRAGMA page_size = 1024").unwrap();
        db.execute("VACUUM INTO ?1", [written.to_str().unwrap()]).unwrap();
    }
    let size = fs::metadata(&written).unwrap().len();
    assert!(size < LARGEST, "{size}");
    let kept = file(migrations::LATEST);
    if std::env::var_os("WRITE_STORE").is_some() && !kept.exists() {
        fs::copy(&written, kept).unwrap();
    }
}

/// A release is a heading of the changelog: `## [1.2.3] - 2027-01-31`.
#[test]
fn a_filled_store_is_kept_of_every_release() {
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    let releases =
        changelog.lines().filter_map(|line| line.strip_prefix("## [")?.split_once(']')).map(|(name, _)| name);
    for release in releases.filter(|name| *name != "Unreleased") {
        let known = RELEASED.iter().any(|(name, _)| *name == release);
        assert!(known, "write the store of {release} as CONTRIBUTING.md says, and add it to RELEASED");
    }
    for version in kept() {
        assert!(fs::metadata(file(version)).unwrap().len() < LARGEST, "{version}");
    }
    for found in fs::read_dir(root().join("tests/data")).unwrap() {
        let name = found.unwrap().file_name().into_string().unwrap();
        let version = name.strip_prefix("store-").and_then(|name| name.strip_suffix(".db"));
        assert!(version.is_none_or(|version| kept().contains(&version.parse().unwrap())), "{name} is not read here");
    }
}

#[test]
fn every_kept_store_is_migrated_and_loses_nothing() {
    for version in kept() {
        let folder = tempfile::tempdir().unwrap();
        let (before, path) = (folder.path().join("before.db"), folder.path().join("provwatch.db"));
        fs::copy(file(version), &before).unwrap();
        fs::copy(file(version), &path).unwrap();
        let store = Store::open(&path).unwrap();
        assert_sound(&store);
        let after = columns(&path);
        for (table, columns) in columns(&before) {
            if MADE_ANEW.contains(&&*table) {
                assert!(!rows(&path, &table, &after[&table]).is_empty(), "{version}: {table}");
                continue;
            }
            let same: Vec<String> =
                columns.into_iter().filter(|column| column != "checksum" && after[&table].contains(column)).collect();
            assert_eq!(rows(&path, &table, &same), rows(&before, &table, &same), "{version}: {table}");
        }
    }
}

/// Every row agrees with its checksum, the history is whole, and every list can be read.
fn assert_sound(store: &Store) {
    assert_eq!(store.history_faults().unwrap(), [""; 0]);
    store.look_for_damage().unwrap();
    for row in store.packages().unwrap() {
        store.releases(&row.package, 1_000).unwrap();
        store.baseline(&row.package).unwrap();
        store.events_of(&row.package, None, 1_000).unwrap();
    }
    let alerts = store.alerts(&AlertFilter { limit: 1_000, ..AlertFilter::default() }).unwrap();
    for alert in &alerts {
        store.alert_actions(alert, 1_000).unwrap();
    }
    store.deliveries(&DeliveryFilter::default(), 1_000).unwrap();
    store.all_expected_changes().unwrap();
    store.allowances(None, 1_000).unwrap();
    store.silences().unwrap();
    store.namesakes().unwrap();
    store.sources().unwrap();
    store.runner().unwrap();
    store.logs().unwrap();
    store.log_entries(LogEntryFilter { log: None, limit: 1_000 }).unwrap();
    store.evidence(None).unwrap();
    store.incidents().unwrap();
    let before = store.damaged_rows(1_000).unwrap().len();
    assert_eq!(
        store.set_damage_aside(noon()).unwrap().rows,
        0,
        "{:?}",
        store.damaged_rows(1_000).unwrap().get(before..)
    );
}

/// What a store is checked with finds the smallest change.
#[test]
fn a_byte_that_turns_in_a_filled_store_is_found() {
    let lab: Lab = filled();
    behind_our_back(&lab.path()).execute("UPDATE sources SET last_error = last_error || '.'", []).unwrap();
    lab.store.look_for_damage().unwrap();
    assert_eq!(lab.store.set_damage_aside(noon()).unwrap().rows, 1);
}
