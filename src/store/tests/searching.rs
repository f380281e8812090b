//! Tests of the search of releases and log entries by anything that was observed, and of how the statements find their rows.

use chrono::TimeDelta;
use serde_json::json;

use super::lab::{ISSUER, Lab, minutes_later, noon, observation, package, plan, release};
use crate::{
    model::{Observation, Package, RegistryKey},
    store::{
        Clue, KnownName, Listed, NamedThing, Outcome, OwnedTrace, Record, Search, Store, Trace, addresses::is_pseudonym,
    },
};

/// A release of run 7 of a repository, published so many minutes later.
fn built(purl: &str, minutes: i64, (repository, id): (&str, &str)) -> Observation {
    let url = format!("https://github.com/{repository}");
    let owner = url.rsplit_once('/').unwrap().0;
    let config = format!("{url}/.github/workflows/release.yml@refs/heads/main");
    let release = json!({
        "purl": purl, "published_at": minutes_later(minutes), "auth": {"method": "token"},
        "publisher": {"name": "ada", "email": "Ada@Example.org"}, "maintainers": ["ada", "bob"],
        "attestation": {"status": "verified", "issuer": ISSUER, "subject": config, "signed": ["5e".repeat(32)],
            "log": {"origin": "rekor.example - 7", "index": 40 + minutes}, "claims": {
                "source_repository_uri": url, "source_repository_identifier": id,
                "source_repository_owner_uri": owner, "source_repository_owner_identifier": "99",
                "source_repository_ref": "refs/heads/main", "source_repository_digest": "ab".repeat(20),
                "build_config_uri": config, "run_invocation_uri": format!("{url}/actions/runs/7/attempts/1")}},
        "manifest": {"repository": format!("git+{url}.git")},
    });
    serde_json::from_value(release).unwrap()
}

fn filled() -> Lab {
    let lab = Lab::new();
    let all = [
        built("pkg:npm/a@1.0.0", 1, ("acme/old", "7")),
        built("pkg:npm/a@1.1.0", 2, ("acme/widget", "7")),
        built("pkg:npm/b@1.0.0", 3, ("acme/widget", "8")),
        built("pkg:pypi/c@1.0", 4, ("eve/widget", "9")),
        // It only names the repository.
        serde_json::from_value(json!({
            "purl": "pkg:npm/d@1.0.0", "published_at": minutes_later(5), "auth": {"method": "token"},
            "publisher": {"name": "mallory", "email": "m@evil.example"}, "attestation": {"status": "absent"},
            "manifest": {"repository": "github:acme/widget"}, "files": [{"name": "d.tgz", "digests": {"sha256": "cd".repeat(32)}}],
        }))
        .unwrap(),
    ];
    for one in all {
        lab.store.record(&Record::observed(one, Outcome::Clean, noon())).unwrap();
    }
    lab
}

