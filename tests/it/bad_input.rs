//! Tests of bad registry answers: no release is lost or called clean, and no reader panics or hangs. Each document of
//! each registry is spoiled in every way, for a while, at the very moment of a takeover.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use lab::{Breakage, Fault, Publication, Rig, Workflow, rig::*};
use provwatch::store::Outcome;
use serde_json::{Map, Value, json};

/// One document that the pipeline reads.
struct Document {
    /// What it is.
    name: &'static str,
    /// A part of its URL.
    place: &'static str,
    /// Whether it is what tells of changes.
    is_feed: bool,
}

impl Document {
    /// Whether this is a well-formed answer that is not true: that nothing happened, or that it happened to another package.
    /// Nobody can tell; what a feed hides that way is found when all packages are compared, within a day.
    fn is_lie(&self, what: &str) -> bool {
        self.is_feed && ["304 without a validator", "of another package"].contains(&what)
    }
}

const NPM: &[Document] = &[
    Document { name: "the feed's page", place: "replicate.example/registry/_changes", is_feed: true },
    Document { name: "the feed's tip", place: "replicate.example/#", is_feed: false },
    Document { name: "the package document", place: "npm.example/widget", is_feed: false },
    Document { name: "the attestations", place: "npm.example/-/npm/v1/attestations", is_feed: false },
];

const PYPI: &[Document] = &[
    Document { name: "the changelog", place: "pypi.example/pypi#", is_feed: true },
    Document { name: "the simple index", place: "pypi.example/simple", is_feed: false },
    Document { name: "the project's JSON", place: "pypi.example/pypi/widget/json", is_feed: false },
    Document { name: "the provenance", place: "pypi.example/integrity", is_feed: false },
];

const CARGO: &[Document] = &[
    Document { name: "the update feed", place: "static.example", is_feed: true },
    Document { name: "the index", place: "index.example", is_feed: false },
    Document { name: "the versions", place: "crates.example/api/v1/crates/widget/versions", is_feed: false },
    Document { name: "the owners", place: "crates.example/api/v1/crates/widget/owners", is_feed: false },
];

/// What happens on the way. An honest release that meets one of these raises no alert.
fn accidents() -> Vec<(&'static str, Fault)> {
    let status = |status, headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Fault::Status(status, headers)
    };
    vec![
        ("no answer", Fault::Reset),
        ("304 without a validator", status(304, &[])),
        ("404", status(404, &[])),
        ("429", status(429, &[("retry-after", "120")])),
        ("429 with a strange delay", status(429, &[("retry-after", "99999999999999999999")])),
        ("500", status(500, &[])),
        ("503", status(503, &[("retry-after", "Mon, 01 Jun 2026 12:30:00 GMT")])),
        ("a redirect to nowhere", status(302, &[])),
        ("a redirect into the house", status(302, &[("location", "https://127.0.0.1/")])),
    ]
}

