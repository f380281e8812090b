//! Tests that the program replaces old e-mail addresses, as `[store] keep_addresses` says.

use std::fs;

use super::Machine;
use crate::lab::packed;

/// The releases and baselines of the database, as text.
fn stored(machine: &Machine) -> String {
    let db = rusqlite::Connection::open(machine.path("provwatch.db")).unwrap();
    let mut releases =
        db.prepare("SELECT observation FROM releases WHERE observation IS NOT NULL ORDER BY id").unwrap();
    let texts = releases.query_map([], |row| Ok(packed::text(&row.get::<_, Vec<u8>>(0)?))).unwrap();
    let texts: String = texts.map(Result::unwrap).collect();
    let baselines: String = db.query_row("SELECT group_concat(body) FROM baselines", [], |row| row.get(0)).unwrap();
    texts + &baselines
}

#[test]
fn a_pass_replaces_old_addresses_once_it_is_told_to() {
    let machine = Machine::new();
    assert!(machine.run(&["run", "--once"]).status.success());
    assert!(stored(&machine).contains("ada@example.org"));
    let path = machine.path("provwatch.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("[store]\n", "[store]\nkeep_addresses = \"60d\"\n")).unwrap();
    let output = machine.run(&["run", "--once"]);
    assert!(output.status.success());
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("old e-mail addresses were replaced"), "{log}");
    let text = stored(&machine);
    assert!(!text.contains("ada@example.org") && text.contains("@redacted.invalid"), "{text}");
    // The registry shows the address for ever.
    assert!(machine.run(&["run", "--once"]).status.success());
    assert_eq!(stored(&machine), text);
    let output = machine.run(&["store", "check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    for address in ["ada@example.org", "@example.org"] {
        let found = machine.run(&["lookup", address]);
        let found = String::from_utf8_lossy(&found.stdout).replace('\n', " ");
        assert!(
            found.contains("pkg:npm/widget@1.0.1") && found.contains("are stored as pseudonyms"),
            "{address}: {found}"
        );
    }
    let shown = machine.run(&["lookup", "pkg:npm/widget@1.0.1"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("ada <"), "{}", String::from_utf8_lossy(&shown.stdout));
}
