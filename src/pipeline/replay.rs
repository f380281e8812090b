//! Timelines through the real rules: back-tests, and what a stored history would have said.

use std::{
    collections::{BTreeMap, HashMap, HashSet, hash_map::Entry},
    fs, io,
    path::{Path, PathBuf},
};

use chrono::Datelike;
use serde::{Deserialize, Serialize};

use super::{
    assess::{Assessment, alert, assess, links},
    campaign::{self, Accused},
    chronicle::Chronicle,
};
use crate::{
    baseline::{Decision, Held, Later, joins, learn},
    bounded,
    detect::{Terms, UNTUNED},
    model::{Alert, AlertKind, Baseline, Bond, ExpectedChange, Observation, Package, ReleaseId, ReleaseLine, Severity},
    store::{Store, StoreError},
    watchlist::Watchlist,
};

/// Largest timeline file, in bytes.
const MAX_BYTES: u64 = 256 << 20;

/// Years in which a release can have been published. Registries are younger and clocks that err further are wrong.
const YEARS: std::ops::RangeInclusive<i32> = 1995..=2100;

/// Why a timeline cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// It is too large.
    #[error("{} is larger than {} MiB; split the timeline by package", path.display(), MAX_BYTES >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A folder without timelines.
    #[error("{} holds no timeline; expected files that end in .json", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// It is not a timeline. The cause names line and column.
    #[error("{} is not a timeline", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// A database that cannot be used.
    #[error("{} is not a database of provwatch that can be read", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<StoreError>,
    },
    /// It contradicts itself.
    #[error("{}: {place}: {why}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where in it, `observations[3].published_at`.
        place: String,
        /// What is wrong.
        why: String,
    },
}

/// A back-test case, as the contract has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeline {
    /// Its name.
    pub case: String,
    /// Whether something bad happened.
    pub kind: Kind,
    /// What happened.
    #[serde(default)]
    pub summary: String,
    /// Where it is told.
    #[serde(default)]
    pub sources: Vec<String>,
    /// What no source tells and was filled in.
    #[serde(default)]
    pub filled_in: Vec<String>,
    /// The releases.
    pub observations: Vec<Observation>,
    /// What is expected of the alerts.
    #[serde(default)]
    pub expect: Vec<Expectation>,
}

/// Whether something bad happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A takeover.
    Positive,
    /// An honest change.
    Negative,
}

/// What is expected of one release: exactly one of the two bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The release.
    pub purl: ReleaseId,
    /// The least severity of its alert.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at_least: Option<Severity>,
    /// The worst severity of its alert; a release without one counts as `info`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at_most: Option<Severity>,
}

impl Expectation {
    /// Whether a severity meets it.
    pub fn is_met_by(&self, severity: Severity) -> bool {
        self.at_least.is_none_or(|least| severity >= least) && self.at_most.is_none_or(|most| severity <= most)
    }
}

/// An alert of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseAlert {
    /// The timeline's name.
    pub case: String,
    /// The alert.
    #[serde(flatten)]
    pub alert: Alert,
}

/// One expectation and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Score {
    /// The expectation.
    #[serde(flatten)]
    pub expected: Expectation,
    /// The worst severity that the release's alert had.
    pub severity: Severity,
    /// Whether it was met.
    pub met: bool,
}

/// What a timeline gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// The timeline's name.
    pub case: String,
    /// Its alerts, by time.
    pub alerts: Vec<CaseAlert>,
    /// Its expectations.
    pub scores: Vec<Score>,
}

impl Replayed {
    /// How many expectations were met.
    pub fn met(&self) -> usize {
        self.scores.iter().filter(|score| score.met).count()
    }

    /// How many were missed.
    pub fn missed(&self) -> usize {
        self.scores.len() - self.met()
    }
}

