//! Tests of `provwatch export blocklist`: which releases are on a list, in which order, until when, and the exit codes.

use provwatch::{
    model::{Alert, AlertKind, Confidence, Fingerprint, ReleaseId, ReleaseStatus, Severity},
    store::{Outcome, Record, Store},
};
use serde_json::{Value, json};

use super::{Desk, Ran, at, observation};

const RAISED: &str = "2026-06-01T12:00:00Z";

fn accuse(store: &Store, purl: &str, severity: Severity, raised_at: &str) {
    let release: ReleaseId = purl.parse().unwrap();
    let seen = observation(json!({"purl": purl, "published_at": raised_at, "auth": {"method": "token"},
        "attestation": {"status": "absent"}}));
    let title = format!("{purl}\u{202e}\nevil==1.0 # is unusual");
    let about = Alert::about(AlertKind::Release, purl, severity, Confidence::High, title, at(raised_at));
    let mut record = Record::observed(seen, Outcome::Alerted, at(raised_at));
    record.alert = Some(Alert { purl: Some(release), published_at: Some(at(raised_at)), ..about });
    store.record(&record).unwrap();
}

fn id(purl: &str) -> String {
    Fingerprint::of_release(&purl.parse().unwrap()).id().to_string()
}

/// A desk with alerts in every state.
fn desk() -> Desk {
    let desk = Desk::new();
    let store = desk.store();
    for name in ["open", "acknowledged", "attack", "wrong", "planned", "again", "wrong-again", "gone"] {
        accuse(&store, &format!("pkg:npm/{name}@1.0.0"), Severity::High, RAISED);
    }
    accuse(&store, "pkg:npm/mild@1.0.0", Severity::Medium, RAISED);
    accuse(&store, "pkg:npm/old@1.0.0", Severity::Critical, "2026-01-01T12:00:00Z");
    accuse(&store, "pkg:pypi/open@1.0.0", Severity::High, RAISED);
    let gone = "pkg:npm/gone@1.0.0".parse().unwrap();
    store.set_status(&gone, ReleaseStatus::Unpublished, at("2026-06-02T12:00:00Z")).unwrap();
    drop(store);
    desk.act(&["ack", "pkg:npm/acknowledged@1.0.0"]);
    desk.act(&["resolve", "pkg:npm/attack@1.0.0", "--as", "true-positive"]);
    desk.act(&["resolve", "pkg:npm/wrong@1.0.0", "--as", "false-positive"]);
    desk.act(&["resolve", "pkg:npm/planned@1.0.0", "--as", "expected"]);
    for (again, of) in [("again", "attack"), ("wrong-again", "wrong")] {
        let (again, of) = (format!("pkg:npm/{again}@1.0.0"), id(&format!("pkg:npm/{of}@1.0.0")));
        desk.act(&["resolve", &again, "--as", "duplicate", "--duplicate-of", &of]);
    }
    desk
}

impl Desk {
    fn act(&self, arguments: &[&str]) {
        let ran = self.run(&[&["alerts"], arguments, &["--reason", "a test"]].concat());
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.screen());
    }

    fn list(&self, arguments: &[&str]) -> Ran {
        self.run(&[&["export", "blocklist"], arguments].concat())
    }
}

/// The releases of a list of purls.
fn purls(ran: &Ran) -> Vec<&str> {
    let lines = ran.out.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split(' ').next().unwrap()).collect()
}

#[test]
fn the_list_has_what_is_accused_in_the_order_of_the_purls_and_is_the_same_again() {
    let desk = desk();
    let ran = desk.list(&[]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let expected = [
        "pkg:npm/acknowledged@1.0.0",
        "pkg:npm/again@1.0.0",
        "pkg:npm/attack@1.0.0",
        "pkg:npm/gone@1.0.0",
        "pkg:npm/old@1.0.0",
        "pkg:npm/open@1.0.0",
        "pkg:pypi/open@1.0.0",
    ];
    assert_eq!(purls(&ran), expected, "{}", ran.out);
    let without_head =
        |ran: &Ran| ran.out.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(without_head(&desk.list(&[])), without_head(&ran));
    assert!(!ran.out.contains('\u{202e}') && ran.out.contains("withdrawn since"), "{}", ran.out);
    assert!(!ran.out.lines().any(|line| line.starts_with("evil")), "a title is inert: {}", ran.out);
}

#[test]
fn severity_and_time_choose() {
    let desk = desk();
    for (arguments, expected) in [
        (&["--severity", "critical"][..], &["pkg:npm/old@1.0.0"][..]),
        (&["--min-severity", "critical", "--since", "2026-05-01"], &[]),
        (&["--severity", "medium", "--since", "2026-05-01"], &["pkg:npm/mild@1.0.0"]),
    ] {
        let ran = desk.list(arguments);
        let found = purls(&ran);
        assert!(expected.iter().all(|purl| found.contains(purl)), "{arguments:?}: {}", ran.out);
        assert_eq!(found.contains(&"pkg:npm/old@1.0.0"), expected.contains(&"pkg:npm/old@1.0.0"), "{arguments:?}");
    }
}

#[test]
fn a_list_has_an_end() {
    let desk = desk();
    let shown = |arguments: &[&str]| -> Value {
        let ran = desk.list(&[arguments, &["--format", "json"]].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.objects().remove(0)
    };
    let days = |list: &Value| {
        let time = |key: &str| at(list[key].as_str().unwrap());
        (time("valid_until") - time("made_at")).num_days()
    };
    let list = shown(&[]);
    assert_eq!((days(&list), list["entries"].as_array().unwrap().len()), (7, 7));
    assert_eq!(days(&shown(&["--for", "2d"])), 2);
    assert_eq!(desk.list(&["--until", "2020-01-01"]).code, 2);
    let ran = desk.list(&["--until", "2099-01-01"]);
    assert!(ran.out.contains("stale after 2099-01-01 00:00 UTC"), "{}", ran.out);
}

#[test]
fn a_format_for_one_registry_leaves_the_others_out_without_a_word_and_names_what_it_cannot_say() {
    let desk = desk();
    let pip = desk.list(&["--format", "pip"]);
    assert!(pip.code == 0 && pip.out.contains("\nopen!=1.0.0"), "{}", pip.screen());
    assert!(!pip.out.contains("attack"), "{}", pip.out);
    accuse(&desk.store(), "pkg:pypi/odd@not%20a%20version", Severity::High, RAISED);
    let pip = desk.list(&["--format", "pip"]);
    assert!(pip.code == 4 && pip.err.contains("left out: pkg:pypi/odd@"), "{}", pip.screen());
    for format in ["npm", "npm-audit", "artifactory"] {
        let ran = desk.list(&["--format", format]);
        serde_json::from_str::<Value>(&ran.out).unwrap_or_else(|error| panic!("{format}: {error}: {}", ran.out));
    }
    let bans = desk.list(&["--format", "cargo-deny"]);
    assert!(bans.code == 0 && bans.out.contains("stale after"), "{}", bans.screen());
}

#[test]
fn without_a_store_and_without_alerts() {
    let desk = Desk::new();
    assert_eq!(desk.list(&[]).code, 1);
    drop(desk.store());
    let ran = desk.list(&[]);
    assert!(ran.code == 0 && ran.out.contains("0 releases"), "{}", ran.screen());
}
