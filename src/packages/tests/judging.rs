//! Tests of learning a history, verifying a release, and judging it.

use std::{collections::BTreeMap, sync::Arc};

use super::lab::{Lab, document, observation, package, private_registry, release};
use crate::{
    baseline::learn,
    detect::{AssessmentInputs, ReleaseContext},
    model::{
        Alert, AlertKind, Baseline, Confidence, Digests, EvidenceKind, Manifest, Observation, Package, Provenance,
        ReleaseId, ReleaseStatus, Severity, Trait,
    },
    packages::{
        examination::{Examined, Past},
        examine::{replaced::compare_files, statuses::take_statuses},
        judge::{recheck::put_off, unlearn::unlearn},
    },
    registry::{AttestationSource, PackageState, RegistryRelease},
    store::{Outcome, Record, StoredBaseline},
};

/// Ten releases by one account, one each day until ten days ago.
fn history(lab: &Lab, package: &Package) -> Vec<RegistryRelease> {
    (0..10).map(|n| release(&package.at(format!("1.{n}.0")), lab.days_ago(20 - n), "ana")).collect()
}

/// The baseline after that history.
async fn learned(lab: &Lab, package: &Package) -> StoredBaseline {
    let turn = lab.turn(package);
    let historian = lab.parts.historian(Arc::new(lab.parts.verification()));
    let mut baseline = lab.parts.store.baseline(package).unwrap();
    let mut examined = Examined::default();
    let subject = lab.subject(package, &turn);
    let unread = historian.learn(&subject, history(lab, package), &mut baseline, &mut examined).await.unwrap();
    assert_eq!((unread.len(), examined.releases), (0, 10));
    baseline
}

#[tokio::test]
async fn a_history_is_learned_but_for_what_was_yanked() {
    let (lab, package) = (Lab::new(), package("widget"));
    let turn = lab.turn(&package);
    let yanked =
        RegistryRelease { status: ReleaseStatus::Yanked, ..release(&package.at("1.0.1"), lab.days_ago(9), "eve") };
    let historian = lab.parts.historian(Arc::new(lab.parts.verification()));
    let mut baseline = learned(&lab, &package).await;
    historian
        .learn(&lab.subject(&package, &turn), vec![yanked], &mut baseline, &mut Examined::default())
        .await
        .unwrap();
    let publishers = |baseline: &StoredBaseline| -> Vec<String> {
        baseline
            .baseline
            .lines
            .values()
            .flat_map(|line| line.words(Trait::Publishers))
            .map(|(name, _)| name.to_owned())
            .collect()
    };
    assert_eq!(publishers(&baseline), ["ana"]);
    assert_eq!(lab.parts.store.baseline(&package).unwrap().baseline, baseline.baseline, "what is in memory is stored");
}

#[tokio::test]
async fn a_release_is_judged_beside_what_was_learned() {
    let (lab, package) = (Lab::new(), package("widget"));
    let mut baseline = learned(&lab, &package).await;
    let turn = lab.turn(&package);
    let (verification, enricher) = (Arc::new(lab.parts.verification()), Arc::new(lab.parts.enricher()));
    let judge = lab.parts.judge(verification, enricher, Arc::new(lab.parts.doubts()));
    let mut examined = Examined::default();
    for (version, days, account) in [("1.10.0", 2, "ana"), ("1.11.0", 1, "mallory")] {
        let release = release(&package.at(version), lab.days_ago(days), account);
        let subject = lab.subject(&package, &turn);
        judge.judge(&subject, release, Past::Read, &mut baseline, &mut examined).await.unwrap();
    }
    let (usual, odd) = (lab.row(&package.at("1.10.0")), lab.row(&package.at("1.11.0")));
    assert_eq!((usual.outcome, usual.in_baseline), (Outcome::Clean, true));
    assert_eq!((odd.outcome, odd.in_baseline, examined.alerts), (Outcome::Alerted, false, 1));
    assert_eq!(lab.alerts()[0].last_good, Some(package.at("1.10.0")));
}

