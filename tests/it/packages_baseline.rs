//! Tests of baseline updates over time, and of packages that no feed announced.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use std::sync::Mutex;

use lab::{Fault, Publication, Rig, due, rig::*};
use provwatch::{
    baseline::learn_accepted,
    detect::AssessmentInputs,
    model::{
        AlertStatus, BaselineReason, Fingerprint, Package, ReleaseId, ReleaseLine, ReleaseStatus, Severity,
        traits::InstallScripts,
    },
    packages::{assess::assess, relearn, release_context},
    progress::{Progress, Step},
    store::{BaselineChange, NewBaselineVersion, Outcome, Store, StoreError},
};

const WIDGET: &str = "pkg:npm/widget";

/// A package that Ada publishes with a token, and then Mallory does.
async fn with_a_stranger(publication: &Publication) -> Rig {
    let rig = Rig::watching(&[WIDGET]);
    rig.history(WIDGET, 8, &by_ada());
    rig.smooth_pass().await;
    rig.publish("pkg:npm/widget@1.1.0", publication);
    rig.smooth_pass().await;
    rig
}

/// Five releases of Ada's over sixteen days.
async fn five_clean_releases(rig: &Rig) {
    for number in 1..=5 {
        rig.days_pass(if number == 5 { 4 } else { 3 });
        rig.publish(&format!("pkg:npm/widget@1.1.{number}"), &by_ada());
        rig.smooth_pass().await;
        assert_eq!(rig.outcome(&format!("pkg:npm/widget@1.1.{number}")), Outcome::Clean);
    }
}

#[tokio::test]
async fn time_and_clean_releases_let_a_milder_one_join() {
    let rig = with_a_stranger(&by_mallory()).await;
    assert_eq!(rig.the_alert().severity, Severity::Medium);
    assert!(!rig.release("pkg:npm/widget@1.1.0").in_baseline);
    five_clean_releases(&rig).await;
    assert!(rig.release("pkg:npm/widget@1.1.0").in_baseline);
    let last = rig.store().baseline_history(&WIDGET.parse().unwrap(), 1).unwrap().remove(0);
    assert_eq!(last.note.as_deref(), Some("enough clean releases followed"));
    rig.publish("pkg:npm/widget@1.1.6", &by_mallory());
    rig.smooth_pass().await;
    assert_eq!(rig.outcome("pkg:npm/widget@1.1.6"), Outcome::Clean, "by now she is known");
}

#[tokio::test]
async fn time_does_not_absolve_a_takeover() {
    let rig = with_a_stranger(&by_mallory().install_script("node steal.js")).await;
    assert!(rig.the_alert().severity >= Severity::High);
    five_clean_releases(&rig).await;
    assert!(!rig.release("pkg:npm/widget@1.1.0").in_baseline);
}

#[tokio::test]
async fn a_release_that_was_withdrawn_never_joins() {
    let rig = with_a_stranger(&by_mallory()).await;
    rig.world.unpublish_npm("widget", "1.1.0");
    five_clean_releases(&rig).await;
    assert!(!rig.release("pkg:npm/widget@1.1.0").in_baseline);
}

#[tokio::test]
async fn a_stranger_does_not_become_normal_by_repetition() {
    let rig = with_a_stranger(&by_mallory()).await;
    for number in 1..=8 {
        rig.days_pass(3);
        rig.publish(&format!("pkg:npm/widget@1.1.{number}"), &by_mallory());
        rig.smooth_pass().await;
    }
    assert_eq!(rig.alerts().len(), 9);
    assert!(!rig.release("pkg:npm/widget@1.1.0").in_baseline);
}

/// The operator accepts a release through a store of their own, as the command line does.
fn accept(store: &Store, release: &str) {
    let row = store.release(&release.parse().unwrap()).unwrap().unwrap();
    let stored = store.baseline(row.purl.package()).unwrap();
    let mut baseline = stored.baseline;
    learn_accepted(&mut baseline, row.observation.as_ref().unwrap());
    let version = NewBaselineVersion {
        line: row.line,
        reason: BaselineReason::Accepted,
        purl: Some(row.purl),
        actor: "olga".to_owned(),
        note: None,
    };
    let change = BaselineChange { based_on: stored.revision, baseline, versions: vec![version] };
    assert_eq!(store.change_baseline(&change, START.parse().unwrap()).unwrap(), 1);
}

#[tokio::test]
async fn what_the_operator_accepts_is_normal_from_then_on() {
    let rig = with_a_stranger(&by_mallory()).await;
    accept(rig.store(), "pkg:npm/widget@1.1.0");
    rig.publish("pkg:npm/widget@1.2.0", &by_mallory());
    rig.smooth_pass().await;
    assert_eq!(rig.outcome("pkg:npm/widget@1.2.0"), Outcome::Clean);
}

