//! Tests of synthetic variations: honest changes, by their numbers in the catalogue of false alarms, and the most severe
//! alert that each may raise.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail and print like tests")]

mod second_tries;
mod takeovers;

use provwatch::{
    model::{Observation, Severity},
    packages::replay::{Rules, trace},
};
use serde_json::{Value, json};

const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// One release under construction; every field may be changed by its JSON path.
#[derive(Clone)]
struct Release(Value);

impl Release {
    /// Day 1 is 2026-01-01; releases are published at noon.
    fn new(purl: &str, day: i64) -> Self {
        let at = "2026-01-01T12:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap() + chrono::Duration::days(day);
        Self(json!({"purl": purl, "published_at": at, "auth": {"method": "unknown"},
            "attestation": {"status": "absent"}, "facts": {}}))
    }

    fn set(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = parent.split('/').skip(1).fold(&mut self.0, |value, key| &mut value[key]);
        parent[key] = value.into();
        self
    }

    fn by_token(self, account: &str) -> Self {
        let person = json!({"name": account, "email": format!("{account}@one.example")});
        self.set("/auth/method", "token").set("/publisher", person)
    }

    fn by_trusted_publisher(self) -> Self {
        let bot = json!({"name": "GitHub Actions", "email": "bot@ci.example"});
        self.set("/auth/method", "trusted_publisher").set("/publisher", bot)
    }

    fn attested(self) -> Self {
        self.set(
            "/attestation",
            json!({"status": "verified", "issuer": ISSUER, "claims": {
            "source_repository_uri": "https://github.com/ex/lib", "source_repository_identifier": "100",
            "source_repository_owner_uri": "https://github.com/ex", "source_repository_owner_identifier": "10",
            "build_config_uri": "https://github.com/ex/lib/.github/workflows/release.yml@refs/heads/main",
            "source_repository_ref": "refs/heads/main", "build_trigger": "push", "deployment_environment": "npm",
            "runner_environment": "github-hosted"}}),
        )
    }

    fn claim(self, name: &str, value: &str) -> Self {
        self.set(&format!("/attestation/claims/{name}"), value)
    }

    fn workflow(self, file: &str) -> Self {
        self.claim("build_config_uri", &format!("https://github.com/ex/lib/.github/workflows/{file}@x"))
    }

    fn without_claim(mut self, name: &str) -> Self {
        self.0["attestation"]["claims"].as_object_mut().unwrap().remove(name);
        self
    }

    fn unavailable(self) -> Self {
        self.set("/attestation", json!({"status": "unavailable", "reason": "timeout"}))
    }

    fn tagged(self, exists: bool) -> Self {
        self.set("/facts/tag", json!({"exists": exists})).set("/facts/release", json!({"exists": exists}))
    }

    fn merged(self, merged: bool) -> Self {
        self.set("/facts/commit", json!({"on_default_branch": merged}))
    }

    fn on_release_branch(self, it_is: bool) -> Self {
        self.set("/facts/commit/on_release_branch", it_is)
    }
}

fn npm(version: &str, day: i64) -> Release {
    Release::new(&format!("pkg:npm/lib@{version}"), day)
}

/// Releases 1.0.0 … by a style, a week apart.
fn history(count: i64, style: fn(Release) -> Release) -> Vec<Release> {
    (0..count).map(|n| style(npm(&format!("1.{n}.0"), n * 7))).collect()
}

fn trusted(release: Release) -> Release {
    release.by_trusted_publisher().attested().tagged(true).merged(true)
}

fn registered(release: Release) -> Release {
    trusted(release).set("/auth/config_id", "oidc:1")
}

fn by_hand(release: Release) -> Release {
    release.by_token("ann").tagged(true)
}

/// The severity of the last release's alert.
fn verdict(history: Vec<Release>, last: Release) -> Severity {
    let releases: Vec<Observation> =
        history.into_iter().chain([last]).map(|release| serde_json::from_value(release.0).unwrap()).collect();
    let mut severity = Severity::Info;
    trace(&releases, Rules::default(), |_, assessed| {
        severity = assessed.verdict.as_ref().map_or(Severity::Info, |verdict| verdict.severity);
    });
    severity
}