#[tokio::test]
async fn what_was_withdrawn_soon_after_it_came_is_unlearned() {
    let (lab, package) = (Lab::new(), package("widget"));
    learned(&lab, &package).await;
    let turn = lab.turn(&package);
    let releases = |lab: &Lab| -> u32 {
        lab.parts.store.baseline(&package).unwrap().baseline.lines.values().map(|line| line.releases).sum()
    };
    unlearn(&lab.parts.store, &lab.subject(&package, &turn), &package.at("1.9.0")).unwrap();
    assert_eq!(releases(&lab), 9);
}

#[tokio::test]
async fn what_a_document_does_not_list_any_more_is_gone() {
    let (lab, package) = (Lab::new(), package("widget"));
    learned(&lab, &package).await;
    let turn = lab.turn(&package);
    let mut releases = history(&lab, &package);
    releases[0].status = ReleaseStatus::Yanked;
    releases.truncate(9);
    take_statuses(&lab.parts.store, &lab.subject(&package, &turn), &document(releases)).unwrap();
    let status = |version: &str| lab.row(&package.at(version)).status;
    assert_eq!(
        ["1.0.0", "1.8.0", "1.9.0"].map(status),
        [ReleaseStatus::Yanked, ReleaseStatus::Published, ReleaseStatus::Unpublished]
    );
}

#[test]
fn a_file_with_another_content_is_noted() {
    let (lab, package) = (Lab::new(), package("widget"));
    let turn = lab.turn(&package);
    let before = observation(&package.at("1.0.0"), lab.days_ago(2), "ana");
    let mut now = release(&package.at("1.0.0"), lab.days_ago(2), "ana");
    now.files[0].digests = Digests { sha512: Some("f".repeat(128)), ..Digests::default() };
    let mut releases = vec![now];
    let before = BTreeMap::from([("1.0.0".to_owned(), before)]);
    compare_files(&lab.parts.store, &lab.subject(&package, &turn), &before, &mut releases).unwrap();
    let replaced = releases[0].facts.replaced.as_ref().unwrap();
    assert_eq!(replaced.keys().collect::<Vec<_>>(), ["package.tgz"]);
}

#[tokio::test]
async fn evidence_that_the_registry_names_and_does_not_have_is_neither_there_nor_absent() {
    let (lab, package) = (Lab::new(), package("widget"));
    let turn = lab.turn(&package);
    turn.begin_releases();
    let verification = lab.parts.verification();
    let bare = release(&package.at("1.0.0"), lab.now(), "ana");
    let evidence = AttestationSource {
        kind: EvidenceKind::NpmAttestations,
        url: "https://npm.example/attestations".parse().unwrap(),
        subject: bare.id.to_string(),
        digests: Digests::default(),
        names_provenance: true,
    };
    let named = RegistryRelease { evidence: vec![evidence], ..bare.clone() };
    let subject = lab.subject(&package, &turn);
    assert_eq!(verification.observe(&subject, bare).await.unwrap().attestation, Provenance::Absent);
    let observed = verification.observe(&subject, named).await.unwrap().attestation;
    assert!(
        matches!(&observed, Provenance::Unavailable { reason } if reason.contains("does not have it")),
        "{observed:?}"
    );
}

