//! Tests that editing a file keeps the rest of it.

use super::*;

const FILE: &str = "# head\npackages = [\n    # group\n    \"pkg:npm/a\", # first\n    \"pkg:npm/b\", # second\n]\n\n# about c\n[[package]]\npurl = \"pkg:npm/c\"\n";

fn edited(text: &str, edit: impl FnOnce(&Path) -> Result<(), EditError>) -> Result<String, String> {
    let folder = folder(&[("w.toml", text)]);
    let path = folder.path().join("w.toml");
    let result = edit(&path).map_err(|error| error.to_string().replace(path.to_str().unwrap(), "w.toml"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
    let after = fs::read_to_string(&path).unwrap();
    match result {
        Ok(()) => Ok(after),
        Err(error) => {
            assert_eq!(after, text, "a refused edit changes nothing");
            Err(error)
        }
    }
}

fn pattern(text: &str) -> Pattern {
    text.parse().unwrap()
}

#[test]
fn add_keeps_comments() {
    let add_d = |path: &Path| add(path, &pattern("pkg:npm/@d/*"), None, None);
    assert_eq!(edited(FILE, add_d).unwrap(), FILE.replace("# second\n", "# second\n    \"pkg:npm/@d/*\",\n"));
    for before in ["", "packages = []\n", "[[package]]\npurl = \"pkg:npm/c\"\n", "packages = [\"pkg:npm/a\"]"] {
        let after = edited(before, add_d).unwrap();
        assert!(parse(&after).matches(&package("pkg:npm/@d/e")).is_some(), "{after}");
    }
}

#[test]
fn many_are_added_in_one_step_and_what_is_there_stays() {
    let addition = |purl: &str| Addition { pattern: pattern(purl), from: "uv.lock".to_owned() };
    let additions = ["pkg:npm/b", "pkg:npm/d", "pkg:npm/@e/*"].map(addition);
    let after = edited(FILE, |path| add_all(path, &additions, None));
    let added = "# second\n    # from uv.lock\n    \"pkg:npm/d\",\n    \"pkg:npm/@e/*\",\n";
    assert_eq!(after.unwrap(), FILE.replace("# second\n", added));
    let known = edited(FILE, |path| add_all(path, &additions[..1], Some(Tier::Critical)));
    assert_eq!(known.unwrap(), FILE, "a known entry keeps its tier");
}

#[test]
fn add_with_a_tier_makes_a_table() {
    let after =
        edited(FILE, |path| add(path, &pattern("pkg:npm/d"), Some(Tier::Critical), Some("why \"not\""))).unwrap();
    assert!(after.starts_with(FILE));
    let list = parse(&after);
    let found = list.matches(&package("pkg:npm/d")).unwrap();
    assert_eq!((found.tier, found.entry.note.as_deref()), (Tier::Critical, Some("why \"not\"")));
    let inline = edited("package = [{ purl = 'pkg:npm/a' }]\n", |path| {
        add(path, &pattern("pkg:npm/d"), Some(Tier::Normal), None)
    });
    assert_eq!(parse(&inline.unwrap()).counts(), (2, 0));
}

#[test]
fn another_tier_changes_nothing_else() {
    let critical = |purl: &'static str| move |path: &Path| set_tier(path, &pattern(purl), Tier::Critical);
    let raised = "[[package]]\npurl = \"pkg:npm/b\"\ntier = \"critical\"\n";
    let expected = FILE.replace("    \"pkg:npm/b\", # second\n", "") + "\n# second\n" + raised;
    assert_eq!(edited(FILE, critical("pkg:npm/b")).unwrap(), expected);
    assert_eq!(edited(FILE, critical("pkg:npm/%63")).unwrap(), FILE.to_owned() + "tier = \"critical\"\n");
    let own = "[[package]]\npurl = 'pkg:npm/c'\ntier = 'normal' # for now\nnote = 'n'\n";
    let after = edited(own, critical("pkg:npm/c")).unwrap();
    assert!(after.contains("\"critical\" # for now") && after.contains("note = 'n'"), "{after}");
    let inline = edited("package = [{ purl = 'pkg:npm/a', note = 'n' }]\n", critical("pkg:npm/a")).unwrap();
    assert_eq!(tier(&parse(&inline), "pkg:npm/a"), Some(Tier::Critical), "{inline}");
    let missing = edited(FILE, critical("pkg:npm/x")).unwrap_err();
    assert!(missing.starts_with("pkg:npm/x has no entry in w.toml"), "{missing}");
}

#[test]
fn remove_keeps_the_comments_of_others() {
    let remove_one = |purl: &'static str| move |path: &Path| remove(path, &pattern(purl));
    assert_eq!(edited(FILE, remove_one("pkg:npm/a")).unwrap(), FILE.replace("    \"pkg:npm/a\", # first\n", ""));
    assert_eq!(edited(FILE, remove_one("pkg:npm/b")).unwrap(), FILE.replace("    \"pkg:npm/b\", # second\n", ""));
    let without_c = edited(FILE, remove_one("pkg:npm/%63")).unwrap();
    assert!(!without_c.contains("pkg:npm/c") && without_c.contains("# second"), "{without_c}");
    let inline = edited("package = [{ purl = 'pkg:npm/a' }]\n", remove_one("pkg:npm/a")).unwrap();
    assert!(parse(&inline).is_empty(), "{inline}");
}

#[test]
fn refusals_change_nothing() {
    let twice = edited(FILE, |path| add(path, &pattern("pkg:npm/c"), None, None)).unwrap_err();
    assert_eq!(twice, "pkg:npm/c is already in w.toml, line 10");
    let none = edited(FILE, |path| remove(path, &pattern("pkg:npm/x"))).unwrap_err();
    assert!(none.starts_with("pkg:npm/x has no entry in w.toml"), "{none}");
    let broken = edited("packages = [", |path| add(path, &pattern("pkg:npm/c"), None, None)).unwrap_err();
    assert!(broken.contains("w.toml:1:"), "{broken}");
}

#[test]
fn mode_and_links_stay() {
    let folder = folder(&[("real.toml", FILE)]);
    let (real, link) = (folder.path().join("real.toml"), folder.path().join("w.toml"));
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.toml", &link).unwrap();
    add(&link, &pattern("pkg:npm/d"), None, None).unwrap();
    assert!(link.is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::read_to_string(&real).unwrap().contains("pkg:npm/d"));
}

#[test]
fn a_missing_file_is_made_from_the_template() {
    let folder = folder(&[]);
    let path = folder.path().join("w.toml");
    add(&path, &pattern("pkg:npm/d"), None, None).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("default_tier") && parse(&text).matches(&package("pkg:npm/d")).is_some(), "{text}");
}

#[test]
fn an_edit_that_would_break_the_watchlist_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.toml");
    let broken = "include = [\"none.toml\"]\npackages = []\n";
    std::fs::write(&path, broken).unwrap();
    let error = add(&path, &"pkg:npm/a".parse().unwrap(), None, None).unwrap_err();
    assert!(matches!(error, EditError::Unusable(_)), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), broken);
}

#[test]
fn imported_entries_say_where_they_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.toml");
    std::fs::write(&path, "packages = [\n    \"pkg:npm/old\", # ours\n]\n").unwrap();
    let addition = |purl: &str, from: &str| Addition { pattern: purl.parse().unwrap(), from: from.to_owned() };
    let additions =
        [addition("pkg:npm/a", "x.json"), addition("pkg:npm/b", "x.json"), addition("pkg:npm/c", "uv.lock")];
    add_all(&path, &additions, None).unwrap();
    add_all(&path, &[addition("pkg:npm/d", "sbom.json")], Some(Tier::Critical)).unwrap();
    insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap(), @r#"
    packages = [
        "pkg:npm/old", # ours
        # from x.json
        "pkg:npm/a",
        "pkg:npm/b",
        # from uv.lock
        "pkg:npm/c",
    ]

    [[package]]
    purl = "pkg:npm/d"
    tier = "critical"
    note = "from sbom.json"
    "#);
}
