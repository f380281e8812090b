//! Tests of announced changes, and of replaying the stored releases.

use std::fs;

use serde_json::json;

use super::Desk;

#[test]
fn a_change_is_announced_listed_and_taken_back() {
    let desk = Desk::with_story();
    let announce = ["expect", "add", "pkg:npm/axios", "--manual", "jasonsaayman", "--for", "2d", "--reason", "broken"];
    let added = desk.run(&announce);
    assert_eq!(added.code, 0, "{}", added.err);
    let said = "Announcement 1: jasonsaayman may publish pkg:npm/axios by hand until";
    assert!(added.out.starts_with(said), "{}", added.out);
    let [listed] = desk.run(&["expect", "list", "--format", "json"]).objects().try_into().unwrap();
    assert_eq!((&listed["by"], &listed["reason"]), (&"ada".into(), &"broken".into()));
    assert_eq!(listed["change"], json!({"what": "manual", "value": "jasonsaayman"}));
    let remove = ["expect", "remove", "1", "--reason", "repaired", "--by", "grace"];
    assert_eq!(desk.run(&remove).code, 0);
    assert_eq!(desk.run(&remove).code, 2, "it is gone");
    assert!(desk.run(&["expect", "list"]).out.starts_with("Nothing is expected"));
    let [removed] = desk.run(&["expect", "list", "--all", "--format", "json"]).objects().try_into().unwrap();
    assert_eq!((&removed["removed"]["by"], &removed["removed"]["reason"]), (&"grace".into(), &"repaired".into()));
    let shown = desk.run(&["expect", "list", "--all"]).out;
    assert!(shown.contains("removed") && shown.contains("grace:") && shown.contains("repaired"), "{shown}");
}

#[test]
fn an_announcement_says_what_for_how_long_and_why() {
    let desk = Desk::with_story();
    for wrong in [
        vec!["--for", "2d", "--reason", "r"],
        vec!["--manual", "a", "--publisher", "b", "--for", "2d", "--reason", "r"],
        vec!["--manual", "a", "--for", "2d"],
        vec!["--manual", "a", "--for", "2d", "--reason", " "],
        vec!["--manual", "a", "--for", "400d", "--reason", "r"],
        vec!["--repository", "widget", "--for", "2d", "--reason", "r"],
    ] {
        let ran = desk.run(&[vec!["expect", "add", "pkg:npm/axios"], wrong.clone()].concat());
        assert_eq!(ran.code, 2, "{wrong:?}: {}", ran.out);
    }
    let ran = desk.run(&["expect", "add", "pkg:npm/axios@1.0.0", "--manual", "a", "--for", "2d", "--reason", "r"]);
    assert!(ran.code == 2 && ran.err.contains("expected pkg:npm/axios"), "{}", ran.err);
}

#[test]
fn what_is_stored_can_be_replayed() {
    let desk = Desk::with_story();
    let ran = desk.run(&["replay", "provwatch.db", "--explain"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("so it cannot be compared"), "{}", ran.out);
    assert!(ran.out.contains("evidence-downgrade"), "{}", ran.out);
    let alerts = desk.run(&["replay", "provwatch.db", "--format", "json"]).objects();
    assert!(alerts.iter().any(|alert| alert["purl"] == "pkg:npm/axios@1.14.1"));
}

#[test]
fn a_policy_with_a_detector_that_does_not_exist_is_refused() {
    let desk = Desk::with_story();
    let text = "[[package]]\npurl = 'pkg:npm/axios'\n\
                expect = { quiet = [{ detector = 'odd-hour', reason = 'r', until = '2027-01-01' }] }\n";
    fs::write(desk.path("watchlist.toml"), text).unwrap();
    let ran = desk.run(&["watch", "list"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("odd-hour") && ran.err.contains("detectors list"), "{}", ran.err);
}
