//! Tests of `provwatch lookup` by anything that was observed: what each term finds, several together, what is said beside
//! it, and the exit codes.

use base64::{Engine, prelude::BASE64_STANDARD};
use provwatch::{
    model::{Alert, AlertKind, Confidence, Fingerprint, Severity},
    store::{Outcome, Record},
};
use serde_json::{Value, json};

use super::super::{ALERT, Desk, at, now, observation, ordinary, package, stolen, teach};

/// The releases that a lookup found, shortened, with the code.
fn found(desk: &Desk, terms: &[&str]) -> (i32, String) {
    let ran = desk.run(&[&["lookup", "--format", "json"], terms].concat());
    let purls = ran.objects().into_iter().filter(|line| line["form"] == "lookup-release/1").map(|line| {
        let purl = line["purl"].as_str().unwrap().replace("pkg:npm/", "").replace("pkg:", "");
        if line["certified"] == true { purl } else { format!("({purl})") }
    });
    (ran.code, purls.collect::<Vec<_>>().join(" "))
}

/// The last line.
fn limits(desk: &Desk, terms: &[&str]) -> Value {
    let mut objects = desk.run(&[&["lookup", "--format", "json"], terms].concat()).objects();
    let last = objects.pop().unwrap();
    assert_eq!(last["form"], "lookup-limits/1", "{last}");
    last
}

const ALL: &str =
    "axios@1.14.0 axios@1.13.0 axios@1.12.0 axios@1.11.0 axios@1.10.0 axios@1.9.0 axios@1.8.0 axios@1.7.0";
const STOLEN: &str = "axios-mock@0.30.4 axios@1.14.1";

#[test]
fn everything_that_was_observed_leads_to_its_releases() {
    let desk = Desk::with_story();
    let (good, bad) = ("ab".repeat(64), BASE64_STANDARD.encode([0xcd; 64]));
    let run = "https://github.com/axios/axios/actions/runs/1140";
    for (term, code, purls) in [
        ("axios/axios", 0, ALL),
        ("https://github.com/axios/axios.git", 0, ALL),
        ("repository:23088740", 0, ALL),
        ("owner:axios", 0, ALL),
        ("https://github.com/axios", 0, ALL),
        ("owner:32372333", 0, ALL),
        (&good, 0, ALL),
        (&format!("sha512-{bad}"), 3, STOLEN),
        ("0123456789ABCDEF0123456789abcdef01234567", 0, ALL),
        ("https://github.com/axios/axios/commit/0123456789abcdef0123456789abcdef01234567", 0, ALL),
        (run, 0, "axios@1.14.0"),
        (&format!("{run}/attempts/1"), 0, "axios@1.14.0"),
        (&format!("{run}/attempts/2"), 4, ""),
        ("run:axios/axios/1140", 0, "axios@1.14.0"),
        ("workflow:publish.yml", 0, ALL),
        ("axios/axios/.github/workflows/publish.yml", 0, ALL),
        ("workflow:other.yml", 4, ""),
        ("refs/tags/v1.14.0", 0, "axios@1.14.0"),
        ("tag:v1.14.0", 0, "axios@1.14.0"),
        ("branch:main", 4, ""),
        ("https://token.actions.githubusercontent.com/", 0, ALL),
        ("https://github.com/axios/axios/.github/workflows/publish.yml@refs/tags/v1", 0, ALL),
        ("https://github.com/axios/*@refs/tags/v1", 0, ALL),
        ("github.com/axios/*/publish.yml", 0, ALL),
        ("https://github.com/axios/*@refs/heads/*", 4, ""),
        ("https://github.com/evil/*", 4, ""),
        ("log2025-1.rekor.sigstore.dev:1000", 0, ALL),
        ("log:log2025-1.rekor.sigstore.dev:1001", 4, ""),
        ("publisher:npm/jasonsaayman", 3, STOLEN),
        ("publisher:jasonsaayman", 3, STOLEN),
        ("publisher:pypi/jasonsaayman", 4, ""),
        ("ifstap\u{202e}@proton.example", 3, STOLEN),
        ("@proton.example", 3, STOLEN),
        ("@example.org", 4, ""),
        (ALERT, 3, "axios@1.14.1"),
        ("alert:6ADC", 3, "axios@1.14.1"),
        ("beefbeef", 4, ""),
    ] {
        assert_eq!(found(&desk, &[term]), (code, purls.to_owned()), "{term}");
    }
}

