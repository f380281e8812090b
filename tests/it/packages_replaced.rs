//! Tests of registry statements that change after publication: the content of a version, and the trusted publisher's
//! repository.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use lab::{Rig, Workflow, rig::*};
use provwatch::{
    model::{Alert, Ecosystem, ReleaseId, Severity},
    store::Outcome,
};

const EACH: [&str; 3] = ["pkg:npm/widget", "pkg:pypi/widget", "pkg:cargo/widget"];

/// Another file under the same name.
fn replace(rig: &Rig, release: &str) {
    let release: ReleaseId = release.parse().unwrap();
    let (world, name, version) = (&rig.world, release.package().name(), release.version());
    match release.package().ecosystem() {
        Ecosystem::NPM => world.npm().replace(world.lab(), name, version),
        Ecosystem::PYPI => world.pypi().replace(name, version, rig.now()),
        _ => world.crates().replace(name, version, rig.now()),
    }
}

/// A package with a history, of which a version was released after it was first looked at.
async fn watched(package: &str) -> Rig {
    let rig = Rig::watching(&[package]);
    rig.history(package, 8, &by_ada());
    rig.smooth_pass().await;
    rig.publish(&format!("{package}@1.1.0"), &by_ada());
    rig.smooth_pass().await;
    assert!(rig.alerts().is_empty(), "{package}");
    rig
}

#[tokio::test]
async fn another_file_under_a_known_version_is_critical_at_every_registry() {
    for package in EACH {
        let rig = watched(package).await;
        // One of the history, and one that was judged.
        for version in ["1.0.3", "1.1.0"] {
            let release = format!("{package}@{version}");
            rig.days_pass(1);
            replace(&rig, &release);
            rig.smooth_pass().await;
            let is_its = |alert: &Alert| alert.purl == Some(release.parse().unwrap());
            let alert = rig.alerts().into_iter().find(is_its).unwrap();
            assert_eq!(alert.severity, Severity::Critical, "{release}");
            assert!(alert.signals.iter().any(|signal| signal.detector == "file-replaced"), "{alert:?}");
            assert_eq!(rig.outcome(&release), Outcome::Alerted);
        }
        assert_eq!(rig.alerts().len(), 2, "{package}");
    }
}

#[tokio::test]
async fn it_is_told_once_and_stays_told() {
    for package in EACH {
        let rig = watched(package).await;
        replace(&rig, &format!("{package}@1.1.0"));
        rig.smooth_pass().await;
        for number in 2..4 {
            rig.days_pass(1);
            rig.publish(&format!("{package}@1.{number}.0"), &by_ada());
            rig.smooth_pass().await;
            assert_eq!(rig.outcome(&format!("{package}@1.{number}.0")), Outcome::Clean);
        }
        let [alert] = rig.alerts().try_into().unwrap();
        assert_eq!(alert.severity, Severity::Critical);
        // One for each file.
        assert!(alert.signals.iter().all(|signal| signal.detector == "file-replaced"), "{alert:?}");
        let row = rig.release(&format!("{package}@1.1.0"));
        assert!(row.observation.unwrap().facts.replaced.is_some(), "{package}");
    }
}

#[tokio::test]
async fn another_name_or_a_digest_less_is_no_news() {
    let rig = watched("pkg:npm/widget").await;
    rig.world.npm().restate("widget", "1.0.3", |dist| dist["tarball"] = "https://npm.example/cache/0.tgz".into());
    rig.world.npm().restate("widget", "1.1.0", |dist| drop(dist.as_object_mut().unwrap().remove("integrity")));
    rig.smooth_pass().await;
    assert!(rig.alerts().is_empty());
    assert_eq!(rig.outcome("pkg:npm/widget@1.1.0"), Outcome::Clean);
}

#[tokio::test]
async fn a_trusted_publisher_of_another_repository_is_told_where_nothing_is_certified() {
    let package = "pkg:cargo/widget";
    for (repository, severity) in [("mallory/widget", Severity::High), ("acme/gadget", Severity::Medium)] {
        let rig = Rig::watching(&[package]);
        rig.history(package, 8, &by_workflow(&workflow("widget")));
        rig.smooth_pass().await;
        let usual = Workflow::github("Acme/Widget", "release.yml", "refs/heads/main");
        rig.publish("pkg:cargo/widget@1.1.0", &by_workflow(&usual));
        rig.smooth_pass().await;
        assert!(rig.alerts().is_empty(), "the same, written another way");
        let other = Workflow::github(repository, "release.yml", "refs/heads/main");
        rig.publish("pkg:cargo/widget@1.2.0", &by_workflow(&other));
        rig.smooth_pass().await;
        let alert = rig.the_alert();
        assert_eq!(alert.severity, severity, "{repository}");
        let [signal] = &alert.signals[..] else { panic!("{alert:?}") };
        assert_eq!(signal.detector, "trusted-repository-changed");
        assert!(signal.seen.contains("not verified"), "{signal:?}");
    }
}

#[tokio::test]
async fn the_first_trusted_publisher_is_of_the_repository_that_manifests_named() {
    let package = "pkg:cargo/widget";
    for (repository, alerts) in [("acme/widget", 0), ("mallory/widget", 1)] {
        let rig = Rig::watching(&[package]);
        rig.history(package, 8, &by_ada());
        rig.smooth_pass().await;
        let other = Workflow::github(repository, "release.yml", "refs/heads/main");
        rig.publish("pkg:cargo/widget@1.1.0", &by_workflow(&other));
        rig.smooth_pass().await;
        let told = rig.alerts().into_iter().filter(|alert| alert.severity >= Severity::Medium).count();
        assert_eq!(told, alerts, "{repository}");
    }
}

