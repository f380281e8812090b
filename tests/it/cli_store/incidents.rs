//! Tests of `provwatch incident`: a case from its beginning to the evidence that is handed over.

use std::fs;

use provwatch::{
    model::{EvidenceDocument, EvidenceKind},
    store::{Outcome, Record},
};

use super::{Desk, at, stolen};

const BAD: &str = "pkg:npm/axios@1.14.1";

fn opened() -> Desk {
    let desk = Desk::with_story();
    let ran = desk.run(&["incident", "open", "axios-2026", BAD, "--reason", "published with a stolen token"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    desk
}

#[test]
fn a_case_from_its_beginning_to_its_end() {
    let desk = opened();
    for (arguments, code) in [
        (vec!["note", "axios-2026", "--text", "called \u{1b}[2Jthe maintainers"], 0),
        (vec!["decide", "axios-2026", "--text", "blocked in the proxy until Friday"], 0),
        (vec!["add", "axios-2026", "pkg:npm/plain-crypto-js@4.2.1", "--reason", "its dependency"], 0),
        (vec!["close", "axios-2026", "--reason", "the versions are gone"], 0),
        (vec!["close", "axios-2026", "--reason", "again"], 2),
        (vec!["note", "vite", "--text", "no such incident"], 2),
        (vec!["open", "axios-2026", "--reason", "a second time"], 2),
        (vec!["open", "../axios", "--reason", "a path"], 2),
    ] {
        let ran = desk.run(&[&["incident"], arguments.as_slice()].concat());
        assert_eq!(ran.code, code, "{arguments:?}: {}{}", ran.out, ran.err);
    }
    insta::assert_snapshot!("show", desk.run(&["incident", "show", "axios-2026"]).screen());
    insta::assert_snapshot!("markdown", desk.run(&["incident", "show", "axios-2026", "--markdown"]).screen());
    assert!(desk.run(&["incident", "list"]).out.contains("No incident is open"));
    let list = desk.run(&["incident", "list", "--all"]).out;
    assert!(list.contains("closed") && list.contains("axios-2026"), "{list}");
    let shown = desk.run(&["incident", "show", "axios-2026", "--format", "json"]).objects();
    assert_eq!((shown[0]["members"].as_array().unwrap().len(), &shown[0]["is_open"]), (2, &false.into()));
    assert_eq!(desk.run(&["store", "check"]).code, 0);
}

#[test]
fn evidence_is_handed_over_and_checked_elsewhere() {
    let desk = opened();
    let mut record = Record::observed(stolen(), Outcome::Alerted, at("2026-03-31T00:25:00Z"));
    record.documents = vec![EvidenceDocument {
        kind: EvidenceKind::NpmAttestations,
        subject: BAD.to_owned(),
        content: br#"{"attestations": []}"#.to_vec(),
        fetched_at: at("2026-03-31T00:25:00Z"),
    }];
    desk.store().record(&record).unwrap();
    let ran = desk.run(&["incident", "export", "axios-2026", "--to", "axios.tar"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    insta::assert_snapshot!("export", ran.screen());
    let again = desk.run(&["incident", "export", BAD, "--to", "axios.tar"]);
    assert!(again.code == 1 && again.err.contains("axios.tar"), "a file that is there stays: {}", again.err);

    let elsewhere = Desk::new();
    fs::copy(desk.path("axios.tar"), elsewhere.path("axios.tar")).unwrap();
    let ran = elsewhere.run(&["incident", "verify", "axios.tar"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("Nothing was altered") && ran.out.contains("absent"), "{}", ran.out);
    assert_eq!(elsewhere.run(&["incident", "verify", "axios.tar", "--format", "json"]).objects().len(), 1);
    let listed = std::process::Command::new("tar").arg("-tf").arg(desk.path("axios.tar")).output().unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    for name in [
        "README.txt",
        "SHA256SUMS",
        "incident.json",
        "manifest.json",
        "releases/0001/alert.json",
        "releases/0001/document-1.json",
    ] {
        assert!(names.lines().any(|line| line == name), "{name} is not in {names}");
    }
}

#[test]
fn altered_evidence_is_refused_by_the_member() {
    let desk = opened();
    desk.run(&["incident", "export", BAD, "--to", "axios.tar"]);
    let whole = fs::read(desk.path("axios.tar")).unwrap();
    let place = |needle: &[u8]| whole.windows(needle.len()).position(|window| window == needle).unwrap();
    let mut changed = whole.clone();
    changed[place(b"pkg:npm/axios@1.14.1\",\n")] = b'P';
    fs::write(desk.path("changed.tar"), &changed).unwrap();
    fs::write(desk.path("half.tar"), &whole[..whole.len() / 2]).unwrap();
    fs::write(desk.path("other.tar"), b"hello").unwrap();
    for (file, said) in [
        ("changed.tar", "altered"),
        ("half.tar", "byte"),
        ("other.tar", "not an evidence bundle"),
        ("none.tar", "none.tar"),
    ] {
        let ran = desk.run(&["incident", "verify", file]);
        assert!(ran.code == 1 && ran.err.contains(said), "{file}: {} {}", ran.code, ran.err);
    }
}