#[test]
fn several_terms_and_times_narrow_down_together() {
    let desk = Desk::with_story();
    for (terms, code, purls) in [
        (&["publisher:npm/jasonsaayman", "pkg:npm/axios-mock"][..], 0, "axios-mock@0.30.4"),
        (&["pkg:npm/axios", "publisher:npm/jasonsaayman", "@proton.example"], 3, "axios@1.14.1"),
        (&["pkg:npm/axios@1.14.1", "publisher:npm/jasonsaayman"], 3, "axios@1.14.1"),
        (&["pkg:npm/axios@9.9.9", "publisher:npm/jasonsaayman"], 4, ""),
        (&["axios/axios", "publisher:npm/jasonsaayman"], 4, ""),
        (&["axios/axios", "refs/tags/v1.9.0"], 0, "axios@1.9.0"),
        // The alert itself is a finding.
        (&[ALERT, "pkg:npm/axios-mock"], 3, ""),
        (&["axios/axios", "--since", "2026-03-10", "--until", "2026-03-27"], 0, "axios@1.13.0"),
        (&["pkg:npm/axios", "--since", "2026-03-20"], 3, "axios@1.14.1 axios@1.14.0"),
        (&["--since", "2026-03-30", "--until", "2026-03-31"], 4, "pypi/requests@2.33.0"),
        (&["--until", "2026-01-10"], 0, "axios@1.7.0"),
        (&["--since", "2026-03-31T00:21:00Z", "--until", "2026-03-31T00:21:01Z"], 3, "axios-mock@0.30.4 axios@1.14.1"),
        (&["--since", "2030-01-01"], 4, ""),
        // What is beyond the limit was not looked at.
        (&["axios/axios", "--limit", "2"], 4, "axios@1.14.0 axios@1.13.0"),
        (&["publisher:npm/jasonsaayman", "--limit", "1"], 4, "axios-mock@0.30.4"),
        (&["publisher:npm/jasonsaayman", "--fail-on", "critical"], 0, STOLEN),
    ] {
        let (seen, listed) = found(&desk, terms);
        let mut both = [listed, purls.to_owned()].map(|all| all.split(' ').map(str::to_owned).collect::<Vec<_>>());
        for all in &mut both {
            all.sort();
        }
        assert_eq!((seen, &both[0]), (code, &both[1]), "{terms:?}");
    }
    let limits = limits(&desk, &["axios/axios", "--limit", "2"]);
    assert_eq!((&limits["releases"], &limits["more_releases"]), (&json!(2), &json!(true)), "{limits}");
}

#[test]
fn a_resolved_alert_is_not_a_finding_any_more() {
    let desk = Desk::with_story();
    desk.store().resolve(&Fingerprint::of_release(&stolen().purl), "ada", "withdrawn", now()).unwrap();
    assert_eq!(found(&desk, &["publisher:npm/jasonsaayman"]).0, 0);
    assert_eq!(found(&desk, &[ALERT]).0, 0);
}

/// A campaign has many releases, and an alert about provwatch itself has none.
#[test]
fn an_alert_leads_to_all_of_its_releases() {
    let desk = Desk::with_story();
    let about = |kind, subject: &str| {
        Alert::about(
            kind,
            subject,
            Severity::High,
            Confidence::High,
            format!("about {subject}"),
            at("2026-03-31T01:00:00Z"),
        )
    };
    let members = vec![stolen().purl, "pkg:npm/axios-mock@0.30.4".parse().unwrap()];
    let campaign = Alert { members, ..about(AlertKind::Campaign, "both") };
    let (operation, of_package) = (
        about(AlertKind::Operation, "feed"),
        Alert { package: Some(package("pkg:npm/axios-mock")), ..about(AlertKind::Log, "log") },
    );
    for alert in [&campaign, &operation, &of_package] {
        desk.store().record_alert(alert, &[], alert.raised_at).unwrap();
    }
    for (alert, code, count) in [(&campaign, 3, 2), (&operation, 3, 0), (&of_package, 3, 1)] {
        let id = alert.id.to_string();
        let (seen, purls) = found(&desk, &[&id]);
        assert_eq!((seen, purls.split_whitespace().count()), (code, count), "{}", alert.title);
        let lines = desk.run(&["lookup", &id, "--format", "json"]).objects();
        assert!(lines.iter().any(|line| line["form"] == "alert/1" && line["id"] == *id), "{lines:?}");
    }
    let whole = campaign.fingerprint.to_string();
    assert_eq!(found(&desk, &[&whole]).0, 3, "a whole fingerprint is not taken for a digest");
}

