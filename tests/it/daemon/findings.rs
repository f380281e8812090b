//! Tests of the daemon's findings as `provwatch status` shows them: heartbeats, files that are not in use, failing
//! registries.

use std::{fs, thread, time::Duration};

use provwatch::store::Store;
use serde_json::Value;

use super::{Machine, eventually, publish_history, silence, status};
use crate::lab::Fault;

#[test]
fn a_daemon_that_lives_is_told_from_one_that_is_dead_or_hangs() {
    let machine = Machine::new();
    let mut daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    let (code, ids, report) = status(&machine);
    assert_eq!((code, &*ids, &report["healthy"]), (0, &[][..], &Value::Bool(true)), "{report}");
    assert_eq!(report["runner"]["pid"], daemon.child.id());
    assert_eq!((&report["lock"], &report["runner"]["kind"]), (&"held".into(), &"daemon".into()));
    assert!(!report["limited"].as_array().unwrap().is_empty(), "logs and forges are switched off: {report}");

    daemon.signal("STOP");
    let store = Store::open(&machine.path("provwatch.db")).unwrap();
    let mut beat = store.runner().unwrap().unwrap();
    beat.beat_at -= chrono::TimeDelta::minutes(4);
    store.beat(&beat).unwrap();
    drop(store);
    assert_eq!(status(&machine).1, ["daemon-silent"]);
    daemon.signal("KILL");
    daemon.end();
    let (code, ids, report) = status(&machine);
    assert_eq!((code, &*ids), (5, &["no-daemon".to_owned()][..]), "{report}");

    let _daemon = machine.start();
    assert_eq!(status(&machine).0, 0, "another one lives");
}

#[test]
fn a_pass_leaves_word_that_it_was_made() {
    let machine = Machine::new();
    assert_eq!(machine.run(&["run", "--once"]).status.code(), Some(0));
    let (code, _, report) = status(&machine);
    assert_eq!((code, &report["runner"]["kind"], &report["lock"]), (0, &"once".into(), &"free".into()), "{report}");
    assert_eq!(machine.run(&["run", "--once"]).status.code(), Some(0));
    assert_eq!(status(&machine).2["runner"]["facts"]["passes"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_on_disk_and_not_in_use_is_said() {
    let machine = Machine::new();
    let daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    machine.watch("packages = [\"pkg:npm/widget\", \"pkg:npm/gadget\"]\n");
    assert_eq!(status(&machine).1, ["watchlist-changed"]);
    daemon.signal("HUP");
    daemon.hears("STATUS=watching 2 packages and 0 patterns");
    eventually("the new list is in use", || status(&machine).0 == 0);
    machine.watch("packages = [\"pkg:npm/\"]\n");
    assert_eq!(status(&machine).1, ["watchlist-unusable"]);
    machine.watch("packages = [\"pkg:npm/widget\", \"pkg:npm/gadget\"]\n");
    let config = fs::read_to_string(machine.path("provwatch.toml")).unwrap();
    fs::write(machine.path("provwatch.toml"), config.replace("\"2s\"", "\"3s\"")).unwrap();
    assert_eq!(status(&machine).1, ["configuration-changed"]);
    fs::write(machine.path("provwatch.toml"), format!("# a remark\n{config}")).unwrap();
    assert_eq!(status(&machine).0, 0);
}

#[test]
fn a_server_that_answers_500_is_a_warning_after_the_second_time_and_said_when_it_is_over() {
    let machine = Machine::new();
    let names: Vec<String> = (0..12).map(|number| format!("part-{number}")).collect();
    for name in &names {
        publish_history(&machine.world, name);
    }
    let purls: Vec<String> = names.iter().map(|name| format!("pkg:npm/{name}")).collect();
    machine.watch(&format!("packages = {purls:?}\n"));
    machine.world.break_down("npm.example/part-", Fault::Status(500, Vec::new()));
    let daemon = machine.start();
    daemon.says("documents cannot be fetched");
    daemon.says("500");
    let failing = || Store::open_read_only(&machine.path("provwatch.db")).unwrap().failing_work(20).unwrap().len();
    eventually("all have failed", || failing() == 12);
    let log = daemon.log();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("WARN") && line.contains("500")).collect();
    assert_eq!(warnings.len(), 1, "one for the registry, not one for each package: {warnings:#?}");
    let pulse = || daemon.log().contains("provwatch is healthy, but limited");
    eventually("the verdict is in the log", pulse);
    machine.world.mend("npm.example/part-");
    // What failed a moment ago is not called well at the first success.
    thread::sleep(Duration::from_secs(16));
    machine.publish_badly("part-11", "1.1.0");
    daemon.says("documents are there again after");
    eventually("it is learned", || machine.knows("pkg:npm/part-11@1.0.8"));
}

#[test]
fn a_registry_that_refuses_connections_is_said_and_survived() {
    let machine = Machine::new();
    let (listener, nobody) = silence();
    drop(listener);
    let config = fs::read_to_string(machine.path("provwatch.toml")).unwrap();
    let deaf = config.replace(&machine.server.base("replicate.example"), &nobody);
    fs::write(machine.path("provwatch.toml"), deaf).unwrap();
    let mut daemon = machine.start();
    eventually("what can be read is read", || machine.knows("pkg:npm/widget@1.0.8"));
    thread::sleep(Duration::from_secs(3));
    assert!(daemon.child.try_wait().unwrap().is_none(), "{}", daemon.log());
    assert_eq!(daemon.log().matches("source=\"npm-changes\"").count(), 1, "said once: {}", daemon.log());
    let status = machine.run(&["status", "--format", "json"]);
    assert_eq!(status.status.code(), Some(5));
    let report: Value = serde_json::from_slice(&status.stdout).unwrap();
    let reason = report["reasons"][0].as_str().unwrap();
    assert_eq!(report["findings"][0]["id"], "source-silent");
    assert!(reason.starts_with("npm-changes was never read; asking npm"), "{reason}");
    assert!(report["sources"][0]["state"]["last_error"].as_str().unwrap().contains("refused"), "{report}");
}
