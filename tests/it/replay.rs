//! Back-tests of real takeovers and of similar honest releases, through the real rules.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests may fail and print like tests")]

use std::path::Path;

use provwatch::{
    model::{ChangeKind, ExpectedChange, Facts, Provenance, Severity},
    packages::replay::{self, CaseAlert, ReplayError, Replayed, Rules, Timeline},
    watchlist::Watchlist,
};

/// The timelines of a folder.
fn read_all(folder: &Path) -> Vec<Timeline> {
    let files = replay::files(&[folder.to_owned()]).unwrap();
    files.iter().map(|file| Timeline::read(file).unwrap()).collect()
}

/// Replays a timeline by the usual rules.
fn replay(timeline: &Timeline) -> Replayed {
    replay::replay(timeline, Rules::default(), |_, _| {})
}

fn backtest() -> Vec<Timeline> {
    read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/backtest"))
}

/// Timelines of attackers who know the rules.
fn evasions() -> Vec<Timeline> {
    read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/backtest/evasions"))
}

fn print_score(replayed: &[Replayed]) {
    for case in replayed {
        println!("{:40} {:3} met {:3} missed", case.case, case.met(), case.missed());
        for score in case.scores.iter().filter(|score| !score.met) {
            println!("    {} is {}", score.expected.purl, score.severity);
        }
    }
    let met: usize = replayed.iter().map(Replayed::met).sum();
    let missed: usize = replayed.iter().map(Replayed::missed).sum();
    println!("expectations: {met} met, {missed} missed");
}

#[test]
fn every_expectation_is_met() {
    let replayed: Vec<_> = backtest().iter().chain(&evasions()).map(replay).collect();
    print_score(&replayed);
    assert_eq!(replayed.len(), 35 + 22);
    assert!(replayed.iter().all(|case| case.missed() == 0));
}

fn without_facts(mut timeline: Timeline) -> Timeline {
    timeline.observations.iter_mut().for_each(|release| release.facts = Facts::default());
    timeline
}

/// Honest releases that look like takeovers to those who see the registry alone: the tag and the merged commit, the owners
/// of the repository, or a familiar approver excuse them.
const NEEDS_FACTS: [&str; 4] =
    ["pkg:cargo/rand@0.8.", "pkg:npm/%40acme-ui/kit@3.17.0", "pkg:npm/xrpl@2.14.1", "pkg:pypi/fastapi@0.1"];

#[test]
fn without_facts_few_honest_releases_are_accused_and_none_is_critical() {
    let replayed: Vec<_> = backtest().into_iter().map(without_facts).map(|timeline| replay(&timeline)).collect();
    print_score(&replayed);
    for score in replayed.iter().flat_map(|case| &case.scores) {
        let purl = score.expected.purl.to_string();
        let needs_facts = NEEDS_FACTS.iter().any(|start| purl.starts_with(start));
        let most = score.expected.at_most.map(|most| if needs_facts { Severity::High } else { most });
        assert!(most.is_none_or(|most| score.severity <= most), "{purl} is {}", score.severity);
    }
}

/// Releases that lost evidence or were built elsewhere: no fact of a forge is needed to see it.
const RESTS_ON_EVIDENCE: [&str; 6] = [
    "pkg:npm/axios@1.14.1",
    "pkg:npm/nx@",
    "pkg:npm/eslint-config-prettier@10.1.6",
    "pkg:npm/eslint-config-prettier@10.1.7",
    "pkg:pypi/ultralytics@8.3.4",
    "pkg:npm/%40redhat-cloud-services/",
];

#[test]
fn without_facts_what_rests_on_evidence_still_fires_high() {
    let mut fired = 0;
    for timeline in backtest().into_iter().map(without_facts) {
        for score in replay(&timeline).scores {
            let purl = score.expected.purl.to_string();
            let rests = RESTS_ON_EVIDENCE.iter().any(|start| purl.starts_with(start));
            if rests && score.expected.at_least >= Some(Severity::High) {
                assert!(score.severity >= Severity::High, "{purl} is {}", score.severity);
                fired += 1;
            }
        }
    }
    assert_eq!(fired, 1 + 8 + 2 + 2 + 12);
}