impl Timeline {
    /// Reads a timeline file.
    ///
    /// # Errors
    /// A file that cannot be read, is no timeline, or contradicts itself; the error names the file and the place.
    pub fn read(path: &Path) -> Result<Self, ReplayError> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("db") => return Self::of_store(path),
            Some("jsonl") => return Self::of_lines(path),
            _ => {}
        }
        let failed = |source| ReplayError::Read { path: path.to_owned(), source };
        let bytes = bounded::read(path, MAX_BYTES).map_err(failed)?;
        let bytes = bytes.ok_or_else(|| ReplayError::TooLarge { path: path.to_owned() })?;
        Self::parse(path, &bytes)
    }

    /// Everything that a store has observed.
    fn of_store(path: &Path) -> Result<Self, ReplayError> {
        let failed = |source| ReplayError::Store { path: path.to_owned(), source: Box::new(source) };
        let store = Store::open_read_only(path).map_err(failed)?;
        Ok(Self::of(path, store.observations().map_err(failed)?))
    }

    /// Releases, a JSON object a line.
    fn of_lines(path: &Path) -> Result<Self, ReplayError> {
        let failed = |source| ReplayError::Read { path: path.to_owned(), source };
        let bytes = bounded::read(path, MAX_BYTES).map_err(failed)?;
        let bytes = bytes.ok_or_else(|| ReplayError::TooLarge { path: path.to_owned() })?;
        let mut observations = Vec::new();
        for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let observation = serde_json::from_slice(line).map_err(|error| ReplayError::Invalid {
                path: path.to_owned(),
                place: format!("line {}", number + 1),
                why: error.to_string(),
            });
            observations.push(observation?);
        }
        let timeline = Self::of(path, observations);
        timeline.validate().map_err(|(place, why)| ReplayError::Invalid { path: path.to_owned(), place, why })?;
        Ok(timeline)
    }

    fn of(path: &Path, observations: Vec<Observation>) -> Self {
        Self {
            case: path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            kind: Kind::Negative,
            summary: String::new(),
            sources: Vec::new(),
            filled_in: Vec::new(),
            observations,
            expect: Vec::new(),
        }
    }

    /// Parses a timeline; `path` is what errors call it.
    ///
    /// # Errors
    /// As [`Timeline::read`].
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ReplayError> {
        let timeline: Self =
            serde_json::from_slice(bytes).map_err(|source| ReplayError::Json { path: path.to_owned(), source })?;
        timeline.validate().map_err(|(place, why)| ReplayError::Invalid { path: path.to_owned(), place, why })?;
        Ok(timeline)
    }

    fn validate(&self) -> Result<(), (String, String)> {
        let releases = self.validate_observations()?;
        self.validate_expectations(&releases)
    }

    /// A release may be observed again later, as a registry that shows a republished version does, but not twice at one
    /// time.
    fn validate_observations(&self) -> Result<HashSet<&ReleaseId>, (String, String)> {
        let mut seen = HashSet::new();
        for (index, release) in self.observations.iter().enumerate() {
            let place = |key: &str| format!("observations[{index}].{key}");
            if !YEARS.contains(&release.published_at.year()) {
                return Err((place("published_at"), format!("{} is no possible time", release.published_at)));
            }
            if !seen.insert((&release.purl, release.published_at)) {
                return Err((place("purl"), format!("{} stands there twice at the same time", release.purl)));
            }
        }
        Ok(seen.into_iter().map(|(purl, _)| purl).collect())
    }

    fn validate_expectations(&self, releases: &HashSet<&ReleaseId>) -> Result<(), (String, String)> {
        let mut bounds: HashMap<&ReleaseId, (Severity, Severity)> = HashMap::new();
        for (index, expectation) in self.expect.iter().enumerate() {
            let fail = |why: String| Err((format!("expect[{index}]"), why));
            let purl = &expectation.purl;
            if !releases.contains(purl) {
                return fail(format!("{purl} is none of the observations"));
            }
            if expectation.at_least.is_some() == expectation.at_most.is_some() {
                return fail(format!("{purl} needs exactly one of at_least and at_most"));
            }
            let (least, most) = bounds.entry(purl).or_insert((Severity::Info, Severity::Critical));
            *least = (*least).max(expectation.at_least.unwrap_or(Severity::Info));
            *most = (*most).min(expectation.at_most.unwrap_or(Severity::Critical));
            if least > most {
                return fail(format!("{purl} is expected at least {least} and at most {most}"));
            }
        }
        Ok(())
    }
}

