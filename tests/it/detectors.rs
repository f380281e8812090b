//! Tests that every detector is listed, documented, and has a case that fires and one that does not.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail and print like tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::{
    baseline::learn,
    detect::{
        ALL, ENTRY_DETECTORS, EntryChange, HEADINGS, KnownWorkflow, Logged, MovedTag, NAME_DETECTORS, NAMESAKE, Named,
        Namesake, OwnEntry, OwnRuns, Told, about, abouts, document, inspect_entry, moved_tag, namesake,
    },
    model::{Baseline, LogEntry, Observation, Package, ReleaseId, RunFacts, Severity, Signal},
    packages::replay::{self, Kind, Replayed, Rules, Timeline, trace},
    watchlist::Watchlist,
};

/// Replays a timeline by the usual rules.
fn replay(timeline: &Timeline) -> Replayed {
    replay::replay(timeline, Rules::default(), |_, _| {})
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The ids of the rules that have a file in a folder.
fn rules(folder: &str) -> BTreeSet<String> {
    let paths = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| path.is_file() && !path.ends_with("mod.rs"));
    files.map(|path| path.file_stem().unwrap().to_string_lossy().replace('_', "-")).collect()
}

fn case(id: &str, name: &str) -> Timeline {
    Timeline::read(&root().join(format!("tests/cases/{id}/{name}.json"))).unwrap()
}

fn ids() -> Vec<&'static str> {
    ALL.iter().map(|detector| detector.about().id).collect()
}

/// What a timeline cannot have: incidents are in a store. `tests/it/incidents.rs` has its cases.
const WITHOUT_TIMELINE: &str = "incident-joined";

/// The detectors over releases that have a case.
fn with_case() -> Vec<&'static str> {
    ids().into_iter().filter(|id| *id != WITHOUT_TIMELINE).collect()
}

