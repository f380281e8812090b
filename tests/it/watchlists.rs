//! Tests of the curated lists that ship with provwatch.

use std::{collections::BTreeSet, path::Path};

use provwatch::{
    model::{Ecosystem, Package},
    watchlist::{Tier, Watchlist, curated},
};

/// The groups of a list: a comment, and the purls below it.
fn groups(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in text.lines().map(str::trim).skip_while(|line| *line != "packages = [") {
        if let Some(title) = line.strip_prefix("# ") {
            groups.push((title, Vec::new()));
        } else if let Some(purl) = line.strip_prefix('"') {
            let (_, purls) = groups.last_mut().expect("every purl stands in a group");
            purls.push(purl.strip_suffix("\",").expect("one purl a line"));
        }
    }
    groups
}

#[test]
fn each_parses_and_holds_its_own_ecosystem() {
    assert!(curated().map(|(name, _)| name).eq(Ecosystem::ALL.map(Ecosystem::as_str)));
    for (name, text) in curated() {
        let list = Watchlist::parse(text, Path::new(name)).unwrap();
        let (packages, globs) = list.counts();
        assert!((150..=700).contains(&packages), "{name} has {packages} packages");
        assert_eq!(globs, 0, "{name}");
        assert_eq!(list.warnings(), [] as [String; 0], "{name}");
        for (package, found) in list.packages() {
            assert_eq!(package.ecosystem().as_str(), name, "{package}");
            assert_eq!(found.tier, Tier::Critical, "{package}");
        }
    }
}

#[test]
fn each_is_sorted_within_its_groups_and_written_in_one_way() {
    for (name, text) in curated() {
        let groups = groups(text);
        let titles: BTreeSet<_> = groups.iter().map(|(title, _)| title).collect();
        assert_eq!(titles.len(), groups.len(), "{name}: a title twice");
        for (title, purls) in &groups {
            assert!(!purls.is_empty(), "{name}: {title} is empty");
            for purl in purls {
                assert_eq!(*purl, purl.parse::<Package>().unwrap().to_string(), "{name}: {title}");
            }
            let names = purls.iter().map(|purl| purl.replace("%40", "@")).collect::<Vec<_>>();
            assert!(names.is_sorted(), "{name}: {title} is not sorted");
        }
    }
}

#[test]
fn no_package_stands_twice() {
    for (name, text) in curated() {
        let mut seen = BTreeSet::new();
        for purl in groups(text).into_iter().flat_map(|(_, purls)| purls) {
            assert!(seen.insert(purl), "{name}: {purl} is listed twice");
        }
    }
}

#[test]
fn all_can_be_included_at_once() {
    let text = r#"include = ["curated:npm", "curated:pypi", "curated:cargo"]"#;
    let list = Watchlist::parse(text, Path::new("watchlist.toml")).unwrap();
    for purl in ["pkg:npm/axios", "pkg:npm/@babel/core", "pkg:pypi/requests", "pkg:cargo/serde"] {
        assert!(list.matches(&purl.parse().unwrap()).is_some(), "{purl}");
    }
}
