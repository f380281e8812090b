//! Tests of `provwatch watch`: entries of the watchlist, their tiers, and the import of lock files.

use std::{fmt::Write, fs};

use serde_json::{Value, json};

use super::Desk;

#[test]
fn entries_come_and_go() {
    let desk = Desk::new();
    let mut screens = String::new();
    for arguments in [
        &["list"][..],
        &["add", "pkg:npm/axios", "pkg:pypi/Requests"],
        &["add", "pkg:npm/axios"],
        &["add", "pkg:npm/@angular/*", "--tier", "critical", "--note", "in every front end"],
        &["list"],
        &["list", "--ecosystem", "pypi"],
        &["list", "--tier", "important"],
        &["why", "pkg:npm/@angular/core"],
        &["why", "pkg:npm/left-pad"],
        &["remove", "pkg:npm/axios"],
        &["remove", "pkg:npm/axios"],
    ] {
        let ran = desk.run(&[&["watch"][..], arguments].concat());
        writeln!(screens, "$ provwatch watch {}\n{}", arguments.join(" "), ran.screen()).unwrap();
    }
    insta::assert_snapshot!(screens);
}

#[test]
fn what_is_there_already_does_not_keep_the_rest_out() {
    let desk = Desk::new();
    fs::write(desk.path("watchlist.toml"), "packages = [\n    \"pkg:npm/axios\",\n]\n").unwrap();
    let ran = desk.run(&["watch", "add", "--tier", "critical", "pkg:npm/axios", "pkg:npm/@angular/*"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("added pkg:npm/@angular/*"), "{}", ran.out);
    assert!(ran.out.contains("raised pkg:npm/axios to the tier critical in watchlist.toml"), "{}", ran.out);
    assert_eq!(tier_of(&desk, "pkg:npm/axios"), "critical");
    let again = desk.run(&["watch", "add", "--tier", "critical", "pkg:npm/@angular/*", "pkg:npm/axios"]);
    assert!(again.code == 0 && !again.err.contains("warning"), "it is so already: {}", again.err);
    assert_eq!(again.out.matches("is already in").count(), 2, "{}", again.out);
}

fn tier_of(desk: &Desk, purl: &str) -> String {
    let why = desk.run(&["watch", "why", purl, "--format", "json"]);
    why.objects()[0]["tier"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn to_add_a_listed_name_raises_its_tier_and_never_lowers_it() {
    let desk = Desk::new();
    let list = "packages = [\"pkg:npm/a\"]\n[[package]]\npurl = \"pkg:npm/b\"\ntier = \"important\"\nnote = \"n\"\n\
                [[package]]\npurl = \"pkg:npm/@c/*\"\ntier = \"critical\"\n";
    fs::write(desk.path("watchlist.toml"), list).unwrap();
    for (purl, wanted, done, tier) in [
        ("pkg:npm/a", "important", "raised", "important"),
        ("pkg:npm/a", "normal", "known", "important"),
        ("pkg:npm/b", "normal", "known", "important"),
        ("pkg:npm/b", "critical", "raised", "critical"),
        ("pkg:npm/@c/d", "normal", "added", "critical"),
    ] {
        let ran = desk.run(&["watch", "add", "--tier", wanted, "--format", "json", purl]);
        assert_eq!((ran.code, &ran.objects()[0]["done"]), (0, &json!(done)), "{purl} {wanted}: {}", ran.err);
        assert_eq!(tier_of(&desk, purl), tier, "{purl} {wanted}");
        let kept = usize::from(wanted == "normal");
        assert_eq!(ran.err.matches("keeps the tier").count(), kept, "{purl} {wanted}: {}", ran.err);
    }
    let noted = desk.run(&["watch", "add", "--note", "other", "pkg:npm/b"]);
    assert!(noted.err.contains("pkg:npm/b keeps what is noted at watchlist.toml:"), "{}", noted.err);
}

#[test]
fn what_is_excluded_or_still_included_is_said() {
    let desk = Desk::new();
    let list = "packages = [\"pkg:npm/@a/*\", \"pkg:npm/@a/b\"]\nexclude = [\"pkg:npm/left-*\"]\n";
    fs::write(desk.path("watchlist.toml"), list).unwrap();
    let removed = desk.run(&["watch", "remove", "pkg:npm/@a/b"]);
    assert!(removed.err.contains("still watched, because of pkg:npm/@a/* at watchlist.toml:1"), "{}", removed.err);
    let added = desk.run(&["watch", "add", "pkg:npm/left-pad"]);
    assert!(added.err.contains("still not watched: pkg:npm/left-* excludes it at watchlist.toml:"), "{}", added.err);
    let why = desk.run(&["watch", "why", "pkg:npm/left-pad", "--format", "json"]);
    assert_eq!(why.objects()[0]["tier"], Value::Null);
}

const LOCK: &str = r#"{"name": "app", "lockfileVersion": 3, "packages": {
        "": {"name": "app"},
        "node_modules/axios": {"version": "1.14.0"},
        "node_modules/form-data": {"version": "4.0.4"},
        "node_modules/left-pad": {"version": "1.3.0"},
        "node_modules/ours": {"resolved": "packages/ours", "link": true}
    }}"#;

#[test]
fn lock_files_are_imported() {
    let desk = Desk::new();
    fs::write(desk.path("package-lock.json"), LOCK).unwrap();
    fs::write(desk.path("watchlist.toml"), "packages = [\"pkg:npm/axios\"]\nexclude = [\"pkg:npm/left-pad\"]\n")
        .unwrap();
    let dry = desk.run(&["watch", "import", "package-lock.json", "--dry-run"]);
    let unchanged = fs::read_to_string(desk.path("watchlist.toml")).unwrap();
    let wet = desk.run(&["watch", "import", "package-lock.json"]);
    let again = desk.run(&["watch", "import", "package-lock.json", "--format", "json"]);
    insta::assert_snapshot!(format!("{}\n{}\n{}", dry.screen(), unchanged, wet.screen()));
    assert_eq!((&again.objects()[0]["added"], &again.objects()[0]["known"]), (&json!([]), &json!(2)));
    assert!(fs::read_to_string(desk.path("watchlist.toml")).unwrap().contains("\"pkg:npm/form-data\""));
}

#[test]
fn a_file_of_which_nothing_can_be_watched_is_never_a_success() {
    let desk = Desk::new();
    let private =
        r#"{"lockfileVersion": 3, "packages": {"node_modules/a": {"resolved": "https://npm.example/a.tgz"}}}"#;
    fs::write(desk.path("private.json"), private).unwrap();
    fs::write(desk.path("poetry.lock"), "# @generated by Poetry 2.1.3\n[[package]]\nname = \"requests\"\n").unwrap();
    let skipped = desk.run(&["watch", "import", "private.json"]);
    assert_eq!(skipped.code, 4, "{}", skipped.out);
    assert!(skipped.err.contains("none of the entries of private.json can be watched"), "{}", skipped.err);
    let foreign = desk.run(&["watch", "import", "poetry.lock"]);
    assert_eq!(foreign.code, 2);
    assert!(foreign.err.contains("this is a poetry.lock, which provwatch does not read"), "{}", foreign.err);
    assert_eq!(fs::read_to_string(desk.path("watchlist.toml")).unwrap(), "packages = []\n");
}

#[test]
fn an_imported_tier_raises_what_a_pattern_watches() {
    let desk = Desk::new();
    fs::write(desk.path("watchlist.toml"), "packages = [\"pkg:npm/a*\", \"pkg:npm/b\"]\n").unwrap();
    fs::write(
        desk.path("lock.json"),
        r#"{"lockfileVersion": 3, "packages": {"node_modules/axios": {}, "node_modules/b": {}}}"#,
    )
    .unwrap();
    let plain = desk.run(&["watch", "import", "lock.json", "--format", "json"]);
    assert_eq!(plain.objects()[0]["known"], 2);
    let raised = desk.run(&["watch", "import", "lock.json", "--tier", "critical", "--format", "json"]);
    assert_eq!(raised.objects()[0]["added"], json!(["pkg:npm/axios"]));
    let why = raised.objects()[0]["skipped"][0]["why"].as_str().unwrap().to_owned();
    assert!(why.starts_with("listed with the tier normal at ") && why.ends_with("change it there"), "{why}");
}

#[test]
fn what_is_no_lock_file_changes_nothing() {
    let desk = Desk::new();
    fs::write(desk.path("package-lock.json"), LOCK).unwrap();
    fs::write(desk.path("broken.json"), "{\"lockfileVersion\": 3,").unwrap();
    for file in ["broken.json", "missing.json"] {
        for files in [["package-lock.json", file], [file, "package-lock.json"]] {
            let ran = desk.run(&[&["watch", "import"][..], &files].concat());
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
            assert!(ran.err.contains(&format!("nothing was imported, because of {file}\n")), "{}", ran.err);
            assert!(ran.err.contains("the other files were not imported either"), "{}", ran.err);
        }
        let alone = desk.run(&["watch", "import", file]);
        assert!(alone.err.contains("nothing was imported") && !alone.err.contains("other files"), "{}", alone.err);
    }
    assert_eq!(fs::read_to_string(desk.path("watchlist.toml")).unwrap(), "packages = []\n");
}

#[test]
fn a_large_lock_file_is_imported_in_one_step() {
    let desk = Desk::new();
    let lines: Vec<String> = (0..3_000).map(|number| format!("package-{number}==1.0")).collect();
    fs::write(desk.path("requirements.txt"), lines.join("\n")).unwrap();
    assert!(
        desk.run(&["watch", "import", "requirements.txt", "--tier", "important"]).out.contains("3000 packages added")
    );
    assert_eq!(desk.run(&["watch", "list", "--tier", "important", "--format", "json"]).objects().len(), 3_000);
}

#[test]
fn a_watchlist_that_is_wrong_is_not_edited() {
    let desk = Desk::new();
    fs::write(desk.path("watchlist.toml"), "packages = [\"axios\"]\n").unwrap();
    for arguments in [&["list"][..], &["add", "pkg:npm/axios"], &["why", "pkg:npm/axios"]] {
        let ran = desk.run(&[&["watch"][..], arguments].concat());
        assert!(ran.code == 2 && ran.err.contains("watchlist.toml:1:13"), "{}", ran.err);
    }
}