/// A case: what it is called, the releases before, the release that is judged, and the bound of its severity.
type Case = (&'static str, Vec<Release>, Release, Severity);

fn at_most(cases: Vec<Case>) {
    for (what, history, last, most) in cases {
        let severity = verdict(history, last);
        assert!(severity <= most, "{what} is {severity}");
    }
}

#[test]
fn honest_people_are_not_accused() {
    use Severity::{High, Info, Low, Medium};
    let now = || npm("1.9.0", 70);
    let before = || history(5, trusted);
    let mixed = || [history(5, by_hand), vec![trusted(npm("1.5.0", 40)), trusted(npm("1.6.0", 50))]].concat();
    at_most(vec![
        ("an ordinary release", before(), trusted(now()), Info),
        ("N1: a back-port to a line without evidence", mixed(), by_hand(npm("0.9.1", 70)), Medium),
        ("N3: provenance without the trusted publisher", before(), now().by_token("ann").attested().tagged(true), Low),
        ("N5: by hand, tagged, by an account of earlier days", mixed(), by_hand(now()), Medium),
        ("N5: by hand, and nobody looked", mixed(), now().by_token("ann"), High),
        ("N5: by hand after nothing but trusted publishing", before(), now().by_token("ann").tagged(true), Medium),
        (
            "N7: a renamed account",
            before(),
            trusted(now())
                .claim("source_repository_uri", "https://github.com/new/lib")
                .claim("source_repository_owner_uri", "https://github.com/new")
                .claim("build_config_uri", "https://github.com/new/lib/.github/workflows/release.yml@x"),
            Info,
        ),
        (
            "N8: the repository went private",
            mixed(),
            now().by_token("ann").set("/facts/repository", json!({"visibility": "private"})),
            Medium,
        ),
        ("N10: trusted publishing is adopted", history(5, by_hand), trusted(now()), Info),
        ("N12: CircleCI cannot attest", history(5, Release::by_trusted_publisher), now().by_trusted_publisher(), Info),
        ("a new maintainer who tags", history(5, by_hand), now().by_token("bob").tagged(true), Low),
        ("the registry did not answer", before(), now().by_trusted_publisher().tagged(true).unavailable(), Info),
        (
            "a security fix on an older line, by hand as ever",
            [history(5, |release| by_hand(release).merged(true)), vec![by_hand(npm("2.0.0", 50)).merged(true)]]
                .concat(),
            by_hand(npm("1.9.0", 70)).merged(false),
            Low,
        ),
    ]);
}

#[test]
fn honest_pipelines_are_not_accused() {
    use Severity::{High, Low, Medium};
    let now = || npm("1.9.0", 70);
    let before = || history(5, trusted);
    at_most(vec![
        (
            "N14: a pre-release from its own branch",
            before(),
            trusted(npm("2.0.0-beta.1", 70)).claim("source_repository_ref", "refs/heads/next"),
            Low,
        ),
        (
            "N14: a pre-release, and nobody looked",
            before(),
            npm("2.0.0-beta.1", 70).by_trusted_publisher().attested().claim("source_repository_ref", "refs/heads/next"),
            Low,
        ),
        ("a new major version by another workflow", before(), trusted(npm("2.0.0", 70)).workflow("publish.yml"), Low),
        (
            "a pipeline rebuilt on the default branch",
            before(),
            trusted(now())
                .workflow("cd.yml")
                .claim("build_trigger", "workflow_dispatch")
                .claim("source_repository_ref", "refs/tags/v1.9.0"),
            Low,
        ),
        (
            "a pipeline rebuilt, and nobody looked",
            before(),
            now()
                .by_trusted_publisher()
                .attested()
                .workflow("cd.yml")
                .claim("build_trigger", "release")
                .claim("source_repository_ref", "refs/tags/v1.9.0"),
            Medium,
        ),
        (
            "the first release from another protected branch",
            before(),
            // A wildcard protects a branch as soon as it exists.
            trusted(now()).merged(false).on_release_branch(true).claim("source_repository_ref", "refs/heads/lts"),
            High,
        ),
        (
            "N7: a workflow that was renamed is registered anew",
            history(5, registered),
            registered(now()).workflow("ship.yml").set("/auth/config_id", "oidc:2"),
            Medium,
        ),
        (
            "N7: a move to another repository",
            history(5, registered),
            registered(now())
                .claim("source_repository_identifier", "200")
                .claim("source_repository_uri", "https://github.com/ex/mono")
                .claim("build_config_uri", "https://github.com/ex/mono/.github/workflows/ship.yml@x")
                .claim("build_trigger", "release")
                .claim("source_repository_ref", "refs/tags/v1.9.0")
                .set("/auth/config_id", "oidc:2"),
            High,
        ),
        (
            "N14: the first stable release after pre-releases from another branch",
            (0..3)
                .map(|n| {
                    trusted(npm(&format!("1.0.0-next.{n}"), n * 7)).claim("source_repository_ref", "refs/heads/next")
                })
                .collect(),
            npm("1.0.0", 70)
                .by_trusted_publisher()
                .attested()
                .claim("run_invocation_uri", "https://github.com/ex/lib/actions/runs/7/attempts/2"),
            Low,
        ),
        (
            "N14: nightly builds begin",
            before(),
            trusted(npm("0.0.0-nightly.1", 70)).tagged(false).claim("build_trigger", "schedule"),
            Low,
        ),
        (
            "N14: previews of pull requests begin",
            before(),
            trusted(npm("0.0.0-fa35e19", 70))
                .tagged(false)
                .merged(false)
                .claim("build_trigger", "pull_request")
                .claim("source_repository_ref", "refs/pull/7/merge"),
            Low,
        ),
    ]);
}

#[test]
fn a_held_exception_joins_when_it_is_outlived() {
    let exception = || by_hand(npm("1.5.0", 40)).by_token("ann");
    let clean =
        |days: &[i64]| -> Vec<Release> { days.iter().map(|&day| trusted(npm(&format!("1.6.{day}"), day))).collect() };
    let again = || by_hand(npm("1.7.0", 90));
    let after = |between: Vec<Release>| verdict([history(5, trusted), vec![exception()], between].concat(), again());
    assert_eq!(after(clean(&[41, 45, 50, 55, 60])), Severity::Low, "an exception is known");
    assert_eq!(after(clean(&[41, 42, 43, 44, 45])), Severity::Medium, "too soon");
    assert_eq!(after(clean(&[45, 50, 55, 60])), Severity::Medium, "too few");
    let mut interrupted = clean(&[41, 45, 50, 55, 60]);
    interrupted.push(npm("1.6.99", 58).by_token("eve").tagged(false));
    assert_eq!(after(interrupted), Severity::Medium, "an alert in between");
}

#[test]
fn a_stranger_on_a_line_of_trusted_publishing_is_compared_with_the_package() {
    let older: Vec<_> = (0..3).map(|n| by_hand(npm(&format!("0.9.{n}"), n))).collect();
    let before = || [older.clone(), (0..4).map(|n| trusted(npm(&format!("1.{n}.0"), 10 + n))).collect()].concat();
    assert_eq!(verdict(before(), npm("1.9.0", 70).by_token("eve")), Severity::Critical);
    assert_eq!(verdict(before(), npm("1.9.0", 70).by_token("ann")), Severity::High);
}

#[test]
fn what_could_not_be_checked_teaches_nothing() {
    let releases: Vec<Observation> = [history(5, trusted), vec![trusted(npm("1.9.0", 70)).unavailable()]]
        .concat()
        .into_iter()
        .map(|release| serde_json::from_value(release.0).unwrap())
        .collect();
    let mut taught = Vec::new();
    trace(&releases, Rules::default(), |_, assessed| taught.push((assessed.in_baseline, assessed.reports())));
    assert_eq!(taught.pop(), Some((false, false)), "nor is it accused");
    assert!(taught.iter().all(|(in_baseline, _)| *in_baseline));
}

/// What each release raises, whatever its package.
fn verdicts(releases: Vec<Release>) -> Vec<(String, Severity)> {
    let releases: Vec<Observation> =
        releases.into_iter().map(|release| serde_json::from_value(release.0).unwrap()).collect();
    let mut verdicts = Vec::new();
    trace(&releases, Rules::default(), |release, assessed| {
        let severity = assessed.verdict.as_ref().map_or(Severity::Info, |verdict| verdict.severity);
        verdicts.push((release.purl.to_string(), severity));
    });
    verdicts
}

#[test]
fn a_monorepo_that_moves_or_gets_another_publisher_is_no_burst() {
    let release = |package: i64, n: i64| {
        let minute = chrono::Duration::seconds(20 * package);
        let release = Release::new(&format!("pkg:npm/p{package}@1.{n}.0"), n * 7);
        let at: chrono::DateTime<chrono::Utc> = serde_json::from_value(release.0["published_at"].clone()).unwrap();
        release.set("/published_at", json!(at + minute)).by_token("ann").attested().tagged(true)
    };
    let moved = |release: Release| {
        release
            .claim("source_repository_uri", "https://github.com/org/lib")
            .claim("source_repository_owner_uri", "https://github.com/org")
            .claim("source_repository_owner_identifier", "99")
            .claim("build_config_uri", "https://github.com/org/lib/.github/workflows/release.yml@x")
    };
    let before: Vec<_> = (0..6).flat_map(|n| (0..8).map(move |package| release(package, n))).collect();
    let by_bob = (0..8).map(|package| release(package, 6).by_token("bob")).collect();
    let by_org = (0..8).map(|package| moved(release(package, 6))).collect();
    // A transfer that no forge confirms is told of each package, and no more than that.
    for (after, most) in [(by_bob, Severity::Low), (by_org, Severity::Medium)] {
        let all = verdicts([before.clone(), after].concat());
        let loud: Vec<_> = all.iter().filter(|(_, severity)| *severity > most).collect();
        assert_eq!(loud, [] as [&(String, Severity); 0]);
    }
}

#[test]
fn what_nobody_is_named_for_is_beside_what_was_accused() {
    let pypi = |version: &str, day| Release::new(&format!("pkg:pypi/lib@{version}"), day);
    let attested = |release: Release| release.set("/auth/method", "unknown").attested();
    let old: Vec<_> = (0..3).map(|n| pypi(&format!("0.9.{n}"), n)).collect();
    let main: Vec<_> = (0..5).map(|n| attested(pypi(&format!("1.{n}.0"), 10 + n * 7))).collect();
    let later = pypi("0.9.3", 70).set("/published_at", "2026-03-12T12:05:00Z");
    let all = verdicts([old, main, vec![pypi("1.9.0", 70), later]].concat());
    let [.., (_, main), (_, old)] = all.as_slice() else { panic!("there are releases") };
    assert!(*main >= Severity::High && *old >= Severity::Medium, "{main} {old}");
}
