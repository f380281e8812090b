//! Tests of the policies that entries put on a package.

use super::*;

#[test]
fn what_is_demanded_comes_from_the_package_and_then_from_its_tier() {
    let list = parse(
        "packages = ['pkg:npm/a']\n[[package]]\npurl = 'pkg:npm/b'\ntier = 'critical'\n\
         expect = { owners = ['github.com/b'], quiet = [{ detector = 'odd-hours', reason = 'r', until = '2027-01-01' }] }\n\
         [[package]]\npurl = 'pkg:npm/c'\ntier = 'critical'\n\
         [tiers.critical.expect]\nevidence = 'provenance'\nowners = ['GitHub.com/*']\n",
    );
    let policy = |purl: &str| list.policy(&package(purl)).map(|effective| effective.policy);
    assert_eq!(policy("pkg:npm/a"), None);
    let b = policy("pkg:npm/b").unwrap();
    assert_eq!(
        (b.owners.as_slice(), b.evidence),
        (["github.com/b".to_owned()].as_slice(), Some(EvidenceRank::Provenance))
    );
    assert_eq!(policy("pkg:npm/c").unwrap().owners, ["github.com/*"]);
    assert_eq!(list.quiet().map(|quiet| quiet.detector.as_str()).collect::<Vec<_>>(), ["odd-hours"]);
}

#[test]
fn listing_a_package_by_its_name_does_not_switch_off_what_its_patterns_demand() {
    let list = parse(
        "packages = ['pkg:npm/@acme/core']\n[[package]]\npurl = 'pkg:npm/@acme/*'\nexpect = { evidence = 'provenance' }\n\
         [[package]]\npurl = 'pkg:npm/@acme/c*'\nexpect = { publishers = ['ada'] }\n",
    );
    let policy = list.policy(&package("pkg:npm/@acme/core")).unwrap().policy;
    assert_eq!((policy.evidence, policy.publishers), (Some(EvidenceRank::Provenance), vec!["ada".to_owned()]));
    assert_eq!(list.policy(&package("pkg:npm/@acme/other")).unwrap().policy.publishers, [] as [String; 0]);
}

#[test]
fn a_policy_that_cannot_be_meant_is_refused_with_its_place() {
    for (expect, complaint) in [
        ("{ evidence = 'strong' }", "evidence"),
        ("{ owner = ['a'] }", "owner"),
        ("{ owners = [''] }", "owners has \"\", which matches nothing"),
        ("{ min_repository_age_days = -1 }", "min_repository_age_days"),
        ("{ quiet = [{ detector = 'odd-hours', reason = 'r' }] }", "until"),
        ("{ quiet = [{ detector = 'odd-hours', reason = ' ', until = '2027-01-01' }] }", "quiet has an empty reason"),
        ("{ quiet = [{ detector = 'odd-hours', reason = 'r', until = 'soon' }] }", "invalid"),
        ("{ missing = 'ignore' }", "missing: found \"ignore\", expected one of \"warn\", \"alert\""),
        ("{ missing = true }", "missing"),
        ("{ repository_ids = [4242] }", "repository_ids[0]: found the number 4242, expected a text"),
        ("{ repository_ids = ['*'] }", "repository_ids has \"*\", which matches nothing"),
        ("{ severity = 'high' }", "severity"),
    ] {
        let text = format!("[[package]]\npurl = 'pkg:npm/a'\nexpect = {expect}\n");
        let error = Watchlist::parse(&text, Path::new("w.toml")).unwrap_err();
        let said = crate::text::with_causes(&error);
        assert!(said.contains("w.toml:3:") && said.contains(complaint), "{expect}: {said}");
    }
}