/// Releases whose only trace is outside of the registry: by a hijacked run of the real workflow, or by the token of the
/// usual account. Only the forge knows that the tag is missing.
const LEAVES_NO_TRACE: [&str; 13] = [
    "pkg:pypi/ultralytics@8.3.41",
    "pkg:cargo/arrayref@0.3.10",
    "pkg:cargo/internment@0.8.7",
    "pkg:npm/xrpl@",
    "pkg:pypi/durabletask@",
    "pkg:pypi/lightning@",
    "pkg:pypi/telnyx@",
    "pkg:pypi/pyphetools@",
    "pkg:pypi/gpsea@",
    "pkg:pypi/ppkt2synergy@",
    "pkg:pypi/embiggen@",
    "pkg:pypi/phenopacket-store-toolkit@",
    "pkg:npm/%40mistralai/",
];

#[test]
fn without_facts_a_takeover_is_at_most_one_step_milder() {
    for timeline in backtest().into_iter().map(without_facts) {
        for score in replay(&timeline).scores {
            let purl = score.expected.purl.to_string();
            let leaves_no_trace = LEAVES_NO_TRACE.iter().any(|start| purl.starts_with(start));
            let least = score.expected.at_least.map(Severity::lowered).filter(|_| !leaves_no_trace);
            assert!(least.is_none_or(|least| score.severity >= least), "{purl} is {}", score.severity);
        }
    }
}

fn refused(document: &str) -> String {
    let error = Timeline::parse(Path::new("case.json"), document.as_bytes()).unwrap_err();
    assert!(matches!(error, ReplayError::Invalid { .. }));
    error.to_string()
}

