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
    let policy = |purl: &str| list.policy(&package(purl));
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
    let policy = list.policy(&package("pkg:npm/@acme/core")).unwrap();
    assert_eq!((policy.evidence, policy.publishers), (Some(EvidenceRank::Provenance), vec!["ada".to_owned()]));
    assert_eq!(list.policy(&package("pkg:npm/@acme/other")).unwrap().publishers, [] as [String; 0]);
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
    ] {
        let text = format!("[[package]]\npurl = 'pkg:npm/a'\nexpect = {expect}\n");
        let error = Watchlist::parse(&text, Path::new("w.toml")).unwrap_err();
        let said = crate::text::with_causes(&error);
        assert!(said.contains("w.toml:3:") && said.contains(complaint), "{expect}: {said}");
    }
}
