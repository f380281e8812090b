//! Tests of `provwatch allow`: a run is told, listed, part of the history, and refused in another form.

use super::Desk;

const RUN: &str = "https://github.com/acme/widget/actions/runs/7";

#[test]
fn a_run_is_told_with_its_files_and_listed() {
    let desk = Desk::new();
    drop(desk.store());
    let digest = format!("sha256:{}", "ab".repeat(32));
    let told = desk.run(&["allow", "--run", RUN, "--package", "pkg:npm/widget"]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert_eq!(told.out, format!("1: {RUN} explains what it publishes within 2h.\n"));
    assert!(told.err.contains("pkg:npm/widget is not marked with own = true in the watchlist"), "{}", told.err);
    std::fs::write(desk.path("watchlist.toml"), "[[package]]\npurl = \"pkg:npm/widget\"\nown = true\n").unwrap();
    let attempt = format!("{RUN}/attempts/2");
    let told = desk.run(&["allow", "--run", &attempt, "--digest", &digest, "--package", "pkg:npm/widget"]);
    assert_eq!((told.out, told.err), (format!("2: {attempt} explains 1 file.\n"), String::new()));
    let [second, first] = desk.run(&["allow", "list", "--format", "json"]).objects().try_into().unwrap();
    assert_eq!(
        (&second["run"], &second["digests"][0], &second["by"]),
        (&attempt.into(), &digest.into(), &"ada".into())
    );
    assert_eq!((&first["package"], &first["digests"]), (&"pkg:npm/widget".into(), &serde_json::json!([])));
    insta::assert_snapshot!(desk.run_within(80, &["allow", "list", "--package", "pkg:npm/widget"]).screen());
    let check = desk.run(&["store", "check"]);
    assert_eq!(check.code, 0, "{}{}", check.out, check.err);
}

#[test]
fn what_is_not_a_run_or_a_digest_is_refused_with_the_expected_form() {
    let desk = Desk::new();
    drop(desk.store());
    for (arguments, expected) in [
        (&["allow"][..], "--run <URL>"),
        (&["allow", "--run", "7"], "expected https://github.com/OWNER/NAME/actions/runs/NUMBER"),
        (&["allow", "--run", "https://github.com/acme/widget"], "not the URL of a run"),
        (&["allow", "--run", RUN, "--digest", "sha1:ab"], "sha1 is not safe"),
        (&["allow", "--run", RUN, "--digest", "widget.tgz"], "expected sha256: or sha512:"),
        (&["allow", "--run", RUN, "--package", "widget"], "pkg:"),
        (&["allow", "list", "--run", RUN], "--run"),
    ] {
        let ran = desk.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.out);
        assert!(ran.err.contains(expected), "{arguments:?}: {}", ran.err);
    }
    std::fs::remove_file(desk.path("provwatch.db")).unwrap();
    let missing = desk.run(&["allow", "--run", RUN]);
    assert_ne!(missing.code, 0, "a store that no daemon reads is not made");
    assert!(!desk.path("provwatch.db").exists());
}

#[test]
#[allow(clippy::disallowed_methods, reason = "another program edits the file")]
fn an_edited_run_is_noticed() {
    let desk = Desk::new();
    drop(desk.store());
    assert_eq!(desk.run(&["allow", "--run", RUN]).code, 0);
    let db = rusqlite::Connection::open(desk.path("provwatch.db")).unwrap();
    db.execute_batch(
        "DROP TRIGGER allowed_runs_are_not_changed; UPDATE allowed_runs SET by = 'mallory', checksum = NULL",
    )
    .unwrap();
    drop(db);
    let check = desk.run(&["store", "check"]);
    assert_eq!(check.code, 3, "{}", check.out);
    assert!(check.out.contains("the row 1 of allowed_runs (entry 1) was edited"), "{}", check.out);
}

#[test]
fn a_folder_of_signed_files_is_checked_by_doctor() {
    let desk = Desk::new();
    drop(desk.store());
    std::fs::create_dir(desk.path("allowed")).unwrap();
    std::fs::write(desk.path("allowed/7.json"), "{}").unwrap();
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    std::fs::write(desk.path("ci.pub"), key.public_key_pem()).unwrap();
    let mut config = std::fs::read_to_string(desk.path("provwatch.toml")).unwrap();
    config.push_str("[own]\nallow_folder = \"allowed\"\nallow_keys = [\"ci.pub\"]\n");
    std::fs::write(desk.path("provwatch.toml"), config).unwrap();
    let doctor = desk.run(&["doctor", "--offline"]);
    assert!(doctor.out.contains("7.json: its signature is missing: 7.json.sig"), "{}{}", doctor.out, doctor.err);
}