/// What may stand in a document.
fn spoilings() -> Vec<(&'static str, Fault)> {
    vec![
        ("empty", Fault::Body(Vec::new())),
        ("null", Fault::Body(b"null".to_vec())),
        ("a number", Fault::Body(b"7".to_vec())),
        ("an empty list", Fault::Body(b"[]".to_vec())),
        ("an empty object", Fault::Body(b"{}".to_vec())),
        ("a web page", Fault::Body(b"<!doctype html><html><body>We are down</body></html>".to_vec())),
        ("deeply nested lists", Fault::Body(b"[".repeat(200_000))),
        ("deeply nested objects", Fault::Body(br#"{"a":"#.repeat(100_000))),
        ("deeply nested elements", Fault::Body(b"<a>".repeat(100_000))),
        ("truncated", Fault::Changed(|body| body[..body.len() * 2 / 3].to_vec())),
        ("without its last byte", Fault::Changed(|body| body[..body.len().saturating_sub(2)].to_vec())),
        ("something after it", Fault::Changed(|body| [body, b"{]"].concat())),
        ("huge", Fault::Changed(|body| [body, &b" ".repeat(65 << 20)].concat())),
        ("bad UTF-8", Fault::Changed(|body| replaced(body, b"widget", b"wid\xffget"))),
        ("zero bytes", Fault::Changed(|body| replaced(body, b"widget", b"wid\0get"))),
        ("of another package", Fault::Changed(|body| replaced(body, b"widget", b"gadget"))),
        ("bad times", Fault::Changed(|body| replaced(body, b"2026", b"20x6"))),
        ("times beyond all time", Fault::Changed(|body| replaced(body, b"2026-", b"999999-"))),
        ("numbers for texts", Fault::Changed(|body| replaced(body, b"\"1.1.0\"", b"110"))),
        ("texts for objects", Fault::Changed(|body| replaced(body, b":{", b":\"\",\"x\":{"))),
        ("every key twice", Fault::Changed(|body| each_object(body, twice))),
        ("unknown keys", Fault::Changed(|body| each_object(body, with_unknown_key))),
    ]
}

fn replaced(body: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(place) = rest.windows(old.len()).position(|window| window == old) {
        out.extend_from_slice(&rest[..place]);
        out.extend_from_slice(new);
        rest = &rest[place + old.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// Every line that is a JSON object, written anew; anything else stays as it is.
fn each_object(body: &[u8], write: fn(&Map<String, Value>) -> String) -> Vec<u8> {
    let lines = body.split(|byte| *byte == b'\n').map(|line| match serde_json::from_slice(line) {
        Ok(Value::Object(object)) => write(&object).into_bytes(),
        _ => line.to_vec(),
    });
    lines.collect::<Vec<_>>().join(&b'\n')
}

fn twice(object: &Map<String, Value>) -> String {
    let members: Vec<_> = object.iter().map(|(key, value)| format!("{0}:null,{0}:{value}", json!(key))).collect();
    format!("{{{}}}", members.join(","))
}

fn with_unknown_key(object: &Map<String, Value>) -> String {
    let mut object = object.clone();
    object.insert("a_key_of_tomorrow".to_owned(), json!({"a": [1, {"b": null}]}));
    Value::Object(object).to_string()
}

/// A package with an attested history, where its registry has attestations.
async fn rig(package: &str) -> Rig {
    let rig = Rig::watching(&[package]);
    rig.history(package, 3, &by_workflow(&workflow("widget")));
    rig.smooth_pass().await;
    rig.minutes_pass(1);
    rig
}

/// Whatever was not seen as it is must be waiting somewhere where an operator finds it.
fn nothing_is_hidden(rig: &Rig, release: &str, case: &str) {
    let row = rig.store().release(&release.parse().unwrap()).unwrap();
    let failing = rig.store().sources().unwrap().iter().any(|source| source.last_error_at > source.last_success)
        || rig.store().work_summary(rig.now()).unwrap().failing > 0;
    let package = release.split('@').next().unwrap().parse().unwrap();
    let unreadable = rig.store().releases(&package, 10).unwrap().iter().any(|row| row.outcome == Outcome::Unreadable);
    match row {
        None => assert!(failing || unreadable, "{case}: neither stored nor waiting"),
        Some(row) => match row.outcome {
            Outcome::Alerted => {}
            Outcome::Unchecked | Outcome::Unreadable => {
                assert!(!row.unchecked.is_empty(), "{case}: no reason is given");
            }
            Outcome::Clean | Outcome::Learned | Outcome::Held => {
                panic!("{case}: it is called {}", row.outcome.as_str())
            }
        },
    }
}

/// A takeover while an answer is spoiled: it is seen at the latest when the answer is good again.
async fn takeover(package: &str, document: &Document, (what, fault): (&str, Fault), publication: &Publication) {
    let case = format!("{package}, {}: {what}", document.name);
    let release = format!("{package}@1.1.0");
    let rig = rig(package).await;
    rig.world.break_down(document.place, fault);
    rig.publish(&release, publication);
    for _ in 0..3 {
        rig.app.pass().await.unwrap();
        if !document.is_lie(what) {
            rig.check();
            nothing_is_hidden(&rig, &release, &case);
        }
        rig.minutes_pass(1);
    }
    mended(&rig, document).await;
    assert_eq!(rig.outcome(&release), Outcome::Alerted, "{case}: {:?}", rig.release(&release).unchecked);
}

/// The answers are good again, and a day passes.
async fn mended(rig: &Rig, document: &Document) {
    rig.world.mend(document.place);
    for _ in 0..5 {
        rig.minutes_pass(301);
        rig.app.pass().await.unwrap();
    }
    rig.check();
}

/// An honest release while an answer does not come: no alert, and in the end it is clean.
async fn accident(package: &str, document: &Document, (what, fault): (&str, Fault)) {
    let case = format!("{package}, {}: {what}", document.name);
    let release = format!("{package}@1.1.0");
    let rig = rig(package).await;
    rig.world.break_down(document.place, fault);
    rig.publish(&release, &by_workflow(&workflow("widget")));
    for _ in 0..3 {
        rig.app.pass().await.unwrap();
        rig.minutes_pass(1);
    }
    mended(&rig, document).await;
    assert_eq!(rig.alerts(), [], "{case}");
    assert_eq!(rig.outcome(&release), Outcome::Clean, "{case}: {:?}", rig.release(&release).unchecked);
}

/// A takeover that only evidence tells from an honest release.
fn by_a_strange_workflow() -> Publication {
    by_workflow(&Workflow::github("acme/widget", "evil.yml", "refs/heads/main"))
}

async fn every_case(package: &str, documents: &[Document], takeover_by: &Publication) {
    let mut failed = Vec::new();
    for document in documents {
        for spoiled in spoilings().into_iter().chain(accidents()) {
            let case = format!("a takeover, {}: {}", document.name, spoiled.0);
            let outcome = AssertUnwindSafe(takeover(package, document, spoiled, takeover_by)).catch_unwind().await;
            failed.extend(outcome.is_err().then_some(case));
        }
        for step in accidents() {
            let case = format!("an honest release, {}: {}", document.name, step.0);
            let outcome = AssertUnwindSafe(accident(package, document, step)).catch_unwind().await;
            failed.extend(outcome.is_err().then_some(case));
        }
    }
    assert_eq!(failed, [""; 0], "{package}: these cases failed; what happened in each stands above");
}

#[tokio::test]
async fn npm_answers_badly() {
    every_case("pkg:npm/widget", NPM, &by_a_strange_workflow()).await;
}

#[tokio::test]
async fn pypi_answers_badly() {
    every_case("pkg:pypi/widget", PYPI, &by_a_strange_workflow()).await;
}

#[tokio::test]
async fn crates_io_answers_badly() {
    every_case("pkg:cargo/widget", CARGO, &by_mallory()).await;
}

#[tokio::test]
async fn attestations_that_say_something_else_are_not_verified() {
    for package in ["pkg:npm/widget", "pkg:pypi/widget"] {
        for broken in [Breakage::DuplicateExtension, Breakage::UndecodableExtension, Breakage::Subject] {
            let rig = rig(package).await;
            let release = format!("{package}@1.1.0");
            rig.publish(&release, &by_workflow(&workflow("widget")).broken(broken));
            rig.smooth_pass().await;
            let row = rig.release(&release);
            assert!(matches!(row.outcome, Outcome::Alerted | Outcome::Unchecked), "{package} {broken:?}: {row:?}");
            assert_eq!(row.observation.unwrap().identities(), [] as [&provwatch::model::WorkflowIdentity; 0]);
            assert!(!row.in_baseline);
        }
    }
}
