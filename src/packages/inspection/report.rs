//! The request for a look inside a release, and its result.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    inspect::{FileReport, Finding, State, Stop, findings},
    model::{Manifest, ReleaseId, Severity},
};

/// A request for a look inside a release.
#[derive(Clone, Debug)]
pub struct InspectionRequest {
    /// The release.
    pub release: ReleaseId,
    /// The release to compare it with, if not the last good one.
    pub against: Option<ReleaseId>,
    /// The names of its files to look into; empty: those that are read, the most important first.
    pub files: Vec<String>,
    /// Most files.
    pub at_most: usize,
    /// Most bytes of one file.
    pub largest: u64,
    /// The paths of members whose text is shown.
    pub shown: Vec<String>,
}

/// What a look inside a release found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Inspection {
    /// The release.
    pub purl: ReleaseId,
    /// What it was compared with; missing where nothing was known to be good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
    /// What is suspicious, the worst first.
    pub findings: Vec<Finding>,
    /// What could not be checked, a sentence each.
    pub unchecked: Vec<String>,
    /// Its files that were looked into.
    pub files: Vec<FileReport>,
    /// Its other files.
    pub left_out: Vec<LeftOut>,
}

/// The release that another one is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Against {
    /// The release.
    pub purl: ReleaseId,
    /// Why this one, for people.
    pub why: String,
}

/// A file that was not looked into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// Why, for people.
    pub why: String,
}

impl Inspection {
    /// One that has found nothing yet.
    pub(super) fn of(purl: ReleaseId, against: Option<Against>) -> Self {
        let nothing = "there is nothing to compare it with: the baseline includes no earlier release of the package";
        let unchecked = if against.is_none() { vec![nothing.to_owned()] } else { Vec::new() };
        Self { purl, against, findings: Vec::new(), unchecked, files: Vec::new(), left_out: Vec::new() }
    }

    /// Adds a file, of which the registry's document says what `manifest` has.
    pub(super) fn add(&mut self, file: FileReport, manifest: Option<&Manifest>) {
        let about = |why: &str| format!("{}: {why}", file.name);
        if let Some(contents) = &file.contents {
            // A bomb is a finding: nothing in it was hard to check.
            let stopped = contents.stopped.iter().filter(|stopped| stopped.kind != Stop::Bomb);
            self.unchecked.extend(stopped.map(|stopped| about(&format!("not read to its end: {}", stopped.why))));
            self.unchecked.extend(contents.unread.iter().map(|why| about(&format!("could not read {why}"))));
        }
        self.findings.extend(findings(&file, manifest));
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        self.files.push(file);
    }

    /// Says which of the members that were to be shown no file has.
    pub(super) fn miss(&mut self, shown: &[String]) {
        let texts = || self.files.iter().filter_map(|file| file.contents.as_ref()).flat_map(|contents| &contents.shown);
        let has = |path: &String| texts().any(|text| text.path == *path && text.state != State::Missing);
        let missing: Vec<&String> = shown.iter().filter(|path| !has(path)).collect();
        let missing: Vec<String> = missing
            .into_iter()
            .map(|path| format!("no file that was looked into has {path}, which --show names"))
            .collect();
        self.unchecked.extend(missing);
    }

    /// The severity of the worst finding.
    pub fn severity(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}
