//! Tests that pinning writes what is new and keeps what a person wrote.

use super::*;

fn demand(demand: Demand, value: &str) -> PinnedDemand {
    let remark = "42 releases since 2024-03-01".to_owned();
    PinnedDemand { demand, values: vec![value.to_owned()], remark }
}

fn a_pin(purl: &str) -> Pin {
    let demands = vec![demand(Demand::Owners, "github.com/acme"), demand(Demand::RepositoryIds, "4242")];
    Pin { package: package(purl), demands, remark: "Pinned.".to_owned() }
}

/// The text of a file after pins, which must be usable and hold all that it held.
fn pinned(text: &str, purls: &[&str]) -> String {
    let folder = folder(&[("w.toml", text)]);
    let path = folder.path().join("w.toml");
    let pins: Vec<_> = purls.iter().map(|purl| a_pin(purl)).collect();
    let draft = pin(&path, &pins).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "a draft writes nothing");
    draft.save().unwrap();
    let after = fs::read_to_string(&path).unwrap();
    assert_eq!(pin(&path, &pins).unwrap().after, after, "what is pinned is not pinned again");
    let list = parse(&after);
    for purl in purls {
        let policy = list.policy(&package(purl)).unwrap().policy;
        assert!(!policy.owners.is_empty() && !policy.repository_ids.is_empty(), "{after}");
    }
    after
}

const BLOCK: &str = "owners = [\"github.com/acme\"] # 42 releases since 2024-03-01\nrepository_ids = [\"4242\"] # 42 releases since 2024-03-01\n";

#[test]
fn a_new_entry_has_a_block_with_its_remarks() {
    let after = pinned("packages = [\"pkg:npm/b\"]\n", &["pkg:npm/a"]);
    let entry = format!("\n[[package]]\npurl = \"pkg:npm/a\"\n\n# Pinned.\n[package.expect]\n{BLOCK}");
    assert_eq!(after, format!("packages = [\"pkg:npm/b\"]\n{entry}"));
    assert_eq!(pins_alone(&[a_pin("pkg:npm/a")]).trim(), entry.trim());
}

#[test]
fn an_entry_of_the_list_becomes_a_table_below_its_comment() {
    let text = "# head\npackages = [\n    # group\n    \"pkg:npm/a\", # ours\n    \"pkg:npm/b\", # theirs\n]\n";
    let after = pinned(text, &["pkg:npm/a"]);
    let entry = format!("\n# ours\n[[package]]\npurl = \"pkg:npm/a\"\n\n# Pinned.\n[package.expect]\n{BLOCK}");
    let list = "# head\npackages = [\n    # group\n    \"pkg:npm/b\", # theirs\n]\n";
    assert_eq!(after, format!("{list}{entry}"));
}

#[test]
fn what_a_person_wrote_stays() {
    for text in [
        "[[package]]\npurl = 'pkg:npm/a' # why\ntier = 'critical'\nnote = 'n'\n\n[[package]]\npurl = 'pkg:npm/b'\n",
        "[[package]]\npurl = 'pkg:npm/a'\n# by hand\n[package.expect]\n# the only one\nowners = ['github.com/person'] # p\n\n[tiers.critical.expect]\nevidence = 'provenance'\n",
        "[[package]]\npurl = 'pkg:npm/a'\nexpect = { owners = ['github.com/person'] } # p\n",
        "[[package]]\npurl = 'pkg:npm/a'\nexpect.owners = ['github.com/person'] # p\n",
        "[[package]]\npurl = 'pkg:npm/a'\n[package.expect]\nrefs = ['tag']\n[[package.expect.quiet]]\ndetector = 'odd-hours'\nreason = 'r'\nuntil = '2027-01-01'\n",
        "package = [{ purl = 'pkg:npm/a', expect = { owners = ['github.com/person'] } }, { purl = 'pkg:npm/b' }]\n",
        "package = [{ purl = 'pkg:npm/a' }]\n",
    ] {
        let after = pinned(text, &["pkg:npm/a"]);
        let (before, list) = (parse(text), parse(&after));
        let (old, new) = (before.policy(&package("pkg:npm/a")), list.policy(&package("pkg:npm/a")).unwrap().policy);
        if let Some(old) = old.map(|effective| effective.policy).filter(|old| !old.owners.is_empty()) {
            assert_eq!(new.owners, old.owners, "{after}");
        }
        assert_eq!(before.counts(), list.counts(), "{after}");
        for comment in ["# why", "# by hand", "# the only one", "# p"].iter().filter(|comment| text.contains(**comment))
        {
            assert!(after.contains(comment), "{after}");
        }
    }
}

#[test]
fn a_name_in_another_spelling_is_the_same_entry() {
    let after = pinned("[[package]]\npurl = \"pkg:npm/%40acme/a\"\n", &["pkg:npm/@acme/a"]);
    assert_eq!(parse(&after).counts(), (1, 0), "{after}");
}

#[test]
fn a_file_that_is_wrong_is_not_edited() {
    for text in
        ["packages = [", "packages = [\"a\"]\n", "[[package]]\npurl = 'pkg:npm/a'\nexpect = { evidence = 'x' }\n"]
    {
        let folder = folder(&[("w.toml", text)]);
        let path = folder.path().join("w.toml");
        assert!(pin(&path, &[a_pin("pkg:npm/b")]).is_err(), "{text}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_file_that_changed_meanwhile_is_not_overwritten() {
    let folder = folder(&[("w.toml", "packages = []\n")]);
    let path = folder.path().join("w.toml");
    let draft = pin(&path, &[a_pin("pkg:npm/a")]).unwrap();
    fs::write(&path, "packages = [\"pkg:npm/b\"]\n").unwrap();
    assert!(matches!(draft.save(), Err(EditError::Changed { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), "packages = [\"pkg:npm/b\"]\n");
}

#[test]
fn a_thousand_packages_are_pinned_at_once() {
    let purls: Vec<_> = (0..1000).map(|number| format!("pkg:npm/package-{number}")).collect();
    let list: Vec<String> = purls.iter().map(|purl| format!("    \"{purl}\",\n")).collect();
    let text = format!("packages = [\n{}]\n", list.concat());
    let purls: Vec<&str> = purls.iter().map(String::as_str).collect();
    let after = pinned(&text, &purls);
    assert_eq!(parse(&after).counts(), (1000, 0));
}
