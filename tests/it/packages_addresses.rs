//! Tests of a pipeline that forgets old e-mail addresses, and still knows them when they come back.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use lab::{Publication, rig::*};
use provwatch::{
    model::{Alert, ReleaseId, Severity},
    store::{AlertFilter, Store},
};

const ADDRESS: &str = "ada@example.org";

/// A package with a year of releases by Ada, the last of them a month ago, after a pass a week later.
async fn settled(retention: &str) -> Rig {
    let rig = Rig::configured(&format!("{CONFIG}\n[store]\n{retention}\n"), &["pkg:npm/widget"]);
    rig.history("pkg:npm/widget", 12, &by_ada());
    rig.smooth_pass().await;
    rig.days_pass(7);
    rig.smooth_pass().await;
    rig
}

const SHORT: &str = "keep_addresses = \"30d\"";

fn email(store: &Store, release: &str) -> String {
    let release: ReleaseId = release.parse().unwrap();
    store.release(&release).unwrap().unwrap().observation.unwrap().publisher.unwrap().email.unwrap()
}

fn by(name: &str, email: &str) -> Publication {
    Publication::token(START, name, email)
}

/// The severity of an alert, and of each signal the detector, the severity and what it saw.
type Said = (Severity, Vec<(String, Severity, String)>);

/// What the alerts say.
fn said(rig: &Rig) -> Vec<Said> {
    let alerts: Vec<Alert> = rig.store().alerts(&AlertFilter::default()).unwrap();
    let signals = |alert: Alert| {
        let each = alert.signals.into_iter();
        (alert.severity, each.map(|signal| (signal.detector.into_owned(), signal.severity, signal.seen)).collect())
    };
    alerts.into_iter().map(signals).collect()
}

#[tokio::test]
async fn an_address_that_comes_back_raises_no_alert() {
    let rig = settled(SHORT).await;
    let old = email(rig.store(), "pkg:npm/widget@1.0.0");
    assert!(old.ends_with("@redacted.invalid"), "{old}");
    let shown = serde_json::to_string(&rig.store().baseline(&"pkg:npm/widget".parse().unwrap()).unwrap().baseline);
    assert!(!shown.unwrap().contains(ADDRESS));

    for version in ["1.1.0", "1.2.0"] {
        rig.publish(&format!("pkg:npm/widget@{version}"), &by_ada());
        rig.smooth_pass().await;
        rig.days_pass(1);
        rig.smooth_pass().await;
    }
    assert_eq!(said(&rig), []);
    assert!(rig.release("pkg:npm/widget@1.2.0").in_baseline);
    assert_eq!(email(rig.store(), "pkg:npm/widget@1.2.0"), ADDRESS, "it is in use");
    assert_eq!(email(rig.store(), "pkg:npm/widget@1.0.0"), old, "what is old stays replaced");
    rig.days_pass(40);
    rig.smooth_pass().await;
    assert_eq!(email(rig.store(), "pkg:npm/widget@1.2.0"), old, "the same pseudonym, again");
}

/// A retention changes no verdict: neither about a stranger, nor about a known account with another address.
#[tokio::test]
async fn every_alert_is_as_without_a_retention() {
    let odd = [
        ("a stranger", by_mallory()),
        ("another address at the same domain", by("ada", "eve@example.org")),
        ("another address elsewhere", by("ada", "ada@example.net")),
        ("another spelling", by("ada", "Ada@example.org")),
        ("no address", by("ada", "")),
    ];
    for (case, publication) in odd {
        let mut all = Vec::new();
        for retention in [SHORT, ""] {
            let rig = settled(retention).await;
            rig.publish("pkg:npm/widget@1.1.0", &publication);
            rig.pass().await;
            all.push(said(&rig));
        }
        assert_eq!(all[0], all[1], "{case}");
        assert!(!all[0].is_empty(), "{case}");
    }
}

/// Somebody who saw a pseudonym in a message cannot pose as the account behind it.
#[tokio::test]
async fn a_pseudonym_is_nobodys_address() {
    let rig = settled(SHORT).await;
    let old = email(rig.store(), "pkg:npm/widget@1.0.0");
    rig.publish("pkg:npm/widget@1.1.0", &by("ada", &old));
    rig.pass().await;
    assert_eq!(said(&rig).len(), 1);
    assert_ne!(email(rig.store(), "pkg:npm/widget@1.1.0"), old);
}

#[tokio::test]
async fn without_the_setting_no_address_comes_back_and_none_more_is_replaced() {
    let rig = settled(SHORT).await;
    let old = email(rig.store(), "pkg:npm/widget@1.0.0");
    // The configuration of the restarted pipeline has no retention.
    let rig = rig.restarted();
    rig.days_pass(40);
    rig.smooth_pass().await;
    assert_eq!(email(rig.store(), "pkg:npm/widget@1.0.0"), old, "the address does not come back");
    rig.publish("pkg:npm/widget@1.1.0", &by_ada());
    rig.smooth_pass().await;
    assert_eq!(said(&rig), [], "and is still recognized");
    rig.days_pass(500);
    rig.smooth_pass().await;
    assert_eq!(email(rig.store(), "pkg:npm/widget@1.1.0"), ADDRESS, "no further address is replaced");
}