/// The operator takes that back, as the command line does.
fn unaccept(store: &Store, release: &str) -> Vec<String> {
    let release: ReleaseId = release.parse().unwrap();
    let judge = |baseline: &_, one: &_| -> Result<bool, StoreError> {
        Ok(assess(baseline, one, &AssessmentInputs::usual(&release_context(store, one)?)).in_baseline)
    };
    let relearned = relearn::without(store, release.package(), &release, judge).unwrap();
    let step = |purl: &ReleaseId, reason| NewBaselineVersion {
        line: ReleaseLine::of(purl),
        reason,
        purl: Some(purl.clone()),
        actor: "olga".to_owned(),
        note: None,
    };
    let mut versions = vec![step(&release, BaselineReason::Unaccepted)];
    versions.extend(relearned.dropped.iter().map(|one| step(&one.purl, BaselineReason::Unlearned)));
    let based_on = store.baseline(release.package()).unwrap().revision;
    let change = BaselineChange { based_on, baseline: relearned.baseline, versions };
    let alert = Fingerprint::of_release(&release);
    store.take_back(&change, &alert, "olga", "it was stolen", START.parse().unwrap()).unwrap();
    assert_eq!(store.take_back(&change, &alert, "olga", "it was stolen", START.parse().unwrap()).unwrap(), 0);
    relearned.dropped.into_iter().map(|one| one.purl.to_string()).collect()
}

#[tokio::test]
async fn what_became_normal_by_an_acceptance_is_judged_again_when_it_is_taken_back() {
    let rig = with_a_stranger(&by_mallory().install_script("node steal.js")).await;
    let before = rig.store().baseline(&WIDGET.parse().unwrap()).unwrap().baseline;
    accept(rig.store(), "pkg:npm/widget@1.1.0");
    rig.minutes_pass(1);
    rig.publish("pkg:npm/widget@1.1.1", &by_mallory().install_script("node steal.js"));
    rig.smooth_pass().await;
    rig.minutes_pass(1);
    rig.publish("pkg:npm/widget@1.1.2", &by_ada());
    rig.smooth_pass().await;
    assert_eq!((rig.outcome("pkg:npm/widget@1.1.1"), rig.alerts().len()), (Outcome::Clean, 1));

    assert_eq!(unaccept(rig.store(), "pkg:npm/widget@1.1.0"), ["pkg:npm/widget@1.1.1"]);
    rig.pass().await;
    assert_eq!(rig.outcome("pkg:npm/widget@1.1.1"), Outcome::Alerted);
    assert!(rig.release("pkg:npm/widget@1.1.2").in_baseline && !rig.release("pkg:npm/widget@1.1.1").in_baseline);
    let (line, after) = (ReleaseLine::named("1"), rig.store().baseline(&WIDGET.parse().unwrap()).unwrap().baseline);
    assert_eq!(
        after.lines[&line].tally(InstallScripts).values().collect::<Vec<_>>(),
        before.lines[&line].tally(InstallScripts).values().collect::<Vec<_>>()
    );
    let relearned: Vec<_> = relearn::history(rig.store(), &WIDGET.parse().unwrap())
        .unwrap()
        .into_iter()
        .map(|one| one.purl.to_string())
        .collect();
    assert_eq!(relearned.len(), 9, "eight of the history and Ada's: {relearned:?}");
}

/// Does something once, in the middle of a pass: when a release was judged and is not yet the last.
struct Meanwhile<F>(Mutex<Option<F>>);

impl<F> std::fmt::Debug for Meanwhile<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meanwhile")
    }
}

impl<F: FnOnce() + Send> Progress for Meanwhile<F> {
    fn report(&self, step: &Step<'_>) {
        if matches!(step, Step::Recorded { .. })
            && let Some(act) = self.0.lock().unwrap().take()
        {
            act();
        }
    }
}

#[tokio::test]
async fn an_operator_who_accepts_while_the_daemon_works_loses_nothing() {
    let rig = with_a_stranger(&by_mallory()).await;
    let path = rig.path();
    let act = move || accept(&Store::open(&path).unwrap(), "pkg:npm/widget@1.1.0");
    let rig = rig.restarted_with(std::sync::Arc::new(Meanwhile(Mutex::new(Some(act)))));
    rig.publish("pkg:npm/widget@1.2.0", &by_ada());
    rig.publish("pkg:npm/widget@1.2.1", &by_ada());
    let summary = rig.pass().await;
    assert_eq!(summary.work.postponed, 1, "the baseline moved between the two");
    assert_eq!(rig.store().work_summary(rig.now()).unwrap().waiting, 0, "and was read again at once");
    let taught: Vec<_> =
        rig.store().baseline_history(&WIDGET.parse().unwrap(), 3).unwrap().into_iter().filter_map(|v| v.purl).collect();
    assert_eq!(taught, ["pkg:npm/widget@1.2.1", "pkg:npm/widget@1.1.0", "pkg:npm/widget@1.2.0"]);
}