fn clue(traces: &[Trace<'_>]) -> Clue {
    traces.iter().copied().map(OwnedTrace::from).collect()
}

fn found(store: &Store, search: &Search<'_>) -> String {
    let found = store.search(search, 10).unwrap();
    assert!(!found.has_more && found.not_before.is_none(), "{found:?}");
    names(found.releases.iter().map(|one| one.row.purl.to_string()))
}

fn names(purls: impl Iterator<Item = String>) -> String {
    purls.map(|purl| purl.replace("pkg:", "")).collect::<Vec<_>>().join(" ")
}

fn by(traces: &[Trace<'_>]) -> Search<'static> {
    Search { clues: vec![clue(traces)], ..Search::default() }
}

#[test]
fn everything_that_was_observed_leads_to_its_releases() {
    let lab = filled();
    let npm: RegistryKey = crate::model::Ecosystem::NPM.into();
    let (commit, signed, digest) = ("AB".repeat(20), "5e".repeat(32), "cd".repeat(32));
    let of_both = "npm/a@1.1.0 npm/a@1.0.0";
    let run = "https://github.com/acme/widget/actions/runs/7";
    let attempt = format!("{run}/attempts/1");
    let workflow = "https://github.com/acme/widget/.github/workflows/release.yml";
    for (trace, expected) in [
        (Trace::Repository("https://GitHub.com/acme/widget/"), "npm/b@1.0.0 npm/a@1.1.0"),
        (Trace::RepositoryId { issuer: ISSUER, id: "7" }, of_both),
        (Trace::NamedRepository("acme/widget"), "npm/d@1.0.0 npm/b@1.0.0 npm/a@1.1.0"),
        (Trace::Owner("https://github.com/eve"), "pypi/c@1.0"),
        (Trace::Commit(&commit), "pypi/c@1.0 npm/b@1.0.0 npm/a@1.1.0 npm/a@1.0.0"),
        (Trace::Signed(&signed), "pypi/c@1.0 npm/b@1.0.0 npm/a@1.1.0 npm/a@1.0.0"),
        (Trace::Digest(&digest), "npm/d@1.0.0"),
        (Trace::AnyAttempt(run), "npm/b@1.0.0 npm/a@1.1.0"),
        (Trace::Run(&attempt), "npm/b@1.0.0 npm/a@1.1.0"),
        (Trace::Run(run), ""),
        (Trace::Workflow(workflow), "npm/b@1.0.0 npm/a@1.1.0"),
        (Trace::Ref("refs/heads/main"), "pypi/c@1.0 npm/b@1.0.0 npm/a@1.1.0 npm/a@1.0.0"),
        (Trace::Issuer(ISSUER), "pypi/c@1.0 npm/b@1.0.0 npm/a@1.1.0 npm/a@1.0.0"),
        (Trace::LogEntry { origin: "rekor.example - 7", index: 43 }, "npm/b@1.0.0"),
        (Trace::Publisher(&npm, "ada"), "npm/b@1.0.0 npm/a@1.1.0 npm/a@1.0.0"),
        (Trace::Maintainer(&npm, "bob"), "npm/b@1.0.0 npm/a@1.1.0 npm/a@1.0.0"),
        (Trace::Email("ada@example.ORG"), "pypi/c@1.0 npm/b@1.0.0 npm/a@1.1.0 npm/a@1.0.0"),
        (Trace::EmailDomain("evil.example"), "npm/d@1.0.0"),
        (Trace::Digest("' OR 1=1 --"), ""),
    ] {
        assert_eq!(found(&lab.store, &by(&[trace])), expected, "{trace:?}");
    }
}

#[test]
fn conditions_narrow_down_together() {
    let lab = filled();
    let (a, ids) = (package("a"), [release("pkg:npm/a@1.0.0"), release("pkg:npm/zzz@1.0.0")]);
    let widget = || clue(&[Trace::Repository("https://github.com/acme/widget")]);
    let either =
        clue(&[Trace::RepositoryId { issuer: ISSUER, id: "8" }, Trace::RepositoryId { issuer: ISSUER, id: "9" }]);
    let at = |minutes| Some(minutes_later(minutes));
    for (search, expected) in [
        (Search::default(), "npm/d@1.0.0 pypi/c@1.0 npm/b@1.0.0 npm/a@1.1.0 npm/a@1.0.0"),
        (Search { since: at(2), until: at(4), ..Search::default() }, "npm/b@1.0.0 npm/a@1.1.0"),
        (Search { since: at(9), ..Search::default() }, ""),
        (Search { package: Some(&a), ..Search::default() }, "npm/a@1.1.0 npm/a@1.0.0"),
        (Search { package: Some(&a), clues: vec![widget()], ..Search::default() }, "npm/a@1.1.0"),
        (Search { package: Some(&a), clues: vec![either.clone()], ..Search::default() }, ""),
        (Search { clues: vec![widget(), either.clone()], ..Search::default() }, "npm/b@1.0.0"),
        (Search { clues: vec![either], until: at(4), ..Search::default() }, "npm/b@1.0.0"),
        (Search { among: Some(&ids), ..Search::default() }, "npm/a@1.0.0"),
        (Search { among: Some(&[]), ..Search::default() }, ""),
        (Search { clues: vec![Clue::new()], ..Search::default() }, ""),
        (Search { signed_as: vec!["*/eve/*@refs/heads/*"], ..Search::default() }, "pypi/c@1.0"),
        (Search { signed_as: vec!["*@refs/tags/*"], ..Search::default() }, ""),
    ] {
        assert_eq!(found(&lab.store, &search), expected, "{search:?}");
    }
    let first = lab.store.search(&Search::default(), 2).unwrap();
    assert!(first.has_more && first.releases.len() == 2, "{first:?}");
    let hit = &lab.store.search(&by(&[Trace::Ref("x"), Trace::Commit(&"ab".repeat(20))]), 1).unwrap().releases[0];
    assert_eq!((hit.by[0].kind(), hit.by[0].value()), ("commit", &*"ab".repeat(20)), "what leads to it is told");
}

/// Releases by turns meet one clue and the other: a search that would jump to and fro for long stops, and says where.
#[test]
fn a_search_that_takes_too_many_steps_says_until_when_it_has_looked() {
    let lab = Lab::new();
    let by_turns = |number: i64| {
        let repository = if number % 2 == 0 { ("acme/a", "1") } else { ("acme/b", "2") };
        Record::observed(built(&format!("pkg:npm/p@1.0.{number}"), number, repository), Outcome::Clean, noon())
    };
    lab.store.record_batch(&(0..40).map(by_turns).collect::<Vec<_>>()).unwrap();
    let of = |id| clue(&[Trace::RepositoryId { issuer: ISSUER, id }]);
    let both = Search { clues: vec![of("1"), of("2")], ..Search::default() };
    let none = lab.store.search_within(&both, 10, 1_000).unwrap();
    assert!(none.releases.is_empty() && none.not_before.is_none(), "both are read to their ends");
    let stopped = lab.store.search_within(&both, 10, 20).unwrap();
    let looked_until = stopped.not_before.expect("it says so");
    assert!(looked_until > noon() && looked_until < minutes_later(39), "{stopped:?}");
    let rest = Search { until: Some(looked_until), ..both };
    assert!(lab.store.search_within(&rest, 10, 1_000).unwrap().not_before.is_none(), "it can go on there");
}

#[test]
fn names_and_ids_lead_to_each_other() {
    let lab = filled();
    let known = |url: &str, id: &str| KnownName {
        url: format!("https://github.com/{url}"),
        issuer: ISSUER.to_owned(),
        id: id.to_owned(),
    };
    let store = &lab.store;
    let ids = store.ids_of(NamedThing::Repository, "https://github.com/Acme/Widget.git", 9).unwrap();
    assert_eq!(ids, [known("acme/widget", "7"), known("acme/widget", "8")]);
    let names = store.names_of(NamedThing::Repository, "7", 9).unwrap();
    assert_eq!(names, [known("acme/old", "7"), known("acme/widget", "7")]);
    assert_eq!(store.names_of(NamedThing::Owner, "99", 9).unwrap(), [known("acme", "99"), known("eve", "99")]);
    for nothing in ["", "https://github.com/acme/widge", "https://github.com/acme/widget x", "%"] {
        assert_eq!(store.ids_of(NamedThing::Repository, nothing, 9).unwrap(), [], "{nothing}");
    }
    let workflows = store.fitting(Listed::Workflows, "https://github.com/acme/", 9, |url| url.contains("widget"));
    assert_eq!(workflows.unwrap().values, ["https://github.com/acme/widget/.github/workflows/release.yml"]);
    let cut = store.fitting(Listed::Workflows, "", 2, |_| true).unwrap();
    assert!(cut.has_more && cut.values.len() == 2, "{cut:?}");
    assert_eq!(store.fitting(Listed::LogOrigins, "rekor", 9, |_| true).unwrap().values, ["rekor.example - 7"]);
}

/// What a reusable workflow signs is found by it, too.
#[test]
fn a_signing_workflow_leads_to_its_releases() {
    let lab = Lab::new();
    let mut json = serde_json::to_value(built("pkg:npm/a@1.0.0", 1, ("acme/a", "1"))).unwrap();
    let reusable = "https://github.com/slsa/generator/.github/workflows/build.yml";
    json["attestation"]["subject"] = format!("{reusable}@refs/tags/v2").into();
    let release = serde_json::from_value(json).unwrap();
    lab.store.record(&Record::observed(release, Outcome::Clean, noon())).unwrap();
    assert_eq!(found(&lab.store, &by(&[Trace::Workflow(reusable)])), "npm/a@1.0.0");
}

#[test]
fn an_address_is_recognized_behind_its_pseudonym() {
    let lab = Lab::new();
    let old = built("pkg:npm/a@1.0.0", 0, ("acme/a", "1"));
    let old = Observation { published_at: noon() - TimeDelta::days(500), ..old };
    lab.store.record(&Record::observed(old, Outcome::Clean, noon())).unwrap();
    lab.store.replace_addresses(noon() - TimeDelta::days(400), 100).unwrap();
    let stored = lab.store.release(&release("pkg:npm/a@1.0.0")).unwrap().unwrap().observation.unwrap();
    assert!(is_pseudonym(stored.publisher.as_ref().unwrap().email.as_ref().unwrap()));
    let search = |traces: &[Trace<'_>]| found(&lab.store, &by(traces));
    assert_eq!(search(&[Trace::Email("ada@example.org")]), "npm/a@1.0.0", "the hash of the address is still there");
    // A database from before there were traces has only the pseudonym.
    lab.sql("DELETE FROM traces").unwrap();
    super::super::traces::fill(&lab.store.connection()).unwrap();
    assert_eq!(search(&[Trace::Email("ada@example.org")]), "");
    let addresses = lab.store.addresses().unwrap();
    let (pseudonym, host) =
        (addresses.pseudonym("Ada@Example.org").unwrap(), addresses.of_host("EXAMPLE.org").unwrap());
    assert_eq!(search(&[Trace::Email("ada@example.org"), Trace::Email(&pseudonym)]), "npm/a@1.0.0");
    assert_eq!(search(&[Trace::EmailDomain(&host)]), "npm/a@1.0.0");
    assert_eq!(search(&[Trace::Email(&addresses.pseudonym("eve@example.org").unwrap())]), "");
    assert!(lab.store.addresses_kept_since().unwrap().is_some_and(|since| since < noon()));
}

#[test]
fn a_version_is_found_in_other_spellings_by_an_index() {
    let lab = Lab::new();
    for purl in [
        "pkg:pypi/a@306",
        "pkg:pypi/a@306.1",
        "pkg:pypi/ab@306",
        "pkg:pypi/a@306?repository_url=https://pypi.acme.example",
    ] {
        lab.store.record(&Record::observed(observation(purl), Outcome::Clean, noon())).unwrap();
    }
    let spelled = |package: &str| {
        let package: Package = package.parse().unwrap();
        names(lab.store.spelled(&package, |version| version == "306").unwrap().iter().map(ToString::to_string))
    };
    assert_eq!(spelled("pkg:pypi/a"), "pypi/a@306");
    assert_eq!(
        spelled("pkg:pypi/a?repository_url=https://pypi.acme.example"),
        "pypi/a@306?repository_url=https://pypi.acme.example"
    );
    let plan = plan(&lab.store, "SELECT purl FROM releases WHERE purl >= 'a@' AND purl < 'aA' ORDER BY purl");
    assert!(plan.contains("COVERING INDEX") && !plan.contains("SCAN"), "{plan}");
}

/// At a million releases a look-up has to be answered at once.
#[test]
fn no_statement_of_a_look_up_reads_a_whole_table() {
    let lab = Lab::new();
    for sql in [
        "SELECT published_at, release FROM traces WHERE key = 1 AND (published_at, release) <= (1, 1)
         ORDER BY published_at DESC, release DESC LIMIT 1",
        "SELECT published_at, id FROM releases WHERE package = 'a' AND published_at <= 1 AND (published_at < 1 OR id <= 1)
         ORDER BY published_at DESC, id DESC LIMIT 1",
        "SELECT published_at, id FROM releases WHERE published_at <= 1 AND (published_at < 1 OR id <= 1)
         ORDER BY published_at DESC, id DESC LIMIT 1",
        "SELECT * FROM releases WHERE package = 'a' AND published_at <= 1 ORDER BY published_at DESC, id DESC LIMIT 1",
        "SELECT * FROM releases WHERE package = 'a' AND published_at > 1 ORDER BY published_at, id LIMIT 1",
        "SELECT * FROM releases WHERE package = 'a' AND published_at IS NULL ORDER BY id DESC LIMIT 1",
        "SELECT value FROM trace_values WHERE kind = 'a' AND value >= 'a' AND value < 'b' ORDER BY value LIMIT 1",
        "SELECT log, idx FROM log_entry_traces WHERE key = 1 ORDER BY seen_at DESC, log DESC, idx DESC LIMIT 1",
        "SELECT log, idx FROM log_entries WHERE leaf = x'00' LIMIT 1",
        "SELECT log, idx FROM log_entries WHERE digest = 'a' LIMIT 1",
        "SELECT log, idx FROM log_entries WHERE key_sha256 = 'a' LIMIT 1",
        "SELECT * FROM expected_changes WHERE package = 'a' ORDER BY id",
    ] {
        let plan = plan(&lab.store, sql);
        assert!(!plan.contains("SCAN") && plan.contains("SEARCH"), "{sql}: {plan}");
        assert!(!plan.contains("TEMP B-TREE") || sql.contains("expected_changes"), "{sql}: {plan}");
    }
}
