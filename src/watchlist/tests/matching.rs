//! Tests of the precedence between matching entries.

use super::*;
use crate::model::{Alert, AlertKind, Confidence};

#[test]
fn the_most_particular_entry_decides() {
    let list = parse(LIST);
    for (purl, expected) in [
        ("pkg:npm/axios", Some(Tier::Important)),
        ("pkg:npm/axios2", None),
        ("pkg:cargo/axios", None),
        ("pkg:npm/@angular/core", Some(Tier::Critical)),
        ("pkg:npm/@angular/forms", Some(Tier::Important)),
        ("pkg:npm/@angular/cache", Some(Tier::Normal)),
        ("pkg:npm/@angular/cli", None),
        ("pkg:pypi/django.filter", Some(Tier::Important)),
        ("pkg:pypi/django-stubs", None),
    ] {
        assert_eq!(tier(&list, purl), expected, "{purl}");
    }
    assert_eq!(list.counts(), (2, 4));
    assert_eq!(list.warnings(), [] as [String; 0]);
}

#[test]
fn why_tells_the_whole_story() {
    let list = parse(LIST);
    assert_json_snapshot!(list.why(&package("pkg:npm/@angular/core")));
    assert_json_snapshot!(list.why(&package("pkg:npm/@angular/cli")));
}

#[test]
fn globs_that_every_event_meets_are_bounded() {
    let globs: Vec<_> = (0..300).map(|n| format!("pkg:npm/*-{n}")).collect();
    assert!(error(&format!("packages = {globs:?}")).contains("300 globs of npm begin with a star"));
}

/// `cargo bench --bench feed` measures the speed.
#[test]
fn ten_thousand_events_are_matched_with_ten_thousand_entries() {
    let entries: Vec<_> = (0..10_000)
        .map(|n| if n % 4 == 0 { format!("pkg:npm/@scope-{n}/*") } else { format!("pkg:npm/package-{n}") })
        .collect();
    let list = parse(&format!("packages = {entries:?}\nexclude = ['pkg:npm/*-9']"));
    let events: Vec<_> = (0..10_000).map(|n| package(&format!("pkg:npm/@scope-{n}/x"))).collect();
    let found = events.iter().filter(|event| list.matches(event).is_some()).count();
    assert_eq!(found, 2500);
}

/// Ten thousand packages fit into 5 MB: a hash table has at most two slots an entry, and a name is a short allocation.
#[test]
fn an_entry_is_small() {
    let slot = size_of::<(Package, Entry)>() + 1;
    assert!((2 * slot + 64) * 10_000 < 5_000_000, "{slot}");
}

#[test]
fn every_pattern_is_listed_with_its_place() {
    let list = parse(
        "packages = ['pkg:npm/b', 'pkg:npm/@a/*']\nexclude = ['pkg:npm/x*']\n[[package]]\npurl = 'pkg:npm/a'\ntier = 'critical'\n",
    );
    let included: Vec<_> =
        list.included().into_iter().map(|reason| (reason.pattern, reason.tier, reason.line)).collect();
    let entry = |pattern: &str, tier, line| (pattern.to_owned(), Some(tier), line);
    assert_eq!(
        included,
        [
            entry("pkg:npm/@a/*", Tier::Normal, 1),
            entry("pkg:npm/a", Tier::Critical, 4),
            entry("pkg:npm/b", Tier::Normal, 1)
        ]
    );
    assert_eq!(
        list.excluded().iter().map(|reason| (&*reason.pattern, reason.tier)).collect::<Vec<_>>(),
        [("pkg:npm/x*", None)]
    );
}

#[test]
fn to_list_a_package_by_name_lowers_no_tier() {
    let by_name = "packages = ['pkg:npm/@a/b', 'pkg:npm/@a/x*']\n";
    let pattern = |tier: &str| format!("[[package]]\npurl = 'pkg:npm/@a/*'\ntier = '{tier}'\n");
    let named = |tier: &str| format!("[[package]]\npurl = 'pkg:npm/@a/b'\ntier = '{tier}'\n");
    let default = |tier: &str| format!("default_tier = '{tier}'\n");
    for (text, expected) in [
        (by_name.to_owned() + &pattern("critical"), Tier::Critical),
        (named("normal") + &pattern("critical"), Tier::Normal),
        (default("important") + by_name, Tier::Important),
        (default("important") + by_name + &pattern("normal"), Tier::Important),
        (default("important") + by_name + &pattern("critical"), Tier::Critical),
    ] {
        assert_eq!(tier(&parse(&text), "pkg:npm/@a/b"), Some(expected), "{text}");
    }
    assert_eq!(tier(&parse(&(by_name.to_owned() + &pattern("critical"))), "pkg:npm/@a/xy"), Some(Tier::Critical));
}

