//! Tests that known takeovers are seen in other projects' styles, by token and through a workflow.

use provwatch::model::Severity;
use serde_json::json;

use super::{Case, Release, by_hand, history, npm, trusted, verdict};

/// Releases by a trusted publisher, each of a `0.x` line of its own.
fn minors() -> Vec<Release> {
    (1..8).map(|n| trusted(npm(&format!("0.{n}.0"), n * 7))).collect()
}

fn at_least(cases: Vec<Case>) {
    for (what, history, last, least) in cases {
        let severity = verdict(history, last);
        assert!(severity >= least, "{what} is {severity}");
    }
}

#[test]
fn takeovers_by_token_are_seen() {
    use Severity::{Critical, High, Medium};
    let now = || npm("1.9.0", 70);
    let before = || history(5, trusted);
    let crates = |method: &str, day| Release::new(&format!("pkg:cargo/lib@1.{day}.0"), day).set("/auth/method", method);
    at_least(vec![
        ("T: a stolen token, and nobody looked", before(), now().by_token("ann"), High),
        ("T: a stolen token, no tag", before(), now().by_token("ann").tagged(false), Critical),
        (
            "T: a stolen token, a script",
            before(),
            now()
                .by_token("ann")
                .set("/manifest", json!({"install_scripts": []}))
                .set("/manifest", json!({"install_scripts": ["install"]})),
            Critical,
        ),
        ("T: crates.io", (1..5).map(|day| crates("trusted_publisher", day)).collect(), crates("token", 9), High),
        ("T: on a new major version, no tag", before(), npm("2.0.0", 70).by_token("ann").tagged(false), Critical),
        ("T: on a new major version, and nobody looked", before(), npm("2.0.0", 70).by_token("ann"), High),
        ("T: where each release begins a line", minors(), npm("0.8.0", 70).by_token("ann"), High),
        (
            "T: where there are pre-releases only",
            (0..5).map(|n| trusted(npm(&format!("0.1.0-alpha.{n}"), n * 7))).collect(),
            npm("0.2.0-alpha.0", 70).by_token("ann"),
            High,
        ),
        (
            "T: a back-port was the last before a new major version",
            [before(), vec![by_hand(npm("0.9.1", 60))]].concat(),
            npm("2.0.0", 70).by_token("ann"),
            High,
        ),
        ("T: its attestation cannot be had", before(), now().by_token("ann").unavailable(), Medium),
        (
            "T: staged, and approved by a stranger",
            [vec![by_hand(npm("1.0.0", -7))], history(5, trusted)].concat(),
            now().by_token("eve").set("/auth/approved_by", json!({"name": "eve"})),
            High,
        ),
        (
            "T0: a maintainer of old comes back with another address, no tag",
            [vec![npm("1.0.0", -900).by_token("bob").tagged(true)], history(12, by_hand)].concat(),
            npm("1.20.0", 100).by_token("bob").tagged(false).set("/publisher/email", "bob@two.example"),
            High,
        ),
        (
            "T0: an unknown account on a new line, no tag",
            (0..9).map(|n| by_hand(npm(&format!("0.{}.{n}", n / 3), n * 7))).collect(),
            npm("0.3.0", 70).by_token("eve").tagged(false),
            Medium,
        ),
        (
            "T: a new address, which only another line knows",
            [vec![by_hand(npm("0.30.0", -30)), by_hand(npm("0.30.1", -20)), by_hand(npm("0.30.2", -10))], before()]
                .concat(),
            now().by_token("ann").set("/publisher/email", "ann@two.example"),
            Critical,
        ),
        (
            "T0: dormant, and now it runs a script at installation",
            history(5, |release| by_hand(release).set("/manifest", json!({"install_scripts": []}))),
            npm("1.9.0", 800).by_token("ann").set("/manifest", json!({"install_scripts": ["preinstall"]})),
            Medium,
        ),
        (
            "T: soon after an honest exception",
            [before(), vec![by_hand(npm("1.8.0", 60))]].concat(),
            now().by_token("ann").tagged(false),
            High,
        ),
        ("T0: an unknown account, no tag", history(5, by_hand), now().by_token("eve").tagged(false), High),
        ("T0: an unknown account, and nobody looked", history(5, by_hand), now().by_token("eve"), Medium),
        (
            "T0: the account's address changed, no tag",
            history(5, by_hand),
            now().by_token("ann").tagged(false).set("/publisher/email", "ann@two.example"),
            High,
        ),
    ]);
}

