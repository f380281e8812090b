//! Tests of reports of others, from a folder to the receivers: of stored, new and unwatched releases, and withdrawn ones.

use std::fs;

use serde_json::{Value, json};

use super::{Machine, by_ada, restore::text, rfc3339};
use provwatch::clock::{Clock, SystemClock};

/// The check of the source in `provwatch doctor`.
const CHECK: &str = "reports of others";

impl Machine {
    /// A machine that reads reports from a folder, which is not there yet.
    fn with_reports() -> Self {
        let machine = Self::new();
        let path = machine.path("provwatch.toml");
        let config = fs::read_to_string(&path).unwrap();
        fs::write(path, format!("{config}\n[osv]\nsource = \"osv\"\n")).unwrap();
        machine
    }

    /// Others report a version of a package of npm.
    fn report(&self, id: &str, name: &str, version: &str, more: &Value) {
        let now = rfc3339(SystemClock.now());
        let mut report = json!({
            "id": id, "modified": now, "published": now, "summary": "Malicious code\u{1b}[2J", "schema_version": "1.7.4",
            "affected": [{"package": {"ecosystem": "npm", "name": name}, "versions": [version]}],
        });
        report.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let folder = self.path("osv/malicious/npm").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{id}.json")), report.to_string()).unwrap();
    }
}

#[test]
fn what_others_report_is_told_whether_it_was_stored_comes_later_or_is_not_watched() {
    let machine = Machine::with_reports();
    machine.pass();
    assert_eq!(machine.doctor(CHECK)["state"], "failed");
    assert!(machine.json(&["status"])["findings"].to_string().contains("reports-stale"));

    let now = rfc3339(SystemClock.now());
    machine.world.publish_npm("widget", "1.0.9", &by_ada().at(now.parse().unwrap()));
    machine.report("MAL-2026-1", "left-pad", "1.0.0", &json!({}));
    machine.pass();
    let stored = "pkg:npm/widget@1.0.9";
    assert!(machine.knows(stored));
    assert!(machine.doctor(CHECK)["detail"].as_str().unwrap().contains("1 report,"), "{}", machine.doctor(CHECK));
    assert!(!machine.json(&["status"])["findings"].to_string().contains("reports-stale"));

    // Of a stored release.
    machine.report("MAL-2026-2", "widget", "1.0.9", &json!({}));
    // Of one that comes later, and of one that does not exist.
    machine.report("MAL-2026-3", "widget", "1.0.10", &json!({}));
    machine.pass();
    let alert = machine.json(&["alerts", "show", stored]);
    assert_eq!(
        (&alert["severity"], &alert["signals"][0]["detector"]),
        (&json!("critical"), &json!("reported-malicious"))
    );
    assert_eq!(machine.messages(stored).len(), 1);
    machine.world.publish_npm("widget", "1.0.10", &by_ada().at(rfc3339(SystemClock.now()).parse().unwrap()));
    machine.pass();
    let later = machine.json(&["lookup", "pkg:npm/widget@1.0.10"]);
    assert_eq!((&later["alert"]["severity"], &later["reports"][0]["id"]), (&json!("critical"), &json!("MAL-2026-3")));
    assert_eq!(later["release"]["teaches"], json!(false));

    // Of a package that is not watched.
    let unwatched = machine.run(&["lookup", "pkg:npm/left-pad@1.0.0"]);
    let said = text(&unwatched.stdout);
    assert!(unwatched.status.code() == Some(3) && said.contains("Others report it as malicious since 20"), "{said}");
    assert_eq!(machine.run(&["lookup", "pkg:npm/left-pad@1.0.1"]).status.code(), Some(4));
    let stats = machine.json(&["alerts", "stats"]);
    assert_eq!((&stats["reported"]["reported"], &stats["reported"]["missed"]), (&json!(2), &json!(2)), "{stats}");
    let printed = text(&machine.run(&["alerts", "stats"]).stdout);
    assert!(printed.contains("reported as malicious by others"), "{printed}");
}

#[test]
fn a_withdrawn_report_is_told_to_those_who_were_told_of_it() {
    let machine = Machine::with_reports();
    machine.pass();
    machine.world.publish_npm("widget", "1.0.9", &by_ada().at(rfc3339(SystemClock.now()).parse().unwrap()));
    machine.report("MAL-2025-41440", "widget", "1.0.9", &json!({}));
    machine.pass();
    let stored = "pkg:npm/widget@1.0.9";
    assert_eq!(machine.messages(stored).len(), 1);
    machine.report("MAL-2025-41440", "widget", "1.0.9", &json!({"withdrawn": rfc3339(SystemClock.now())}));
    machine.pass();
    machine.pass();
    assert_eq!(machine.messages(stored).len(), 2);
    let alert = machine.json(&["alerts", "show", stored]);
    assert_eq!(alert["developments"][0]["kind"], "report-withdrawn", "{alert}");
    let shown = text(&machine.run(&["alerts", "show", stored]).stdout);
    assert!(shown.contains("MAL-2025-41440 no longer says"), "{shown}");
    assert!(text(&machine.run(&["lookup", stored]).stdout).contains("was withdrawn on"));
}

#[test]
fn a_daemon_tells_of_a_reported_release_when_it_comes() {
    let machine = Machine::with_reports();
    machine.report("MAL-2026-1", "widget", "1.0.9", &json!({}));
    let _daemon = machine.start();
    super::eventually("the reports are read", || {
        let status = machine.run(&["status", "--format", "json"]).stdout;
        serde_json::from_slice::<Value>(&status).is_ok_and(|status| status["reports"]["read_at"].is_string())
    });
    super::eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    machine.world.publish_npm("widget", "1.0.9", &by_ada().at(rfc3339(SystemClock.now()).parse().unwrap()));
    machine.is_told(&["pkg:npm/widget@1.0.9"]);
    let alert = machine.json(&["alerts", "show", "pkg:npm/widget@1.0.9"]);
    assert_eq!(alert["severity"], "critical");
}
