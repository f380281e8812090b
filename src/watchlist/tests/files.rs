//! Tests of reading files, includes, and errors.

use super::*;

#[test]
fn the_template_parses() {
    let list = parse(TEMPLATE);
    assert!(list.is_empty());
    let uncommented = TEMPLATE
        .replace("# [[package]]", "[[package]]")
        .replace("# purl", "purl")
        .replace("# tier", "tier")
        .replace("# note", "note");
    assert_eq!(tier(&parse(&uncommented), "pkg:npm/axios"), Some(Tier::Critical));
}

#[test]
fn byte_order_marks_and_carriage_returns_are_no_matter() {
    let folder = folder(&[("w.toml", &format!("\u{feff}{}", LIST.replace('\n', "\r\n")))]);
    let list = Watchlist::load(&[folder.path().join("w.toml")]).unwrap();
    let found = list.matches(&package("pkg:npm/axios")).unwrap();
    assert_eq!((found.tier, found.entry.line), (Tier::Important, 4));
}

#[test]
fn messages_name_file_line_and_key() {
    let documents = [
        "packages = [\n  'pkg:npm/axios',\n  'axios',\n  'pkg:gem/*',\n  3,\n]\n",
        "package = 1\npackges = []\ndefault_tier = 'high'\nexclude = 'pkg:npm/a'\n",
        "packages = ['pkg:npm/a']\n[[package]]\ntier = 'normal'\nexpect = {}\n",
        "packages = ['pkg:npm/a',\n 'pkg:npm/%61',\n 'pkg:pypi/A_b', 'pkg:pypi/a.b']\n[[package]]\npurl = 'pkg:npm/a'\n",
        "include = ['curated:nmp']\n",
    ];
    assert_snapshot!(documents.map(error).join("\n\n"));
}

#[test]
fn a_glob_for_a_whole_registry_is_allowed_with_a_warning() {
    let list = parse("packages = ['pkg:npm/*', 'pkg:npm/@*/*']\n");
    assert_eq!(tier(&list, "pkg:npm/anything"), Some(Tier::Normal));
    assert_eq!(list.warnings().len(), 2);
    assert_eq!(list.warnings()[0], "w.toml:1: pkg:npm/* watches a whole registry; expect much work and many alerts");
}

#[test]
fn a_contradiction_is_a_warning() {
    let list = parse("packages = ['pkg:npm/a']\nexclude = ['pkg:npm/*']");
    assert_eq!(list.packages().count(), 0);
    assert_eq!(list.warnings(), ["w.toml:1: pkg:npm/a is listed, and excluded at w.toml:2; it is not watched"]);
}

#[test]
fn files_are_merged_and_the_includer_has_the_last_word() {
    let folder = folder(&[
        ("main.toml", "include = ['curated:cargo', 'other.toml']\npackages = ['pkg:npm/a']"),
        ("other.toml", "default_tier = 'critical'\npackages = ['pkg:npm/a', 'pkg:npm/b']"),
        ("last.toml", "[[package]]\npurl = 'pkg:npm/b'\ntier = 'important'"),
    ]);
    let list = Watchlist::load(&["main.toml", "last.toml"].map(|name| folder.path().join(name))).unwrap();
    assert_eq!(tier(&list, "pkg:npm/a"), Some(Tier::Critical), "a list that says no tier lowers none");
    assert_eq!(tier(&list, "pkg:npm/b"), Some(Tier::Important));
    let serde = list.matches(&package("pkg:cargo/serde")).unwrap();
    assert_eq!(serde.entry.file.as_ref(), Path::new("curated:cargo"));
}

#[test]
fn bad_includes_are_refused_where_they_stand() {
    let folder = folder(&[
        ("self.toml", "\ninclude = ['./self.toml']"),
        ("a.toml", "include = ['b.toml']"),
        ("b.toml", "include = ['a.toml']"),
        ("missing.toml", "include = ['none.toml']"),
        ("folder.toml", "include = ['.']"),
        ("broken.toml", "include = ['syntax.toml']"),
        ("syntax.toml", "\npackages = ["),
        ("fan.toml", &format!("include = {:?}", vec!["empty.toml"; 300])),
        ("empty.toml", ""),
    ]);
    symlink(folder.path().join("link.toml"), folder.path().join("link.toml")).unwrap();
    for (name, expected) in [
        ("self.toml", "self.toml:2:12: include: \"./self.toml\" includes itself"),
        ("a.toml", "b.toml:1:12: include: \"a.toml\" includes itself"),
        ("missing.toml", "missing.toml:1:12: include: reading "),
        ("folder.toml", "not a regular file"),
        ("broken.toml", "syntax.toml:2:"),
        ("fan.toml", "more than 256 files"),
    ] {
        let error = Watchlist::load(&[folder.path().join(name)]).unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
    assert!(matches!(Watchlist::load(&[folder.path().join("link.toml")]), Err(WatchlistError::Read(_))));
}

#[test]
fn an_enormous_file_or_bad_utf8_is_refused() {
    let folder = folder(&[]);
    let path = folder.path().join("w.toml");
    fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(Watchlist::load(std::slice::from_ref(&path)), Err(WatchlistError::Read(_))));
    fs::write(&path, b"# ok\n# \xff\n").unwrap();
    let Err(WatchlistError::Read(error)) = Watchlist::load(&[path]) else { panic!("bad UTF-8") };
    assert!(error.to_string().ends_with("w.toml:2: not UTF-8; save the file with that encoding"), "{error}");
}

#[test]
fn a_large_file_that_is_wrong_everywhere_is_refused_with_its_first_problems() {
    let text = format!("packages = {:?}", vec!["axios"; 50_000]);
    assert!(error(&text).ends_with("and 49980 more problems"));
    let text = format!("packages = {:?}", vec!["pkg:npm/axios"; 50_000]);
    assert!(error(&text).contains("is already on line 1"));
}
