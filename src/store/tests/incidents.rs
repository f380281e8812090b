//! Tests of incidents, of the documents that are kept as evidence, and of searches.

use chrono::TimeDelta;

use super::lab::{Lab, alerted, minutes_later, noon, observation, package, provenance, release};
use crate::{
    model::{
        Digests, EvidenceDocument, EvidenceKind, File, IncidentEvent, IncidentEventKind, Manifest, Observation, Person,
        Severity, Tie,
    },
    store::{Against, Outcome, OwnedTrace, Record, Search, Store, Trace},
};

fn event(kind: IncidentEventKind, purl: Option<&str>, text: &str) -> IncidentEvent {
    IncidentEvent { at: noon(), by: "ada".to_owned(), kind, purl: purl.map(release), tie: None, text: text.to_owned() }
}

fn opened(store: &Store, name: &str, members: &[&str]) {
    let members = members.iter().map(|purl| event(IncidentEventKind::Added, Some(purl), "accused"));
    let events: Vec<_> = [event(IncidentEventKind::Opened, None, "a takeover")].into_iter().chain(members).collect();
    assert!(store.open_incident(name, &events).unwrap());
}

fn built(purl: &str) -> Observation {
    Observation { attestation: provenance("7"), ..observation(purl) }
}

fn by(purl: &str, name: &str, email: Option<&str>) -> Observation {
    let publisher = Some(Person { name: name.to_owned(), email: email.map(str::to_owned) });
    Observation { publisher, ..observation(purl) }
}

fn store_all(store: &Store, all: Vec<Observation>) {
    for observation in all {
        store.record(&Record::observed(observation, Outcome::Clean, noon())).unwrap();
    }
}

const BAD: &str = "pkg:npm/axios@1.14.1";

#[test]
fn an_incident_keeps_what_people_said_and_nobody_edits_it() {
    let lab = Lab::new();
    opened(&lab.store, "axios", &[BAD]);
    assert!(!lab.store.open_incident("axios", &[event(IncidentEventKind::Opened, None, "again")]).unwrap());
    let more =
        [event(IncidentEventKind::Note, None, "called the maintainer"), event(IncidentEventKind::Closed, None, "over")];
    assert!(lab.store.add_to_incident("axios", &more).unwrap());
    assert!(!lab.store.add_to_incident("vite", &more).unwrap(), "there is none of that name");
    let lab = lab.after_kill();
    let incident = lab.store.incident("axios").unwrap().unwrap();
    assert_eq!((incident.is_open, incident.members.len(), incident.events.len()), (false, 1, 4));
    assert_eq!(lab.store.incidents_of(&release(BAD)).unwrap(), std::slice::from_ref(&incident));
    assert_eq!(lab.store.incidents().unwrap(), [incident]);
    for sql in
        ["DELETE FROM incident_events", "UPDATE incident_events SET text = 'x'", "UPDATE incidents SET name = 'x'"]
    {
        assert!(lab.sql(sql).unwrap_err().to_string().contains("only grow"), "{sql}");
    }
    let checked = lab.store.check_history(&Against::default()).unwrap();
    assert_eq!((checked.fault_count, checked.entries), (0, 5), "each is an entry of the history");
}

#[test]
fn a_release_joins_by_its_strongest_tie_while_the_incident_is_open() {
    let lab = Lab::new();
    let bad = Observation { publisher: by(BAD, "qix", Some("q@x.example")).publisher, ..built(BAD) };
    store_all(&lab.store, vec![bad.clone()]);
    opened(&lab.store, "axios", &[BAD]);
    let joined = |seen: &Observation| lab.store.joined(seen).unwrap();
    let tie = |seen: &Observation| joined(seen).first().map(|one| one.tie);
    assert_eq!(joined(&bad), [], "a member does not join again");
    assert_eq!(tie(&built("pkg:npm/vite@1.0.0")), Some(Tie::SameRun));
    assert_eq!(tie(&by("pkg:npm/chalk@1.0.0", "qix", None)), Some(Tie::SamePublisher));
    assert_eq!(tie(&by("pkg:pypi/chalk@1.0.0", "qix", None)), None, "an account belongs to one registry");
    assert_eq!(tie(&by("pkg:pypi/chalk@1.0.0", "other", Some("Q@X.example"))), Some(Tie::SamePublisher));
    let manifest = Manifest { repository: Some("https://github.com/o/r".to_owned()), ..Manifest::default() };
    let named = Observation { manifest: Some(manifest), ..observation("pkg:npm/b@1.0.0") };
    assert_eq!(tie(&named), None, "anybody can name a repository");
    lab.store.add_to_incident("axios", &[event(IncidentEventKind::Closed, None, "over")]).unwrap();
    assert_eq!(joined(&built("pkg:npm/vite@1.0.0")), []);
    lab.store.add_to_incident("axios", &[event(IncidentEventKind::Reopened, None, "not over")]).unwrap();
    assert_eq!(joined(&built("pkg:npm/vite@1.0.0")).len(), 1);
    lab.store.add_to_incident("axios", &[event(IncidentEventKind::Removed, Some(BAD), "honest")]).unwrap();
    assert_eq!(joined(&built("pkg:npm/vite@1.0.0")), []);
}