#[test]
fn a_crate_is_watched_in_every_spelling_and_npm_keeps_capitals() {
    let list = Watchlist::parse(
        "packages = [\"pkg:cargo/serde-json\", \"pkg:npm/JSONStream\", \"pkg:npm/jsonstream\"]",
        Path::new("w.toml"),
    )
    .unwrap();
    let watched = |purl: &str| list.matches(&package(purl)).map(|found| found.entry.line);
    assert!(watched("pkg:cargo/serde_json").is_some() && watched("pkg:cargo/Serde_JSON").is_some());
    assert!(watched("pkg:npm/JSONStream").is_some() && watched("pkg:npm/jsonstream").is_some());
    assert_eq!(watched("pkg:npm/JsonStream"), None);
    assert_eq!(list.counts(), (3, 0));
}

#[test]
fn packages_of_one_name_in_two_registries_are_two_entries() {
    let watchlist = parse(
        r#"
packages = ["pkg:npm/@acme/x", "pkg:npm/@acme/*"]
exclude = ["pkg:npm/@acme/y?repository_url=https://npm.acme.example"]
[[package]]
purl = "pkg:npm/@acme/x?repository_url=https://npm.acme.example/"
tier = "critical"
[[package]]
purl = "pkg:npm/@acme/y"
"#,
    );
    let acme = |name: &str| format!("pkg:npm/@acme/{name}?repository_url=npm.acme.example");
    assert_eq!(tier(&watchlist, &acme("x")), Some(Tier::Critical));
    assert_eq!(tier(&watchlist, "pkg:npm/@acme/x"), Some(Tier::Normal), "its tier is not that of the other");
    assert_eq!(tier(&watchlist, "pkg:npm/@acme/y"), Some(Tier::Normal), "the other is excluded");
    assert_eq!(tier(&watchlist, &acme("y")), None);
    assert_eq!(tier(&watchlist, &acme("z")), None, "a pattern is of the public registry");
    assert_eq!(tier(&watchlist, "pkg:npm/@acme/x?repository_url=https://npm.other.example"), None);
    assert_eq!(watchlist.packages().count(), 3);
    assert!(error("packages = [\"pkg:npm/@acme/*?repository_url=https://npm.acme.example\"]").contains("one by one"));
    let twice = "packages = [\"pkg:npm/x?repository_url=https://a.example\", \"pkg:npm/x?repository_url=a.example/\"]";
    assert!(error(twice).contains("is already on line 1"));
}

#[test]
fn an_alert_gets_the_tier_and_the_team_of_its_package() {
    let watchlist = parse(
        "packages = ['pkg:npm/plain']\n[[package]]\npurl = 'pkg:npm/@acme/*'\nteam = 'web'\n\
         [[package]]\npurl = 'pkg:npm/@acme/pay'\ntier = 'critical'\n\
         [[package]]\npurl = 'pkg:npm/axios'\ntier = 'important'\n[tiers.important]\nteam = 'platform'",
    );
    for (purl, tier, team) in [
        ("pkg:npm/%40acme/x", Some(Tier::Normal), Some("web")),
        ("pkg:npm/%40acme/pay", Some(Tier::Critical), Some("web")),
        ("pkg:npm/axios", Some(Tier::Important), Some("platform")),
        ("pkg:npm/plain", Some(Tier::Normal), None),
        ("pkg:npm/other", None, None),
    ] {
        let (kind, at) = (AlertKind::Release, chrono::DateTime::UNIX_EPOCH);
        let alert = Alert::about(kind, purl, Severity::High, Confidence::High, String::new(), at);
        let stamped = watchlist.stamped(Alert { package: Some(package(purl)), ..alert });
        assert_eq!((stamped.tier, stamped.team.as_deref()), (tier, team), "{purl}");
    }
    assert_eq!(watchlist.teams(), ["platform", "web"].map(str::to_owned).into());
}
