//! Tests of examination: from a registry's answer to stored rows.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::lab::{Lab, document, observation, package, release};
use crate::{
    model::{Package, ReleaseStatus},
    packages::{
        examine::{Examiner, Looked, took::Waits},
        on_request::LookedAt,
        services::{PackageParts, Packages},
    },
    registry::{PackageDocument, PackageState},
    store::{Outcome, Record},
};

/// No feed announced anything.
const UNANNOUNCED: Waits = Waits { is_announced: false, patience: false };

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// One old release and one new one.
fn two(package: &Package) -> PackageDocument {
    document(vec![
        release(&package.at("1.0.0"), at("2025-01-01T00:00:00Z"), "ana"),
        release(&package.at("1.1.0"), at("2026-06-01T11:00:00Z"), "ana"),
    ])
}

#[tokio::test]
async fn at_first_sight_the_old_is_learned_and_the_new_is_judged() {
    let (lab, package) = (Lab::new(), package("widget"));
    let turn = lab.turn(&package);
    let (verification, enricher) = (Arc::new(lab.parts.verification()), Arc::new(lab.parts.enricher()));
    let described = lab.parts.described(&verification, &enricher);
    let documents = lab.parts.documents(Arc::new(lab.parts.unseen()), described);
    let took = documents.take(&lab.subject(&package, &turn), two(&package), UNANNOUNCED).await.unwrap();
    assert_eq!((took.examined.releases, took.is_in_part()), (2, false));
    let expected = [("1.0.0", Outcome::Learned), ("1.1.0", Outcome::Clean)];
    assert_eq!(lab.outcomes(&package), expected.map(|(version, outcome)| (version.to_owned(), outcome)));
    assert_eq!(lab.parts.store.package(&package).unwrap().unwrap().backfilled_at, Some(lab.now()));
}

#[tokio::test]
async fn a_document_that_cannot_tell_how_new_it_is_hides_nothing() {
    let lab = Lab::new();
    let package = lab.known("widget");
    let old = Record::observed(observation(&package.at("0.9.0"), lab.days_ago(90), "ana"), Outcome::Learned, lab.now());
    lab.parts.store.record(&old).unwrap();
    let turn = lab.turn(&package);
    let (verification, enricher) = (Arc::new(lab.parts.verification()), Arc::new(lab.parts.enricher()));
    let described = lab.parts.described(&verification, &enricher);
    let documents = lab.parts.documents(Arc::new(lab.parts.unseen()), described);
    let document = PackageDocument { unconfirmed: Some("it has no revision".to_owned()), ..two(&package) };
    let took = documents.take(&lab.subject(&package, &turn), document, UNANNOUNCED).await.unwrap();
    assert!(took.is_unconfirmed);
    assert_eq!(lab.row(&package.at("0.9.0")).status, ReleaseStatus::Published, "what it lacks says nothing");
    assert_eq!(lab.titles().len(), 1, "{:?}", lab.titles());
}

fn examiner(parts: &PackageParts) -> Examiner {
    parts.examiner(&Arc::new(parts.verification()), &Arc::new(parts.enricher()))
}

#[tokio::test]
async fn a_package_that_is_gone_takes_its_releases_along() {
    let (lab, package) = (Lab::new(), package("widget"));
    let seen = Record::observed(observation(&package.at("1.0.0"), lab.days_ago(90), "ana"), Outcome::Clean, lab.now());
    lab.parts.store.record(&seen).unwrap();
    lab.parts.store.enqueue(std::slice::from_ref(&package), "test", lab.now()).unwrap();
    let work = lab.parts.store.work_of(&package).unwrap().unwrap();
    let looked = examiner(&lab.parts).examine(&work, &lab.turn(&package)).await.unwrap();
    assert!(matches!(looked, Looked::Whole(_)));
    assert_eq!(lab.row(&package.at("1.0.0")).status, ReleaseStatus::Unpublished);
    assert_eq!(lab.parts.store.package(&package).unwrap().unwrap().status.as_deref(), Some("gone"));
    assert!(lab.parts.store.work_of(&package).unwrap().is_none(), "it is off the queue");
}

#[tokio::test]
async fn who_asks_about_a_release_leaves_no_trace() {
    let answer = |package: &Package| match package.name() {
        "widget" => PackageState::Current(Box::new(two(package))),
        _ => PackageState::Gone,
    };
    let lab = Lab::answering(answer);
    let Packages { appraiser, .. } = Packages::over(&lab.parts);
    let (widget, none) = (package("widget"), package("none"));
    assert_eq!(appraiser.appraise(&none.at("1.0.0")).await.unwrap(), LookedAt::NoPackage);
    assert_eq!(appraiser.appraise(&widget.at("7.0.0")).await.unwrap(), LookedAt::NoVersion);
    let found = appraiser.appraise(&widget.at("1.1.0")).await.unwrap();
    assert!(matches!(found, LookedAt::Release(_)), "{found:?}");
    assert!(lab.outcomes(&widget).is_empty());
}
