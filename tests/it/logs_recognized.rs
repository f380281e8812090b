//! Tests of recognising a log's protocol: real logs and the lab's, named rightly or wrongly by a trust root or the
//! operator.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::{path::Path, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use lab::{
    files::folder,
    ledger::{Api, Ledger, Misbehaviour, Scheme, body},
    trusting::{Trusting, key_id, kinds, ledger_at, trusted},
};
use provwatch::{
    app::App,
    attest::{TrustMaterial, Verifier},
    logwatch::{Poll, Wanted},
    store::{AlertFilter, LogKind},
    tlog::{Pattern, Watch, watch::Field},
};
use serde_json::Value;

/// The bytes of a key in PEM form.
fn spki(pem: &Path) -> Vec<u8> {
    let text = std::fs::read_to_string(pem).unwrap();
    let lines: String = text.lines().filter(|line| !line.starts_with("--")).collect();
    BASE64_STANDARD.decode(lines).unwrap()
}

/// The real logs, as a trust root names them.
fn real() -> ([Value; 1], [Value; 1]) {
    let (ecdsa, ct) = (spki(&folder("ecdsa/logec.pub.pem")), spki(&folder("static-ct/ct.pub.pem")));
    ([trusted("https://ecdsa.example", &ecdsa)], [trusted("https://ct.example", &ct)])
}

/// Reads all logs from their first entries.
async fn read_whole(app: &App) {
    for (name, poll) in app.logs.poll_logs().await.unwrap() {
        let row = app.store.log(&name).unwrap();
        assert_eq!(poll.troubled, 0, "{name}: {row:?}");
    }
    for log in app.logs.followed_logs() {
        app.logs.start_log_at(&log, log.name(), 0, false).await.unwrap();
        assert_eq!(app.logs.poll_log(&log).await.unwrap().verified, 100, "{}", log.name());
        assert_eq!(app.store.log(log.name()).unwrap().unwrap().quarantined, 0);
    }
    no_alerts(app);
}

fn no_alerts(app: &App) {
    assert_eq!(app.store.alerts(&AlertFilter::default()).unwrap(), []);
}

fn names(app: &App) -> Vec<String> {
    app.store.logs().unwrap().into_iter().map(|row| row.name).collect()
}

#[tokio::test]
async fn a_trust_root_need_not_say_what_its_logs_are() {
    let here = Trusting::new();
    let (tlogs, ctlogs) = real();
    let app = here.app(&tlogs, &ctlogs, "");
    let expected =
        [("logec.acme.example".to_owned(), LogKind::Tiles), ("ct.acme.example".to_owned(), LogKind::StaticCt)];
    app.logs.poll_logs().await.unwrap();
    assert_eq!(kinds(&app), expected);
    read_whole(&app).await;
    drop(app);
    let app = here.app(&tlogs, &ctlogs, "");
    assert_eq!(kinds(&app), expected, "what a log turned out to be is remembered");
    let left = names(&app);
    assert_eq!(left, ["ct.acme.example", "logec.acme.example"], "what it was taken for first leaves no trace");
}

#[tokio::test]
async fn every_command_takes_a_log_for_what_it_is() {
    let (tlogs, ctlogs) = real();
    let names = ["logec.acme.example", "ecdsa.example", "ct.acme.example", "ct.example"];
    for (name, kind) in names.into_iter().zip(["hashedrekord", "hashedrekord", "x509", "x509"]) {
        let here = Trusting::new();
        let app = here.app(&tlogs, &ctlogs, "");
        assert!(app.logs.followed_logs().iter().all(|log| log.is_guess()));
        let log = app.logs.log_named(name).await.unwrap_or_else(|| panic!("{name} is not found"));
        assert!(!log.is_guess() && log.name().ends_with("acme.example"), "{name}");
        let pattern = Pattern::new("all", [(Field::Issuer, ".*")]).unwrap();
        let matcher = app.logs.matcher_of(Watch::new(vec![pattern]));
        let summary = app.logs.scan_log(&log, name, (0, None), &matcher, |_| {}).await.unwrap();
        let read: u64 = summary.kinds.iter().map(|(.., count)| count).sum();
        assert_eq!((summary.to, read), (100, 100), "{name}");
        let found = app.logs.find_entries(&log, &Wanted::Index(7)).await.unwrap().unwrap();
        assert_eq!(found[0].kind.as_ref().map(|(kind, _)| kind.as_str()), Some(kind), "{name}");
        app.logs.start_log_at(&log, name, 40, false).await.unwrap();
        assert_eq!(app.logs.poll_log(&log).await.unwrap(), Poll { verified: 60, ..Poll::default() }, "{name}");
    }
    let app = Trusting::new();
    assert!(app.app(&tlogs, &ctlogs, "").logs.log_named("nobody.example").await.is_none());
}