#[test]
fn takeovers_through_a_workflow_are_seen() {
    use Severity::{Critical, High, Low, Medium};
    let now = || npm("1.9.0", 70);
    let before = || history(5, trusted);
    let own_branch = || now().by_trusted_publisher().attested().claim("source_repository_ref", "refs/heads/x");
    at_least(vec![
        (
            "W1: the environment is gone, whenever it was",
            history(5, trusted),
            own_branch().claim("source_repository_ref", "refs/heads/main").without_claim("deployment_environment"),
            Medium,
        ),
        ("W1: strangers can start it", before(), trusted(now()).claim("build_trigger", "issues"), Low),
        ("W1: an own branch, never merged", before(), own_branch().merged(false), High),
        (
            "W1: an own branch beside release branches",
            before(),
            own_branch().merged(false).on_release_branch(false),
            High,
        ),
        (
            "W1: an orphan commit where release branches are the habit",
            history(5, |release| trusted(release).merged(false).on_release_branch(true)),
            trusted(now()).merged(false).on_release_branch(false),
            Medium,
        ),
        ("W1: an own branch, and nobody looked", before(), own_branch(), Medium),
        ("W1: an own branch and workflow, and nobody looked", before(), own_branch().workflow("own.yml"), High),
        (
            "W1: an own branch that rules protect",
            before(),
            own_branch().merged(false).on_release_branch(true).workflow("own.yml"),
            High,
        ),
        (
            "W1: a tag of the attacker's on an older line",
            [history(5, trusted), vec![trusted(npm("2.0.0", 50))]].concat(),
            trusted(now()).merged(false).claim("source_repository_ref", "refs/tags/oidc"),
            High,
        ),
        (
            "W1: a new major version after a number that was a mistake",
            [vec![npm("9.0.0", -400).by_token("ann")], history(12, trusted)].concat(),
            npm("10.0.0", 90)
                .by_trusted_publisher()
                .attested()
                .tagged(true)
                .merged(false)
                .workflow("own.yml")
                .claim("source_repository_ref", "refs/heads/x"),
            High,
        ),
        (
            "W1: an unmerged commit, and a manifest that names another repository",
            history(8, |release| trusted(release).set("/manifest", json!({"repository": "https://github.com/ex/lib"}))),
            trusted(now())
                .merged(false)
                .without_claim("deployment_environment")
                .set("/manifest", json!({"repository": "https://github.com/ex/other"})),
            High,
        ),
        (
            "W1: a pre-release of another workflow from an unmerged branch",
            before(),
            trusted(npm("2.0.0-rc.1", 70))
                .tagged(false)
                .merged(false)
                .workflow("own.yml")
                .claim("source_repository_ref", "refs/heads/x"),
            Medium,
        ),
        (
            "W1: a tag on an orphan commit",
            history(5, |release| trusted(release).claim("source_repository_ref", "refs/tags/v1")),
            trusted(now()).claim("source_repository_ref", "refs/tags/v1.9.0").merged(false),
            Medium,
        ),
        (
            "W2: a build for a pull request from outside",
            before(),
            trusted(now()).claim("build_trigger", "pull_request_target"),
            High,
        ),
        ("W3: the usual identity, no tag", before(), trusted(now()).tagged(false), Medium),
        (
            "another repository",
            before(),
            trusted(now())
                .claim("source_repository_identifier", "666")
                .claim("source_repository_uri", "https://github.com/eve/lib"),
            High,
        ),
        (
            "an attestation of something else",
            vec![],
            now()
                .set("/attestation", json!({"status": "invalid", "check": "subject-digest", "reason": "another file"})),
            Critical,
        ),
    ]);
}