#[test]
fn bad_timelines_are_refused_with_their_place() {
    let release = r#"{"purl": "pkg:npm/a@1.0.0", "published_at": "2026-01-01T00:00:00Z", "auth": {"method": "token"},
        "attestation": {"status": "absent"}}"#;
    let timeline = |observations: &str, expect: &str| {
        format!(r#"{{"case": "c", "kind": "negative", "observations": [{observations}], "expect": [{expect}]}}"#)
    };
    let ancient = release.replace("2026", "0026");
    let expect = |bounds: &str| timeline(release, &format!(r#"{{"purl": "pkg:npm/a@1.0.0"{bounds}}}"#));
    for (document, complaint) in [
        ("", "case.json: line 1, column 0: EOF while parsing a value"),
        (r#"{"case": " ", "kind": "positive", "observations": []}"#, "case: the name is missing"),
        ("[]", "case.json: line 1, column"),
        (
            r#"{"case": "c", "kind": "odd"}"#,
            "line 1, column 27: kind: unknown variant `odd`, expected `positive` or `negative`",
        ),
        (r#"{"case": "c", "knid": "positive"}"#, "unknown field `knid`"),
        (&timeline(&release.replace("auth", "auht"), ""), "unknown field `auht`"),
        (&timeline(&release.replace("absent", "verified"), ""), "a verified attestation needs an issuer"),
        (
            &timeline(&release.replace("T00:00:00Z", ""), ""),
            "observations[0].published_at: premature end of input; expected a time such as",
        ),
        (
            &timeline(&ancient, ""),
            "case.json: observations[0].published_at: 0026-01-01 00:00:00 UTC is not a possible time",
        ),
        (&timeline(&format!("{release},{release}"), ""), "observations[1].purl: pkg:npm/a@1.0.0 is listed twice"),
        (&timeline("", r#"{"purl": "pkg:npm/a@1.0.0", "at_most": "low"}"#), "expect[0]: pkg:npm/a@1.0.0 is not among"),
        (&expect(""), "expect[0]: pkg:npm/a@1.0.0 needs exactly one of at_least and at_most"),
        (&expect(r#", "at_least": "low", "at_most": "low""#), "needs exactly one"),
        (&expect(r#", "at_least": "worst""#), "unknown variant `worst`"),
        (
            &expect(r#", "at_least": "high"}, {"purl": "pkg:npm/a@1.0.0", "at_most": "low""#),
            "expect[1]: pkg:npm/a@1.0.0 is expected at least high and at most low",
        ),
    ] {
        let error = refused(document);
        assert!(error.contains("case.json") && error.contains(complaint), "{error}\n{document}");
    }
}

#[test]
fn a_folder_without_timelines_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = replay::files(&[folder.path().to_owned()]).unwrap_err();
    assert!(matches!(error, ReplayError::Empty { .. }), "{error}");
    let error = Timeline::read(&folder.path().join("missing.json")).unwrap_err();
    assert!(matches!(error, ReplayError::Read { .. }), "{error}");
}

/// The attacker's own repetitions alert every time; honest releases in between stay clean.
#[test]
fn repeating_a_takeover_teaches_nothing() {
    let mut timeline = backtest().into_iter().find(|timeline| timeline.case.starts_with("axios")).unwrap();
    let takeover = timeline.observations.iter().find(|o| o.purl.to_string() == "pkg:npm/axios@1.14.1").unwrap().clone();
    for patch in 2..40 {
        let mut again = takeover.clone();
        again.purl = format!("pkg:npm/axios@1.14.{patch}").parse().unwrap();
        again.published_at += chrono::Duration::days(patch);
        timeline.observations.push(again);
    }
    let alerts = replay(&timeline).alerts;
    let critical = alerts.iter().filter(|alert| alert.alert.severity == Severity::Critical).count();
    assert_eq!(critical, 39);
}

/// Order in the file does not matter, publish order does.
#[test]
fn releases_are_replayed_in_publish_order() {
    for mut timeline in backtest() {
        let forwards = replay(&timeline);
        timeline.observations.reverse();
        assert_eq!(forwards.scores, replay(&timeline).scores, "{}", timeline.case);
    }
}

/// A long history of one package: assessing must not grow with it, and baselines must not be copied per release.
#[test]
fn a_long_history_is_replayed_in_linear_time() {
    let mut timeline = backtest().into_iter().find(|timeline| timeline.case.starts_with("ultralytics")).unwrap();
    let ordinary = timeline.observations[0].clone();
    timeline.expect.clear();
    timeline.observations = (0..4_000)
        .map(|patch| {
            let mut release = ordinary.clone();
            release.purl = format!("pkg:pypi/ultralytics@8.4.{patch}").parse().unwrap();
            release.published_at += chrono::Duration::minutes(7 * patch);
            if let Provenance::Verified(verified) = &mut release.attestation {
                verified.signed_at = Some(release.published_at);
                let run = format!("https://github.com/ultralytics/ultralytics/actions/runs/{patch}/attempts/1");
                verified.identity.claims.run_invocation_uri = Some(run);
            }
            release
        })
        .collect();
    assert_eq!(replay(&timeline).alerts, []);
}

fn lines(timeline: &Timeline) -> String {
    timeline.observations.iter().map(|release| serde_json::to_string(release).unwrap() + "\n").collect()
}

#[test]
fn releases_may_stand_one_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let timeline = backtest().into_iter().find(|timeline| timeline.case.starts_with("axios")).unwrap();
    let path = folder.path().join("axios.jsonl");
    std::fs::write(&path, lines(&timeline)).unwrap();
    let read = Timeline::read(&path).unwrap();
    assert_eq!((read.case.as_str(), &read.observations), ("axios", &timeline.observations));
    std::fs::write(&path, format!("{}{{\"purl\": 1}}\n", lines(&timeline))).unwrap();
    let error = Timeline::read(&path).unwrap_err().to_string();
    let place = format!("axios.jsonl: line {}, column 10: purl: ", timeline.observations.len() + 1);
    assert!(error.contains(&place), "{error}");
    let marked = [b"\xEF\xBB\xBF", lines(&timeline).as_bytes()].concat();
    std::fs::write(&path, marked).unwrap();
    assert_eq!(Timeline::read(&path).unwrap().observations.len(), timeline.observations.len());
}

/// One repository that moved, and the operator knew.
fn moved() -> Timeline {
    backtest().into_iter().find(|timeline| timeline.case.starts_with("redhat")).unwrap()
}

fn expected(purl: &str, change: ChangeKind, from: &str, until: &str) -> ExpectedChange {
    ExpectedChange {
        id: 7,
        package: purl.parse().unwrap(),
        change,
        from: from.parse().unwrap(),
        until: until.parse().unwrap(),
        by: "olga".to_owned(),
        reason: "PR 812".to_owned(),
        created_at: from.parse().unwrap(),
        removed: None,
    }
}

#[test]
fn an_announced_change_is_informational_within_its_time_and_nothing_else_is() {
    let package = "pkg:npm/%40redhat-cloud-services/chrome";
    let workflow = |path: &str| ChangeKind::Workflow(path.to_owned());
    let severity = |announced: &[ExpectedChange]| {
        let replayed = replay::replay(&moved(), Rules { watchlist: None, expected: announced }, |_, _| {});
        let is_it = |alert: &&CaseAlert| {
            alert.alert.purl.as_ref().is_some_and(|purl| purl.to_string() == format!("{package}@2.3.1"))
        };
        replayed.alerts.iter().find(is_it).map(|alert| (alert.alert.severity, alert.alert.signals.clone()))
    };
    let before = severity(&[]).unwrap().0;
    assert_eq!(before, Severity::Critical);
    let (from, until) = ("2026-05-30T00:00:00Z", "2026-06-02T00:00:00Z");
    let (after, signals) =
        severity(&[expected(package, workflow(".github/workflows/release-ci.yml"), from, until)]).unwrap();
    assert!(after < before, "what the announcement explains does not count");
    let changed = signals.iter().find(|signal| signal.detector == "workflow-changed").unwrap();
    assert_eq!(changed.severity, Severity::Info);
    assert!(changed.why.contains("announced by olga (number 7): PR 812"), "{}", changed.why);
    assert!(signals.iter().any(|signal| signal.detector == "tag-missing" && signal.severity > Severity::Info));
    for other in [
        expected(package, workflow(".github/workflows/another.yml"), from, until),
        expected(package, workflow(".github/workflows/release-ci.yml"), from, "2026-05-31T00:00:00Z"),
        expected("pkg:npm/chrome", workflow(".github/workflows/release-ci.yml"), from, until),
    ] {
        assert_eq!(severity(&[other]).unwrap().0, before);
    }
}

#[test]
fn an_announced_workflow_excuses_no_branch_that_was_not_merged_and_no_other_repository() {
    let package = "pkg:npm/%40redhat-cloud-services/chrome";
    let mut timeline = moved();
    let path = ".github/workflows/release-ci.yml";
    let announced =
        [expected(package, ChangeKind::Workflow(path.to_owned()), "2026-05-30T00:00:00Z", "2026-06-02T00:00:00Z")];
    let says = |timeline: &Timeline| {
        let replayed = replay::replay(timeline, Rules { watchlist: None, expected: &announced }, |_, _| {});
        let is_it = |alert: &CaseAlert| {
            alert.alert.purl.as_ref().is_some_and(|purl| purl.to_string() == format!("{package}@2.3.1"))
        };
        let alert = replayed.alerts.into_iter().find(is_it).unwrap().alert;
        move |detector: &str| alert.signals.iter().find(|signal| signal.detector == detector).map(|it| it.severity)
    };
    let as_it_was = says(&timeline);
    assert_eq!(as_it_was("workflow-changed"), Some(Severity::Info));
    assert!(as_it_was("ref-changed") >= Some(Severity::Medium));
    let attacked = timeline.observations.iter_mut().find(|one| one.purl.to_string() == format!("{package}@2.3.1"));
    let Provenance::Verified(verified) = &mut attacked.unwrap().attestation else { panic!("it has provenance") };
    verified.identity.claims.source_repository_identifier = Some("666".to_owned());
    assert!(says(&timeline)("workflow-changed") > Some(Severity::Info), "it is the workflow of another repository");
}

#[test]
fn a_policy_can_keep_a_detector_quiet_until_a_day() {
    let list = |until: &str| {
        let text = format!(
            "[[package]]\npurl = 'pkg:npm/%40redhat-cloud-services/*'\n[package.expect]\n\
             quiet = [{{ detector = 'workflow-changed', reason = 'known', until = '{until}' }}]\n"
        );
        Watchlist::parse(&text, Path::new("w.toml")).unwrap()
    };
    let says = |until: &str| {
        let watchlist = list(until);
        let replayed = replay::replay(&moved(), Rules { watchlist: Some(&watchlist), expected: &[] }, |_, _| {});
        replayed
            .alerts
            .iter()
            .any(|alert| alert.alert.signals.iter().any(|signal| signal.detector == "workflow-changed"))
    };
    assert!(!says("2026-06-01"));
    assert!(says("2026-05-31"));
}