#[tokio::test]
async fn neither_the_type_of_a_key_nor_the_form_of_a_name_says_what_a_log_is() {
    use Scheme::{Ed25519, P256, Rsa};
    let logs = [
        (Api::Tiles, Ed25519, LogKind::Tiles),
        (Api::Tiles, P256, LogKind::Tiles),
        (Api::Tiles, Rsa, LogKind::Tiles),
        (Api::RekorV1, Ed25519, LogKind::RekorV1),
        (Api::RekorV1, P256, LogKind::RekorV1),
        (Api::Ct, P256, LogKind::Ct),
        (Api::StaticCt, P256, LogKind::StaticCt),
    ];
    let places = [
        ("https://log.example", "log.example"),
        ("https://log.example:9001", "log.example:9001"),
        ("https://log.example:9001", "log.example"),
        ("https://log.example", "zwei/2026h1 (west)"),
    ];
    for (api, scheme, kind) in logs {
        for (url, origin) in places {
            is_recognized(Ledger::signing("log.example", &origin.replace(' ', "-"), api, scheme), url, kind).await;
        }
    }
}

/// Follows a log of which only key and URL are known.
async fn is_recognized(ledger: Ledger, url: &str, kind: LogKind) {
    let grow = |size| {
        (ledger.size()..size).for_each(|number| {
            ledger.append(body(ledger.api(), number));
        });
        ledger.publish();
    };
    grow(5);
    let mut here = Trusting::new();
    here.ledgers.push(ledger.clone());
    let log = [ledger_at(&ledger, url, "2020-01-01T00:00:00Z")];
    let (tlogs, ctlogs): (&[Value], &[Value]) = if kind.holds_certificates() { (&[], &log) } else { (&log, &[]) };
    let app = here.app(tlogs, ctlogs, "");
    for size in [5, 12] {
        grow(size);
        for (name, poll) in app.logs.poll_logs().await.unwrap() {
            assert_eq!(poll.troubled, 0, "{name} {kind}");
        }
        here.clock.advance(Duration::from_secs(20));
        let [row] = app.store.logs().unwrap().try_into().unwrap();
        assert_eq!((row.kind, row.checkpoint.unwrap().size), (kind, size as u64), "{}", row.name);
    }
    no_alerts(&app);
}

#[tokio::test]
async fn of_two_logs_at_one_url_the_one_that_answers_is_followed_and_the_other_asked_for() {
    let mut here = Trusting::new();
    let west = Ledger::new("global.example", Api::Tiles);
    let east = Ledger::signing("east.example", "east.example", Api::Tiles, Scheme::P256);
    here.ledgers = vec![west.clone(), east.clone()];
    let url = "https://global.example";
    let both = [ledger_at(&west, url, "2025-01-01T00:00:00Z"), ledger_at(&east, url, "2026-01-01T00:00:00Z")];
    let app = here.app(&both, &[], "");
    assert_eq!(here.minutes(&app, 30).await, 0);
    assert_eq!(kinds(&app), [("global.example".to_owned(), LogKind::Tiles)]);
    let [missing] = app.logs.logs_not_followed().try_into().unwrap();
    assert_eq!(missing.key_id, key_id(&east.spki()));
    assert!(missing.why.contains("global.example") && missing.next.contains("[logs] urls"), "{missing:?}");
    no_alerts(&app);
    assert_eq!(names(&app), ["global.example"]);
    drop(app);
    let urls = format!("[logs.urls]\n\"{}\" = \"https://east.example/\"\n", missing.key_id);
    let app = here.app(&both, &[], &urls);
    assert_eq!(here.minutes(&app, 2).await, 0);
    let expected = ["east.example", "global.example"].map(|name| (name.to_owned(), LogKind::Tiles));
    assert_eq!((kinds(&app), app.logs.logs_not_followed()), (expected.to_vec(), Vec::new()));
    no_alerts(&app);
}

