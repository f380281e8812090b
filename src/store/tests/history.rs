//! Tests of the history that proves itself: whatever another program changes is found, and nothing that provwatch does.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;

use super::{
    durability::{OPERATIONS, filled},
    faults::Point,
    lab::{Lab, alerted, learned, learning, minutes_later, noon, repeating},
};
use crate::{
    model::{BaselineReason, Severity},
    store::{
        Against, BaselineChange, CheckedHistory, Fault, Head, HeadSigner, NotedHead, RunnerRow, Signing, Store,
        connect::connect, migrations,
    },
};

const AXIOS: &str = "pkg:npm/axios@1.0.1";

/// Another program that may write the file: it knows no trigger that guards, and none that appends.
pub(super) fn behind_our_back(path: &Path) -> Connection {
    let db = connect(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    db.execute_batch(
        "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;
         DROP TRIGGER IF EXISTS alert_actions_are_not_changed; DROP TRIGGER IF EXISTS alert_actions_are_not_deleted;
         DROP TRIGGER IF EXISTS baseline_versions_are_not_changed; DROP TRIGGER IF EXISTS baseline_versions_are_not_deleted;
         DROP TRIGGER IF EXISTS history_is_not_changed; DROP TRIGGER IF EXISTS history_is_not_deleted",
    )
    .unwrap();
    db
}

/// A store with some years of actions and baselines, in turns.
pub(super) fn years() -> Lab {
    let lab = Lab::new();
    lab.store.record(&alerted(AXIOS, Severity::High)).unwrap();
    lab.store.record(&repeating("pkg:npm/axios@1.0.2", AXIOS, Severity::High)).unwrap();
    let alert = super::lab::alert(AXIOS, Severity::High).fingerprint;
    for round in 0..4 {
        lab.store.record(&learned(&format!("pkg:npm/vite@1.0.{round}"), round)).unwrap();
        let (by, reason) = (format!("olga {round}"), format!("reason {round}"));
        lab.store.acknowledge(&alert, &by, &reason, minutes_later(round.into())).unwrap();
    }
    let mut accepted = learning(4, &["pkg:npm/vite@1.0.3"]);
    accepted.versions[0].reason = BaselineReason::Reset;
    accepted.versions[0].purl = None;
    accepted.versions[0].note = Some("begins anew".to_owned());
    lab.store.change_baseline(&BaselineChange { ..accepted }, noon()).unwrap();
    lab.store.resolve(&alert, "olga", "gone", minutes_later(9)).unwrap();
    lab
}

pub(super) fn checked(store: &Store) -> CheckedHistory {
    store.check_history(&Against::default()).unwrap()
}

fn faults(store: &Store) -> Vec<Fault> {
    let checked = checked(store);
    assert_eq!(checked.fault_count, checked.faults.len() as u64);
    checked.faults
}

fn count(store: &Store, sql: &str) -> i64 {
    store.connection().query_row(sql, [], |row| row.get(0)).unwrap()
}

fn noted(head: &Head) -> NotedHead {
    head.to_string().parse().unwrap()
}

#[test]
fn whatever_is_appended_is_covered() {
    let lab = years();
    let checked = checked(&lab.store);
    assert_eq!((&checked.faults[..], checked.fault_count), (&[][..], 0));
    let rows =
        count(&lab.store, "SELECT (SELECT count(*) FROM alert_actions) + (SELECT count(*) FROM baseline_versions)");
    assert_eq!(rows, 12, "repetitions follow");
    let head = checked.head.unwrap();
    assert_eq!((checked.entries, head.seq), (rows.cast_unsigned(), rows));
    assert_eq!(lab.store.history_head().unwrap(), Some(head));
    let against = Against { noted: vec![noted(&head)], ..Against::default() };
    assert_eq!(lab.store.check_history(&against).unwrap().fault_count, 0);
}

#[test]
fn an_empty_history_is_whole() {
    let lab = Lab::new();
    let checked = checked(&lab.store);
    assert_eq!((checked.entries, checked.head, checked.fault_count), (0, None, 0));
    let against = Against { noted: vec!["1:0123456789abcdef".parse().unwrap()], ..Against::default() };
    let faults = lab.store.check_history(&against).unwrap().faults;
    assert!(matches!(&faults[..], [Fault::NotedMissing { last: 0, .. }]), "{faults:?}");
}

/// The hashes are part of the file format.
#[test]
fn a_hash_is_always_the_same() {
    let lab = Lab::new();
    let hash = |sql: &str| -> String {
        lab.store.connection().query_row(sql, [], |row| Ok(hex::encode(row.get::<_, Vec<u8>>(0)?))).unwrap()
    };
    let content = hash("SELECT history_content('alert-action', 7, 'text', NULL, X'00ff', -1, NULL)");
    assert_eq!(content, CONTENT);
    assert_eq!(content, hash("SELECT history_content('alert-action', 7, 'text', NULL, X'00ff', -1)"), "a new column");
    for other in ["7, 'text', X'00ff', NULL, -1", "7, 'text', NULL, X'00ff', '-1'", "7, 'tex', 't', X'00ff', -1"] {
        assert_ne!(content, hash(&format!("SELECT history_content('alert-action', {other})")), "{other}");
    }
    assert_eq!(hash("SELECT history_link(X'', 1, 'alert-action', 7, X'00')"), LINK);
}

// Computed by another program.
const CONTENT: &str = "0cf75798d47848cb4f5ba13827e65fc9cf20307b0fe0fe8f2199c30d27e21e4c";
const LINK: &str = "b86c8aeed3da1a4912d8a18937aae100ccae932d00495bed8fbaadd2c9e112f5";

#[test]
fn a_row_and_its_entry_are_both_there_or_neither_is() {
    for (name, operation) in OPERATIONS {
        for point in [Point::BeforeCommit, Point::AfterCommit] {
            let lab = filled();
            lab.store.faults.order(point);
            operation(&lab.store).unwrap_err();
            assert_eq!(faults(&lab.store), [], "{name}, {point:?}");
            let survivor = lab.after_kill();
            assert_eq!(faults(&survivor.store), [], "{name}, {point:?}, killed");
            operation(&survivor.store).unwrap();
            assert_eq!(faults(&survivor.store), [], "{name}, {point:?}, killed and repeated");
        }
    }
}

/// Changes by another program, each with the first fault. The first action is the second entry: a release was learned before.
fn changes() -> [(&'static str, &'static str, Fault); 9] {
    let action = |seq, row| Fault::Edited { seq, table: "alert_actions", row };
    [
        (
            "edited, with a new checksum",
            "UPDATE alert_actions SET by = 'mallory' WHERE id = 1;
             UPDATE alert_actions SET checksum = row_sum(id, alert, status, by, reason, at)",
            action(2, 1),
        ),
        (
            "edited",
            "UPDATE alert_actions SET reason = 'reason 9' WHERE id = 1",
            Fault::Damaged { seq: 2, table: "alert_actions", row: 1 },
        ),
        ("deleted", "DELETE FROM baseline_versions WHERE id = 1", Fault::Deleted { seq: 1, table: "baseline_versions", row: 1 }),
        (
            "inserted at the end",
            "INSERT INTO alert_actions (alert, status, by, reason, at) SELECT alert, 'open', 'mallory', '', 0
             FROM alert_actions LIMIT 1",
            Fault::Inserted { table: "alert_actions", row: 8 },
        ),
        (
            "inserted before all",
            "INSERT INTO alert_actions (id, alert, status, by, reason, at) SELECT 0, alert, 'open', 'mallory', '', 0
             FROM alert_actions LIMIT 1",
            Fault::Inserted { table: "alert_actions", row: 0 },
        ),
        ("an entry deleted", "DELETE FROM history WHERE seq = 3", Fault::EntriesMissing { first: 3, last: 3 }),
        ("an entry edited", "UPDATE history SET chain = zeroblob(32) WHERE seq = 3", Fault::Unchained { seq: 3 }),
        ("the end cut off", "DELETE FROM history WHERE seq > 10", Fault::Inserted { table: "alert_actions", row: 6 }),
        (
            "the end cut off, with its rows",
            "DELETE FROM alert_actions WHERE id IN (SELECT item FROM history WHERE seq > 5 AND kind = 'alert-action');
             DELETE FROM baseline_versions WHERE id IN (SELECT item FROM history WHERE seq > 5 AND kind = 'baseline-version');
             DELETE FROM history WHERE seq > 5",
            Fault::HeadMoved { head: 12, last: 5 },
        ),
    ]
}

#[test]
fn the_first_changed_row_is_named() {
    for (name, sql, expected) in changes() {
        let lab = years();
        behind_our_back(&lab.path()).execute_batch(sql).unwrap();
        let found = faults(&lab.store);
        assert_eq!(found.first(), Some(&expected), "{name}: {found:?}");
        assert!(!expected.to_string().is_empty());
    }
}

/// The history does not cover the alerts themselves, which change. The status of each follows from its last action.
#[test]
fn an_alert_that_stands_elsewhere_than_its_last_action_says_is_named() {
    let axios = super::lab::alert(AXIOS, Severity::High);
    let vite = super::lab::alert("pkg:npm/vite@9.0.0", Severity::High);
    for (alert, change) in [
        (&axios, "status = 'open'"),
        (&axios, "status = 'acknowledged', until_at = 7"),
        (&axios, "category = 'expected'"),
        (&axios, "until_at = 7"),
        (&axios, "is_digest = 1"),
        (&vite, "status = 'resolved'"),
        (&vite, "status = 'resolved', checksum = NULL"),
        (&vite, "status = 'snoozed', until_at = 9223372036854775807"),
        (&vite, "category = 'false-positive'"),
        (&vite, "status = 'resolved', is_digest = 1"),
    ] {
        let lab = years();
        lab.store.record(&alerted("pkg:npm/vite@9.0.0", Severity::High)).unwrap();
        assert_eq!(faults(&lab.store), []);
        let sql = format!("UPDATE alerts SET {change} WHERE fingerprint = '{}'", alert.fingerprint);
        behind_our_back(&lab.path()).execute_batch(&sql).unwrap();
        let expected = Fault::StandsElsewhere { alert: alert.id.to_string() };
        assert!(expected.to_string().contains(&alert.id.to_string()));
        assert_eq!(faults(&lab.store), [expected], "{change}");
    }
}

/// The next entry does not take the numbers of the deleted ones.
#[test]
fn a_cut_end_stays_noticed_when_provwatch_goes_on() {
    let lab = years();
    let last = checked(&lab.store).head.unwrap().seq;
    behind_our_back(&lab.path())
        .execute_batch(
            "DELETE FROM alert_actions WHERE id IN (SELECT item FROM history WHERE seq > 5 AND kind = 'alert-action');
             DELETE FROM baseline_versions WHERE id IN (SELECT item FROM history WHERE seq > 5 AND kind = 'baseline-version');
             DELETE FROM history WHERE seq > 5",
        )
        .unwrap();
    let alert = super::lab::alert(AXIOS, Severity::High).fingerprint;
    lab.store.resolve(&alert, "olga", "again", noon()).unwrap();
    assert_eq!(faults(&lab.store)[0], Fault::EntriesMissing { first: 6, last });
}

/// Whatever happens to the history itself, recording goes on.
#[test]
fn a_damaged_history_stops_nothing() {
    for sql in [
        "DELETE FROM history",
        "DELETE FROM history_head",
        "DELETE FROM history; DELETE FROM history_head",
        "UPDATE history_head SET seq = 2",
        "UPDATE history_head SET seq = -1",
        "UPDATE history_head SET seq = 4611686018427387904",
        "UPDATE history_head SET chain = X''",
        "UPDATE history SET chain = X'' WHERE seq = (SELECT max(seq) FROM history)",
        "UPDATE history SET kind = 'nothing', item = -1",
        "UPDATE history SET content = X'00'",
    ] {
        let lab = years();
        behind_our_back(&lab.path()).execute_batch(sql).unwrap();
        assert_ne!(faults_at_most(&lab.store), 0, "{sql}");
        let alert = super::lab::alert(AXIOS, Severity::High).fingerprint;
        lab.store.resolve(&alert, "olga", "again", noon()).unwrap();
        lab.store.record(&learned("pkg:npm/left@1.0.0", 0)).unwrap();
        lab.store.history_head().unwrap();
        let lab = lab.restarted();
        lab.store.acknowledge(&alert, "olga", "and again", noon()).unwrap();
        assert!(lab.store.history_head().unwrap().is_some(), "{sql}");
    }
}

fn faults_at_most(store: &Store) -> u64 {
    checked(store).fault_count
}

/// A person who can write the file computes the whole history anew.
fn rewrite(lab: &Lab) {
    let db = behind_our_back(&lab.path());
    db.execute_batch(
        "UPDATE alert_actions SET by = 'mallory' WHERE id = 1;
         UPDATE alert_actions SET checksum = row_sum(id, alert, status, by, reason, at);
         DROP TABLE history; DROP TABLE history_head; DROP TABLE pruned_deliveries; DROP INDEX deliveries_settled;
         ALTER TABLE signed_heads RENAME TO kept",
    )
    .unwrap();
    db.execute_batch(include_str!("../../../schema/0025_history_chain.sql")).unwrap();
    db.execute_batch("DROP TABLE signed_heads; ALTER TABLE kept RENAME TO signed_heads").unwrap();
}

fn signer() -> HeadSigner {
    HeadSigner::from_pem(&rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem()).unwrap()
}

#[test]
fn a_rewritten_history_differs_from_a_noted_head() {
    let lab = years();
    let head = checked(&lab.store).head.unwrap();
    rewrite(&lab);
    assert_eq!(faults(&lab.store), [], "it is consistent in itself");
    let against = Against { noted: vec![noted(&head)], ..Against::default() };
    let faults = lab.store.check_history(&against).unwrap().faults;
    assert_eq!(faults, [Fault::NotedDiffers { noted: head.to_string() }]);
}

#[test]
fn a_rewritten_history_differs_from_a_signed_head() {
    let (lab, signer) = (years(), signer());
    let with_key = || Against { key: Some(signer.verifier()), ..Against::default() };
    let check = || lab.store.check_history(&with_key()).unwrap();
    assert_eq!(check().faults, [Fault::NeverSigned { key: signer.verifier().id() }]);
    let head = lab.store.sign_head(&signer, Signing::WhenDue, noon()).unwrap().unwrap();
    let whole = check();
    assert_eq!(whole.faults, []);
    assert_eq!((whole.signatures.verified, whole.signatures.up_to), (1, Some(head.seq)));
    assert_eq!(checked(&lab.store).signatures.unverified, 1, "no key is known");
    rewrite(&lab);
    let never = Fault::NeverSigned { key: signer.verifier().id() };
    assert_eq!(check().faults, [Fault::SignedDiffers { seq: head.seq }, never]);
    // Without the signature, that is missing.
    behind_our_back(&lab.path()).execute_batch("DELETE FROM signed_heads").unwrap();
    assert_eq!(check().faults, [Fault::NeverSigned { key: signer.verifier().id() }]);
    // With another one, too.
    lab.store.sign_head(&self::signer(), Signing::Now, noon()).unwrap();
    let other = check();
    assert_eq!(other.faults, [Fault::NeverSigned { key: signer.verifier().id() }]);
    assert_eq!(other.signatures.unverified, 1);
}

#[test]
fn a_signature_covers_every_value_of_its_row() {
    for change in ["seq = seq - 1", "chain = zeroblob(32)", "at = at + 1", "signature = zeroblob(64)", "key = 'x'"] {
        let (lab, signer) = (years(), signer());
        lab.store.sign_head(&signer, Signing::Now, noon()).unwrap();
        behind_our_back(&lab.path()).execute_batch(&format!("UPDATE signed_heads SET {change}")).unwrap();
        let against = Against { key: Some(signer.verifier()), ..Against::default() };
        assert_ne!(lab.store.check_history(&against).unwrap().fault_count, 0, "{change}");
    }
    let (lab, signer) = (years(), signer());
    let head = lab.store.sign_head(&signer, Signing::Now, noon()).unwrap().unwrap();
    behind_our_back(&lab.path()).execute_batch("UPDATE signed_heads SET seq = 99").unwrap();
    let against = Against { key: Some(signer.verifier()), ..Against::default() };
    let faults = lab.store.check_history(&against).unwrap().faults;
    assert_eq!(faults[0], Fault::SignedMissing { seq: 99, last: head.seq });
}

#[test]
fn a_moved_head_is_signed_once_a_day_and_when_the_process_ends() {
    let (lab, signer) = (years(), signer());
    let alert = super::lab::alert(AXIOS, Severity::High).fingerprint;
    let sign = |when, now: DateTime<Utc>| lab.store.sign_head(&signer, when, now).unwrap().map(|head| head.seq);
    let act = |reason: &str| drop(lab.store.resolve(&alert, "olga", reason, noon()).unwrap());
    let (day, hour) = (TimeDelta::days(1), TimeDelta::hours(1));
    let first = sign(Signing::WhenDue, noon()).unwrap();
    assert_eq!(sign(Signing::Now, noon() + day * 3), None, "it did not move");
    act("a");
    assert_eq!(sign(Signing::WhenDue, noon() + hour), None, "not yet");
    let second = sign(Signing::WhenDue, noon() + day).unwrap();
    assert!(second > first);
    act("b");
    assert!(sign(Signing::WhenDue, noon() - hour).is_some(), "the clock was set back");
    act("c");
    assert!(sign(Signing::Now, noon() + day).is_some());
}

#[test]
fn signatures_that_stop_are_noticed() {
    let (lab, signer) = (years(), signer());
    let alert = super::lab::alert(AXIOS, Severity::High).fingerprint;
    let head = lab.store.sign_head(&signer, Signing::Now, noon()).unwrap().unwrap();
    let against = Against { key: Some(signer.verifier()), ..Against::default() };
    let works_at = |at: DateTime<Utc>| {
        let row = RunnerRow {
            kind: "daemon".to_owned(),
            pid: 1,
            version: "1".to_owned(),
            first_at: noon(),
            started_at: noon(),
            beat_at: at,
            facts: "{}".to_owned(),
        };
        lab.store.beat(&row).unwrap();
        lab.store.check_history(&against).unwrap().faults
    };
    assert_eq!(works_at(noon() + TimeDelta::days(9)), [], "nothing moved");
    lab.store.resolve(&alert, "olga", "new", noon()).unwrap();
    let after = checked(&lab.store).head.unwrap().seq - head.seq;
    assert_eq!(works_at(noon() + TimeDelta::hours(47)), []);
    let overdue = Fault::SignatureOverdue { seq: head.seq, entries: after };
    assert_eq!(works_at(noon() + TimeDelta::hours(49)), [overdue]);
}

/// The rows from before the migration are covered in the order of their ids.
#[test]
#[expect(clippy::disallowed_methods, reason = "a database of an older version")]
fn the_past_is_covered_by_the_migration() {
    let lab = years();
    let path = lab.path().with_file_name("old.db");
    let mut old = Connection::open(&path).unwrap();
    migrations::migrate_to(&mut old, 21);
    old.execute("ATTACH ?1 AS filled", [lab.path().to_str().unwrap()]).unwrap();
    for table in ["alerts", "alert_actions", "baseline_versions"] {
        // Later versions have more columns.
        let sql = format!("SELECT group_concat(name, ', ') FROM pragma_table_info('{table}', 'main')");
        let columns: String = old.query_row(&sql, [], |row| row.get(0)).unwrap();
        let sql = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM filled.{table}");
        old.execute_batch(&sql).unwrap();
    }
    drop(old);
    let store = Store::open(&path).unwrap();
    let before = checked(&store);
    assert_eq!((&before.faults[..], before.entries), (&[][..], checked(&lab.store).entries));
    let sorted = "SELECT count(*) FROM history AS one JOIN history AS next ON next.seq = one.seq + 1
                  WHERE (one.kind, one.item) >= (next.kind, next.item)";
    assert_eq!(count(&store, sorted), 0);
    store.record(&learned("pkg:npm/left@1.0.0", 0)).unwrap();
    assert_eq!((faults(&store).len(), checked(&store).entries), (0, before.entries + 1));
}