/// A release of a repository under one of its names.
fn of_repository(purl: &str, day: u32, repository: &str, id: &str) -> Value {
    let mut release = serde_json::to_value(ordinary("1.0.0", &format!("2026-03-{day:02}T12:00:00Z"))).unwrap();
    release["purl"] = purl.into();
    let claims = &mut release["attestation"]["claims"];
    claims["source_repository_uri"] = format!("https://github.com/{repository}").into();
    claims["source_repository_identifier"] = id.into();
    release["manifest"]["repository"] = format!("https://github.com/{repository}").into();
    release
}

fn renamed() -> Desk {
    let desk = Desk::new();
    let mut claimed = of_repository("pkg:npm/fake@1.0.0", 9, "acme/widget", "0");
    claimed["attestation"] = json!({"status": "absent"});
    for release in [
        of_repository("pkg:npm/widget@1.0.0", 1, "ada/widget", "7"),
        of_repository("pkg:npm/widget@1.1.0", 2, "acme/widget", "7"),
        of_repository("pkg:npm/other@1.0.0", 3, "acme/other", "8"),
        of_repository("pkg:npm/squat@1.0.0", 4, "ada/widget", "66"),
        claimed,
    ] {
        teach(&desk.store(), &observation(release), Outcome::Clean);
    }
    desk
}

#[test]
fn renames_are_followed_and_a_claim_stands_apart() {
    let desk = renamed();
    let fake = "(fake@1.0.0)";
    for (term, purls, note) in [
        (
            "acme/widget",
            format!("widget@1.1.0 widget@1.0.0 {fake}"),
            "its id, 7, also for github.com/ada/widget: it was renamed",
        ),
        ("ada/widget", format!("squat@1.0.0 widget@1.1.0 widget@1.0.0 {fake}"), "several ids for this name: 66, 7"),
        (
            "repository:7",
            format!("widget@1.1.0 widget@1.0.0 {fake}"),
            "this id for github.com/acme/widget, github.com/ada/widget",
        ),
        ("repository:8", "other@1.0.0".to_owned(), "this id for github.com/acme/other"),
        ("repository:9", String::new(), "No stored certificate states this id."),
        ("acme/nothing", String::new(), "No stored certificate states an id for it"),
    ] {
        let (_, seen) = found(&desk, &[term]);
        let squatted = seen.replace(" (squat@1.0.0)", "").replace("(squat@1.0.0) ", "");
        assert_eq!(squatted, purls, "{term}");
        assert!(limits(&desk, &[term])["notes"].to_string().contains(note), "{term}: {}", limits(&desk, &[term]));
    }
    insta::assert_snapshot!(desk.run_within(80, &["lookup", "acme/widget"]).screen());
}

