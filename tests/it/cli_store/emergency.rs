//! Tests of `provwatch store backup`, `restore` and `check`: their words, exit codes and JSON.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use provwatch::store::{NotedHead, Store};
use serde_json::{Value, json};

use super::{ALERT, Desk, ROOM, Ran};

fn object(desk: &Desk, arguments: &[&str]) -> Value {
    let ran = desk.run(&[arguments, &["--format", "json"]].concat());
    ran.objects().into_iter().next().unwrap_or_else(|| panic!("{arguments:?}: {}", ran.err))
}

fn sentences(ran: &Ran) -> String {
    ran.out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A desk with the story, of which a backup was made before the alert was acknowledged.
fn backed_up() -> (Desk, String) {
    let desk = Desk::with_story();
    assert_eq!(desk.run(&["store", "backup", "backup.db"]).code, 0);
    assert_eq!(desk.run(&["alerts", "ack", ALERT, "--reason", "we wrote to them"]).code, 0);
    let head = object(&desk, &["store", "check"])["head"]["head"].as_str().unwrap().to_owned();
    (desk, head)
}

#[test]
fn a_backup_is_told_in_a_line_that_identifies_it() {
    let desk = Desk::with_story();
    let ran = desk.run(&["store", "backup", "backup.db"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let file = desk.path("backup.db");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let line = ran.out.lines().nth(1).unwrap();
    let head = object(&desk, &["store", "check"])["head"]["head"].as_str().unwrap().to_owned();
    assert!(line.starts_with("schema ") && line.contains(&format!(" · head {head} · ")), "{line}");
    let again = desk.run(&["store", "backup", "backup.db"]);
    assert!(again.code == 2 && again.err.contains("--force"), "{}", again.err);
    let made = object(&desk, &["store", "backup", "backup.db", "--force"]);
    assert!(line.ends_with(made["sha256"].as_str().unwrap()), "the same store has the same backup: {line} {made}");
    assert_eq!((&made["kept"], &made["head"], &made["check"]["sound"]), (&json!(true), &json!(head), &json!(true)));
    let own = desk.run(&["store", "backup", "provwatch.db-wal"]);
    assert!(own.code == 2 && own.err.contains("belongs to the store itself"), "{}", own.err);
    let checked = object(&desk, &["store", "check", "backup.db"]);
    assert_eq!(checked["rows"]["count"], made["rows"]);
    assert_eq!(desk.run(&["store", "check", "none.db"]).code, 2);
}

#[test]
fn a_restore_says_what_it_goes_back_to_and_where_the_rest_is() {
    let (desk, head) = backed_up();
    let before = fs::read(desk.path("provwatch.db")).unwrap();
    let dry = desk.run(&["store", "restore", "backup.db", "--dry-run"]);
    assert!(dry.code == 0 && sentences(&dry).contains("would go back to its state of 2026-"), "{}", dry.out);
    assert_eq!(fs::read(desk.path("provwatch.db")).unwrap(), before);
    let ran = desk.run(&["store", "restore", "backup.db", "--reason", "a test"]);
    let said = sentences(&ran);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    for part in [
        "The store was restored to its state of 2026-",
        "1 message that waited: sent, marked as possible repetitions",
        "pypi-changelog goes on from 2026-03-30 10:00:00 UTC",
        "Acknowledgements, acceptances and silences since then are lost",
        "systemctl start provwatch",
        &head,
    ] {
        assert!(said.contains(part), "{part}: {}", ran.out);
    }
    let shown = desk.run(&["alerts", "show", ALERT]).out;
    assert!(!shown.contains("we wrote to them"), "{shown}");
    let status = object(&desk, &["status"]);
    let restored = &status["restored"];
    assert_eq!(
        (&restored["by"], &restored["reason"], &restored["gaps"][0]["source"]),
        (&json!("ada"), &json!("a test"), &json!("pypi-changelog"))
    );
    let aside = desk.path(restored["replaced"].as_str().unwrap());
    assert!(Store::open_read_only(&aside).unwrap().history_head().unwrap().is_some());
    let printed = sentences(&desk.run(&["status"]));
    assert!(printed.contains("pypi-changelog: not read to its end since"), "{printed}");
}

#[test]
fn a_head_from_the_time_that_was_taken_back_is_missed_and_explained() {
    let (desk, head) = backed_up();
    assert_eq!(desk.run(&["store", "check", "--head", &head]).code, 0);
    assert_eq!(desk.run(&["store", "restore", "backup.db"]).code, 0);
    let ran = desk.run(&["store", "check", "--head", &head]);
    let said = sentences(&ran);
    assert!(ran.code == 3 && said.contains(&format!("it does not contain the head {head}")), "{}", ran.out);
    assert!(
        said.contains("ada restored the store on 2") && said.contains("which can explain that the head"),
        "{}",
        ran.out
    );
    let checked = object(&desk, &["store", "check", "--head", &head]);
    let aside = checked["restores"][0]["replaced"].as_str().unwrap();
    assert!(said.contains(aside) && checked["explained"][0].as_str().unwrap().contains(aside), "{checked}");
    assert_eq!(desk.run(&["store", "check", aside, "--head", &head]).code, 0, "the store before has it");
    let early: NotedHead = head.parse().unwrap();
    let other = format!("{}:{}", 1, early.digits);
    let ran = desk.run(&["store", "check", "--head", &other]);
    assert!(
        ran.code == 3 && !ran.out.contains("can explain"),
        "a head from before the backup has no excuse: {}",
        ran.out
    );
}

#[test]
fn a_daemon_keeps_its_store() {
    let (desk, _) = backed_up();
    let lock = fs::File::create(desk.path("provwatch.db.lock")).unwrap();
    lock.lock().unwrap();
    let ran = desk.run(&["store", "restore", "backup.db"]);
    assert!(ran.code == 1 && ran.err.contains("already runs") && ran.err.contains("systemctl stop"), "{}", ran.err);
    assert_eq!(desk.run(&["store", "backup", "beside.db"]).code, 0, "a backup is made beside it");
    assert_eq!(desk.run(&["store", "restore", "beside.db", "--dry-run"]).code, 0);
}

#[test]
fn an_interrupted_restore_stops_every_command_until_it_is_finished() {
    let (desk, _) = backed_up();
    assert_eq!(desk.run(&["store", "restore", "backup.db"]).code, 0);
    let nothing = desk.run(&["store", "restore"]);
    assert!(nothing.code == 2 && nothing.err.contains("name the backup"), "{}", nothing.err);
    // The last rename is undone.
    fs::rename(desk.path("provwatch.db"), desk.path("provwatch.db.restored")).unwrap();
    for arguments in [&["status"][..], &["alerts", "list"], &["run", "--once"], &["store", "check"]] {
        let ran = desk.run(arguments);
        assert!(
            ran.code == 1 && ran.err.contains("a restore of the database provwatch.db was interrupted"),
            "{}",
            ran.err
        );
    }
    assert!(!desk.path("provwatch.db").exists(), "no command makes an empty store in its place");
    let ran = desk.run(&["store", "restore"]);
    assert!(ran.code == 0 && ran.out.contains("The store was restored"), "{} {}", ran.out, ran.err);
    assert_eq!(desk.run(&["store", "check"]).code, 0);
}

#[expect(clippy::disallowed_methods, reason = "another program")]
fn another_program(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn faults_are_named_and_nothing_takes_the_place_of_what_is_sound() {
    let desk = Desk::with_story();
    assert_eq!(desk.run(&["store", "backup", "backup.db"]).code, 0);
    let good = fs::read(desk.path("backup.db")).unwrap();
    another_program(&desk.path("provwatch.db"), "UPDATE sources SET last_error = 'no\u{1b}[2J'");
    let ran = desk.run(&["store", "check"]);
    let said = sentences(&ran);
    assert!(ran.code == 3 && said.contains("DAMAGED, by their checksums: - sources pypi-changelog"), "{}", ran.out);
    assert!(said.contains("The history is whole. The structure is sound."), "{}", ran.out);
    let checked = object(&desk, &["store", "check"]);
    assert_eq!((&checked["whole"], &checked["sound"]), (&json!(true), &json!(false)), "{checked}");
    let ran = desk.run(&["store", "backup", "backup.db", "--force"]);
    assert!(ran.code == 3 && ran.out.contains("No backup was made"), "{}", ran.out);
    assert_eq!(fs::read(desk.path("backup.db")).unwrap(), good);
    assert_eq!(desk.run(&["store", "backup", "faulty.db", "--despite-faults"]).code, 3);
    let ran = desk.run(&["store", "restore", "faulty.db"]);
    assert!(ran.code == 3 && ran.out.contains("Nothing was restored"), "{}", ran.out);
    assert_eq!(desk.run(&["store", "restore", "faulty.db", "--despite-faults"]).code, 0);
    fs::write(desk.path("text.db"), "not a database, but long enough for its header\n".repeat(100)).unwrap();
    let ran = desk.run(&["store", "restore", "text.db"]);
    assert!(ran.code == 1 && ran.err.contains("text.db is damaged"), "{}", ran.err);
    assert_eq!(desk.run(&["store", "restore", "missing.db"]).code, 2);
    another_program(&desk.path("other.db"), "CREATE TABLE bookmarks (url TEXT)");
    let ran = desk.run(&["store", "restore", "other.db"]);
    assert!(ran.code == 1 && ran.err.contains("not one of provwatch"), "{}", ran.err);
}

/// What a command that is killed after some milliseconds leaves behind. The moment is another one on every machine; what
/// holds afterwards is not.
fn killed_after(desk: &Desk, arguments: &[&str], milliseconds: u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_provwatch"))
        .args(["--config", "provwatch.toml"])
        .args(arguments)
        .env_clear()
        .envs([("USER", "ada"), ("HOME", "/nonexistent"), ("PROVWATCH_FREE_SPACE", ROOM)])
        .current_dir(desk.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(milliseconds));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_kill_at_any_moment_leaves_the_old_file_or_the_whole_new_one() {
    let (desk, head) = backed_up();
    let head_of = |arguments: &[&str]| object(&desk, arguments)["head"]["head"].as_str().unwrap().to_owned();
    let old = head_of(&["store", "check", "backup.db"]);
    for milliseconds in [2, 8, 16, 32, 64] {
        killed_after(&desk, &["store", "backup", "backup.db", "--force"], milliseconds);
        let found = head_of(&["store", "check", "backup.db"]);
        assert!([&old, &head].contains(&&found), "{milliseconds} ms: {found}");
    }
    for milliseconds in [4, 12, 24, 48, 96] {
        killed_after(&desk, &["store", "restore", "backup.db"], milliseconds);
        if desk.path("provwatch.db.restored").exists() {
            assert_eq!(desk.run(&["store", "check"]).code, 1, "{milliseconds} ms: no half of a store is opened");
            assert_eq!(desk.run(&["store", "restore"]).code, 0, "{milliseconds} ms");
        }
        let ran = desk.run(&["store", "check"]);
        assert_eq!(ran.code, 0, "{milliseconds} ms: {}", ran.screen());
    }
}

#[test]
fn of_an_earlier_schema_only_the_structure_is_checked() {
    let desk = Desk::new();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/store-18.db");
    fs::copy(kept, desk.path("old.db")).unwrap();
    let ran = desk.run(&["store", "check", "old.db"]);
    assert!(ran.code == 4 && sentences(&ran).contains("Not checked: only the structure was checked"), "{}", ran.out);
    fs::copy(desk.path("old.db"), desk.path("provwatch.db")).unwrap();
    let made = desk.run(&["store", "backup", "backup.db", "--format", "json"]);
    assert_eq!((made.code, &made.objects()[0]["schema_version"]), (4, &json!(18)), "{}", made.err);
    assert_eq!(desk.run(&["store", "restore", "backup.db"]).code, 0, "it is migrated");
    assert_eq!(desk.run(&["store", "check"]).code, 0);
}

#[test]
fn messages_that_waited_can_be_given_up_and_sent_later() {
    let (desk, _) = backed_up();
    let given_up = object(&desk, &["store", "restore", "backup.db", "--pending", "give-up"]);
    assert_eq!((&given_up["record"]["pending"], &given_up["record"]["deliveries"]), (&json!("given-up"), &json!(1)));
    let failed = object(&desk, &["deliveries", "list", "--state", "failed"]);
    assert!(failed["detail"].as_str().unwrap().contains("may have got through before"), "{failed}");
}
