//! Tests of private registries beside the public ones. Packages of one name are never mixed, credentials go to their
//! own host only, and a private name that appears in public is reported.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use lab::{Fault, Publication, Rig, rig::*};
use provwatch::{
    app,
    config::Config,
    health::Id,
    model::{AlertKind, Package, Severity},
    store::Outcome,
};

const ACME: [(&str, &str); 3] = [
    ("npm", "https://npm.acme.example"),
    ("pypi", "https://pypi.acme.example/simple"),
    ("cargo", "https://cargo.acme.example/index"),
];

/// The registries of the lab, and those of the company beside them.
fn both(extra: &str) -> String {
    let npm = "npm = { registry = \"https://npm.example\", replicate = \"https://replicate.example\" }\n";
    let pypi = "pypi = { index = \"https://pypi.example\" }\n";
    let cargo = "cargo = { api = \"https://crates.example\", index = \"https://index.example\", files = \"https://static.example\" }\n";
    let listed = |kind: &str, line: &str, url: &str| {
        let public = line.split_once("= {").unwrap().1.trim().trim_end_matches('}');
        let keys = public.split(", ").map(str::trim).collect::<Vec<_>>().join("\n") + "\n";
        format!("[[registries.{kind}]]\n{keys}[[registries.{kind}]]\nname = \"acme\"\nurl = \"{url}\"\n{extra}")
    };
    let lists = listed("npm", npm, ACME[0].1) + &listed("pypi", pypi, ACME[1].1) + &listed("cargo", cargo, ACME[2].1);
    let rest = CONFIG.replace(npm, "").replace(pypi, "").replace(cargo, "").replace("[registries]\n", "");
    rest + &lists
}

fn acme(kind: &str, name: &str) -> String {
    let url = ACME.iter().find(|(of, _)| *of == kind).unwrap().1;
    format!("pkg:{kind}/{name}?repository_url={url}")
}

fn acme_release(kind: &str, name: &str, version: &str) -> String {
    let package: Package = acme(kind, name).parse().unwrap();
    package.at(version).to_string()
}

/// A rig that watches `widget` of each public registry and of each of the company's.
fn watching_both() -> Rig {
    let all: Vec<String> =
        ACME.iter().flat_map(|(kind, _)| [format!("pkg:{kind}/widget"), acme(kind, "widget")]).collect();
    Rig::configured(&both(""), &all.iter().map(String::as_str).collect::<Vec<_>>())
}

fn history(rig: &Rig, kind: &str, name: &str, publication: &Publication) {
    for number in 0..6 {
        let at = rig.now() - chrono::TimeDelta::days(30 * (6 - number));
        rig.world.publish_acme(kind, name, &format!("1.0.{number}"), &publication.clone().at(at));
    }
}

#[tokio::test]
async fn packages_of_one_name_are_never_mixed() {
    for (kind, _) in ACME {
        let rig = watching_both();
        rig.history(&format!("pkg:{kind}/widget"), 6, &by_workflow(&workflow("widget")));
        history(&rig, kind, "widget", &by_ada());
        rig.settle().await;
        let private: Package = acme(kind, "widget").parse().unwrap();
        let public = private.public_namesake();
        let store = rig.store();
        assert_eq!(store.releases(&private, 100).unwrap().len(), 6, "{kind}");
        assert_eq!(store.releases(&public, 100).unwrap().len(), 6, "{kind}");
        assert!(store.releases(&private, 100).unwrap().iter().all(|row| row.purl.package() == &private));
        let (ours, theirs) = (store.baseline(&private).unwrap().baseline, store.baseline(&public).unwrap().baseline);
        assert_ne!(ours, theirs, "{kind}: each is released in its own way");

        // What is usual in one is not usual in the other.
        rig.minutes_pass(20);
        let at = rig.now();
        rig.world.publish_acme(kind, "widget", "1.1.0", &by_ada().at(at));
        rig.publish(&format!("pkg:{kind}/widget@1.1.0"), &by_mallory());
        rig.settle().await;
        assert_eq!(rig.outcome(&acme_release(kind, "widget", "1.1.0")), Outcome::Clean, "{kind}");
        assert_eq!(rig.outcome(&format!("pkg:{kind}/widget@1.1.0")), Outcome::Alerted, "{kind}");
        let related = store.related(&acme_release(kind, "widget", "1.1.0").parse().unwrap(), 100).unwrap();
        let names_public = |row: &provwatch::store::ReleaseRow| row.purl.package().is_public();
        assert!(!related.by_publisher.iter().any(names_public), "{kind}: accounts are those of one registry");
    }
}