#[tokio::test]
async fn a_log_that_takes_a_second_key_at_its_url_goes_on() {
    let mut here = Trusting::new();
    let (before, after) = (Ledger::new("log.example", Api::Tiles), Ledger::new("log.example", Api::Tiles));
    before.grow(300);
    after.grow(400);
    let url = "https://log.example";
    let both = [ledger_at(&before, url, "2025-01-01T00:00:00Z"), ledger_at(&after, url, "2026-05-01T00:00:00Z")];
    here.ledgers = vec![before];
    let app = here.app(&both, &[], "");
    assert_eq!(here.minutes(&app, 2).await, 0);
    drop(app);
    here.ledgers = vec![after];
    let app = here.app(&both, &[], "");
    assert_eq!(here.minutes(&app, 15).await, 0);
    assert_eq!(app.store.log("log.example").unwrap().unwrap().tail.unwrap().verified, 400);
    let alerts = app.store.alerts(&AlertFilter { limit: 9, ..AlertFilter::default() }).unwrap();
    assert_eq!(alerts.iter().map(|alert| &*alert.title).collect::<Vec<_>>(), ["log.example signs with another key"]);
}

#[tokio::test]
async fn a_log_in_whose_place_another_one_answers_is_said_and_not_accused() {
    let mut here = Trusting::new();
    let old = Ledger::signing("log.example", "log.example/2025", Api::Tiles, Scheme::Ed25519);
    let new = Ledger::signing("log.example", "log.example/2026", Api::Tiles, Scheme::Ed25519);
    old.grow(30);
    new.grow(40);
    let url = "https://log.example";
    let both = [ledger_at(&old, url, "2025-01-01T00:00:00Z"), ledger_at(&new, url, "2026-05-01T00:00:00Z")];
    here.ledgers = vec![old];
    drop(here.app(&both, &[], "").logs.poll_logs().await.unwrap());
    here.clock.advance(Duration::from_mins(1));
    here.ledgers = vec![new];
    let app = here.app(&both, &[], "");
    assert_eq!(here.minutes(&app, 15).await, 1);
    no_alerts(&app);
    let row = app.store.log("log.example/2025").unwrap().unwrap();
    let said = row.last_error.unwrap();
    assert!(said.contains("another log, log.example/2026, answers") && said.contains("[logs] urls"), "{said}");
    assert_eq!(app.store.log("log.example/2026").unwrap().unwrap().checkpoint.unwrap().size, 40);
}

#[tokio::test]
async fn a_mirror_counts_only_while_the_operator_names_it() {
    let at_the_usual_place = folder_of_a_rekor_v2();
    for folder in [at_the_usual_place.path().to_owned(), folder("ecdsa")] {
        let mut here = Trusting::new();
        here.files.insert("ecdsa.example", folder);
        here.files.insert("mirror.example", lab::files::folder("ecdsa"));
        let (tlogs, _) = real();
        let mirror = "[logs.urls]\n\"https://ecdsa.example\" = \"https://mirror.example/\"\n";
        let app = here.app(&tlogs, &[], mirror);
        assert_eq!(here.minutes(&app, 2).await, 0);
        assert_eq!(app.store.log("logec.acme.example").unwrap().unwrap().url, "https://mirror.example/");
        drop(app);
        here.files.remove("mirror.example");
        let app = here.app(&tlogs, &[], "");
        assert_eq!(here.minutes(&app, 2).await, 0, "it is read where the trust root has it");
        let url = app.store.log("logec.acme.example").unwrap().unwrap().url;
        assert!(url.starts_with("https://ecdsa.example/"), "{url}");
        no_alerts(&app);
    }
}

/// A Rekor v2 as it is served: below `/api/v2`.
fn folder_of_a_rekor_v2() -> tempfile::TempDir {
    let root = lab::rig::folder();
    std::fs::create_dir(root.path().join("api")).unwrap();
    std::os::unix::fs::symlink(folder("ecdsa"), root.path().join("api/v2")).unwrap();
    root
}

#[tokio::test]
async fn the_same_log_twice_is_one_and_one_without_a_url_is_said() {
    let here = Trusting::new();
    let ecdsa = spki(&folder("ecdsa/logec.pub.pem"));
    let mut old = trusted("https://ecdsa.example", &lab::keys::Key::p256().spki());
    old["publicKey"]["validFor"]["end"] = serde_json::json!("2025-01-01T00:00:00Z");
    let nowhere = lab::keys::Key::p256().spki();
    let log = trusted("https://ecdsa.example", &ecdsa);
    let app = here.app(&[old, log.clone(), log, trusted("", &nowhere)], &[], "");
    app.logs.poll_logs().await.unwrap();
    let [not_followed] = app.logs.logs_not_followed().try_into().unwrap();
    assert_eq!((not_followed.key_id.as_str(), not_followed.url.as_str()), (key_id(&nowhere).as_str(), ""));
    assert!(not_followed.next.contains(&format!("[logs] urls = {{ \"{}\"", not_followed.key_id)), "{not_followed:?}");
    read_whole(&app).await;
    assert_eq!(app.logs.followed_logs().len(), 1);
    app.check_health().unwrap();
    let facts = app.store.runner().unwrap().unwrap().facts;
    assert!(facts.contains(&key_id(&nowhere)), "`provwatch status` is told: {facts}");
    drop(app);
    let urls = format!("[logs.urls]\n\"{}\" = \"https://ecdsa.example/\"\n", key_id(&ecdsa));
    let app = here.app(&[trusted("", &ecdsa)], &[], &urls);
    read_whole(&app).await;
    assert_eq!(app.logs.logs_not_followed(), [], "the operator says where it is");
}

