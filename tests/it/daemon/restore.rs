//! Tests that nothing is missed after a restore: what was released since the backup is found, and no message comes twice
//! without a word.

use std::{fs, process::Output};

use serde_json::Value;

use super::{Machine, by_mallory};
use crate::lab::Fault;

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Machine {
    /// A command that must succeed.
    pub(super) fn does(&self, arguments: &[&str]) -> Output {
        let ran = self.run(arguments);
        assert!(ran.status.success(), "{arguments:?}: {} {}", text(&ran.stdout), text(&ran.stderr));
        ran
    }

    /// One pass over everything, and its log.
    pub(super) fn pass(&self) -> String {
        let ran = self.run(&["run", "--once", "--fail-on", "critical"]);
        assert!(matches!(ran.status.code(), Some(0 | 3 | 4)), "{}", text(&ran.stderr));
        text(&ran.stderr)
    }

    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["--format", "json"]].concat());
        serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&ran.stderr)))
    }

    /// The messages about a release: its key, and why it was sent.
    pub(super) fn messages(&self, release: &str) -> Vec<(String, Option<String>)> {
        let received = self.world.received().into_iter().map(|(_, body)| body);
        let about = received.filter(|body| body["data"]["purl"] == release);
        about.map(|body| (body["id"].to_string(), body["data"]["note"].as_str().map(str::to_owned))).collect()
    }
}

#[test]
fn releases_since_the_backup_are_found_and_no_message_comes_twice_without_a_word() {
    let machine = Machine::new();
    machine.pass();
    // The receiver is down when the backup is made, so that a message waits in it.
    machine.world.break_down("hooks.example", Fault::Status(503, Vec::new()));
    machine.publish_badly("widget", "1.1.0");
    machine.pass();
    machine.does(&["store", "backup", "backup.db"]);
    machine.world.mend("hooks.example");
    machine.publish_badly("widget", "1.1.1");
    // The retry of the first message is due at once for an operator.
    machine.does(&["deliveries", "retry", "--subscription", "hook", "--reason", "it is back"]);
    machine.pass();
    let (first, second) = ("pkg:npm/widget@1.1.0", "pkg:npm/widget@1.1.1");
    assert_eq!((machine.messages(first).len(), machine.messages(second).len()), (1, 1));

    machine.does(&["store", "restore", "backup.db", "--reason", "the disk failed"]);
    assert!(!machine.knows(second), "it is gone");
    let status = machine.json(&["status"]);
    let ids: Vec<&str> = status["findings"].as_array().unwrap().iter().filter_map(|one| one["id"].as_str()).collect();
    assert!(ids.contains(&"store-restored"), "{ids:?}");
    machine.does(&["deliveries", "retry", "--subscription", "hook", "--reason", "restored"]);
    let log = machine.pass();
    assert!(
        log.contains("the gap that the restore of the store left is closed") && log.contains("npm-changes"),
        "{log}"
    );
    assert!(machine.knows(second), "what was released since the backup is found");
    for release in [first, second] {
        let messages = machine.messages(release);
        let [(key, note), (again, repeated)] = &messages[..] else { panic!("{release}: {messages:?}") };
        assert_eq!((key, note), (again, &None), "the same key");
        let said = repeated.as_deref().unwrap_or_default();
        assert!(said.starts_with("possibly a repetition: the store was restored on"), "{release}: {said}");
    }
    let status = machine.json(&["status"]);
    let gap = &status["restored"]["gaps"][0];
    assert_eq!((&gap["how"], gap["closed_at"].is_string()), (&"read".into(), true), "{status}");
    assert!(gap["events"].as_u64().unwrap() > 0, "{gap}");
    assert!(!status["findings"].to_string().contains("store-restored"), "{status}");
}

#[test]
fn a_feed_that_does_not_reach_back_is_a_gap_and_its_packages_are_compared() {
    let machine = Machine::new();
    machine.pass();
    machine.does(&["store", "backup", "backup.db"]);
    machine.publish_badly("widget", "1.1.0");
    machine.pass();
    machine.world.npm().reset_sequence();
    machine.does(&["store", "restore", "backup.db"]);
    machine.pass();
    assert!(machine.knows("pkg:npm/widget@1.1.0"));
    let status = machine.json(&["status"]);
    assert_eq!(status["restored"]["gaps"][0]["how"], "compared", "{status}");
    let printed = text(&machine.run(&["status"]).stdout);
    assert!(printed.contains("all packages are compared"), "{printed}");
}

#[test]
fn a_backup_is_made_and_checked_beside_the_daemon_and_a_restore_is_refused() {
    let machine = Machine::new();
    let mut daemon = machine.start();
    super::eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    machine.does(&["store", "backup", "backup.db"]);
    machine.does(&["store", "check"]);
    machine.does(&["store", "check", "backup.db"]);
    let refused = machine.run(&["store", "restore", "backup.db"]);
    assert!(refused.status.code() == Some(1) && text(&refused.stderr).contains("already runs"), "{refused:?}");
    machine.world.publish_npm("widget", "1.1.0", &by_mallory());
    daemon.signal("TERM");
    assert!(daemon.end().0.success());
    machine.does(&["store", "restore", "backup.db"]);
    let before = fs::read_dir(machine.folder.path())
        .unwrap()
        .filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains("before-restore"));
    assert!(before.count() >= 1);
    let _daemon = machine.start();
    super::eventually("the release since then is found", || machine.knows("pkg:npm/widget@1.1.0"));
}
