//! Tests of attackers who know the rules and their exceptions: one exception, one other line or one early check must not
//! excuse the release that follows. Each attack has its honest neighbour beside it.

use provwatch::model::Severity::{Critical, High, Info, Low, Medium};
use serde_json::json;

use super::{Case, Release, at_most, by_hand, history, npm, trusted, verdict};

fn exactly(cases: Vec<Case>) {
    for (what, history, last, expected) in cases {
        assert_eq!(verdict(history, last), expected, "{what}");
    }
}

/// Built from its tag, which is on the default branch or only on a protected one.
fn from_tag(release: Release, merged: bool) -> Release {
    let reference =
        release.0["purl"].as_str().unwrap().rsplit_once('@').map(|(_, version)| format!("refs/tags/v{version}"));
    let release = trusted(release).claim("source_repository_ref", &reference.unwrap()).merged(merged);
    if merged { release } else { release.on_release_branch(true) }
}

#[test]
fn a_tag_on_a_branch_that_was_protected_for_it_is_not_merged() {
    let now = || npm("1.9.0", 70);
    exactly(vec![
        ("on the first protected branch", history(6, |it| from_tag(it, true)), from_tag(now(), false), Medium),
        ("where tags come from a protected branch", history(6, |it| from_tag(it, false)), from_tag(now(), false), Info),
        (
            "on an older line, from a branch of its name",
            [history(6, |it| from_tag(it, true)), vec![from_tag(npm("2.0.0", 60), true)]].concat(),
            from_tag(npm("1.9.0", 70), false),
            Low,
        ),
    ]);
}

fn unmerged(release: Release, on_any_branch: bool) -> Release {
    trusted(release).merged(false).on_release_branch(false).set("/facts/commit/on_any_branch", on_any_branch)
}

fn with_workflows(release: Release) -> Release {
    unmerged(release, true).set("/facts/commit/changes_workflows", true)
}

#[test]
fn one_unmerged_release_does_not_excuse_an_orphan() {
    // The first release of the package has nothing to be compared with.
    let before = || [vec![unmerged(npm("1.0.1", -7), true)], history(6, trusted)].concat();
    let usual = || history(6, |it| unmerged(it, true));
    exactly(vec![
        ("on no branch, once unmerged before", before(), unmerged(npm("1.9.0", 70), false), High),
        ("with workflows, once unmerged before", before(), with_workflows(npm("1.9.0", 70)), Medium),
        ("once unmerged before", before(), unmerged(npm("1.9.0", 70), true), Info),
        ("where unmerged commits are the habit", usual(), unmerged(npm("1.9.0", 70), false), Info),
        ("with workflows, where unmerged commits are the habit", usual(), with_workflows(npm("1.9.0", 70)), Info),
    ]);
}

#[test]
fn an_orphan_of_an_older_line_is_not_maintenance() {
    let before = || [history(6, |it| from_tag(it, true)), vec![from_tag(npm("2.0.0", 60), true)]].concat();
    let tagged =
        |on_any_branch| unmerged(npm("1.9.0", 70), on_any_branch).claim("source_repository_ref", "refs/tags/v1.9.0");
    exactly(vec![
        ("a tag on a commit of a branch", before(), tagged(true), Low),
        ("a tag on a commit that no branch has", before(), tagged(false), Medium),
    ]);
}

#[test]
fn the_first_pre_release_needs_more_than_one_thing() {
    let pre = |on_any_branch| unmerged(npm("2.0.0-rc.1", 70), on_any_branch);
    exactly(vec![
        ("from a branch", history(6, trusted), pre(true), Low),
        ("from no branch", history(6, trusted), pre(false), Medium),
        ("from a branch, without a tag", history(6, trusted), pre(true).tagged(false), Low),
        (
            "from a branch, without the usual signature",
            history(6, |it| trusted(it).set("/facts/commit/verified", true)),
            pre(true).set("/facts/commit/verified", false),
            Medium,
        ),
    ]);
}