#[tokio::test]
async fn a_registry_without_a_feed_is_looked_at_every_quarter_of_an_hour_with_one_conditional_request() {
    for (kind, _) in ACME {
        let rig = Rig::configured(&both(""), &[&acme(kind, "widget")]);
        history(&rig, kind, "widget", &by_ada());
        rig.settle().await;
        rig.minutes_pass(16);
        rig.smooth_pass().await;
        let host = format!("{kind}.acme.example");
        let asked = || rig.world.requests().iter().filter(|url| url.starts_with(&host)).count();
        for (minutes, more) in [(5, 0), (11, 1), (5, 0), (11, 1)] {
            let before = asked();
            rig.minutes_pass(minutes);
            rig.smooth_pass().await;
            assert_eq!(asked() - before, more, "{kind} after {minutes} more minutes");
        }
        rig.world.publish_acme(kind, "widget", "1.1.0", &by_ada().install_script("node x.js").at(rig.now()));
        rig.minutes_pass(16);
        rig.smooth_pass().await;
        assert!(
            rig.store().release(&acme_release(kind, "widget", "1.1.0").parse().unwrap()).unwrap().is_some(),
            "{kind}"
        );
    }
}

/// Nobody announces what changes there: a validator that stays would hide it for ever.
#[tokio::test]
async fn a_validator_that_stays_hides_nothing_for_longer_than_a_day() {
    let rig = Rig::configured(&both(""), &[&acme("npm", "widget")]);
    history(&rig, "npm", "widget", &by_ada());
    rig.world.keep_etag("npm.acme.example");
    rig.settle().await;
    for (version, minutes) in [("1.1.0", 24 * 60), ("1.1.1", 16), ("1.1.2", 16)] {
        rig.world.publish_acme("npm", "widget", version, &by_ada().at(rig.now()));
        rig.minutes_pass(minutes);
        rig.smooth_pass().await;
        let release = acme_release("npm", "widget", version).parse().unwrap();
        assert!(rig.store().release(&release).unwrap().is_some(), "{version}: once it is known, it is not asked by");
    }
}