#[test]
fn every_file_is_listed_and_sorted_by_its_kebab_case_id() {
    let files = rules("src/detect/rules");
    assert_eq!(ids(), files.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(ids().iter().all(|id| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
}

#[test]
fn every_documentation_has_the_five_headings() {
    for about in abouts() {
        let headings: Vec<_> = about.docs.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        assert_eq!(headings, HEADINGS, "{}", about.id);
        assert!(about.docs.split("### ").skip(1).all(|part| part.lines().nth(1).is_some()), "{}", about.id);
    }
}

#[test]
fn the_rendered_documentation_is_up_to_date() {
    let path = root().join("docs/DETECTORS.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, document()).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == document(), "docs/DETECTORS.md is stale: run UPDATE_DOCS=1 cargo test --test it detectors::");
}

/// The watchlist of a detector's cases, if they need one.
fn watchlist(id: &str) -> Option<Watchlist> {
    let path = root().join(format!("tests/cases/{id}/watchlist.toml"));
    path.exists().then(|| Watchlist::load(&[path]).unwrap())
}

fn replayed(id: &str, timeline: &Timeline) -> Replayed {
    let watchlist = watchlist(id);
    replay::replay(timeline, Rules { watchlist: watchlist.as_ref(), expected: &[] }, |_, _| {})
}

/// The severity of the detector's signal for the last release of a case.
fn said(id: &str, timeline: &Timeline) -> Option<Severity> {
    let mut last = None;
    let watchlist = watchlist(id);
    let rules = Rules { watchlist: watchlist.as_ref(), expected: &[] };
    trace(&timeline.observations, rules, |_, assessed| {
        last = assessed.signals.iter().filter(|signal| signal.detector == id).map(|signal| signal.severity).max();
    });
    last
}

#[test]
fn every_detector_fires_on_its_case() {
    for id in with_case() {
        let fires = case(id, "fires");
        assert_eq!(fires.kind, Kind::Positive);
        let severity = said(id, &fires);
        assert!(severity >= Some(Severity::Low), "{id} says {severity:?}");
        assert!(severity <= about(id).map(|about| about.severity), "{id} says more than it may");
        let replayed = replayed(id, &fires);
        assert_eq!(replayed.missed(), 0, "{id}: {:?}", replayed.scores);
    }
}

#[test]
fn every_detector_stays_quiet_on_its_case() {
    for id in with_case() {
        let quiet = case(id, "quiet");
        assert_eq!(quiet.kind, Kind::Negative);
        assert_eq!(said(id, &quiet), None, "{id}");
        let replayed = replayed(id, &quiet);
        assert_eq!(replayed.missed(), 0, "{id}: {:?}", replayed.scores);
    }
}

#[test]
fn no_case_stands_for_a_detector_that_is_gone() {
    let mut folders: Vec<_> = fs::read_dir(root().join("tests/cases"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    folders.sort();
    let mut ids: Vec<_> = abouts().map(|about| about.id).filter(|id| *id != WITHOUT_TIMELINE).collect();
    ids.sort_unstable();
    assert_eq!(folders, ids);
}

/// A case of a detector over names: the package, and what its registry or the public one says of it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NameCase {
    case: String,
    summary: String,
    package: Package,
    #[serde(default)]
    public: Option<ReleaseId>,
    #[serde(default)]
    appeared: bool,
    #[serde(default)]
    is_same: bool,
    #[serde(default)]
    moved: Option<MovedCase>,
    says: Option<Severity>,
}

/// A dist-tag that moved after some hours.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct MovedCase {
    tag: String,
    #[serde(default)]
    before: Option<String>,
    from: String,
    to: String,
    hours: i64,
    #[serde(default)]
    moves: u32,
}

impl NameCase {
    fn said(&self, id: &str) -> Option<Signal> {
        if id == NAMESAKE {
            return self.public.as_ref().map(|newest| self.namesake(newest));
        }
        let MovedCase { tag, before, from, to, hours, moves } = self.moved.as_ref().unwrap();
        let at: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let since = at - TimeDelta::hours(*hours);
        let before = before.as_deref();
        moved_tag(&MovedTag { package: &self.package, tag, from, since, before, moves: *moves, to, at })
    }

    fn namesake(&self, newest: &ReleaseId) -> Signal {
        namesake(&Namesake {
            package: &self.package,
            appeared: self.appeared,
            is_same: self.is_same,
            newest: Some(newest),
            published_at: None,
            publisher: Some("mallory"),
            versions: 1,
            status: None,
        })
    }
}

#[test]
fn every_detector_over_names_fires_and_stays_quiet_as_its_cases_say() {
    for about in NAME_DETECTORS {
        for name in ["fires", "quiet"] {
            let path = root().join(format!("tests/cases/{}/{name}.json", about.id));
            let cases: Vec<NameCase> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            assert!(!cases.is_empty(), "{}", about.id);
            for case in cases {
                assert!(!case.case.is_empty() && !case.summary.is_empty(), "{}", about.id);
                let severity = case.said(about.id).map(|signal| signal.severity);
                assert_eq!(severity, case.says, "{}: {}", about.id, case.case);
                assert!(severity <= Some(about.severity), "{}: {}", about.id, case.case);
                let is_loud = severity > Some(Severity::Info);
                assert_eq!(is_loud, name == "fires", "{}: {}", about.id, case.case);
            }
        }
    }
}

/// A case of a detector over log entries.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryCase {
    case: String,
    summary: String,
    /// What the baseline of the package has learned.
    #[serde(default)]
    released: Vec<Observation>,
    /// Workflows seen in logs before, each with its entries and how many of them a release explains.
    #[serde(default)]
    workflows: Vec<(String, u64, u64)>,
    /// Who signed, in the form of an observation's attestation.
    #[serde(default)]
    signed: Option<Observation>,
    #[serde(default)]
    not_issued: Option<String>,
    #[serde(default)]
    explained: bool,
    #[serde(default)]
    late: bool,
    #[serde(default)]
    learning: bool,
    /// For a signature of one's own repository: what is known of the run.
    #[serde(default)]
    own: Option<OwnCase>,
    /// An entry that a release names.
    #[serde(default)]
    named: Option<NamedCase>,
    says: Option<Severity>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnCase {
    runs: BTreeMap<String, RunFacts>,
    workflows: Vec<String>,
    /// How long after the download of the entry.
    minutes: i64,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedCase {
    entry: LogEntry,
    found: Option<String>,
    attempts: u32,
    minutes: i64,
}

impl EntryCase {
    fn read(id: &str, name: &str) -> Vec<Self> {
        let path = root().join(format!("tests/cases/{id}/{name}.json"));
        let cases = serde_json::from_slice(&fs::read(&path).unwrap());
        cases.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// What the detector says of it.
    fn said(&self, id: &str) -> Option<Severity> {
        let workflows: Vec<_> = self
            .workflows
            .iter()
            .cloned()
            .map(|(workflow, entries, explained)| KnownWorkflow { workflow, entries, explained })
            .collect();
        let baselines: Vec<Baseline> = self.baseline().into_iter().collect();
        let identity =
            self.signed.as_ref().and_then(|signed| signed.attestation.identity()).cloned().unwrap_or_default();
        let own_runs = OwnRuns {
            allowances: Vec::new(),
            window: TimeDelta::hours(2),
            looked_at: DateTime::UNIX_EPOCH + TimeDelta::minutes(self.own.as_ref().map_or(0, |own| own.minutes)),
        };
        let own = self.own.as_ref().map(|own| OwnEntry {
            runs: &own_runs,
            told: Told { runs: Some(&own.runs), unknown: None },
            workflows: &own.workflows,
            digest: None,
            seen_at: DateTime::UNIX_EPOCH,
        });
        let change = match &self.named {
            Some(named) => EntryChange::Named(Named {
                entry: &named.entry,
                found: named.found.as_deref(),
                attempts: named.attempts,
                minutes: named.minutes,
            }),
            None => EntryChange::Logged(Logged {
                identity: &identity,
                not_issued: self.not_issued.as_deref(),
                baselines: &baselines,
                workflows: &workflows,
                explained: self.explained,
                late: self.late,
                learning: self.learning,
                own,
            }),
        };
        let signals = inspect_entry(&change);
        assert_eq!(signals, inspect_entry(&change), "the same input gives the same signals");
        signals.iter().find(|signal| signal.detector == id).map(|signal| signal.severity)
    }

    fn baseline(&self) -> Option<Baseline> {
        let mut baseline = Baseline::empty(self.released.first()?.purl.package().clone());
        self.released.iter().for_each(|release| learn(&mut baseline, release));
        Some(baseline)
    }
}

#[test]
fn the_detectors_over_log_entries_and_names_are_sorted_and_have_their_files() {
    let entries: Vec<_> = ENTRY_DETECTORS.iter().map(|detector| detector.about().id).collect();
    let names: Vec<_> = NAME_DETECTORS.iter().map(|about| about.id).collect();
    for (folder, ids) in [("src/detect/rules/entry", entries), ("src/detect/rules/name", names)] {
        assert_eq!(ids, rules(folder).iter().map(String::as_str).collect::<Vec<_>>(), "{folder}");
    }
}

#[test]
fn the_detectors_over_log_entries_fire_and_stay_quiet_on_their_cases() {
    for id in ENTRY_DETECTORS.iter().map(|detector| detector.about().id) {
        let fires = EntryCase::read(id, "fires");
        assert!(fires.iter().any(|case| case.says >= Some(Severity::Low)), "{id} has a case that fires");
        let quiet = EntryCase::read(id, "quiet");
        assert!(quiet.iter().all(|case| case.says.is_none()) && !quiet.is_empty(), "{id} has a quiet case");
        for case in fires.iter().chain(&quiet) {
            assert_eq!(case.said(id), case.says, "{id}: {}: {}", case.case, case.summary);
            assert!(case.says <= about(id).map(|about| about.severity), "{id} says more than it may");
        }
    }
}

#[test]
fn the_same_input_gives_the_same_signals() {
    for timeline in with_case().into_iter().flat_map(|id| [case(id, "fires"), case(id, "quiet")]) {
        assert_eq!(replay(&timeline), replay(&timeline));
    }
}
