//! Tests that the daemon signs the head of its history when it stops, and that a rewritten one is noticed.

use std::fs;

use super::{Machine, eventually};

fn key(machine: &Machine) {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    fs::write(machine.path("history-key"), key.serialize_pem()).unwrap();
    let path = machine.path("provwatch.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("[store]\n", "[store]\nsigning_key_file = \"history-key\"\n")).unwrap();
}

/// Standard output and the exit code.
fn check(machine: &Machine) -> (String, Option<i32>) {
    let output = machine.run(&["store", "check"]);
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

#[test]
fn the_head_is_signed_when_the_daemon_stops() {
    let machine = Machine::new();
    key(&machine);
    let mut daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    daemon.signal("TERM");
    assert!(daemon.end().0.success());
    let (said, code) = check(&machine);
    assert!(code == Some(0) && said.contains("verified, the last of the entry"), "{said}\n{}", daemon.log());
    let entry = |label: &str| -> String {
        let line = said.lines().find(|line| line.trim_start().starts_with(label)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    assert!(said.contains(&format!("the last of the entry {} on", entry("entries"))), "all of it is signed: {said}");

    // Whoever computes the whole chain anew has no key.
    let db = rusqlite::Connection::open(machine.path("provwatch.db")).unwrap();
    db.execute_batch(
        "DROP TRIGGER baseline_versions_are_not_deleted; DROP TRIGGER history_is_not_deleted;
         DELETE FROM baseline_versions; DELETE FROM history; UPDATE history_head SET seq = 0, chain = X''",
    )
    .unwrap();
    drop(db);
    let (said, code) = check(&machine);
    assert!(code == Some(3) && said.contains("before the signed head"), "{said}");
}

#[test]
fn a_key_that_cannot_be_used_is_refused_and_the_old_one_stays() {
    let machine = Machine::new();
    key(&machine);
    let mut daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    let good = fs::read_to_string(machine.path("history-key")).unwrap();
    fs::write(machine.path("history-key"), "hunter2\n").unwrap();
    let path = machine.path("provwatch.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("[store]\n", "[store]\nkeep = \"100d\"\n")).unwrap();
    daemon.signal("HUP");
    daemon.says("the configuration stays as it was");
    daemon.says("openssl genpkey -algorithm ed25519");
    daemon.signal("TERM");
    assert!(daemon.end().0.success());
    fs::write(machine.path("history-key"), good).unwrap();
    let (said, code) = check(&machine);
    assert_eq!(code, Some(0), "{said}");
    assert!(!daemon.log().contains("hunter2"));
}
