//! Reads one report in the form of OSV: strict about what is used, tolerant of what is not.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::error::NotAReport;
use crate::{
    model::{AffectedVersions, Ecosystem, Package, Version, VersionRange},
    strict_json::{Limits, reason, sound},
};

/// Most bytes of a report.
pub(super) const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// A report has six levels.
const LIMITS: Limits = Limits { bytes: 4 * 1024 * 1024, depth: 32 };
/// Most packages of one report, versions and ranges of one package, and events of one range.
const PACKAGES: usize = 5_000;
const VERSIONS: usize = 20_000;
const RANGES: usize = 200;
const EVENTS: usize = 2_000;
/// Most other ids.
const ALIASES: usize = 20;
/// Longest id and version.
const MAX_ID: usize = 64;
const MAX_VERSION: usize = 300;

/// What a report says of the packages that provwatch can watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its id.
    pub id: String,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// When it was last changed.
    pub modified_at: DateTime<Utc>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// Its ids in other databases.
    pub aliases: Vec<String>,
    /// The packages with their versions; none if all of them are of other registries.
    pub affected: BTreeMap<Package, AffectedVersions>,
}

#[derive(Deserialize)]
struct Document {
    id: String,
    modified: DateTime<Utc>,
    #[serde(default)]
    published: Option<DateTime<Utc>>,
    #[serde(default)]
    withdrawn: Option<DateTime<Utc>>,
    #[serde(default)]
    aliases: Option<Vec<String>>,
    #[serde(default)]
    affected: Option<Vec<Affected>>,
}

#[derive(Deserialize)]
struct Affected {
    #[serde(default)]
    package: Option<NamedPackage>,
    #[serde(default)]
    versions: Option<Vec<String>>,
    #[serde(default)]
    ranges: Option<Vec<Range>>,
}

#[derive(Deserialize)]
struct NamedPackage {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct Range {
    r#type: String,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    introduced: Option<String>,
    #[serde(default)]
    fixed: Option<String>,
    #[serde(default)]
    last_affected: Option<String>,
}

/// Reads a report. `name` is that of its file without the ending, which must be its id.
///
/// # Errors
/// It is not one, or of another name. One package that cannot be read spoils no other.
pub fn read(name: &str, bytes: &[u8]) -> Result<Report, NotAReport> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(NotAReport::TooLarge(MAX_BYTES));
    }
    let form = |why: &dyn std::fmt::Display| NotAReport::Form(reason(why));
    let text = sound(bytes, LIMITS).map_err(|unsound| form(&unsound.why()))?;
    let document: Document = serde_json::from_str(text).map_err(|error| form(&error))?;
    if document.id != name {
        return Err(NotAReport::OtherName);
    }
    if !is_id(&document.id) {
        return Err(form(&"its id has other characters than letters, digits, points and dashes"));
    }
    let mut affected = BTreeMap::new();
    for one in document.affected.unwrap_or_default().into_iter().take(PACKAGES) {
        if let Some((package, versions)) = one.read() {
            join(affected.entry(package).or_default(), versions);
        }
    }
    let aliases = document.aliases.unwrap_or_default().into_iter().filter(|alias| is_id(alias)).take(ALIASES).collect();
    Ok(Report {
        id: document.id,
        published_at: document.published.unwrap_or(document.modified),
        modified_at: document.modified,
        withdrawn_at: document.withdrawn,
        aliases,
        affected,
    })
}

/// Whether a text has the form of an id. It stands in alerts, so that it must mean nothing anywhere.
pub(super) fn is_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    (1..=MAX_ID).contains(&text.len()) && text.bytes().all(is_plain)
}

fn join(known: &mut AffectedVersions, more: AffectedVersions) {
    known.listed.extend(more.listed);
    known.ranges.extend(more.ranges);
    // Every other bound is within that.
    if known.is_all() {
        *known = AffectedVersions::all();
    }
}

impl Affected {
    /// `None`: of a registry that provwatch does not know, or not a name there.
    fn read(self) -> Option<(Package, AffectedVersions)> {
        let named = self.package?;
        let ecosystem = ecosystem(&named.ecosystem)?;
        let package = Package::new(ecosystem, &named.name).ok()?;
        let is_version = |version: &String| (1..=MAX_VERSION).contains(&version.len());
        let (versions, ranges) = (self.versions.unwrap_or_default(), self.ranges.unwrap_or_default());
        // Without versions and ranges the report is about the package as a whole.
        let is_whole = versions.is_empty() && ranges.is_empty();
        let listed: BTreeSet<String> = versions.into_iter().filter(is_version).take(VERSIONS).collect();
        let ranges = ranges.into_iter().take(RANGES).flat_map(|range| range.read(ecosystem)).collect();
        let affected = AffectedVersions { listed, ranges };
        Some((package, if is_whole || affected.is_all() { AffectedVersions::all() } else { affected }))
    }
}

/// The registry by OSV's name for it; what follows a colon is a release of a distribution.
fn ecosystem(name: &str) -> Option<Ecosystem> {
    Ecosystem::all().find(|ecosystem| ecosystem.row().osv == Some(name))
}

impl Range {
    /// The intervals between an introduction and the next event that ends it. Commits of a repository say nothing of
    /// versions.
    fn read(self, ecosystem: Ecosystem) -> Vec<VersionRange> {
        if !matches!(self.r#type.as_str(), "SEMVER" | "ECOSYSTEM") {
            return Vec::new();
        }
        let mut ranges = Vec::new();
        let mut open: Option<VersionRange> = None;
        for event in in_order(self.events, ecosystem) {
            let bounds = [&event.introduced, &event.fixed, &event.last_affected];
            if bounds.iter().any(|bound| bound.as_ref().is_some_and(|text| text.len() > MAX_VERSION)) {
                continue;
            }
            match (event.introduced, event.fixed, event.last_affected) {
                (Some(first), ..) => {
                    let introduced = Some(first).filter(|first| first != "0");
                    open.get_or_insert(VersionRange { introduced, ..VersionRange::default() });
                }
                (None, None, None) => {}
                (None, fixed, last) => ranges.extend(open.take().map(|range| VersionRange { fixed, last, ..range })),
            }
        }
        ranges.extend(open);
        ranges
    }
}

/// The events in the order of their versions: OSV asks for that order, and does not enforce it. Events of one version keep
/// their order; those that cannot be read come where they stand.
fn in_order(mut events: Vec<Event>, ecosystem: Ecosystem) -> Vec<Event> {
    events.truncate(EVENTS);
    let place = |event: &Event| -> Option<Version> {
        let text = event.introduced.as_ref().or(event.fixed.as_ref()).or(event.last_affected.as_ref())?;
        ecosystem.version(text)
    };
    let is_readable = |event: &Event| event.introduced.as_deref() == Some("0") || place(event).is_some();
    if events.iter().all(is_readable) {
        events.sort_by_cached_key(place);
    }
    events
}