#[tokio::test]
async fn the_age_of_a_new_dependency_is_asked_for() {
    let answer = |package: &Package| {
        let first = release(&package.at("0.0.1"), "2026-05-31T00:00:00Z".parse().unwrap(), "eve");
        PackageState::Current(Box::new(document(vec![first])))
    };
    let (lab, package) = (Lab::answering(answer), package("widget"));
    let depending = |version: &str, on: &[&str]| {
        let dependencies = on.iter().map(|name| ((*name).to_owned(), "^1".to_owned())).collect();
        let manifest = Some(Manifest { dependencies: Some(dependencies), ..Manifest::default() });
        Observation { manifest, ..observation(&package.at(version), lab.now(), "ana") }
    };
    let mut baseline = Baseline::empty(package.clone());
    learn(&mut baseline, &depending("1.0.0", &["old"]));
    let turn = lab.turn(&package);
    let mut release = depending("1.1.0", &["old", "young"]);
    let nobody = ReleaseContext::default();
    let subject = lab.subject(&package, &turn);
    let enriched = lab
        .parts
        .enricher()
        .enrich(&subject, &mut release, &[], &baseline, &AssessmentInputs::usual(&nobody))
        .await
        .unwrap();
    let found = release.facts.dependencies_first_published.unwrap();
    assert_eq!((enriched.more_later, found.keys().map(String::as_str).collect::<Vec<_>>()), (false, vec!["young"]));
}

/// A release with an alert, before it is recorded.
fn accused(lab: &Lab, release: &ReleaseId) -> (Record, Alert) {
    let observation = observation(release, lab.now(), "mallory");
    let title = format!("{release} differs");
    let severity = (Severity::High, Confidence::High);
    let alert = Alert {
        purl: Some(release.clone()),
        published_at: Some(observation.published_at),
        ..Alert::about(AlertKind::Release, &release.to_string(), severity.0, severity.1, title, lab.now())
    };
    (Record::observed(observation, Outcome::Alerted, lab.now()), alert)
}

#[test]
fn who_is_told_of_a_campaign_is_not_told_of_its_members() {
    let lab = Lab::new();
    let campaigns = lab.parts.campaigns();
    let mut audiences = Vec::new();
    for name in ["widget", "gadget"] {
        let (mut record, alert) = accused(&lab, &package(name).at("1.0.0"));
        record.subscriptions = campaigns.audience(&record, &alert).unwrap();
        audiences.push(record.subscriptions.clone());
        record.alert = Some(alert);
        lab.parts.store.record(&record).unwrap();
    }
    assert_eq!(audiences, [vec!["all".to_owned()], vec![]]);
    let campaign = lab.alerts().into_iter().find(|alert| alert.kind == AlertKind::Campaign).unwrap();
    assert_eq!(
        campaign.members,
        ["widget", "gadget"].map(|name| package(name).at("1.0.0")).into_iter().rev().collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_private_name_that_is_taken_in_public_is_told_once() {
    let there = |package: &Package| {
        let taken = release(&package.at("9.9.9"), "2026-05-31T00:00:00Z".parse().unwrap(), "eve");
        PackageState::Current(Box::new(document(vec![taken])))
    };
    let lab = Lab::answering(there);
    let private = package("widget").of(&private_registry());
    let namesakes = lab.parts.namesakes();
    for _ in 0..2 {
        namesakes.look_for(&private, &lab.turn(&private)).await.unwrap();
        namesakes.look_for(&private.public_namesake(), &lab.turn(&private)).await.unwrap();
    }
    let told: Vec<_> = lab.alerts().into_iter().map(|alert| alert.purl).collect();
    assert_eq!(told, [Some(package("widget").at("9.9.9"))]);
}

#[tokio::test]
async fn another_look_at_what_is_not_there_any_more_waits() {
    let (lab, package) = (Lab::new(), package("widget"));
    let mut record =
        Record::observed(observation(&package.at("1.0.0"), lab.now(), "ana"), Outcome::Unchecked, lab.now());
    record.unchecked = vec!["its evidence does not come".to_owned()];
    record.recheck_at = Some(lab.now());
    lab.parts.store.record(&record).unwrap();
    let turn = lab.turn(&package);
    let subject = lab.subject(&package, &turn);
    put_off(&lab.parts.store, &lab.parts.settings, &subject, subject.due()).unwrap();
    assert!(lab.row(&package.at("1.0.0")).recheck_at.unwrap() > lab.now());
}
