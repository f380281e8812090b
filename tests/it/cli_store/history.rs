//! Tests of `provwatch store check`, of its exit codes and its sentences, and of `--redact`.

use std::{fs, path::Path};

use provwatch::store::{HeadSigner, Signing, Store};
use serde_json::Value;

use super::{ALERT, Desk};

#[expect(clippy::disallowed_methods, reason = "another program")]
fn another_program(desk: &Desk, sql: &str) {
    let db = rusqlite::Connection::open(desk.0.path().join("provwatch.db")).unwrap();
    db.execute_batch(
        "DROP TRIGGER IF EXISTS alert_actions_are_not_changed; DROP TRIGGER IF EXISTS alert_actions_are_not_deleted;
         DROP TRIGGER IF EXISTS baseline_versions_are_not_deleted",
    )
    .unwrap();
    db.execute_batch(sql).unwrap();
}

fn acknowledged() -> Desk {
    let desk = Desk::with_story();
    assert_eq!(desk.run(&["alerts", "ack", ALERT, "--reason", "maintainers confirm"]).code, 0);
    desk
}

fn json(desk: &Desk, arguments: &[&str]) -> Value {
    let ran = desk.run(&[arguments, &["--format", "json"]].concat());
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {} {}", ran.out, ran.err))
}

#[test]
fn a_whole_history_is_called_whole() {
    let desk = acknowledged();
    let ran = desk.run(&["store", "check"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let checked = json(&desk, &["store", "check"]);
    let head = checked["head"]["head"].as_str().unwrap();
    assert!(ran.out.starts_with("The history is whole.") && ran.out.contains(head), "{}", ran.out);
    assert_eq!(json(&desk, &["status"])["history"], checked["head"]);
    assert_eq!(desk.run(&["store", "check", "--head", head]).code, 0);
    let (seq, hash) = head.split_once(':').unwrap();
    for (noted, code) in [
        (format!("{seq}:{}", hash.to_uppercase()), 0),
        (format!("{seq}:{}", &hash[..16]), 0),
        (format!("{seq}:{}", "0".repeat(32)), 3),
        (format!("999:{hash}"), 3),
        (hash.to_owned(), 2),
        (format!("{seq}:{}", &hash[..15]), 2),
    ] {
        assert_eq!(desk.run(&["store", "check", "--head", &noted]).code, code, "{noted}");
    }
}

#[test]
fn the_changed_row_is_named() {
    for (sql, sentence, faults) in [
        ("UPDATE alert_actions SET by = 'mallory'", "the row 1 of alert_actions (entry", 1),
        ("DELETE FROM alert_actions", "was deleted", 2),
        (
            "INSERT INTO alert_actions (alert, status, by, reason, at) SELECT alert, 'resolved', 'mallory', '', 0 FROM alert_actions",
            "the row 2 of alert_actions has no entry: another program inserted it",
            2,
        ),
        ("DELETE FROM baseline_versions WHERE id = 1", "the row 1 of baseline_versions (entry 1) was deleted", 1),
        (
            "UPDATE alerts SET status = 'resolved', checksum = NULL WHERE status = 'acknowledged'",
            "the status, end or category of the alert",
            1,
        ),
    ] {
        let desk = acknowledged();
        another_program(&desk, sql);
        let ran = desk.run(&["store", "check"]);
        assert_eq!(ran.code, 3, "{sql}: {}", ran.out);
        let text = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.starts_with("The history was CHANGED:") && text.contains(sentence), "{sql}: {text}");
        let checked = json(&desk, &["store", "check"]);
        assert_eq!((&checked["whole"], &checked["fault_count"]), (&Value::Bool(false), &faults.into()), "{checked}");
        assert!(checked["faults"][0]["sentence"].as_str().unwrap().contains(sentence.trim_end_matches(" (entry")));
        assert_eq!(desk.run(&["alerts", "list", "--fail-on", "critical"]).code, 0, "all else works");
    }
}

fn key_files(folder: &Path) -> HeadSigner {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    fs::write(folder.join("history-key"), key.serialize_pem()).unwrap();
    fs::write(folder.join("history.pub"), key.public_key_pem()).unwrap();
    HeadSigner::from_pem(&key.serialize_pem()).unwrap()
}

fn with_key(desk: &Desk) {
    let path = desk.0.path().join("provwatch.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("[store]", "[store]\nsigning_key_file = \"history-key\"")).unwrap();
}