/// Reads the timelines of files and folders; of a folder, every file in it that ends in `.json`, by name.
///
/// # Errors
/// The first file that is no timeline.
pub fn read_all(paths: &[PathBuf]) -> Result<Vec<Timeline>, ReplayError> {
    let mut timelines = Vec::new();
    for path in paths {
        if path.is_dir() {
            for file in files_of(path)? {
                timelines.push(Timeline::read(&file)?);
            }
        } else {
            timelines.push(Timeline::read(path)?);
        }
    }
    Ok(timelines)
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>, ReplayError> {
    let failed = |source| ReplayError::Read { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() { Err(ReplayError::Empty { path: folder.to_owned() }) } else { Ok(files) }
}

/// What releases are judged by while they are replayed, besides what they teach. Nothing by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules<'a> {
    /// The watchlist, for its policies; packages that it does not watch are judged too.
    pub watchlist: Option<&'a Watchlist>,
    /// Changes that were announced.
    pub expected: &'a [ExpectedChange],
}

/// Replays a timeline: every release is assessed against what its predecessors taught, and shown to `see` with its
/// assessment.
pub fn replay(timeline: &Timeline, rules: Rules<'_>, mut see: impl FnMut(&Observation, &Assessment)) -> Replayed {
    let mut alerts: Vec<CaseAlert> = Vec::new();
    let mut by_release: BTreeMap<&ReleaseId, usize> = BTreeMap::new();
    trace(&timeline.observations, rules, |release, assessed| {
        see(release, assessed);
        let Some(alert) = alert(release, assessed, release.published_at, links(release)) else { return };
        match by_release.get(&release.purl).map(|&index| &mut alerts[index].alert) {
            Some(known) if known.severity >= alert.severity => {}
            Some(known) => *known = alert,
            None => {
                by_release.insert(&release.purl, alerts.len());
                alerts.push(CaseAlert { case: timeline.case.clone(), alert });
            }
        }
    });
    let severity = |purl| by_release.get(purl).map_or(Severity::Info, |&index| alerts[index].alert.severity);
    let scores = timeline.expect.iter().map(|expected| score(expected, severity(&expected.purl))).collect();
    alerts.extend(campaigns(timeline, &alerts));
    alerts.sort_by_key(|alert| (alert.alert.published_at, alert.alert.kind == AlertKind::Campaign));
    Replayed { case: timeline.case.clone(), alerts, scores }
}

/// The campaigns that the alerts add up to, as they stand at the end.
fn campaigns(timeline: &Timeline, alerts: &[CaseAlert]) -> Vec<CaseAlert> {
    let releases: HashMap<&ReleaseId, &Observation> =
        timeline.observations.iter().map(|one| (&one.purl, one)).collect();
    let mut by_bond: BTreeMap<Bond, Vec<Accused>> = BTreeMap::new();
    for accused in alerts.iter().filter_map(|alert| Accused::by(&alert.alert)) {
        for bond in releases.get(&accused.purl).map(|release| Bond::of(release)).unwrap_or_default() {
            by_bond.entry(bond).or_default().push(accused.clone());
        }
    }
    let mut found: Vec<(Bond, Vec<Accused>)> = Vec::new();
    for (bond, accused) in by_bond {
        found.extend(campaign::campaigns(accused).into_iter().map(|members| (bond.clone(), members)));
    }
    // The bond that ties most together tells; an owner whose releases are all of one repository has nothing to add.
    found.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
    let mut told: HashSet<ReleaseId> = HashSet::new();
    let mut alerts = Vec::new();
    for (bond, members) in found {
        if members.iter().all(|member| told.contains(&member.purl)) {
            continue;
        }
        let Some(last) = members.last() else { continue };
        let who = releases.get(&last.purl).map(|release| campaign::who(&bond, release)).unwrap_or_default();
        let of_bond = timeline.observations.iter().filter(|one| Bond::of(one).contains(&bond));
        let beside = campaign::bystanders(&members, of_bond.map(|one| (&one.purl, one.published_at)));
        let alert = campaign::alert(&bond, &who, &members, &beside, last.published_at);
        alerts.extend(alert.map(|alert| CaseAlert { case: timeline.case.clone(), alert }));
        told.extend(members.into_iter().map(|member| member.purl));
    }
    alerts
}

fn score(expected: &Expectation, severity: Severity) -> Score {
    Score { expected: expected.clone(), severity, met: expected.is_met_by(severity) }
}

/// Assesses releases in publish order, of any packages, and shows each to `see` with its assessment. Baselines start empty, learn
/// what teaches, and take in held releases by the rule of `docs/BASELINES.md`.
pub fn trace<'a>(releases: &'a [Observation], rules: Rules<'_>, mut see: impl FnMut(&'a Observation, &Assessment)) {
    let mut order: Vec<&Observation> = releases.iter().collect();
    order.sort_by(|a, b| (a.published_at, &a.purl).cmp(&(b.published_at, &b.purl)));
    let mut packages: HashMap<&Package, History<'a>> = HashMap::new();
    let mut chronicle = Chronicle::default();
    for release in order {
        let history = match packages.entry(release.purl.package()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(History::of(release.purl.package())),
        };
        let company = chronicle.company(release);
        let policy = rules.watchlist.and_then(|watchlist| watchlist.policy(release.purl.package()));
        let terms = Terms { company: &company, tuning: &UNTUNED, policy: policy.as_ref(), expected: rules.expected };
        let assessed = history.assess(release, &terms);
        chronicle.add(release, !assessed.accuses());
        see(release, &assessed);
    }
}

