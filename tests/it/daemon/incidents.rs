//! Tests that the daemon takes later releases into an open incident, and tells of each once.

use provwatch::clock::{Clock, SystemClock};
use serde_json::Value;

use super::{Machine, by_ada, eventually, rfc3339};

const ACCUSED: &str = "pkg:npm/widget@1.0.8";

fn members(machine: &Machine) -> Vec<(String, String)> {
    let shown = machine.run(&["incident", "show", "widget-2026", "--format", "json"]);
    let incident: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    incident["members"].as_array().unwrap().iter().map(|it| (text(&it["purl"]), text(&it["tie"]))).collect()
}

#[test]
fn a_release_of_the_same_publisher_joins_an_open_incident_and_is_told_once() {
    let machine = Machine::new();
    machine.watch("packages = [\"pkg:npm/widget\", \"pkg:npm/gadget\"]\n");
    let _daemon = machine.start();
    for package in ["widget", "gadget"] {
        eventually("the history is learned", || machine.knows(&format!("pkg:npm/{package}@1.0.8")));
    }
    let opened = machine.run(&["incident", "open", "widget-2026", ACCUSED, "--reason", "a stolen token"]);
    assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));

    // Nothing is unusual about it but that Ada, whose token was stolen, published it.
    let publish = |version: &str| {
        let now = rfc3339(SystemClock.now()).parse().unwrap();
        machine.world.publish_npm("gadget", version, &by_ada().at(now));
    };
    publish("1.0.9");
    machine.is_told(&["pkg:npm/gadget@1.0.9"]);
    let joined = |version: &str| (format!("pkg:npm/gadget@{version}"), "same-publisher".to_owned());
    let accused = || (ACCUSED.to_owned(), String::new());
    assert_eq!(members(&machine), [accused(), joined("1.0.9")]);
    let received = machine.world.received();
    let signals = received[0].1["data"]["signals"].as_array().unwrap();
    let joins = signals.iter().find(|signal| signal["detector"] == "incident-joined").unwrap();
    let seen = joins["seen"].as_str().unwrap();
    assert!(seen.contains(ACCUSED) && joins["severity"] == "high", "{joins}");

    // The next one, beside an accused one, is critical: it joins as well, and every version of a takeover is told.
    publish("1.0.10");
    machine.is_told(&["pkg:npm/gadget@1.0.9", "pkg:npm/gadget@1.0.10"]);
    assert_eq!(members(&machine), [accused(), joined("1.0.9"), joined("1.0.10")]);
}
