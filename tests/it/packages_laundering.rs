//! Tests of an account that launders itself on a package without evidence: harmless releases through mild channels first,
//! then the malicious one.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use lab::{Publication, Rig, rig::*};
use provwatch::model::{Fingerprint, Severity};

const WIDGET: &str = "pkg:npm/widget";

/// The releases before the malicious one, the malicious one, and whether it has an install script.
type Plan = (&'static [&'static str], &'static str, bool);

const PLANS: [Plan; 5] = [
    (&[], "1.1.0", true),
    (&["2.0.0"], "2.0.1", true),
    (&["2.0.0"], "1.1.0", true),
    (&["2.0.0-a.0", "2.0.0-a.1", "2.0.0-a.2", "1.1.0"], "1.1.1", true),
    (&["2.0.0-a.0", "2.0.0-a.1", "2.0.0-a.2", "2.0.0-a.3", "2.0.0-a.4", "1.1.0"], "1.1.1", false),
];

/// What happens between the harmless releases and the malicious one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Between {
    Nothing,
    AWeek,
    /// A week in which a release with an install script was held.
    AWeekWithAHeldRelease,
    /// The same without a new script.
    AWeekWithAnotherLine,
}

/// A package that Ada publishes with a token.
async fn settled() -> Rig {
    let rig = Rig::watching(&[WIDGET]);
    rig.history(WIDGET, 12, &by_ada());
    rig.smooth_pass().await;
    rig
}

async fn publish(rig: &Rig, version: &str, publication: &Publication) -> Severity {
    rig.minutes_pass(1);
    let release = format!("{WIDGET}@{version}");
    rig.publish(&release, publication);
    rig.smooth_pass().await;
    let alert = rig.store().alert(&Fingerprint::of_release(&release.parse().unwrap())).unwrap();
    alert.map_or(Severity::Info, |alert| alert.severity)
}

/// The severity of the malicious release, and those before.
async fn played((before, malicious, has_script): Plan, between: Between) -> (Severity, Vec<Severity>) {
    let (rig, mut severities) = (settled().await, Vec::new());
    let harmful = by_mallory().install_script("node steal.js");
    for version in before {
        severities.push(publish(&rig, version, &by_mallory()).await);
    }
    match between {
        Between::Nothing => {}
        Between::AWeek => rig.days_pass(8),
        Between::AWeekWithAHeldRelease | Between::AWeekWithAnotherLine => {
            rig.days_pass(3);
            let (version, other) = match between {
                Between::AWeekWithAHeldRelease => ("1.5.0", by_mallory().install_script("node other.js")),
                _ => ("3.0.0", by_mallory()),
            };
            severities.push(publish(&rig, version, &other).await);
            rig.days_pass(4);
        }
    }
    let publication = if has_script { harmful } else { by_mallory() };
    (publish(&rig, malicious, &publication).await, severities)
}

/// What each plan still raises: at once, after a week, after a week with a held release, and after one with another line.
#[tokio::test]
async fn harmless_releases_first_buy_no_more_than_this_table_says() {
    use Severity::{Info, Low, Medium};
    let least = [
        [Medium, Medium, Medium, Medium],
        // The account began the line: it is the line's first, and what follows is compared with one release.
        [Low, Low, Low, Low],
        [Medium, Medium, Medium, Medium],
        [Medium, Low, Medium, Low],
        // Nothing but the account differs, and a week without a further signal makes it known.
        [Low, Info, Low, Info],
    ];
    let all = [Between::Nothing, Between::AWeek, Between::AWeekWithAHeldRelease, Between::AWeekWithAnotherLine];
    for (plan, least) in PLANS.into_iter().zip(least) {
        for (between, least) in all.into_iter().zip(least) {
            let (severity, before) = played(plan, between).await;
            assert!(severity >= least, "{plan:?}, {between:?}: {severity} after {before:?}");
        }
    }
}
