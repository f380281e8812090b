//! Tests of where an alert stands after its row was damaged: its last action says it.

use rusqlite::Connection;

use super::{
    lab::minutes_later,
    life_cycle::{action, it, lab, stored},
};
use crate::model::AlertStatus;
use AlertStatus::{Open, Snoozed};

#[test]
#[expect(clippy::disallowed_methods, reason = "another program changes the file")]
fn a_snoozed_alert_is_open_again_though_its_row_was_damaged() {
    for damage in [
        "fingerprint = 'f' || substr(fingerprint, 2)",
        "fingerprint = 'f' || substr(fingerprint, 2), until_at = NULL",
        "status = 'resolved', until_at = NULL",
        "body = replace(body, 'unusual', 'unusuel'), until_at = NULL",
        "severity = 4 - severity, until_at = NULL",
    ] {
        let lab = lab();
        lab.store.act_on(&[it()], &action(Snoozed, "ada", 0)).unwrap();
        let db = Connection::open(lab.path()).unwrap();
        db.execute_batch(&format!("PRAGMA foreign_keys = OFF; UPDATE alerts SET {damage}")).unwrap();
        for round in 1..4 {
            lab.store.look_for_damage().unwrap();
            lab.store.set_damage_aside(minutes_later(round)).unwrap();
        }
        assert_eq!(stored(&lab).status, Snoozed, "{damage}");
        assert_eq!(lab.store.history_faults().unwrap(), [""; 0], "{damage}");
        assert_eq!(lab.store.open_what_ended(minutes_later(59)).unwrap(), 0, "{damage}");
        assert_eq!(lab.store.open_what_ended(minutes_later(60)).unwrap(), 1, "{damage}");
        assert_eq!(stored(&lab).status, Open, "{damage}");
    }
}