#[test]
fn a_release_that_the_alert_says_joins_is_a_member_from_then_on() {
    let lab = Lab::new();
    store_all(&lab.store, vec![built(BAD)]);
    opened(&lab.store, "axios", &[BAD]);
    let mut record = alerted("pkg:npm/vite@1.0.0", Severity::High);
    record.subject = crate::store::Subject::Observed(Box::new(built("pkg:npm/vite@1.0.0")));
    lab.store.record(&record).unwrap();
    assert_eq!(lab.store.incident("axios").unwrap().unwrap().members.len(), 1, "its alert is about something else");
    record.alert.as_mut().unwrap().signals[0].detector = "incident-joined".into();
    for _ in 0..2 {
        lab.store.record(&record).unwrap();
    }
    let members = lab.store.incident("axios").unwrap().unwrap().members;
    assert_eq!(members.len(), 2);
    assert_eq!((members[1].tie, members[1].by.as_str()), (Some(Tie::SameRun), "provwatch"));
}

fn document(subject: &str, content: &str) -> EvidenceDocument {
    let (kind, content) = (EvidenceKind::NpmAttestations, content.as_bytes().to_vec());
    EvidenceDocument { kind, subject: subject.to_owned(), content, fetched_at: noon() }
}

#[test]
fn documents_are_kept_of_what_raised_something() {
    let lab = Lab::new();
    let kept = |purl: &str| lab.store.documents(&release(purl)).unwrap();
    let mut bad = alerted(BAD, Severity::High);
    bad.documents = vec![document("axios@1.14.1", "{\"attestations\": []}")];
    lab.store.record(&bad).unwrap();
    lab.store.record(&bad).unwrap();
    assert_eq!(kept(BAD), bad.documents);
    let mut clean = Record::observed(observation("pkg:npm/axios@1.14.2"), Outcome::Clean, noon());
    clean.documents = vec![document("axios@1.14.2", "{}")];
    lab.store.record(&clean).unwrap();
    assert_eq!(kept("pkg:npm/axios@1.14.2"), []);

    // What could not be checked may turn out to be an attack, or clean.
    let mut doubted = Record { outcome: Outcome::Unchecked, ..clean.clone() };
    doubted.documents.push(document("axios@1.14.2", "{\"attestations\": []}"));
    lab.store.record(&doubted).unwrap();
    assert_eq!(kept("pkg:npm/axios@1.14.2").len(), 2);
    lab.store.record(&Record { now: minutes_later(5), documents: Vec::new(), ..clean }).unwrap();
    assert_eq!(kept("pkg:npm/axios@1.14.2"), []);
    assert_eq!(kept(BAD), bad.documents, "an equal document of another release stays");
    assert_eq!(lab.store.set_damage_aside(noon()).unwrap().rows, 0);
}

#[test]
fn of_a_release_with_endless_documents_some_are_kept() {
    let lab = Lab::new();
    let mut bad = alerted(BAD, Severity::High);
    let large = "x".repeat(5 * 1024 * 1024);
    bad.documents = (0..5).map(|number| document(&format!("{number}.whl"), &large)).collect();
    lab.store.record(&bad).unwrap();
    assert_eq!(lab.store.documents(&release(BAD)).unwrap().len(), 3);
}