fn is_replaced(alert: &Alert) -> bool {
    alert.signals.iter().any(|signal| signal.detector == "file-replaced" && signal.severity == Severity::Critical)
}

/// A file that is gone at one look, and back at the next with other bytes.
#[tokio::test]
async fn a_file_that_was_gone_for_a_while_is_compared_with_what_it_was() {
    let package = "pkg:pypi/widget";
    let wheel = "widget-1.1.0-py3-none-any.whl";
    let digest = |rig: &Rig| {
        let files = rig.release("pkg:pypi/widget@1.1.0").observation.unwrap().files;
        files.into_iter().find(|file| file.name == wheel).unwrap().digests.sha256.unwrap()
    };
    for (other, alerts) in [(true, 1), (false, 0)] {
        let rig = watched(package).await;
        let before = digest(&rig);
        rig.days_pass(1);
        rig.world.pypi().remove_file("widget", "1.1.0", wheel, rig.now());
        rig.smooth_pass().await;
        assert!(rig.alerts().is_empty(), "a file that is removed");
        rig.publish(&format!("{package}@1.2.0"), &by_ada());
        rig.days_pass(1);
        rig.smooth_pass().await;
        rig.days_pass(1);
        let now = if other { "ab".repeat(32) } else { before };
        rig.world.pypi().restate_file("widget", "1.1.0", wheel, &now, rig.now());
        rig.smooth_pass().await;
        assert_eq!(rig.alerts().iter().filter(|alert| is_replaced(alert)).count(), alerts, "{other}");
    }
}

/// Versions of before 2017 have a SHA-1 and nothing else. It proves nothing, and another one is another file.
#[tokio::test]
async fn a_weak_digest_is_compared() {
    let rig = Rig::watching(&["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 8, &by_ada());
    let without = |dist: &mut serde_json::Value| {
        for key in ["integrity", "signatures"] {
            dist.as_object_mut().unwrap().remove(key);
        }
        dist["shasum"] = "cd".repeat(20).into();
    };
    rig.world.npm().restate("widget", "1.0.3", without);
    rig.smooth_pass().await;
    assert!(rig.alerts().is_empty());
    let file = rig.release("pkg:npm/widget@1.0.3").observation.unwrap().files.remove(0);
    assert!(file.digests.sha1.is_some() && file.digests.sha512.is_none(), "{file:?}");
    rig.world.npm().restate("widget", "1.0.3", |dist| dist["shasum"] = "ab".repeat(20).into());
    rig.smooth_pass().await;
    assert!(is_replaced(&rig.the_alert()));
}

/// Something that the registry does.
type Step<'a> = &'a dyn Fn(&Rig);

/// Whoever leaves the strong digest out hides nothing by it, at once or later.
#[tokio::test]
async fn a_digest_that_is_left_out_hides_nothing() {
    let leave_out = |rig: &Rig| {
        rig.world.npm().restate("widget", "1.0.3", |dist| drop(dist.as_object_mut().unwrap().remove("integrity")));
    };
    let change = |rig: &Rig| rig.world.npm().restate("widget", "1.0.3", |dist| dist["shasum"] = "ab".repeat(20).into());
    let put_back = |rig: &Rig| replace(rig, "pkg:npm/widget@1.0.3");
    let no_sha1 = |rig: &Rig| {
        rig.world.npm().restate("widget", "1.0.3", |dist| drop(dist.as_object_mut().unwrap().remove("shasum")));
    };
    let cases: [(&[Step<'_>], usize); 4] = [
        (
            &[&|rig| {
                leave_out(rig);
                change(rig);
            }],
            1,
        ),
        (&[&leave_out, &change], 1),
        (
            &[&leave_out, &|rig| {
                put_back(rig);
                no_sha1(rig);
            }],
            1,
        ),
        (&[&no_sha1, &leave_out], 0),
    ];
    for (place, (steps, alerts)) in cases.into_iter().enumerate() {
        let rig = watched("pkg:npm/widget").await;
        // What a store of before does not know is learned, and is no news.
        rig.world.npm().restate("widget", "1.0.3", |dist| dist["shasum"] = "cd".repeat(20).into());
        rig.smooth_pass().await;
        assert!(rig.alerts().is_empty());
        for step in steps {
            rig.days_pass(1);
            step(&rig);
            rig.smooth_pass().await;
        }
        assert_eq!(rig.alerts().iter().filter(|alert| is_replaced(alert)).count(), alerts, "{place}");
    }
}

/// What is stated otherwise and is the same file is kept, found, and asked for once.
#[tokio::test]
async fn what_is_stated_otherwise_is_kept() {
    let rig = watched("pkg:npm/widget").await;
    let before = rig.release("pkg:npm/widget@1.1.0").observation.unwrap();
    let digest = before.files[0].digests.sha512.clone().unwrap();
    rig.world.npm().restate("widget", "1.1.0", |dist| {
        dist.as_object_mut().unwrap().remove("integrity");
        dist["shasum"] = "cd".repeat(20).into();
    });
    rig.smooth_pass().await;
    let row = rig.release("pkg:npm/widget@1.1.0");
    let now = row.observation.unwrap();
    assert_eq!((now.files[0].digests.sha512.clone(), row.outcome), (None, Outcome::Clean));
    assert_eq!(now.facts.former_digests.unwrap().values().next().unwrap().sha512.as_deref(), Some(&*digest));
    let found = rig.store().traced(provwatch::store::Trace::Digest(&digest), 9).unwrap();
    assert_eq!(found.len(), 1);
}
