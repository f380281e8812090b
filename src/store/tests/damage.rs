//! Tests of one damaged row: it is noticed, affects nothing else, and gets a sound replacement.

use std::{
    collections::BTreeSet,
    fmt::Debug,
    fs,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, types::Value};
use tempfile::TempDir;

use super::{
    durability::{OPERATIONS, filled},
    lab::{Lab, alerted, due_work, event, learned, minutes_later, noon, package, provenance, release, stale_source},
};
use crate::{
    model::{AlertMatchers, Baseline, ExpectedChange, Observation, Severity, Silence, SilenceEnd},
    store::{
        Acting, AlertFilter, NewEvidence, NewLog, Outcome, PackageRow, Record, Store, StoreError, logs,
        sealed::{self, Table},
    },
};

/// The release that the damage tests change.
const GOOD: &str = "pkg:npm/axios@1.0.0";

#[expect(clippy::disallowed_methods, reason = "what a disk does, no statement of ours does")]
fn behind_our_back(path: &Path, sql: &str) {
    let db = Connection::open(path).unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
    db.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Two packages, one of which has rows in every table.
fn rich() -> Lab {
    let lab = Lab::new();
    let store = &lab.store;
    store
        .take_page("npm-changes", "7-abc", &[event(&package("axios"), "1"), event(&package("vite"), "2")], noon())
        .unwrap();
    for name in ["axios", "vite"] {
        let row = PackageRow { maintainers: Some(vec!["alice".to_owned()]), ..PackageRow::new(package(name), noon()) };
        store.save_package(&PackageRow { backfilled_at: Some(noon()), ..row }).unwrap();
        store.record(&learned(&format!("pkg:npm/{name}@1.0.0"), 0)).unwrap();
        store.record(&alerted(&format!("pkg:npm/{name}@1.0.1"), Severity::High)).unwrap();
    }
    let attested = Observation { attestation: provenance("1"), ..super::lab::observation("pkg:npm/axios@1.0.2") };
    store.record(&Record::observed(attested, Outcome::Clean, noon())).unwrap();
    let alert = store.alerts(&AlertFilter::default()).unwrap()[0].fingerprint;
    store.acknowledge(&alert, "alice", "known", noon()).unwrap();
    store.retry_delivery(&store.outbox(noon()).unwrap()[0], noon(), minutes_later(5), "451").unwrap();
    store.keep_forge_answer("https://forge.example/r", "{\"stars\":1}", noon()).unwrap();
    store.record_alert(&stale_source(), &[], noon()).unwrap();
    store.expect_change(&expected()).unwrap();
    let silence = AlertMatchers { teams: vec!["nobody".to_owned()], ..AlertMatchers::default() };
    let silence = store.add_silence(&silence, "planned", "alice", (noon(), minutes_later(60))).unwrap();
    let end = SilenceEnd { at: minutes_later(1), by: "alice".to_owned(), reason: "done".to_owned() };
    store.expire_silence(silence, &end).unwrap();
    let acting = Acting { by: "alice".to_owned(), at: noon(), reason: Some("a new token".to_owned()) };
    store.retry_deliveries(&[1], &["ops".to_owned()].into(), &acting).unwrap();
    let log = NewLog {
        name: "log.example",
        kind: logs::LogKind::Tiles,
        url: "https://log.example/",
        key_id: "00",
        offset: 0,
        standing: logs::LogState::Active,
    };
    store.open_log(&log, noon()).unwrap();
    let [id, log, kind, document] = ["e1", "log.example", "fork", "{}"].map(str::to_owned);
    store.keep_evidence(&NewEvidence { id, log, kind, document }, noon()).unwrap();
    assert!(store.replace_addresses(noon(), 1).unwrap().more, "a walk that is under way");
    lab
}

fn expected() -> ExpectedChange {
    let json = serde_json::json!({
        "id": 0, "package": "pkg:npm/axios", "change": {"what": "publisher", "value": "bob"}, "from": noon(), "until": minutes_later(60),
        "by": "alice", "reason": "a new workflow", "created_at": noon(),
    });
    serde_json::from_value(json).unwrap()
}

/// All data that can be read, one line for each item; a read may only fail because of one row.
fn told(store: &Store) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let mut all =
        |what: &str, items: Vec<String>| lines.extend(items.into_iter().map(|item| format!("{what}: {item}")));
    all("work", each(due_work(store, minutes_later(60))));
    all("packages", each(store.packages()));
    all("observations", each(store.observations()));
    all("alerts", each(store.alerts(&AlertFilter::default())));
    all("due", each(store.outbox(minutes_later(60))));
    all("sources", each(store.sources()));
    all("rechecks", each(store.packages_to_recheck(minutes_later(60), chrono::TimeDelta::days(1), 99)));
    all("expected", each(store.expected_changes()));
    all("ends", each(store.silences().map(ends)));
    all("silences", each(store.silences().map(without_ends)));
    all("delivery actions", each(store.delivery_actions(None, 99)));
    all("logs", each(store.logs()));
    all("evidence", each(store.evidence(None)));
    all("checks", each(store.due_log_checks(minutes_later(60), 99)));
    all("forge", each(store.forge_answer("https://forge.example/r").map(|answer| answer.into_iter().collect())));
    all("cursor", each(store.cursor("npm-changes").map(|cursor| cursor.into_iter().collect())));
    for name in ["axios", "vite"] {
        let package = package(name);
        all(name, each(store.releases(&package, 99)));
        all(name, each(store.package(&package).map(|row| row.into_iter().collect())));
        all(name, each(store.baseline(&package).map(|baseline| vec![baseline])));
        all(name, each(store.baseline_history(&package, 99)));
        all(name, each(store.held(&package)));
        all(name, each(store.version_states(&package).map(|states| states.into_iter().collect())));
        all(name, each(store.siblings(&package, minutes_later(60), 99)));
    }
    // Sums over many rows and counts must return a value, whatever it is.
    store.work_summary(noon()).unwrap();
    store.delivery_summary().unwrap();
    store.stats().unwrap();
    lines
}