/// Five minutes after the release nobody has tagged it yet.
fn untagged_yet(release: Release) -> Release {
    release.tagged(false).set("/facts/tag/asked_at", "2026-03-12T12:05:00Z")
}

#[test]
fn a_tag_that_may_still_come_makes_nothing_worse() {
    let now = || npm("1.9.0", 70);
    exactly(vec![
        ("by hand, before the tag", history(6, trusted), untagged_yet(now().by_token("ann")), High),
        ("by hand, and the tag never came", history(6, trusted), now().by_token("ann").tagged(false), Critical),
        ("an ordinary release, before the tag", history(6, trusted), untagged_yet(trusted(now())), Info),
        ("an ordinary release, and the tag never came", history(6, trusted), trusted(now()).tagged(false), Medium),
    ]);
}

/// A line by hand from before the project had certificates.
fn beside_a_bare_line() -> Vec<Release> {
    let bare = (0..4).map(|n| by_hand(npm(&format!("0.9.{n}"), n - 100)));
    bare.chain((0..6).map(|n| trusted(npm(&format!("1.{n}.0"), n * 7)))).collect()
}

#[test]
fn a_line_without_certificates_is_compared_with_the_newest() {
    let now = || trusted(npm("0.9.9", 70));
    exactly(vec![
        ("the usual workflow", beside_a_bare_line(), now(), Info),
        ("a repository made again", beside_a_bare_line(), now().claim("source_repository_identifier", "666"), High),
        ("an owner made again", beside_a_bare_line(), now().claim("source_repository_owner_identifier", "666"), High),
        ("an event of strangers", beside_a_bare_line(), now().claim("build_trigger", "issue_comment"), Medium),
    ]);
    let stranger = "https://github.com/stranger/shared/.github/workflows/build.yml@refs/heads/main";
    let mut called = now();
    called = called.claim("build_signer_uri", stranger);
    at_most(vec![("a reusable workflow of a stranger's branch", beside_a_bare_line(), called.clone(), Medium)]);
    let own = |it: Release| it.claim("build_signer_uri", "https://github.com/ex/lib/.github/workflows/release.yml@x");
    let before =
        beside_a_bare_line().into_iter().map(|it| if it.0["attestation"]["claims"].is_null() { it } else { own(it) });
    assert_eq!(verdict(before.collect(), called), Medium, "a reusable workflow of a stranger's branch");
}

#[test]
fn a_file_that_comes_later_without_attestation_is_never_mild() {
    let files = |late: &str, attestation: serde_json::Value| {
        json!([
            {"name": "lib-1.9.0.tar.gz", "digests": {}, "uploaded_at": "2026-03-12T12:00:00Z",
             "attestation": trusted(npm("1.9.0", 70)).0["attestation"]},
            {"name": "lib-1.9.0-py3-none-any.whl", "digests": {}, "uploaded_at": late, "attestation": attestation},
        ])
    };
    let absent = || json!({"status": "absent"});
    let pypi =
        |version: &str, day| Release::new(&format!("pkg:pypi/lib@{version}"), day).attested().tagged(true).merged(true);
    let before = |adopted: i64| -> Vec<Release> {
        let bare = (0..3).map(|n| Release::new(&format!("pkg:pypi/lib@1.{n}.0"), n).tagged(true));
        bare.chain((3..3 + adopted).map(|n| pypi(&format!("1.{n}.0"), n * 7))).collect()
    };
    let with = |late, attestation| pypi("1.9.0", 70).set("/files", files(late, attestation));
    for adopted in [1, 2, 5] {
        let late = with("2026-03-15T12:00:00Z", absent());
        assert_eq!(verdict(before(adopted), late), High, "{adopted}");
        let together = with("2026-03-12T12:10:00Z", absent());
        assert!(verdict(before(adopted), together) <= Medium, "{adopted}");
    }
}