/// One package while it is replayed.
struct History<'a> {
    baseline: Baseline,
    held: Vec<(Held, &'a Observation)>,
    /// The last alert, and what came since.
    later: Vec<Later>,
}

impl<'a> History<'a> {
    fn of(package: &Package) -> Self {
        Self { baseline: Baseline::empty(package.clone()), held: Vec::new(), later: Vec::new() }
    }

    fn assess(&mut self, release: &'a Observation, terms: &Terms<'_>) -> Assessment {
        let assessed = assess(&self.baseline, release, terms);
        if assessed.teaches {
            learn(&mut self.baseline, release);
        }
        self.remember(release, &assessed);
        if assessed.teaches && !self.held.is_empty() {
            self.join(&release.line());
        }
        assessed
    }

    /// Keeps what [`joins`] needs: the last alert, and the clean releases since on lines where something is held.
    fn remember(&mut self, release: &'a Observation, assessed: &Assessment) {
        let (line, published_at) = (release.line(), release.published_at);
        if assessed.accuses() {
            self.later.clear();
        }
        if assessed.accuses() || self.held.iter().any(|(held, _)| held.line == line) {
            self.later.push(Later { line: line.clone(), published_at, clean: assessed.teaches });
        }
        // A worse one waits for an operator, whom a replay does not have.
        if let Some(verdict) = assessed.verdict.as_ref().filter(|verdict| verdict.severity == Severity::Medium) {
            let (status, decision) = (release.status, Decision::Pending);
            self.held.push((Held { line, published_at, severity: verdict.severity, status, decision }, release));
        }
    }

    fn join(&mut self, line: &ReleaseLine) {
        let (baseline, later) = (&mut self.baseline, &self.later);
        self.held.retain(|(held, release)| {
            let joined = held.line == *line && joins(held, later);
            if joined {
                learn(baseline, release);
            }
            !joined
        });
    }
}
