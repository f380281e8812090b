//! Tests of releases that cannot be checked in part or at all: reported once, and resolved later.

use super::lab::{Lab, document, observation, package, private_registry, release};
use crate::{
    model::{AlertKind, AlertStatus, Aspect, Observation, Person, ReleaseStatus, Severity, files_fingerprint},
    packages::{
        examination::Examined,
        examine::{
            undated::date,
            unreached::{note_unconfirmed, resolve_unreached},
            withdrawal::Withdrawal,
        },
        verify::{left_out::left_out, unchecked::issue},
    },
    registry::RegistryRelease,
    store::{Outcome, Record, VersionState},
};

fn looked_at_in_vain(lab: &Lab, times: u32) -> VersionState {
    VersionState {
        status: ReleaseStatus::Published,
        outcome: Outcome::Unchecked,
        files: files_fingerprint(&[]),
        in_baseline: false,
        unchecked: vec!["its evidence does not come".to_owned()],
        recheck_at: Some(lab.now()),
        attempts: times,
        observed_at: lab.days_ago(1),
    }
}

#[test]
fn a_release_is_told_of_after_two_looks_in_vain_until_it_is_checked() {
    let (lab, package) = (Lab::new(), package("widget"));
    let (turn, release, doubts) = (lab.turn(&package), package.at("1.0.0"), lab.parts.doubts());
    let why = ["its evidence does not come".to_owned()];
    let mut subject = lab.subject(&package, &turn);
    doubts.note(&subject, &release, &why).unwrap();
    assert!(lab.alerts().is_empty(), "the first look");
    subject.stored.insert("1.0.0".to_owned(), looked_at_in_vain(&lab, 1));
    doubts.note(&subject, &release, &why).unwrap();
    let told: Vec<_> = lab.alerts().into_iter().map(|alert| (alert.title, alert.status)).collect();
    let title = issue(&release, &why).title;
    assert_eq!(told, [(title.clone(), AlertStatus::Open)]);
    doubts.note(&subject, &release, &[]).unwrap();
    let told: Vec<_> = lab.alerts().into_iter().map(|alert| (alert.title, alert.status)).collect();
    assert_eq!(told, [(title, AlertStatus::Resolved)]);
}

#[test]
fn a_release_that_came_and_went_is_stored_and_told() {
    let lab = Lab::new();
    let package = lab.known("widget");
    let (turn, release) = (lab.turn(&package), package.at("1.0.0"));
    let withdrawal = Withdrawal { why: "it was removed".to_owned(), severity: Severity::High, published_at: lab.now() };
    lab.parts.unseen().withdrawals.record(&lab.subject(&package, &turn), &release, &withdrawal).unwrap();
    let row = lab.row(&release);
    assert_eq!((row.status, row.outcome), (ReleaseStatus::Unpublished, Outcome::Unreadable));
    assert_eq!(lab.alerts().iter().map(|alert| alert.severity).collect::<Vec<_>>(), [Severity::High]);
}

#[test]
fn what_was_withdrawn_before_a_package_was_watched_is_its_past() {
    let lab = Lab::new();
    let package = lab.known("widget");
    let turn = lab.turn(&package);
    let mut examined = Examined::default();
    let withdrawn = [("0.1.0".to_owned(), lab.days_ago(400)), ("1.0.0".to_owned(), lab.days_ago(1))];
    lab.parts.unseen().take_withdrawn(&lab.subject(&package, &turn), &withdrawn, &mut examined).unwrap();
    assert_eq!(examined.releases, 1);
    assert_eq!(lab.outcomes(&package), [("1.0.0".to_owned(), Outcome::Unreadable)]);
}

#[test]
fn several_that_cannot_be_read_are_one_message_and_each_an_alert_of_its_own() {
    let lab = Lab::new();
    let package = lab.known("widget");
    let turn = lab.turn(&package);
    let unreadables = lab.parts.unreadables(lab.parts.doubts().into());
    let broken = ["1.0.0", "1.0.1", "1.0.2"].map(|version| (version.to_owned(), "it is no object".to_owned()));
    let examined = unreadables.take(&lab.subject(&package, &turn), &broken).unwrap();
    assert_eq!((examined.releases, examined.alerts), (3, 3));
    let of = |kind| lab.alerts().iter().filter(|alert| alert.kind == kind).count();
    assert_eq!((of(AlertKind::Release), of(AlertKind::Campaign)), (3, 1));
    let again = unreadables.take(&lab.subject(&package, &turn), &broken).unwrap();
    assert_eq!(again.releases, 0, "it is said already");
}

#[test]
fn what_was_told_of_releases_before_is_missed() {
    let lab = Lab::new();
    let package = lab.known("widget");
    let turn = lab.turn(&package);
    let store = &lab.parts.store;
    let anonymous = |version: &str| Observation {
        publisher: None::<Person>,
        untold: Some(vec![Aspect::Account]),
        ..observation(&package.at(version), lab.now(), "ana")
    };
    let why = |version| left_out(store, &lab.subject(&package, &turn), &anonymous(version)).unwrap();
    assert!(why("1.1.0").is_empty(), "it never told");
    let first = observation(&package.at("1.0.0"), lab.days_ago(2), "ana");
    store.record(&Record::observed(first, Outcome::Clean, lab.now())).unwrap();
    assert_eq!(why("1.1.0").len(), 1, "{:?}", why("1.1.0"));
}

#[test]
fn documents_that_cannot_tell_how_new_they_are_are_told_once() {
    let lab = Lab::new();
    let package = lab.known("widget");
    let turn = lab.turn(&package);
    let subject = lab.subject(&package, &turn);
    for _ in 0..2 {
        note_unconfirmed(&lab.parts.issues, &subject, "it has no revision").unwrap();
    }
    assert_eq!(lab.alerts().iter().map(|alert| alert.status).collect::<Vec<_>>(), [AlertStatus::Open]);
    resolve_unreached(&lab.parts.issues, &subject).unwrap();
    assert_eq!(lab.alerts().iter().map(|alert| alert.status).collect::<Vec<_>>(), [AlertStatus::Resolved]);
}

#[test]
fn releases_without_times_are_dated_by_their_place_in_the_first_list() {
    let lab = Lab::new();
    let package = package("widget").of(&private_registry());
    let turn = lab.turn(&package);
    let subject = lab.subject(&package, &turn);
    let untold = |version: &str| {
        let release = release(&package.at(version), lab.now(), "ana");
        RegistryRelease { untold: vec![Aspect::Time], ..release }
    };
    let mut document = document(vec![untold("1.0.0"), untold("1.1.0")]);
    date(&lab.parts.store, &subject, &mut document).unwrap();
    let times: Vec<_> = document.releases.iter().map(|release| release.published_at).collect();
    assert!(times[0] < times[1] && times[1] < subject.history_ends, "{times:?}");
}