#[test]
fn a_version_is_found_in_every_equal_spelling() {
    let desk = Desk::new();
    let stored = [
        "pkg:pypi/gauge@306",
        "pkg:pypi/gauge@1.0.post1",
        "pkg:cargo/serde_json@1.0.0%2Bbuild",
        "pkg:npm/widget@1.0.0",
    ];
    for purl in stored {
        let release = observation(json!({"purl": purl, "published_at": "2026-03-01T12:00:00Z",
            "auth": {"method": "token"}, "attestation": {"status": "absent"}}));
        let package = release.purl.package().clone();
        desk.store().save_package(&provwatch::store::PackageRow::new(package, now())).unwrap();
        desk.store().record(&Record::observed(release, Outcome::Clean, at("2026-03-01T12:01:00Z"))).unwrap();
    }
    for (asked, purl) in [
        ("pkg:pypi/Gauge@306.0.0", stored[0]),
        ("pkg:pypi/gauge@v306", stored[0]),
        ("pkg:pypi/gauge@1.0-1", stored[1]),
        ("pkg:cargo/serde-json@1.0.0", stored[2]),
        ("pkg:cargo/Serde_Json@1.0.0%2Bbuild", stored[2]),
        ("pkg:npm/widget@1.0.0", stored[3]),
    ] {
        let [one] = &desk.run(&["lookup", asked, "--format", "json"]).objects()[..] else { panic!("{asked}") };
        assert_eq!((&one["form"], &one["purl"]), (&json!("lookup/1"), &json!(purl)), "{asked}");
        let is_other = one.get("asked").is_some();
        let said = desk.run(&["lookup", asked]).out.replace('\n', " ");
        assert_eq!(is_other, said.contains("is stored in this spelling, which is the same version"), "{asked}: {said}");
        assert_eq!(found(&desk, &[asked, "--until", "2027-01-01"]).1, purl.replace("pkg:npm/", "").replace("pkg:", ""));
    }
    for other in
        ["pkg:pypi/gauge@306.1", "pkg:npm/widget@1.0", "pkg:npm/Widget@1.0.0", "pkg:cargo/serde_json@1.0.0%2Bx"]
    {
        assert_eq!(desk.run(&["lookup", other]).code, 4, "{other}");
    }
    insta::assert_snapshot!(desk.run_within(80, &["lookup", "pkg:pypi/gauge@1.0-1", "--until", "2027-01-01"]).screen());
}

#[test]
fn answers_for_people_say_what_the_store_cannot_know() {
    let desk = Desk::with_story();
    for (name, terms) in [
        ("publisher", &["publisher:npm/jasonsaayman", "--since", "2026-03-01"][..]),
        ("alert", &[ALERT]),
        ("nothing", &["@example.org"]),
        ("commit", &["0123456789abcdef0123456789abcdef01234567", "--limit", "1"]),
    ] {
        insta::assert_snapshot!(name, desk.run_within(80, &[&["lookup"], terms].concat()).screen());
    }
    let said = limits(&desk, &["publisher:npm/jasonsaayman"]);
    assert!(said["limits"].to_string().contains("PyPI does not tell which account"), "{said}");
    let said = limits(&desk, &["log2025-1.rekor.sigstore.dev:1000"]);
    assert!(said["limits"].to_string().contains("No log is followed"), "{said}");
    let matched = &desk.run(&["lookup", &"cd".repeat(64), "--format", "json"]).objects()[0]["matched"];
    assert_eq!(
        *matched,
        json!([{"term": "cd".repeat(64), "kind": "digest", "value": "cd".repeat(64), "file": "axios-1.14.1.tgz"}])
    );
}

#[test]
fn what_is_not_recognized_is_answered_with_what_was_meant() {
    let desk = Desk::with_story();
    for (arguments, said) in [
        (&[][..], "nothing to look for"),
        (&["axios"], "did you mean pkg:npm/axios or pkg:pypi/axios"),
        (&["acme/widget", "repositry:x"], "did you mean \"repository\"?"),
        (&["--since", "2026-03-02", "--until", "2026-03-01"], "--since is not before --until"),
        (&["pkg:npm/axios", "pkg:npm/axios-mock"], "a release is of one package"),
        (
            &["rekor.example:7"],
            "no log \"rekor.example\" is followed, and no release names it; known: log2025-1.rekor.sigstore.dev",
        ),
        (&["ada@*"], "found whole, or by its domain"),
        (&["--fetch", "axios/axios"], "--fetch takes the purl of one release"),
        (&["--fetch", "pkg:npm/axios"], "--fetch needs the version of one release"),
        (&["--fetch"], "--fetch takes the purl of one release"),
        (&["--fetch", "pkg:npm/axios@1.0.0", "--since", "7d"], "cannot be used with"),
        (&["\u{1b}[2J"], r"\u{1b}[2J"),
        (&["--limit", "0", "axios/axios"], "expected a whole number"),
    ] {
        let ran = desk.run(&[&["lookup"], arguments].concat());
        let is_said = ran.err.contains(said) || (arguments.is_empty() && ran.err.contains("nothing to look for"));
        assert!(ran.code == 2 && is_said && ran.out.is_empty(), "{arguments:?}: {} {}", ran.code, ran.err);
        assert!(!ran.err.contains('\u{1b}'), "{arguments:?}: {:?}", ran.err);
    }
}