#[test]
fn clues_narrow_a_search_down() {
    let lab = Lab::new();
    let npm = crate::model::Ecosystem::NPM.into();
    let at = |minutes, seen: Observation| Observation { published_at: minutes_later(minutes), ..seen };
    let sha1 = |purl: &str| {
        let digests = Digests { sha1: Some("ab".repeat(20)), ..Digests::default() };
        let file = File { name: "a.tgz".to_owned(), digests, uploaded_at: None, yanked: false, attestation: None };
        Observation { files: vec![file], ..observation(purl) }
    };
    store_all(
        &lab.store,
        vec![
            at(1, by("pkg:npm/a@1.0.0", "qix", Some("q@x.example"))),
            at(2, by("pkg:npm/b@1.0.0", "qix", None)),
            at(3, Observation { publisher: by(BAD, "qix", None).publisher, ..built("pkg:npm/c@1.0.0") }),
            at(4, sha1("pkg:npm/d@1.0.0")),
        ],
    );
    let qix = || vec![Trace::Publisher(&npm, "qix")];
    let found = |clues: Vec<Vec<Trace<'_>>>, since: Option<i64>, at_most| {
        let clues = clues.into_iter().map(|clue| clue.into_iter().map(OwnedTrace::from).collect()).collect();
        let search = Search { clues, since: since.map(minutes_later), ..Search::default() };
        let found = lab.store.search(&search, at_most).unwrap();
        let purls: Vec<String> =
            found.releases.iter().map(|found| found.row.purl.package().name().to_owned()).collect();
        (purls.join(" "), found.has_more)
    };
    let some = |text: &str, more| (text.to_owned(), more);
    assert_eq!(found(vec![qix()], None, 9), some("c b a", false));
    assert_eq!(found(vec![qix()], None, 2), some("c b", true));
    assert_eq!(found(vec![qix()], Some(2), 9), some("c b", false));
    assert_eq!(found(vec![qix(), vec![Trace::Repository("https://github.com/O/R")]], None, 9), some("c", false));
    assert_eq!(
        found(vec![qix(), vec![Trace::Email("q@x.example"), Trace::Run("https://x")]], None, 9),
        some("a", false)
    );
    assert_eq!(found(vec![vec![Trace::EmailDomain("X.EXAMPLE")]], None, 9), some("a", false));
    assert_eq!(
        found(vec![vec![Trace::AnyAttempt("https://github.com/o/r/actions/runs/7")]], None, 9),
        some("c", false)
    );
    assert_eq!(found(vec![vec![Trace::Sha1(&"AB".repeat(20))]], None, 9), some("d", false));
    assert_eq!(found(vec![vec![Trace::Digest(&"ab".repeat(20))]], None, 9), some("", false));
    assert_eq!(found(Vec::new(), Some(3), 9), some("d c", false), "a time range alone");
}

/// A trace that a release had and lost leads nowhere, also where another value has the same hash.
#[test]
fn what_is_found_has_the_trace() {
    let lab = Lab::new();
    store_all(&lab.store, vec![by("pkg:npm/a@1.0.0", "qix", None)]);
    lab.sql("UPDATE traces SET key = 7").unwrap();
    let key = Trace::Commit("abc").key().0;
    lab.sql(&format!("UPDATE traces SET key = {key}")).unwrap();
    assert_eq!(lab.store.traced(Trace::Commit("abc"), 9).unwrap(), []);
    let search = Search { clues: vec![vec![Trace::Commit("abc").into()]], ..Search::default() };
    assert_eq!(lab.store.search(&search, 9).unwrap().releases, []);
}

#[test]
fn dependents_are_known_of_judged_and_of_newest_releases() {
    let lab = Lab::new();
    let naming = |purl: &str, dependency: &str, minutes: i64| {
        let dependencies = Some([(dependency.to_owned(), "^1.0.0".to_owned())].into());
        let manifest = Some(Manifest { dependencies, ..Manifest::default() });
        Observation { manifest, published_at: noon() + TimeDelta::minutes(minutes), ..observation(purl) }
    };
    let learned = |seen| Record::observed(seen, Outcome::Learned, noon());
    lab.store
        .record_batch(&[
            learned(naming("pkg:npm/a@1.0.0", "old", 1)),
            learned(naming("pkg:npm/a@1.1.0", "axios", 2)),
            learned(naming("pkg:npm/b@1.0.0", "axios", 1)),
        ])
        .unwrap();
    store_all(&lab.store, vec![naming("pkg:npm/a@1.2.0", "new", 3)]);
    let dependents = |name: &str| lab.store.dependents(&package(name), 9).unwrap();
    assert_eq!(dependents("axios"), [package("a"), package("b")]);
    assert_eq!((dependents("old").len(), dependents("new")), (0, vec![package("a")]));
}