#[tokio::test]
async fn every_log_of_sigstores_staging_instance_is_followed() {
    let here = Trusting::new();
    let verifier = Verifier::new(&TrustMaterial::staging());
    let named = verifier.trusted_logs();
    let app = here.app_with(verifier, "");
    let followed = app.logs.followed_logs();
    let is_followed = |spki: &[u8]| followed.iter().any(|log| log.log.signer().key().spki() == spki);
    let now = provwatch::clock::Clock::now(&*here.clock);
    let signs =
        |since: Option<_>, until: Option<_>| since.is_none_or(|at| at <= now) && until.is_none_or(|at| at > now);
    for log in named.iter().filter(|log| signs(log.since, log.until)) {
        assert!(is_followed(&log.spki), "{}", log.base_url);
    }
    assert_eq!(app.logs.logs_not_followed(), []);
}

#[tokio::test]
async fn a_new_shard_is_read_from_its_first_entry_whatever_its_name_and_however_young_the_old_one() {
    for (first, second) in [("log2026-1.example", "log2026-2.example"), ("zebra.example", "aardvark.example")] {
        let mut here = Trusting::new();
        let (old, new) = (Ledger::new(first, Api::Tiles), Ledger::new(second, Api::Tiles));
        old.grow(30);
        new.grow(40);
        here.ledgers = vec![old.clone(), new.clone()];
        let old = ledger_at(&old, &format!("https://{first}"), "2020-01-01T00:00:00Z");
        drop(here.app(std::slice::from_ref(&old), &[], "").logs.poll_logs().await.unwrap());
        here.clock.advance(Duration::from_secs(20));
        let began = provwatch::clock::Clock::now(&*here.clock).to_rfc3339();
        let began_now = ledger_at(&new, &format!("https://{second}"), &began);
        let app = here.app(&[old.clone(), began_now], &[], "");
        app.logs.poll_logs().await.unwrap();
        let tail = app.store.log(second).unwrap().unwrap().tail.unwrap();
        assert_eq!((tail.start, tail.verified), (0, 40), "{second}");
    }
}

#[tokio::test]
async fn an_identity_log_is_audited_and_counted_and_accuses_nobody() {
    let mut here = Trusting::new();
    let ledger = Ledger::new("log.example", Api::Tiles);
    let identity = |number: usize| [&[1], lab::keys::sha256(&number.to_be_bytes()).as_slice(), &[8; 32]].concat();
    here.ledgers.push(ledger.clone());
    let app = here.app(&[ledger.trusted(None)], &[], "");
    for size in [0, 3, 300, 600] {
        (ledger.size()..size).for_each(|number| {
            ledger.append(identity(number));
        });
        ledger.publish();
        assert_eq!(here.minutes(&app, 1).await, 0, "{size}");
    }
    assert_eq!(here.minutes(&app, 30).await, 0);
    let row = app.store.log("log.example").unwrap().unwrap();
    assert_eq!((row.tail.unwrap().verified, row.quarantined, row.matches), (600, 0, 0));
    let [counted] = app.store.log_kinds("log.example").unwrap().try_into().unwrap();
    assert_eq!((&*counted.kind, counted.count), ("not understood", 600));
    no_alerts(&app);
    let log = app.logs.log_named("log.example").await.unwrap();
    let found = app.logs.find_entries(&log, &Wanted::Index(7)).await.unwrap().unwrap();
    assert_eq!((found[0].kind.as_ref().unwrap().0.as_str(), found[0].signers.len()), ("not understood", 0));
    ledger.misbehave(Misbehaviour::Fork(10));
    here.minutes(&app, 1).await;
    let alerts = app.store.alerts(&AlertFilter { limit: 9, ..AlertFilter::default() }).unwrap();
    let titles: Vec<_> = alerts.iter().map(|alert| &*alert.title).collect();
    assert_eq!(titles, ["log.example signed two trees of one size"], "its history is audited all the same");
}