#[test]
fn signed_heads_are_verified_with_the_configured_or_the_named_key() {
    let desk = acknowledged();
    let signer = key_files(desk.0.path());
    let public = desk.0.path().join("history.pub");
    let by_name = ["store", "check", "--public-key", public.to_str().unwrap()];
    assert_eq!(desk.run(&by_name).code, 3, "no head is signed");
    let store = Store::open(&desk.0.path().join("provwatch.db")).unwrap();
    store.sign_head(&signer, Signing::Now, "2026-04-01T12:00:00Z".parse().unwrap()).unwrap().unwrap();
    drop(store);
    let ran = desk.run(&["store", "check"]);
    assert!(ran.code == 4 && ran.out.contains("1 not verified: name the key with --public-key"), "{}", ran.out);
    let ran = desk.run(&by_name);
    assert!(ran.code == 0 && ran.out.contains("1 verified, the last of the entry"), "{}", ran.out);
    with_key(&desk);
    assert_eq!(desk.run(&["store", "check"]).code, 0, "the configured key");
    assert_eq!(json(&desk, &["store", "check"])["signatures"]["verified"], 1);
    another_program(&desk, "UPDATE signed_heads SET at = at + 1");
    assert_eq!(desk.run(&["store", "check"]).code, 3);
}

#[test]
fn a_key_that_cannot_be_used_is_named() {
    let desk = acknowledged();
    let path = |name: &str| desk.0.path().join(name).to_str().unwrap().to_owned();
    key_files(desk.0.path());
    fs::write(desk.0.path().join("large"), vec![b'x'; 20_000]).unwrap();
    for (name, why) in [
        ("missing", "No such file"),
        ("large", "it has more than 16 KiB"),
        ("provwatch.toml", "not a public key as PEM"),
        ("history-key", "not a public key as PEM"),
    ] {
        let ran = desk.run(&["store", "check", "--public-key", &path(name)]);
        assert!(ran.code == 2 && ran.err.contains(why), "{name}: {}", ran.err);
    }
    fs::write(desk.0.path().join("history-key"), "hunter2\n").unwrap();
    with_key(&desk);
    let ran = desk.run(&["store", "check"]);
    assert!(
        ran.code == 0 && ran.err.contains("The signing key is not read") && !ran.err.contains("hunter2"),
        "{}",
        ran.err
    );
    let ran = desk.run(&["run", "--once"]);
    assert!(ran.code == 2 && ran.err.contains("openssl genpkey -algorithm ed25519"), "{}", ran.err);
    assert!(!ran.err.contains("hunter2"));
    fs::remove_file(desk.0.path().join("history-key")).unwrap();
    let ran = desk.run(&["doctor", "--offline"]);
    assert!(ran.out.contains("store.signing_key_file"), "{}", ran.out);
}

/// The commands that print observations: no address of the story is left, and the rest is.
#[test]
fn redacted_output_has_no_address() {
    let desk = Desk::with_story();
    let is_address = regex::Regex::new(r"@(?:[a-z0-9-]+\.)+(?:org|com|example|net)\b").unwrap();
    let mut seen = 0;
    for command in [
        &["lookup", "pkg:npm/axios@1.14.1"][..],
        &["timeline", "pkg:npm/axios"],
        &["alerts", "list"],
        &["alerts", "show", ALERT],
        &["baseline", "show", "pkg:npm/axios"],
        &["baseline", "history", "pkg:npm/axios"],
        &["replay", "provwatch.db"],
    ] {
        for format in ["table", "json"] {
            let with = |more: &[&str]| desk.run(&[command, &["--format", format], more].concat());
            let (plain, redacted) = (with(&[]), with(&["--redact"]));
            assert_eq!(plain.code, redacted.code, "{command:?} {}", redacted.err);
            let (before, after) = (is_address.find_iter(&plain.out).count(), is_address.find(&redacted.out));
            assert_eq!(after.map(|found| found.as_str()), None, "{command:?}");
            assert_eq!(redacted.out.contains("@redacted.invalid"), before > 0, "{command:?}");
            seen += before;
            if format == "json" {
                let lines = redacted.out.lines().map(serde_json::from_str::<Value>);
                assert!(lines.into_iter().all(|line| line.is_ok()), "{command:?}: it stays JSON");
            }
        }
    }
    assert!(seen > 0, "the story has addresses");
}