#[tokio::test]
async fn what_was_published_before_the_feed_was_first_read_is_found() {
    let rig = Rig::watching(&[WIDGET]);
    rig.history(WIDGET, 4, &by_ada());
    // The queue is worked off before the feed answers for the first time.
    rig.app.packages.reconciler.enqueue_unknown().unwrap();
    rig.app.packages.queue.work().await.unwrap();
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory());
    rig.smooth_pass().await;
    assert_eq!(rig.outcome("pkg:npm/widget@1.1.0"), Outcome::Alerted);
}

#[tokio::test]
async fn what_no_feed_announces_is_found_within_a_day() {
    let rig = Rig::watching(&["pkg:cargo/widget"]);
    rig.history("pkg:cargo/widget", 3, &by_ada());
    rig.smooth_pass().await;
    // The update feed knows nothing of yanks.
    rig.world.crates().yank("widget", "1.0.1");
    rig.days_pass(1);
    rig.smooth_pass().await;
    let status = rig.release("pkg:cargo/widget@1.0.1").status;
    assert_eq!(status, provwatch::model::ReleaseStatus::Yanked);
}

#[tokio::test]
async fn a_silent_source_is_an_alert_until_it_speaks() {
    for ever_read in [true, false] {
        let rig = Rig::watching(&[WIDGET]);
        rig.history(WIDGET, 2, &by_ada());
        if ever_read {
            rig.smooth_pass().await;
        }
        rig.world.break_down("replicate.example", Fault::Reset);
        for _ in 0..4 {
            rig.minutes_pass(10);
            rig.pass().await;
            rig.app.check_health().unwrap();
        }
        let trouble = rig.troubles().remove(0);
        assert!(trouble.title.starts_with("npm-changes has not been read for"), "{}", trouble.title);
        assert!(trouble.argument.contains("connection reset"), "{}", trouble.argument);
        rig.world.mend("replicate.example");
        rig.minutes_pass(10);
        rig.smooth_pass().await;
        rig.app.check_health().unwrap();
        assert_eq!(rig.troubles()[0].status, AlertStatus::Resolved);
    }
}

#[tokio::test]
async fn a_package_that_cannot_be_read_for_long_is_an_alert_and_keeps_nobody_waiting() {
    let rig = Rig::watching(&[WIDGET, "pkg:npm/gadget"]);
    for package in [WIDGET, "pkg:npm/gadget"] {
        rig.history(package, 3, &by_ada());
    }
    rig.world.break_down("npm.example/widget", Fault::Body(b"[]".to_vec()));
    for _ in 0..8 {
        rig.minutes_pass(15);
        rig.pass().await;
    }
    assert_eq!(rig.outcome("pkg:npm/gadget@1.0.0"), Outcome::Learned);
    let troubles = rig.troubles();
    assert_eq!(troubles.len(), 1);
    assert_eq!(troubles[0].title, "pkg:npm/widget cannot be checked");
    rig.world.mend("npm.example/widget");
    rig.days_pass(1);
    rig.smooth_pass().await;
    assert_eq!(rig.troubles()[0].status, AlertStatus::Resolved);
    assert_eq!(rig.outcome("pkg:npm/widget@1.0.0"), Outcome::Learned);
}

#[tokio::test]
async fn a_fresh_release_does_not_wait_for_a_backfill() {
    let rig = Rig::watching(&[WIDGET]);
    rig.history(WIDGET, 2, &by_ada());
    rig.smooth_pass().await;
    let many: Vec<Package> = (0..50).map(|n| format!("pkg:npm/other-{n}").parse().unwrap()).collect();
    rig.store().enqueue(&many, "backfill", rig.now()).unwrap();
    rig.minutes_pass(1);
    rig.publish("pkg:npm/widget@1.1.0", &by_ada());
    rig.app.packages.feeds.observe(rig.app.sources[0].feed.as_ref()).await.unwrap();
    let next = due::work(rig.store(), rig.now()).remove(0);
    assert_eq!(next.package.to_string(), WIDGET);
}

/// A package that Ada publishes.
async fn by_ada_alone() -> Rig {
    let rig = Rig::watching(&[WIDGET]);
    rig.history(WIDGET, 8, &by_ada());
    rig.smooth_pass().await;
    rig
}