fn ends(silences: Vec<Silence>) -> Vec<SilenceEnd> {
    silences.into_iter().filter_map(|silence| silence.expired).collect()
}

fn without_ends(silences: Vec<Silence>) -> Vec<Silence> {
    silences.into_iter().map(|silence| Silence { expired: None, ..silence }).collect()
}

fn each<T: Debug>(read: Result<Vec<T>, StoreError>) -> Vec<String> {
    match read {
        Ok(items) => items.iter().map(|item| format!("{item:?}")).collect(),
        Err(StoreError::DamagedRow { .. }) => Vec::new(),
        Err(error) => panic!("one row is damaged, and this fails: {error:?}"),
    }
}

/// Another copy of a store's file, without its journal.
fn copied(lab: &Lab, folder: &TempDir) -> PathBuf {
    lab.sql("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let path = folder.path().join("provwatch.db");
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{end}", path.display()));
    }
    fs::copy(lab.path(), &path).unwrap();
    path
}

fn values(store: &Store, table: &Table, column: &str) -> Vec<(Vec<Value>, Value)> {
    let db = store.connection();
    let keys = table.key.join(", ");
    let mut query = db.prepare(&format!("SELECT {keys}, {column} FROM {}", table.name)).unwrap();
    let last = table.key.len();
    let rows = query
        .query_map([], |row| Ok(((0..last).map(|index| row.get(index)).collect::<Result<_, _>>()?, row.get(last)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

fn literal(value: &Value) -> String {
    match value {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => format!("CAST(X'{}' AS TEXT)", hex::encode(text)),
        Value::Blob(bytes) => format!("X'{}'", hex::encode(bytes)),
        Value::Null | Value::Real(_) => "NULL".to_owned(),
    }
}

/// The value with one flipped bit, as SQL; `None` for an empty one.
fn turned(value: &Value, random: &mut fastrand::Rng) -> Option<String> {
    let mut turn = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let place = random.usize(..bytes.len());
        bytes[place] ^= 1 << random.u32(..8);
        hex::encode(bytes)
    };
    match value {
        Value::Integer(number) => Some((number ^ (1 << random.u32(..63))).to_string()),
        Value::Text(text) if !text.is_empty() => Some(format!("CAST(X'{}' AS TEXT)", turn(text.as_bytes()))),
        Value::Blob(bytes) if !bytes.is_empty() => Some(format!("X'{}'", turn(bytes))),
        _ => None,
    }
}

#[test]
fn a_checksum_covers_every_column_of_its_table() {
    let lab = Lab::new();
    let db = lab.store.connection();
    for table in sealed::ALL.iter().filter(|table| !table.columns.is_empty()) {
        let mut query = db.prepare(&format!("SELECT name FROM pragma_table_info('{}')", table.name)).unwrap();
        let columns: BTreeSet<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        // These numbers only show the order in which rows were added.
        let numbered = ["releases", "baseline_versions"].contains(&table.name);
        // These follow from other columns, and only lists filter by them.
        let derived = [
            "until_at",
            "category",
            "handled_at",
            "acknowledged_at",
            "resolved_at",
            "detectors",
            "critical_at",
            "is_digest",
        ];
        let is_derived = |name: &str| table.name == "alerts" && derived.contains(&name);
        let left_out = |name: &str| name == "checksum" || (numbered && name == "id") || is_derived(name);
        let columns: BTreeSet<&str> = columns.iter().map(String::as_str).filter(|name| !left_out(name)).collect();
        assert_eq!(columns, table.columns.iter().copied().collect(), "{}", table.name);
    }
}

fn unsound(store: &Store) -> Vec<&'static str> {
    let db = store.connection();
    let count = |table: &Table| -> i64 {
        let sql =
            format!("SELECT count(*) FROM {0} WHERE checksum IS NULL OR NOT {1}", table.name, table.sound(table.name));
        db.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    let sealed = sealed::ALL.iter().filter(|table| !table.columns.is_empty());
    sealed.filter(|table| count(table) > 0).map(|table| table.name).collect()
}

#[test]
fn whatever_is_written_has_its_checksum() {
    for (name, operation) in OPERATIONS {
        let lab = filled();
        operation(&lab.store).unwrap();
        assert_eq!(unsound(&lab.store), Vec::<&str>::new(), "{name}");
    }
    assert_eq!(unsound(&rich().store), Vec::<&str>::new());
}

/// The sums are part of the file format.
#[test]
fn a_sum_is_always_the_same() {
    let lab = Lab::new();
    let sum: i64 = lab
        .store
        .connection()
        .query_row(
            "SELECT row_sum('pkg:npm/axios', 7, NULL, X'00ff', 'a longer text than eight bytes', NULL)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(sum, SUM);
}

const SUM: i64 = 4_424_683_390_522_972_926;

#[test]
fn a_change_does_not_hide_damage_of_before() {
    let lab = rich();
    behind_our_back(
        &lab.path(),
        "UPDATE releases SET observation = substr(observation, 1, length(observation) - 1) WHERE version = '1.0.0'",
    );
    lab.store.set_status(&release(GOOD), crate::model::ReleaseStatus::Yanked, noon()).unwrap();
    lab.store.put_off_recheck(&release(GOOD), None).unwrap();
    let error = lab.store.release(&release(GOOD)).unwrap_err();
    assert!(matches!(error, StoreError::DamagedRow { table: "releases", .. }), "{error:?}");
    assert!(error.to_string().contains(GOOD), "{error}");
}

/// More than a thousand bits, one at a time: no read panics, none returns a value that was not there before, and no
/// other data is lost.
#[test]
fn a_bit_that_turns_is_noticed_and_concerns_one_thing() {
    let lab = rich();
    let before = told(&lab.store);
    let mut random = fastrand::Rng::with_seed(11);
    lab.sql("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
    lab.sql(GUARDS).unwrap();
    for table in sealed::ALL.iter().filter(|table| !table.columns.is_empty()) {
        lab.sql(&format!("DROP TRIGGER temp.seal_changed_{}", table.name)).unwrap();
    }
    let mut turns = 0;
    for (table, column, is_row, value) in everything(&lab.store) {
        let often = if matches!(value, Value::Integer(_)) { 3 } else { 9 };
        for turned in (0..often).filter_map(|_| turned(&value, &mut random)) {
            let flip = format!("{table}.{column} = {turned} WHERE {is_row}");
            lab.sql("BEGIN").unwrap();
            if lab.sql(&format!("UPDATE {table} SET {column} = {turned} WHERE {is_row}")).is_err() {
                // There is another row with that key.
                lab.sql("ROLLBACK").unwrap();
                continue;
            }
            let after = told(&lab.store);
            lab.sql("ROLLBACK").unwrap();
            let invented: Vec<_> = after.difference(&before).collect();
            assert!(invented.is_empty(), "{flip}: {invented:#?}");
            let lost: Vec<_> = before.difference(&after).filter(|line| line.contains("vite")).collect();
            assert!(!is_row.contains("axios") || lost.is_empty(), "{flip}: {lost:#?}");
            turns += 1;
        }
    }
    assert!(turns > 1000, "{turns}");
}

/// One bit of every column: each damaged row is set aside, and replaced with sound data.
#[test]
fn damage_is_set_aside_once() {
    let lab = rich();
    let folder = TempDir::new().unwrap();
    let mut random = fastrand::Rng::with_seed(12);
    let mut seen = BTreeSet::new();
    for (table, column, is_row, value) in everything(&lab.store) {
        let Some(turned) = turned(&value, &mut random).filter(|_| seen.insert((table, column))) else { continue };
        let path = copied(&lab, &folder);
        let flip = format!("UPDATE {table} SET {column} = {turned} WHERE {is_row}");
        behind_our_back(&path, &format!("{GUARDS} {flip}"));
        let store = Store::open(&path).unwrap_or_else(|error| panic!("{flip}: {error:?}"));
        for round in 0..4 {
            told(&store);
            store.look_for_damage().unwrap();
            store.set_damage_aside(minutes_later(round)).unwrap_or_else(|error| panic!("{flip}: {error:?}"));
            for row in store.untold_damage(99).unwrap() {
                if let Some(package) = row.lost_baseline() {
                    store.restore_baseline(&Baseline::empty(package), noon()).unwrap();
                }
                store.damage_told(row.id, &row.remedy, noon()).unwrap();
            }
        }
        assert_eq!(store.set_damage_aside(minutes_later(9)).unwrap().rows, 0, "{flip}: it is seen to");
        let kept =
            ["alert_actions", "baseline_versions", "delivery_actions", "log_evidence", "silences", "silence_ends"];
        assert_eq!(unsound(&store).into_iter().filter(|table| !kept.contains(table)).count(), 0, "{flip}");
        assert!(store.damaged_rows(9).unwrap().len() <= 3, "{flip}");
    }
}

const GUARDS: &str = "DROP TRIGGER alert_actions_are_not_changed; DROP TRIGGER baseline_versions_are_not_changed;
    DROP TRIGGER log_evidence_is_not_changed; DROP TRIGGER silences_are_not_changed;
    DROP TRIGGER silence_ends_are_not_changed; DROP TRIGGER delivery_actions_are_not_changed;";

/// Every value that a checksum covers: table, column, the condition for its row, and the value.
fn everything(store: &Store) -> Vec<(&'static str, &'static str, String, Value)> {
    let mut all = Vec::new();
    for table in sealed::ALL {
        for column in table.columns {
            let values = values(store, table, column);
            let is_row = |key: Vec<Value>| {
                let equal = table.key.iter().zip(&key).map(|(name, key)| format!("{name} = {}", literal(key)));
                equal.collect::<Vec<_>>().join(" AND ")
            };
            all.extend(values.into_iter().map(|(key, value)| (table.name, *column, is_row(key), value)));
        }
    }
    all
}
