//! Tests of `provwatch alerts`: the list, one alert with its evidence, and acknowledgement.

use provwatch::model::AlertStatus;

use super::{ALERT, Desk};

#[test]
fn a_list_that_fails_on_what_is_open_and_bad() {
    let desk = Desk::with_story();
    let ran = desk.run(&["alerts", "list"]);
    insta::assert_snapshot!(ran.screen());
    for (arguments, code) in [
        (&["--fail-on", "critical"][..], 0),
        (&["--fail-on", "low"], 3),
        (&["--package", "pkg:npm/axios"], 3),
        (&["--package", "pkg:npm/other"], 4),
        (&["--min-severity", "critical"], 0),
        (&["--status", "resolved"], 0),
        (&["--limit", "1"], 3),
        (&["--limit", "0"], 2),
    ] {
        assert_eq!(desk.run(&[&["alerts", "list"][..], arguments].concat()).code, code, "{arguments:?}");
    }
}

#[test]
fn silence_is_not_called_safety() {
    let desk = Desk::with_story();
    insta::assert_snapshot!(desk.run(&["alerts", "list", "--min-severity", "critical"]).screen());
}

#[test]
fn one_alert_with_all_its_evidence() {
    let desk = Desk::with_story();
    insta::assert_snapshot!(desk.run(&["alerts", "show", "6adc"]).screen());
}

#[test]
fn an_alert_is_taken_in_hand_once() {
    let desk = Desk::with_story();
    let ack = || desk.run(&["alerts", "ack", ALERT, "--reason", " maintainers confirm "]);
    insta::assert_snapshot!(ack().screen());
    assert_eq!(ack().code, 0);
    let alert = desk.store().alert_named(&ALERT.parse().unwrap()).unwrap().unwrap();
    assert_eq!(alert.status, AlertStatus::Acknowledged);
    assert_eq!(desk.store().alert_actions(&alert, 9).unwrap().len(), 1);
    assert_eq!(desk.run(&["alerts", "list"]).code, 0, "nothing bad is open any more");
    let shown = desk.run(&["alerts", "show", ALERT]).screen();
    assert!(shown.contains("acknowledged by ada: maintainers confirm") && !shown.contains("alerts ack"), "{shown}");
}

#[test]
fn an_alert_that_is_not_there() {
    let desk = Desk::with_story();
    for (id, code, said) in
        [("beef", 1, "no alert id begins with \"beef\""), ("axios", 2, "expected its first hexadecimal digits")]
    {
        for arguments in [&["alerts", "show", id][..], &["alerts", "ack", id, "--reason", "x"]] {
            let ran = desk.run(arguments);
            assert!(ran.code == code && ran.err.contains(said) && ran.err.contains("alerts list"), "{}", ran.err);
        }
    }
    assert_eq!(desk.run(&["alerts", "ack", ALERT, "--reason", "  "]).code, 2);
}