#[tokio::test]
async fn a_release_that_is_withdrawn_soon_is_not_normal_any_more() {
    let rig = by_ada_alone().await;
    let stored = || rig.store().baseline(&WIDGET.parse().unwrap()).unwrap().baseline;
    let before = stored();
    rig.publish("pkg:npm/widget@1.1.0", &by_ada());
    rig.smooth_pass().await;
    assert!(rig.release("pkg:npm/widget@1.1.0").in_baseline);
    assert_ne!(stored(), before);
    rig.world.unpublish_npm("widget", "1.1.0");
    rig.smooth_pass().await;
    assert!(!rig.release("pkg:npm/widget@1.1.0").in_baseline);
    assert_eq!(stored(), before, "as if it had never been");
    let last = rig.store().baseline_history(&WIDGET.parse().unwrap(), 1).unwrap().remove(0);
    assert_eq!((last.reason, last.version), (BaselineReason::Unlearned, 10));
}

#[tokio::test]
async fn nobody_makes_a_package_forget_by_deleting_its_past() {
    let rig = by_ada_alone().await;
    let widget: Package = WIDGET.parse().unwrap();
    let before = rig.store().baseline(&widget).unwrap();
    rig.days_pass(31);
    for row in rig.store().releases(&widget, 100).unwrap().iter().skip(1) {
        rig.world.unpublish_npm("widget", row.purl.version());
    }
    rig.smooth_pass().await;
    assert_eq!(rig.store().baseline(&widget).unwrap(), before);
}

#[tokio::test]
async fn nobody_makes_a_line_forget_the_evidence_that_it_adopted() {
    let rig = by_ada_alone().await;
    for number in 0..6 {
        rig.publish(&format!("pkg:npm/widget@1.1.{number}"), &by_workflow(&workflow("widget")));
        rig.smooth_pass().await;
        rig.days_pass(4);
    }
    for number in 0..6 {
        rig.world.unpublish_npm("widget", &format!("1.1.{number}"));
    }
    rig.smooth_pass().await;
    rig.publish("pkg:npm/widget@1.2.0", &by_ada());
    rig.smooth_pass().await;
    let alert = rig.alerts().into_iter().find(|alert| alert.severity >= Severity::High).expect("an alert");
    assert!(alert.signals.iter().any(|signal| signal.detector == "evidence-downgrade"), "{alert:?}");
}

#[tokio::test]
async fn what_was_gone_for_a_moment_teaches_again() {
    let rig = by_ada_alone().await;
    rig.publish("pkg:npm/widget@1.1.0", &by_ada());
    rig.smooth_pass().await;
    rig.world.unpublish_npm("widget", "1.1.0");
    rig.smooth_pass().await;
    assert!(!rig.release("pkg:npm/widget@1.1.0").in_baseline);
    rig.publish("pkg:npm/widget@1.1.0", &by_ada());
    rig.smooth_pass().await;
    rig.smooth_pass().await;
    assert!(rig.release("pkg:npm/widget@1.1.0").in_baseline, "a replica lagged, or support restored it");
}

#[tokio::test]
async fn what_the_operator_accepted_stays_accepted() {
    let rig = by_ada_alone().await;
    rig.publish("pkg:npm/widget@1.1.0", &by_mallory());
    rig.smooth_pass().await;
    accept(rig.store(), "pkg:npm/widget@1.1.0");
    rig.world.unpublish_npm("widget", "1.1.0");
    rig.smooth_pass().await;
    assert!(rig.release("pkg:npm/widget@1.1.0").in_baseline);
    rig.publish("pkg:npm/widget@1.1.1", &by_mallory());
    rig.smooth_pass().await;
    assert_eq!(rig.outcome("pkg:npm/widget@1.1.1"), Outcome::Clean);
}

#[tokio::test]
async fn what_goes_with_its_whole_package_is_unlearned_too() {
    let rig = by_ada_alone().await;
    rig.publish("pkg:npm/widget@1.1.0", &by_ada());
    rig.smooth_pass().await;
    rig.world.npm().take_down("widget");
    rig.smooth_pass().await;
    rig.world.npm().revive("widget", "1.1.0");
    rig.smooth_pass().await;
    assert!(!rig.release("pkg:npm/widget@1.1.0").in_baseline);
    assert_eq!(rig.release("pkg:npm/widget@1.0.3").status, ReleaseStatus::Published);
}

#[tokio::test]
async fn what_was_yanked_before_anybody_looked_is_no_habit() {
    let rig = Rig::watching(&["pkg:pypi/widget"]);
    rig.history("pkg:pypi/widget", 6, &by_workflow(&workflow("widget")));
    rig.smooth_pass().await;
    rig.publish("pkg:pypi/widget@1.1.0", &by_workflow(&workflow("widget")));
    rig.world.pypi().yank("widget", "1.1.0", rig.now());
    rig.smooth_pass().await;
    let row = rig.release("pkg:pypi/widget@1.1.0");
    assert_eq!((row.status, row.in_baseline), (ReleaseStatus::Yanked, false));
}