#[test]
fn hours_that_cannot_be_meant_are_refused_with_their_place() {
    for (key, value, complaint) in [
        ("days", "[]", "hours.days: found an empty list"),
        ("days", "['monday']", "hours.days[0]: found \"monday\", expected one of \"mon\""),
        ("days", "['Mon']", "hours.days[0]: found \"Mon\""),
        ("days", "'mon'", "hours.days: found \"mon\", expected a list"),
        ("days", "['mon', 'tue', 'mon']", "hours.days has \"mon\" twice"),
        ("from", "'8:00'", "hours.from: found \"8:00\", expected hours and minutes"),
        ("from", "'24:00'", "hours.from is 24:00"),
        ("from", "08:00:00", "hours.from: found the time 08:00:00, expected a text such as \"08:00\""),
        ("from", "'19:00'", "hours.from and hours.to are both 19:00"),
        ("to", "'24:01'", "hours.to: found \"24:01\""),
        ("to", "''", "hours.to: found \"\""),
        ("zone", "'Europe/Berln'", "hours.zone: found \"Europe/Berln\", expected a time zone"),
        ("zone", "'Europe/Berln'", "did you mean \"Europe/Berlin\"?"),
        ("zone", "'+02:00'", "hours.zone: found \"+02:00\""),
        ("zone", "'../../../etc/passwd'", "hours.zone"),
        ("zone", "2", "hours.zone: found the number 2"),
        ("hour", "1", "hours.hour: unknown key"),
    ] {
        let mut keys = vec![("days", "['mon']"), ("from", "'08:00'"), ("to", "'19:00'"), ("zone", "'Europe/Berlin'")];
        keys.retain(|(name, _)| *name != key);
        keys.push((key, value));
        let lines: Vec<_> = keys.iter().map(|(key, value)| format!("hours.{key} = {value}")).collect();
        let text = format!("[[package]]\npurl = 'pkg:npm/a'\n[package.expect]\n{}\n", lines.join("\n"));
        let said = error(&text);
        assert!(said.contains("w.toml:") && said.contains(complaint), "{key} = {value}: {said}");
    }
    for missing in ["days", "from", "to", "zone"] {
        let all = [("days", "['mon']"), ("from", "'08:00'"), ("to", "'19:00'"), ("zone", "'UTC'")];
        let rest: Vec<_> =
            all.iter().filter(|(key, _)| *key != missing).map(|(key, value)| format!("{key} = {value}")).collect();
        let said = error(&format!("[tiers.critical.expect]\nhours = {{ {} }}\n", rest.join(", ")));
        assert!(
            said.contains("w.toml:2:") && said.contains(&format!("hours.{missing}: this key is missing")),
            "{said}"
        );
    }
}

#[test]
fn a_tier_says_how_bad_it_is_to_violate_its_demands() {
    let list = parse(
        "[[package]]\npurl = 'pkg:npm/a'\ntier = 'critical'\nexpect = { refs = ['tag'] }\n\
         [tiers.critical]\nseverity = 'low'\nexpect = { evidence = 'provenance', refs = ['branch main'] }\n",
    );
    let policy = list.policy(&package("pkg:npm/a")).unwrap();
    assert_eq!(policy.severity(Demand::Evidence), Some(Severity::Low));
    assert_eq!(policy.severity(Demand::Refs), None, "the demand of the entry is not the tier's");
    assert_eq!((policy.missing(Demand::Evidence), policy.missing(Demand::Refs)), (Missing::Warn, Missing::Alert));
    for (table, complaint) in [
        ("severity = 'hi'", "tiers.critical.severity: found \"hi\""),
        ("severity = 3", "tiers.critical.severity"),
        ("missing = 'warn'", "tiers.critical.missing: unknown key"),
    ] {
        let said = error(&format!("[tiers.critical]\n{table}\n"));
        assert!(said.contains("w.toml:2:") && said.contains(complaint), "{said}");
    }
}

#[test]
fn a_file_decides_about_a_tier_before_what_it_includes() {
    let folder = folder(&[
        ("w.toml", "include = ['team.toml']\npackages = ['pkg:npm/a']\n[tiers.normal.expect]\nrefs = ['tag']\n"),
        ("team.toml", "[tiers.normal]\nseverity = 'low'\nexpect = { refs = ['*'] }\n"),
    ]);
    let list = Watchlist::load(&[folder.path().join("w.toml")]).unwrap();
    let policy = list.policy(&package("pkg:npm/a")).unwrap();
    assert_eq!(policy.policy.refs, ["tag"]);
    assert_eq!(policy.severity(Demand::Refs), Some(Severity::Low), "what it leaves out, the included one says");
}
