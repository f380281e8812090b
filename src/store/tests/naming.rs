//! Tests of finding an alert by the first digits of its id.

use super::lab::{Lab, alert, noon, stale_source};
use crate::{
    model::{Alert, AlertPrefix, Fingerprint, Severity},
    store::StoreError,
};

const AXIOS: &str = "pkg:npm/axios@1.14.1";

/// An alert with a chosen fingerprint: its first digits, filled up with zeros.
fn under(digits: &str, alert: Alert) -> Alert {
    let fingerprint: Fingerprint = format!("{digits:0<64}").parse().unwrap();
    Alert { fingerprint, id: fingerprint.id(), ..alert }
}

fn prefix(typed: &str) -> AlertPrefix {
    typed.parse().unwrap()
}

fn holding(alerts: &[Alert]) -> Lab {
    let lab = Lab::new();
    for alert in alerts {
        lab.store.record_alert(alert, &[], noon()).unwrap();
    }
    lab
}

#[test]
fn a_beginning_names_the_one_alert_that_begins_so() {
    let axios = under("6adc1e73047a55", alert(AXIOS, Severity::High));
    let stale = under("6adc1e73047b", stale_source());
    let lab = holding(&[axios.clone(), stale.clone(), under("f0", alert("pkg:npm/vite@1.0.0", Severity::Low))]);
    let whole = axios.fingerprint.to_string();
    for (typed, named) in [
        ("6adc1e73047a", Some(&axios)),
        ("6ADC1E73047A", Some(&axios)),
        ("6adc1e73047a5", Some(&axios)),
        (&*whole, Some(&axios)),
        (&*whole.to_uppercase(), Some(&axios)),
        ("6adc1e73047b", Some(&stale)),
        // Each has the form of an id, and no alert begins with it.
        ("6adc1e73047c", None),
        ("6adc1e73047a56", None),
        ("000000000000", None),
        ("ffffffffffff", None),
        (&*"f".repeat(64), None),
        ("5", None),
        ("ff", None),
    ] {
        assert_eq!(lab.store.alert_named(&prefix(typed)).unwrap().as_ref(), named, "{typed}");
    }
}

#[test]
fn what_is_no_beginning_reaches_no_row() {
    for typed in ["", " ", "%", "_", "6%", "6adc1e73047a ", "6adc*", "[0-9a-f]", "' OR 1=1 --", "zz", "é", "\0"] {
        assert!(typed.parse::<AlertPrefix>().is_err(), "{typed:?}");
    }
}

#[test]
fn where_several_begin_so_all_are_said_with_what_tells_them_apart() {
    let alerts = [
        under("6a11", alert(AXIOS, Severity::High)),
        under("6a22", Alert { title: "npm\u{1b}[2J ".repeat(99), ..stale_source() }),
        under("6b", alert("pkg:npm/vite@1.0.0", Severity::Low)),
    ];
    let lab = holding(&alerts);
    let error = lab.store.alert_named(&prefix("6A")).unwrap_err();
    let said = error.to_string();
    let mut lines = said.lines();
    assert_eq!(lines.next(), Some("\"6a\" is the beginning of several alert ids; type more digits:"));
    assert_eq!(lines.next(), Some("  6a1100000000  high      pkg:npm/axios@1.14.1"));
    let titled = lines.next().unwrap();
    assert!(titled.starts_with("  6a2200000000  medium    npm\\u{1b}[2J npm") && titled.len() < 250, "{titled}");
    assert_eq!(lines.next(), None);
    assert_eq!(lab.store.alert_named(&prefix("6a1")).unwrap().as_ref(), Some(&alerts[0]));
}

#[test]
fn of_many_the_first_few_are_said() {
    let many: Vec<Alert> = (10..20).map(|number| under(&format!("a{number}"), alert(AXIOS, Severity::Low))).collect();
    let lab = holding(&many);
    let StoreError::AmbiguousAlert { candidates, more, .. } = lab.store.alert_named(&prefix("a")).unwrap_err() else {
        panic!("it is ambiguous");
    };
    assert_eq!((candidates.len(), more, &*candidates[4].digits), (5, true, "a14000000000"));
    assert!(lab.store.alert_named(&prefix("a")).unwrap_err().to_string().ends_with("\n  and others"));
}

#[test]
fn two_alerts_of_one_id_can_be_told_apart() {
    let (one, other) = (under("6adc1e73047a001", stale_source()), under("6adc1e73047a002", stale_source()));
    let lab = holding(&[one.clone(), other.clone()]);
    assert_eq!(one.id, other.id);
    let StoreError::AmbiguousAlert { candidates, .. } = lab.store.alert_named(&prefix("6adc1e73047a")).unwrap_err()
    else {
        panic!("it is ambiguous");
    };
    let digits: Vec<AlertPrefix> = candidates.iter().map(|one| prefix(&one.digits)).collect();
    assert_eq!(digits, [prefix("6adc1e73047a001"), prefix("6adc1e73047a002")]);
    for (typed, alert) in digits.iter().zip([&one, &other]) {
        assert_eq!(lab.store.alert_named(typed).unwrap().as_ref(), Some(alert));
        assert_eq!(lab.store.alert(&alert.fingerprint).unwrap().as_ref(), Some(alert));
    }
    lab.store.resolve(&one.fingerprint, "alice", "it was this one", noon()).unwrap();
    assert_eq!(lab.store.alert(&other.fingerprint).unwrap(), Some(other), "the other stays as it is");
}
