//! Tests of takeovers with one malformed field. The takeover is reported at once, by the rest or because that field
//! cannot be read, and no other release suffers.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use lab::{Fault, Publication, Rig, rig::*};
use provwatch::{
    model::{Alert, AlertKind, ReleaseStatus, Severity},
    store::Outcome,
};
use serde_json::{Value, json};

/// One field of a document, and what it holds instead.
#[derive(Clone, Debug)]
struct Mutation {
    pointer: String,
    value: Change,
}

#[derive(Clone, Debug)]
enum Change {
    Set(Value),
    /// The key comes twice, first with this value.
    Twice,
}

/// What no registry writes there.
fn oddities() -> Vec<Change> {
    let mut all: Vec<Change> =
        [json!(7), json!(true), json!(["x"]), json!({"x": 7}), json!("x".repeat(900_000))].map(Change::Set).into();
    all.push(Change::Twice);
    all
}

/// Every field of an object and of the objects within, as JSON pointers.
fn pointers(value: &Value, prefix: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let pointer = format!("{prefix}/{}", key.replace('~', "~0").replace('/', "~1"));
                found.push(pointer.clone());
                pointers(value, &pointer, found);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                found.push(format!("{prefix}/{index}"));
                pointers(value, &format!("{prefix}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn mutations(document: &Value, entry: &str) -> Vec<Mutation> {
    let mut found = vec![entry.to_owned()];
    pointers(document.pointer(entry).unwrap(), entry, &mut found);
    let all = found
        .into_iter()
        .flat_map(|pointer| oddities().into_iter().map(move |value| Mutation { pointer: pointer.clone(), value }));
    all.filter(|mutation| is_change(document, mutation)).collect()
}

/// Whether it makes a difference, and one that is not the registry's to make.
fn is_change(document: &Value, mutation: &Mutation) -> bool {
    let (parent, _) = mutation.pointer.rsplit_once('/').unwrap();
    let in_list = document.pointer(parent).is_some_and(Value::is_array);
    match &mutation.value {
        Change::Set(value) => document.pointer(&mutation.pointer) != Some(value),
        Change::Twice => !in_list,
    }
}

fn mutated(document: &Value, mutation: &Mutation) -> Vec<u8> {
    let mut document = document.clone();
    let place = document.pointer_mut(&mutation.pointer).unwrap();
    match &mutation.value {
        Change::Set(value) => {
            *place = value.clone();
            document.to_string().into_bytes()
        }
        Change::Twice => {
            let (_, key) = mutation.pointer.rsplit_once('/').unwrap();
            let key = json!(key.replace("~1", "/").replace("~0", "~"));
            let value = std::mem::replace(place, json!("\u{1}here\u{1}"));
            let marked = format!(r#"{key}:"\u0001here\u0001""#);
            let text = document.to_string();
            assert!(text.contains(&marked), "{key}");
            text.replace(&marked, &format!("{key}:null,{key}:{value}")).into_bytes()
        }
    }
}

/// A package of trusted publishing, and mallory's release with a token and a script that runs at installation.
async fn taken_over(package: &str) -> Rig {
    let rig = Rig::watching(&[package]);
    rig.history(package, 3, &by_workflow(&workflow("widget")));
    rig.smooth_pass().await;
    assert_eq!((rig.alerts(), rig.troubles()), (vec![], vec![]));
    rig.minutes_pass(1);
    rig.publish(&format!("{package}@1.1.0"), &takeover());
    rig
}

fn takeover() -> Publication {
    Publication { dependencies: vec![("idna".to_owned(), "^3".to_owned())], ..by_mallory().install_script("node x.js") }
}

/// The worst alert about a release of the package: by its purl, or by a name that no purl has.
fn told(rig: &Rig) -> Option<Alert> {
    rig.alerts().into_iter().filter(|alert| alert.kind == AlertKind::Release).max_by_key(|alert| alert.severity)
}

/// Looks once, and asserts that the takeover is told as it must be.
async fn is_told(package: &str, place: &str, body: Vec<u8>, at_least: Severity, case: &str) {
    let rig = taken_over(package).await;
    rig.world.break_down(place, Fault::Body(body));
    rig.app.pass().await.unwrap();
    let alert = told(&rig).unwrap_or_else(|| panic!("{case}: nobody is told"));
    assert!(alert.severity >= at_least, "{case}: {} {} {}", alert.severity, alert.title, alert.argument);
    assert!(alert.title.starts_with("widget "), "{case}: {}", alert.title);
    if let Some(row) = rig.store().release(&format!("{package}@1.1.0").parse().unwrap()).unwrap() {
        assert!(matches!(row.outcome, Outcome::Alerted | Outcome::Unreadable), "{case}: {:?}", row.outcome);
        assert!(!row.in_baseline, "{case}");
    }
    for number in 0..3 {
        let row = rig.release(&format!("{package}@1.0.{number}"));
        let seen = (row.outcome, row.status, row.in_baseline);
        assert_eq!(seen, (Outcome::Learned, ReleaseStatus::Published, true), "{case}: 1.0.{number}");
    }
    let is_old = |alert: &Alert| alert.purl.as_ref().is_some_and(|purl| purl.version().starts_with("1.0."));
    assert!(!rig.alerts().iter().any(is_old), "{case}: {:?}", rig.alerts());
}

/// Every mutation, each in a world of its own. What is mutated may be the evidence itself: then it is high at least.
async fn all(package: &str, place: &str, document: Value, entries: &[String], is_evidence: fn(&str) -> bool) {
    let mutations: Vec<_> = entries.iter().flat_map(|entry| mutations(&document, entry)).collect();
    assert!(mutations.len() >= 100, "{}", mutations.len());
    let mut failed = Vec::new();
    for mutation in mutations {
        let case = format!("{package}, {}: {:.60}", mutation.pointer, format!("{:?}", mutation.value));
        let at_least = if is_evidence(&mutation.pointer) { Severity::High } else { Severity::Critical };
        let body = mutated(&document, &mutation);
        let outcome = std::panic::AssertUnwindSafe(is_told(package, place, body, at_least, &case));
        let outcome = futures::FutureExt::catch_unwind(outcome).await;
        failed.extend(outcome.is_err().then_some(case));
    }
    assert_eq!(failed, [""; 0], "what happened in each stands above");
}

fn json_of(answer: lab::world::Answer) -> Value {
    serde_json::from_slice(&answer.unwrap().2).unwrap()
}

#[tokio::test]
async fn whatever_one_field_of_an_npm_entry_holds_the_takeover_is_told() {
    let rig = taken_over("pkg:npm/widget").await;
    let document = json_of(rig.world.npm().registry("/widget"));
    let entry = "/versions/1.1.0";
    let whole = |pointer: &str| pointer == "/versions/1.1.0";
    all("pkg:npm/widget", "npm.example/widget#", document, &[entry.to_owned()], whole).await;
}

#[tokio::test]
async fn whatever_one_field_of_a_pypi_file_holds_the_takeover_is_told() {
    let rig = taken_over("pkg:pypi/widget").await;
    let document = json_of(rig.world.pypi().answer("/simple/widget/", b""));
    let files = document["files"].as_array().unwrap();
    let first = files.iter().position(|file| file["filename"].as_str().unwrap().contains("1.1.0")).unwrap();
    let entries = [first, first + 1].map(|place| format!("/files/{place}"));
    all("pkg:pypi/widget", "pypi.example/simple/widget", document, &entries, |_| true).await;
}

#[tokio::test]
async fn whatever_one_field_of_a_crates_io_version_holds_the_takeover_is_told() {
    let rig = taken_over("pkg:cargo/widget").await;
    let document = json_of(rig.world.crates().api("/api/v1/crates/widget/versions"));
    assert_eq!(document["versions"][0]["num"], "1.1.0");
    let entries = ["/versions/0".to_owned()];
    let place = "crates.example/api/v1/crates/widget/versions";
    all("pkg:cargo/widget", place, document, &entries, |_| true).await;
}

#[tokio::test]
async fn whatever_one_field_of_an_index_line_holds_the_takeover_is_told() {
    let package = "pkg:cargo/widget";
    let rig = taken_over(package).await;
    let index = String::from_utf8(rig.world.crates().index("/wi/dg/widget").unwrap().2).unwrap();
    let (before, line) = index.trim_end().rsplit_once('\n').unwrap();
    let document = json!({"line": serde_json::from_str::<Value>(line).unwrap()});
    for mutation in mutations(&document, "/line").into_iter().filter(|mutation| mutation.pointer != "/line") {
        let case = format!("{}: {:.60}", mutation.pointer, format!("{:?}", mutation.value));
        let body = mutated(&document, &mutation);
        let line = body.strip_prefix(br#"{"line":"#).unwrap().strip_suffix(b"}").unwrap();
        let body = [before.as_bytes(), b"\n", line, b"\n"].concat();
        // A line that names no version cannot say that it is the announced one.
        is_told(package, "index.example/", body, Severity::High, &case).await;
    }
}

/// What is odd in the document beside the takeover's entry changes nothing at all.
#[tokio::test]
async fn an_odd_document_hides_no_takeover_in_it() {
    let rig = taken_over("pkg:npm/widget").await;
    let document = json_of(rig.world.npm().registry("/widget"));
    let odd = |pointer: &str, value: Value| Mutation { pointer: pointer.to_owned(), value: Change::Set(value) };
    let twice = |pointer: &str| Mutation { pointer: pointer.to_owned(), value: Change::Twice };
    for mutation in [
        odd("/time/1.1.0", json!(0)),
        odd("/time/1.1.0", json!("not a date")),
        odd("/time", json!({})),
        odd("/time", json!(7)),
        odd("/maintainers", json!(1)),
        odd("/dist-tags", json!(1)),
        odd("/_rev", json!(1)),
        odd("/name", json!(1)),
        odd("/readme", json!({})),
        odd("/versions/1.0.0", json!(null)),
        odd("/versions/1.0.1/dist", json!("x")),
        twice("/readme"),
        twice("/name"),
        twice("/_rev"),
        twice("/versions/1.0.0"),
        twice("/time/1.1.0"),
    ] {
        let case = format!("{mutation:?}");
        let body = mutated(&document, &mutation);
        is_told("pkg:npm/widget", "npm.example/widget#", body, Severity::Critical, &case).await;
    }
}

#[tokio::test]
async fn a_version_that_no_purl_can_name_is_told_by_its_package() {
    for version in ["", &"9".repeat(400), &"9".repeat(5000)] {
        let rig = taken_over("pkg:npm/widget").await;
        let mut document = json_of(rig.world.npm().registry("/widget"));
        let entry = document["versions"].as_object_mut().unwrap().remove("1.1.0").unwrap();
        document["versions"][version] = entry;
        document["time"] = json!({"1.0.0": document["time"]["1.0.0"], version: "2026-06-01T12:01:00Z"});
        rig.world.break_down("npm.example/widget#", Fault::Body(document.to_string().into_bytes()));
        rig.app.pass().await.unwrap();
        let alert = told(&rig).unwrap();
        assert_eq!((alert.severity, alert.purl), (Severity::High, None));
        assert!(alert.title.starts_with("widget \"") && alert.title.len() < 300, "{}", alert.title);
        assert!(alert.argument.contains("pkg:npm/widget, version \""), "{}", alert.argument);
        assert!(alert.signals[0].seen.contains("no package URL can name"), "{}", alert.signals[0].seen);
        let sent = rig.world.received();
        assert!(sent.iter().any(|(path, _)| path.ends_with("/worst")), "{sent:?}");
        // Another look says nothing new.
        rig.minutes_pass(6);
        rig.app.pass().await.unwrap();
        assert_eq!(rig.alerts().len(), 1);
    }
}

#[tokio::test]
async fn a_new_release_that_cannot_be_read_at_all_is_a_release_alert_at_once() {
    let rig = taken_over("pkg:npm/widget").await;
    let mut document = json_of(rig.world.npm().registry("/widget"));
    document["versions"]["1.1.0"] = json!(null);
    rig.world.break_down("npm.example/widget#", Fault::Body(document.to_string().into_bytes()));
    let summary = rig.smooth_pass().await;
    assert_eq!((summary.work.examined.alerts, summary.work.examined.unchecked), (1, 1));
    let alert = rig.the_alert();
    assert_eq!((alert.severity, &*alert.signals[0].detector), (Severity::High, "unreadable-release"));
    assert_eq!(alert.purl.unwrap().to_string(), "pkg:npm/widget@1.1.0");
    assert_eq!(rig.outcome("pkg:npm/widget@1.1.0"), Outcome::Unreadable);

    rig.world.mend("npm.example/widget#");
    rig.minutes_pass(6);
    rig.smooth_pass().await;
    let alert = rig.the_alert();
    assert_eq!(alert.severity, Severity::Critical, "what comes later only raises");
    assert_eq!(rig.outcome("pkg:npm/widget@1.1.0"), Outcome::Alerted);
}

#[tokio::test]
async fn what_was_odd_before_the_package_was_watched_is_quiet_and_teaches_what_it_can() {
    for (pointer, value) in [
        ("/versions/1.0.1", json!(null)),
        ("/versions/1.0.1/gitHead", json!({})),
        ("/versions/1.0.1/scripts", json!("x")),
        ("/versions/1.0.1/_npmUser", json!("ada")),
        ("/versions/1.0.1/dist", json!("x")),
        ("/time/1.0.1", json!(0)),
    ] {
        let rig = Rig::watching(&["pkg:npm/widget"]);
        rig.history("pkg:npm/widget", 4, &by_workflow(&workflow("widget")));
        let mut document = json_of(rig.world.npm().registry("/widget"));
        if let Some(place) = document.pointer_mut(pointer) {
            *place = value;
        } else {
            document["versions"]["1.0.1"]["scripts"] = value;
        }
        rig.world.break_down("npm.example/widget#", Fault::Body(document.to_string().into_bytes()));
        for minutes in [0, 6, 31, 121, 600] {
            rig.minutes_pass(minutes);
            rig.smooth_pass().await;
        }
        assert_eq!((rig.alerts(), rig.troubles()), (vec![], vec![]), "{pointer}");
        rig.world.mend("npm.example/widget#");
        rig.publish("pkg:npm/widget@1.1.0", &by_workflow(&workflow("widget")));
        rig.smooth_pass().await;
        assert_eq!(rig.outcome("pkg:npm/widget@1.1.0"), Outcome::Clean, "{pointer}");
    }
}

#[tokio::test]
async fn an_honest_release_with_an_odd_commit_is_clean() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 4, &by_workflow(&workflow("widget")));
    rig.smooth_pass().await;
    rig.minutes_pass(1);
    rig.publish("pkg:npm/widget@1.1.0", &by_workflow(&workflow("widget")));
    let mut document = json_of(rig.world.npm().registry("/widget"));
    document["versions"]["1.1.0"]["gitHead"] = json!({"x": 1});
    rig.world.break_down("npm.example/widget#", Fault::Body(document.to_string().into_bytes()));
    rig.smooth_pass().await;
    assert_eq!(rig.outcome("pkg:npm/widget@1.1.0"), Outcome::Clean);
    let seen = rig.release("pkg:npm/widget@1.1.0").observation.unwrap();
    assert_eq!(seen.unread.0.keys().map(String::as_str).collect::<Vec<_>>(), ["manifest.git_head"]);
}

/// Whoever makes very many entries unreadable is told in one message, which names all of them, and each is counted.
#[tokio::test]
async fn many_unreadable_releases_are_one_message_and_delay_nobody() {
    let rig = Rig::watching(&["pkg:npm/widget", "pkg:npm/victim"]);
    for package in ["pkg:npm/widget", "pkg:npm/victim"] {
        rig.history(package, 3, &by_workflow(&workflow("widget")));
    }
    rig.smooth_pass().await;
    rig.minutes_pass(1);
    for number in 0..150 {
        rig.publish(&format!("pkg:npm/widget@2.0.{number}"), &by_ada());
        rig.world.npm().spoil("widget", &format!("2.0.{number}"));
    }
    rig.publish("pkg:npm/victim@1.1.0", &takeover());
    let pass = rig.app.pass().await.unwrap();
    assert_eq!(pass.work.examined.unchecked, 150, "each is counted");
    assert_eq!(rig.alerts().iter().filter(|alert| alert.severity == Severity::High).count(), 150, "each has its alert");
    let worst: Vec<Value> = rig
        .world
        .received()
        .into_iter()
        .filter(|(path, _)| path == "/worst")
        .map(|(_, body)| body["data"].clone())
        .collect();
    assert_eq!(worst.len(), 2, "{worst:?}");
    let together = worst.iter().find(|alert| alert["kind"] == "campaign").unwrap();
    assert_eq!(together["title"], "widget: 150 new releases cannot be read");
    assert_eq!(together["package"], "pkg:npm/widget");
    assert_eq!(together["member_details"].as_array().unwrap().len(), 150);
    assert!(worst.iter().any(|alert| alert["purl"] == "pkg:npm/victim@1.1.0"));
    // Another one later is told by itself.
    rig.publish("pkg:npm/widget@2.1.0", &by_ada());
    rig.world.npm().spoil("widget", "2.1.0");
    rig.app.pass().await.unwrap();
    let last = rig.world.received().into_iter().rfind(|(path, _)| path == "/worst").unwrap().1;
    assert_eq!(last["data"]["purl"], "pkg:npm/widget@2.1.0");
}

/// A firewall before the receiver that does not like what a publisher wrote.
#[tokio::test]
async fn a_receiver_that_refuses_what_a_publisher_wrote_is_told_all_the_same() {
    let rig = taken_over("pkg:npm/widget").await;
    rig.world.break_down("hooks.example", Fault::Firewall("mallory"));
    rig.publish("pkg:npm/widget@1.2.0", &takeover());
    for _ in 0..40 {
        rig.app.pass().await.unwrap();
        rig.clock.advance(std::time::Duration::from_secs(1));
    }
    let worst = rig.world.received().into_iter().filter(|(path, _)| path == "/worst");
    let told: Vec<Value> = worst.map(|(_, body)| body["data"].clone()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    let alerts = rig.alerts();
    for told in told {
        let alert = alerts.iter().find(|alert| told["id"] == alert.id.to_string()).unwrap();
        assert_eq!((&told["severity"], &told["package"]), (&json!("critical"), &json!("pkg:npm/widget")));
        assert!(!told.to_string().contains("mallory") && !told.to_string().contains("1.1.0"), "{told}");
        let deliveries = rig.store().deliveries_of(alert, 9).unwrap();
        let said = deliveries.iter().find(|one| one.subscription == "worst").unwrap().detail.clone().unwrap();
        assert!(said.contains("short form"), "{said}");
    }
}