#[tokio::test]
async fn credentials_go_to_their_own_host_only() {
    let folder = folder();
    let token = folder.path().join("token");
    std::fs::write(&token, "s3cret\n").unwrap();
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    for (kind, user, said) in [
        ("npm", None, "Bearer s3cret"),
        ("pypi", None, "Basic X190b2tlbl9fOnMzY3JldA=="),
        ("cargo", None, "s3cret"),
        ("npm", Some("ada"), "Basic YWRhOnMzY3JldA=="),
    ] {
        let user = user.map(|user| format!("username = {user:?}\n")).unwrap_or_default();
        let text = both(&format!("token_file = {token:?}\n{user}"));
        let rig = Rig::configured(&text, &[&acme(kind, "widget"), &format!("pkg:{kind}/widget")]);
        let host = format!("{kind}.acme.example");
        rig.world.lock_door(&host, said);
        history(&rig, kind, "widget", &by_ada());
        rig.history(&format!("pkg:{kind}/widget"), 2, &by_ada());
        rig.settle().await;
        assert_eq!(rig.store().releases(&acme(kind, "widget").parse().unwrap(), 10).unwrap().len(), 6, "{kind}");
        let heard = rig.world.heard();
        assert!(heard.iter().any(|(to, what)| *to == host && what.as_deref() == Some(said)), "{kind}");
        let elsewhere: Vec<_> = heard.iter().filter(|(to, what)| *to != host && what.is_some()).collect();
        assert!(elsewhere.is_empty(), "{kind}: {elsewhere:?}");
    }
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_host() {
    let folder = folder();
    let token = folder.path().join("token");
    std::fs::write(&token, "s3cret\n").unwrap();
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let text = both(&format!("token_file = {token:?}\n")).replace(
        "proxy_from_environment = false",
        "proxy_from_environment = false\nallow_redirects = [\"npm.example\"]",
    );
    let rig = Rig::configured(&text, &[&acme("npm", "widget")]);
    rig.history("pkg:npm/widget", 2, &by_ada());
    let away = vec![("location".to_owned(), "https://npm.example/widget".to_owned())];
    rig.world.break_down("npm.acme.example/widget", Fault::Status(302, away));
    rig.pass().await;
    let heard = rig.world.heard();
    assert!(heard.contains(&("npm.acme.example".to_owned(), Some("Bearer s3cret".to_owned()))));
    assert!(heard.contains(&("npm.example".to_owned(), None)), "the redirect is followed");
    assert!(!heard.iter().any(|(to, what)| to == "npm.example" && what.is_some()), "{heard:?}");
}

#[tokio::test]
async fn a_registry_that_lets_nobody_in_any_more_withdraws_nothing() {
    let rig = Rig::configured(&both(""), &[&acme("npm", "widget")]);
    history(&rig, "npm", "widget", &by_ada());
    rig.settle().await;
    for status in [401, 403, 404] {
        rig.world.break_down("npm.acme.example/widget", Fault::Status(status, vec![]));
        rig.minutes_pass(16);
        rig.pass().await;
        let work = rig.store().work_of(&acme("npm", "widget").parse().unwrap()).unwrap().unwrap();
        let error = work.last_error.unwrap();
        assert!(error.contains("npm at npm.acme.example"), "{status}: {error}");
        assert!(error.contains("credentials"), "{status}: {error}");
        let rows = rig.store().releases(&acme("npm", "widget").parse().unwrap(), 10).unwrap();
        assert!(
            rows.iter().all(|row| row.status == provwatch::model::ReleaseStatus::Published && row.in_baseline),
            "{status}"
        );
        rig.world.mend("npm.acme.example/widget");
        rig.minutes_pass(60);
        rig.settle().await;
    }
}

/// A release that waits for another look is there all the same.
#[tokio::test]
async fn a_registry_that_lets_nobody_in_withdraws_nothing_though_every_release_waits_for_another_look() {
    let package: Package = acme("npm", "widget").parse().unwrap();
    let rig = Rig::configured(&both(""), &[&acme("npm", "widget")]);
    history(&rig, "npm", "widget", &by_workflow(&workflow("widget")));
    rig.world.break_down("attestations", Fault::Status(503, vec![]));
    rig.pass().await;
    let rows = || rig.store().releases(&package, 10).unwrap();
    assert!(rows().len() == 6 && rows().iter().all(|row| row.recheck_at.is_some()), "{:?}", rows());
    rig.world.break_down("npm.acme.example/widget", Fault::Status(404, vec![]));
    rig.minutes_pass(24 * 60);
    rig.pass().await;
    let work = rig.store().work_of(&package).unwrap().unwrap();
    assert!(work.last_error.unwrap().contains("credentials"));
    let is_there = |row: &provwatch::store::ReleaseRow| row.status == provwatch::model::ReleaseStatus::Published;
    assert!(rows().len() == 6 && rows().iter().all(is_there), "{:?}", rows());
}

#[tokio::test]
async fn a_name_is_looked_for_in_public_though_the_registry_of_ones_own_cannot_be_read() {
    for fault in [Fault::Status(401, vec![]), Fault::Status(404, vec![])] {
        let rig = Rig::configured(&both(""), &[&acme("npm", "billing")]);
        history(&rig, "npm", "billing", &by_ada());
        rig.settle().await;
        rig.world.break_down("npm.acme.example/billing", fault);
        rig.publish("pkg:npm/billing@99.0.0", &by_mallory());
        rig.days_pass(1);
        rig.pass().await;
        let package = acme("npm", "billing").parse().unwrap();
        assert!(rig.store().work_of(&package).unwrap().unwrap().last_error.is_some());
        let told = |alert: &provwatch::model::Alert| alert.signals[0].detector == "public-namesake";
        assert!(rig.alerts().iter().any(told), "{:?}", rig.alerts());
    }
}

/// Whoever takes a name publishes an old release of yours first.
#[tokio::test]
async fn an_older_release_with_the_same_files_vouches_for_nothing() {
    let rig = Rig::configured(&both(""), &[&acme("npm", "gadget")]);
    let at = |days| rig.now() - chrono::TimeDelta::days(days);
    for number in 0..3 {
        rig.world.publish_acme("npm", "gadget", &format!("1.0.{number}"), &by_ada().at(at(60 - number)));
    }
    rig.publish_at(at(50), "pkg:npm/gadget@1.0.0", &by_mallory());
    rig.publish_at(at(40), "pkg:npm/gadget@99.0.0", &by_mallory());
    rig.settle().await;
    let severities: Vec<Severity> = rig.alerts().iter().map(|alert| alert.severity).collect();
    assert_eq!(severities, [Severity::Low]);
}

#[tokio::test]
async fn a_private_name_that_appears_in_public_is_told_once() {
    for (kind, title) in [("npm", "npm"), ("pypi", "PyPI"), ("cargo", "crates.io")] {
        let rig = Rig::configured(&both(""), &[&acme(kind, "billing")]);
        history(&rig, kind, "billing", &by_ada());
        rig.settle().await;
        assert_eq!(rig.alerts(), [], "{kind}: nobody has the name in public");
        rig.publish(&format!("pkg:{kind}/billing@99.0.0"), &by_mallory());
        rig.days_pass(1);
        rig.app.pass().await.unwrap();
        let alert = rig.the_alert();
        assert_eq!((alert.kind, alert.severity), (AlertKind::Release, Severity::Medium), "{kind}");
        assert_eq!(alert.purl.as_ref().unwrap().to_string(), format!("pkg:{kind}/billing@99.0.0"));
        let signal = &alert.signals[0];
        assert_eq!((signal.detector.as_ref(), alert.signals.len()), ("public-namesake", 1));
        let by = if kind == "pypi" { "ada" } else { "mallory" };
        for part in [&format!("pkg:{kind}/billing@99.0.0"), title, by, "2026-06-0", "1 version"] {
            assert!(signal.seen.contains(part), "{kind}: {part} in {}", signal.seen);
        }
        assert!(signal.expected.contains(&format!("{kind} at {kind}.acme.example")), "{}", signal.expected);
        assert!(alert.title.starts_with("billing, a package of ") && alert.title.contains("now exists in"));
        assert!(alert.links.registry.unwrap().contains("billing"));
        assert!(
            rig.store().releases(&format!("pkg:{kind}/billing").parse().unwrap(), 9).unwrap().is_empty(),
            "not watched"
        );

        // Another version tells nothing new, and the public registry is asked once a day.
        let public = if kind == "cargo" { "index.example" } else { &format!("{kind}.example") };
        let is_of_it = |url: &&String| url.starts_with(public) && url.contains("billing");
        let asked = || rig.world.requests().iter().filter(is_of_it).count();
        rig.publish(&format!("pkg:{kind}/billing@99.0.1"), &by_mallory());
        let before = asked();
        for _ in 0..8 {
            rig.minutes_pass(60);
            rig.app.pass().await.unwrap();
        }
        assert_eq!(asked(), before, "{kind}");
        rig.days_pass(1);
        rig.app.pass().await.unwrap();
        assert!(asked() > before, "{kind}");
        assert_eq!(rig.alerts().len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn a_name_that_was_taken_before_is_told_once_at_lower_severity() {
    let rig = Rig::configured(&both(""), &[&acme("npm", "widget"), &acme("npm", "gadget")]);
    rig.history("pkg:npm/widget", 3, &by_mallory());
    history(&rig, "npm", "widget", &by_ada());
    // The company's registry passes this one on.
    for number in 0..3 {
        let at = rig.now() - chrono::TimeDelta::days(30 * (3 - number));
        rig.publish_at(at, &format!("pkg:npm/gadget@1.0.{number}"), &by_ada());
        rig.world.publish_acme("npm", "gadget", &format!("1.0.{number}"), &by_ada().at(at));
    }
    for version in ["0.9.0", "0.9.1", "0.9.2"] {
        rig.world.publish_acme("npm", "widget", version, &by_ada().at(rig.now() - chrono::TimeDelta::days(200)));
    }
    rig.settle().await;
    let severities: std::collections::BTreeMap<_, _> = rig
        .alerts()
        .into_iter()
        .map(|alert| (alert.purl.unwrap().package().name().to_owned(), alert.severity))
        .collect();
    assert_eq!(severities["gadget"], Severity::Info, "the same files");
    assert!(severities["widget"] <= Severity::Low);
    let count = rig.alerts().len();
    rig.days_pass(3);
    rig.pass().await;
    assert_eq!(rig.alerts().len(), count);
}

#[tokio::test]
async fn nobody_is_asked_where_the_detector_or_the_public_registry_is_off() {
    let off = both("").replacen("[[registries.npm]]\n", "[[registries.npm]]\nenabled = false\n", 1);
    let quiet = both("") + "[detectors.public-namesake]\nenabled = false\n";
    for text in [off, quiet] {
        let rig = Rig::configured(&text, &[&acme("npm", "widget")]);
        history(&rig, "npm", "widget", &by_ada());
        rig.publish("pkg:npm/widget@9.0.0", &by_mallory());
        rig.app.pass().await.unwrap();
        let asked = rig.world.requests().iter().filter(|url| url.contains("npm.example/widget")).count();
        assert_eq!((asked, rig.alerts().len()), (0, 0));
    }
}

#[tokio::test]
async fn a_public_registry_that_does_not_answer_delays_nothing_and_is_asked_again_soon() {
    let rig = Rig::configured(&both(""), &[&acme("npm", "widget")]);
    history(&rig, "npm", "widget", &by_ada());
    rig.world.break_down("npm.example/widget#", Fault::Status(503, vec![]));
    rig.pass().await;
    let package = acme("npm", "widget").parse().unwrap();
    assert_eq!(rig.store().releases(&package, 10).unwrap().len(), 6);
    assert!(rig.store().namesake(&package).unwrap().unwrap().last_error.is_some());
    rig.world.mend("npm.example/widget#");
    rig.minutes_pass(61);
    rig.smooth_pass().await;
    let row = rig.store().namesake(&package).unwrap().unwrap();
    assert_eq!((row.last_error, row.there_since), (None, None));
}

#[tokio::test]
async fn a_registry_without_times_is_learned_in_its_order() {
    fn undated(body: &[u8]) -> Vec<u8> {
        let lines = body.split(|b| *b == b'\n').filter(|line| !line.is_empty()).map(|line| {
            let mut line: serde_json::Value = serde_json::from_slice(line).unwrap();
            line.as_object_mut().unwrap().remove("pubtime");
            line.to_string()
        });
        lines.collect::<Vec<_>>().join("\n").into_bytes()
    }
    let rig = Rig::configured(&both(""), &[&acme("cargo", "widget")]);
    history(&rig, "cargo", "widget", &by_ada());
    rig.world.break_down("cargo.acme.example/", Fault::Changed(undated));
    rig.settle().await;
    let package: Package = acme("cargo", "widget").parse().unwrap();
    let rows = rig.store().releases(&package, 10).unwrap();
    let versions: Vec<_> = rows.iter().map(|row| row.purl.version().to_owned()).collect();
    assert_eq!(versions, ["1.0.5", "1.0.4", "1.0.3", "1.0.2", "1.0.1", "1.0.0"], "the newest first");
    assert!(rows.iter().all(|row| row.outcome == Outcome::Learned), "{:?}", rows[0]);
    rig.world.publish_acme("cargo", "widget", "1.1.0", &by_ada());
    rig.minutes_pass(16);
    rig.smooth_pass().await;
    let row = rig.release(&acme_release("cargo", "widget", "1.1.0"));
    assert_eq!((row.outcome, row.published_at), (Outcome::Clean, Some(rig.now())), "{:?}", row.unchecked);
    assert_eq!(rig.troubles(), []);
}

#[tokio::test]
async fn a_registry_without_a_feed_is_among_the_sources() {
    let text = both("");
    let rig = Rig::configured(&text, &[&acme("npm", "widget")]);
    history(&rig, "npm", "widget", &by_ada());
    rig.settle().await;
    let source = |name: &str| rig.store().sources().unwrap().into_iter().find(|one| one.name == name);
    assert!(source("npm/acme").unwrap().last_success.is_some());
    rig.world.break_down("npm.acme.example/", Fault::Reset);
    for _ in 0..6 {
        rig.minutes_pass(16);
        rig.pass().await;
    }
    let state = source("npm/acme").unwrap();
    assert!(state.last_error.unwrap().contains("npm at npm.acme.example") && state.last_error_at > state.last_success);
    let setup = app::setup(&Config::parse(&text, std::path::Path::new("t.toml")).unwrap());
    let runner = provwatch::upkeep::runner(rig.store(), provwatch::health::LockState::Held).unwrap();
    let watchlist = rig.app.watchlist.now();
    let snapshot = provwatch::upkeep::snapshot(rig.store(), &setup, Some(&watchlist), runner, rig.now()).unwrap();
    let findings = provwatch::health::judge(&snapshot, rig.now());
    let silent: Vec<_> =
        findings.iter().filter(|one| one.id == Id::SourceSilent).map(|one| one.subject.as_str()).collect();
    assert_eq!(silent, ["npm/acme"], "{findings:?}");
}

/// What waits of a registry that was taken out of the configuration waits for nothing.
#[tokio::test]
async fn a_registry_that_is_taken_out_leaves_no_work_behind() {
    let rig = Rig::configured(&both(""), &[&acme("npm", "widget"), "pkg:npm/gadget"]);
    history(&rig, "npm", "widget", &by_ada());
    rig.history("pkg:npm/gadget", 2, &by_ada());
    rig.world.break_down("npm.acme.example/", Fault::Reset);
    rig.pass().await;
    assert!(rig.store().work_of(&acme("npm", "widget").parse().unwrap()).unwrap().is_some());
    let rig = rig.restarted();
    rig.minutes_pass(30);
    rig.pass().await;
    assert_eq!(rig.store().work_summary(rig.now()).unwrap().waiting, 0);
}
