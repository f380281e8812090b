//! Timelines: recorded releases in publish order, with the expected alerts.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
};

use chrono::Datelike;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    bounded,
    model::{Observation, ReleaseId, Severity},
    store::{Store, StoreError},
};

/// Largest timeline file, in bytes.
const MAX_BYTES: u64 = 256 << 20;

/// Years in which a release can have been published. Registries are younger, and a clock outside of this range is
/// wrong.
const YEARS: std::ops::RangeInclusive<i32> = 1995..=2100;

/// The reason why a timeline cannot be replayed.
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
    #[error("{} does not contain a timeline; expected files that end in .json or .jsonl", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
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
    /// It is not a timeline, or contradicts itself.
    #[error("{}: {place}: {why}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The place in it: `observations[3].published_at`, with line and column where they are known.
        place: String,
        /// The error.
        why: String,
    },
}

/// A back-test case, as the contract has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeline {
    /// Its name.
    pub case: String,
    /// Whether it is an attack.
    pub kind: Kind,
    /// The events.
    #[serde(default)]
    pub summary: String,
    /// The sources about it.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Facts that no source reports and that were filled in.
    #[serde(default)]
    pub filled_in: Vec<String>,
    /// The releases.
    pub observations: Vec<Observation>,
    /// The expected alerts.
    #[serde(default)]
    pub expect: Vec<Expectation>,
}

/// Whether a timeline is an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A takeover.
    Positive,
    /// An honest change.
    Negative,
}

/// The expected result for one release: exactly one of the two bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

impl Timeline {
    /// Reads a timeline file.
    ///
    /// # Errors
    /// A file that cannot be read, is not a timeline, or contradicts itself; the error names the file and the place.
    pub fn read(path: &Path) -> Result<Self, ReplayError> {
        if is_store(path) {
            Self::of_store(path)
        } else if ends_in(path, "jsonl") {
            Self::of_lines(path)
        } else {
            Self::parse(path, &bytes_of(path)?)
        }
    }

    /// All observations of a store.
    fn of_store(path: &Path) -> Result<Self, ReplayError> {
        let failed = |source| ReplayError::Store { path: path.to_owned(), source: Box::new(source) };
        let store = Store::open_read_only(path).map_err(failed)?;
        Ok(Self::of(path, store.observations().map_err(failed)?))
    }

    /// Releases, one JSON object on each line.
    fn of_lines(path: &Path) -> Result<Self, ReplayError> {
        let mut observations = Vec::new();
        for (number, line) in (1..).zip(bytes_of(path)?.split(|byte| *byte == b'\n')) {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            observations.push(json(path, line, number)?);
        }
        Self::of(path, observations).checked(path)
    }

    fn of(path: &Path, observations: Vec<Observation>) -> Self {
        let case = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self::named(case, observations)
    }

    /// Releases without a summary and without expectations.
    pub fn named(case: impl Into<String>, observations: Vec<Observation>) -> Self {
        Self {
            case: case.into(),
            kind: Kind::Negative,
            summary: String::new(),
            sources: Vec::new(),
            filled_in: Vec::new(),
            observations,
            expect: Vec::new(),
        }
    }

    /// Parses a timeline; `path` is its name in errors.
    ///
    /// # Errors
    /// As [`Timeline::read`].
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ReplayError> {
        json::<Self>(path, bytes, 1)?.checked(path)
    }

    fn checked(self, path: &Path) -> Result<Self, ReplayError> {
        self.validate().map_err(|(place, why)| ReplayError::Invalid { path: path.to_owned(), place, why })?;
        Ok(self)
    }

    fn validate(&self) -> Result<(), (String, String)> {
        if self.case.trim().is_empty() {
            return Err(("case".to_owned(), "the name is missing".to_owned()));
        }
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
                return Err((place("published_at"), format!("{} is not a possible time", release.published_at)));
            }
            if !seen.insert((&release.purl, release.published_at)) {
                return Err((place("purl"), format!("{} is listed twice at the same time", release.purl)));
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
                return fail(format!("{purl} is not among the observations"));
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

/// Whether a path is that of a store, by its extension.
pub fn is_store(path: &Path) -> bool {
    ends_in(path, "db")
}

fn ends_in(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|it| it == extension)
}

/// The content of a timeline file, without the byte order mark that some editors add.
fn bytes_of(path: &Path) -> Result<Vec<u8>, ReplayError> {
    let failed = |source| ReplayError::Read { path: path.to_owned(), source };
    let bytes = bounded::read(path, MAX_BYTES).map_err(failed)?;
    let bytes = bytes.ok_or_else(|| ReplayError::TooLarge { path: path.to_owned() })?;
    Ok(bytes.strip_prefix(b"\xEF\xBB\xBF").map(<[u8]>::to_vec).unwrap_or(bytes))
}

/// Reads JSON that begins on a line of a file.
fn json<T: DeserializeOwned>(path: &Path, bytes: &[u8], first_line: usize) -> Result<T, ReplayError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let failed = |at: Option<String>, error: &serde_json::Error| {
        let line = format!("line {}, column {}", first_line + error.line().saturating_sub(1), error.column());
        // The text ends with the position, which is already in front here.
        let why = error.to_string();
        let why = why.rsplit_once(" at line ").map_or(why.as_str(), |(why, _)| why);
        let is_time = at.as_ref().is_some_and(|at| at.ends_with("_at") || at.contains("first_published"));
        let hint = if is_time { "; expected a time such as 2026-03-31T01:00:00Z" } else { "" };
        let why = format!("{why}{hint}");
        ReplayError::Invalid {
            path: path.to_owned(),
            place: at.map_or(line.clone(), |at| format!("{line}: {at}")),
            why,
        }
    };
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let at = error.path().to_string();
        failed(Some(at).filter(|at| at != "." && at != "?"), error.inner())
    })?;
    reader.end().map_err(|error| failed(None, &error))?;
    Ok(value)
}

/// The timeline files among files and folders; of a folder, every file in it that ends in `.json` or `.jsonl`, by name.
///
/// # Errors
/// A folder that cannot be read, or holds none.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ReplayError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(files_of(path)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>, ReplayError> {
    let failed = |source| ReplayError::Read { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if ends_in(&path, "json") || ends_in(&path, "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() { Err(ReplayError::Empty { path: folder.to_owned() }) } else { Ok(files) }
}
