//! The simple index's document of one project (PEP 691 and 700, PEP 740 for provenance, PEP 792 for the status),
//! sorted by version.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::value::RawValue;

use super::filename::Versions;
use crate::{
    model::{Digests, Ecosystem, File, Package},
    registry::field::{self, is_version, shown},
};

/// The media type of the document.
pub(super) const MEDIA_TYPE: &str = "application/vnd.pypi.simple.v1+json";

/// One project, sorted by version. Every version and every file of the document is in `releases` or in `unreadable`.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Project {
    /// The serial that the document names.
    pub(super) serial: Option<u64>,
    /// The project's status, `active` if the document names none.
    pub(super) status: String,
    /// Every version that is listed.
    pub(super) versions: Vec<String>,
    /// The files of each version all of whose files are readable.
    pub(super) releases: BTreeMap<String, Vec<Distribution>>,
    /// What is not readable: a version, or the name of a file whose version cannot be told; and why.
    pub(super) unreadable: BTreeMap<String, String>,
}

/// One file.
#[derive(Debug, PartialEq)]
pub(super) struct Distribution {
    /// The file.
    pub(super) file: File,
    /// Whether the registry has a provenance object of it.
    pub(super) has_provenance: bool,
}

impl Project {
    /// Reads the document of `package`.
    ///
    /// # Errors
    /// Why it is not one.
    pub(super) fn read(body: &[u8], package: &Package) -> Result<Self, String> {
        let wire: Wire<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        wire.check(package)?;
        let mut project = Self {
            serial: wire.meta.serial,
            status: wire.status.map_or_else(|| "active".to_owned(), |status| shown(&status.status)),
            ..Self::default()
        };
        let mut listed = HashSet::new();
        for version in &wire.versions {
            project.list(version, &mut listed);
        }
        project.sort_files(&wire.files, package);
        Ok(project)
    }

    fn list(&mut self, version: &RawValue, listed: &mut HashSet<String>) {
        match serde_json::from_str::<String>(version.get()) {
            Ok(text) if is_version(&text) => {
                if listed.insert(text.clone()) {
                    self.versions.push(text);
                }
            }
            _ => self.reject(shown(version.get()), "it is listed as a version and cannot be one".to_owned()),
        }
    }

    fn sort_files(&mut self, files: &[&RawValue], package: &Package) {
        let listed = std::mem::take(&mut self.versions);
        let versions = Versions::new(package, &listed);
        for (place, raw) in files.iter().enumerate() {
            self.sort_file(place, raw, &versions);
        }
        for version in &listed {
            if self.unreadable.contains_key(version) {
                self.releases.remove(version);
            } else if !self.releases.contains_key(version) {
                self.reject(version.clone(), "the registry lists the version without a file".to_owned());
            }
        }
        self.versions = listed;
    }

    fn sort_file(&mut self, place: usize, raw: &RawValue, versions: &Versions<'_>) {
        let Ok(Named { filename }) = serde_json::from_str(raw.get()) else {
            return self.reject(format!("file {place}"), "an entry of the file list has no readable name".to_owned());
        };
        let version = match versions.of_file(&filename) {
            Ok(version) => version.to_owned(),
            Err(why) => return self.reject(shown(&filename), format!("the file's version cannot be told: {why}")),
        };
        match serde_json::from_str::<WireFile>(raw.get()) {
            Ok(file) => self.releases.entry(version).or_default().push(file.into()),
            Err(error) => self.reject(version, format!("the entry of its file {}: {error}", shown(&filename))),
        }
    }

    fn reject(&mut self, what: String, why: String) {
        self.unreadable.entry(what).or_insert(why);
    }
}

/// The document as it is sent; lists are read entry by entry, so that one bad entry spoils only itself.
#[derive(Deserialize)]
struct Wire<'a> {
    meta: Meta,
    name: String,
    #[serde(borrow)]
    versions: Vec<&'a RawValue>,
    #[serde(borrow)]
    files: Vec<&'a RawValue>,
    #[serde(rename = "project-status", default)]
    status: Option<Status>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "api-version")]
    api_version: String,
    #[serde(rename = "_last-serial", default)]
    serial: Option<u64>,
}

#[derive(Deserialize)]
struct Status {
    status: String,
}

impl Wire<'_> {
    fn check(&self, package: &Package) -> Result<(), String> {
        if self.meta.api_version.split('.').next() != Some("1") {
            return Err(format!("its API version is {:?}, not 1.x", shown(&self.meta.api_version)));
        }
        match Package::new(Ecosystem::Pypi, &self.name) {
            Ok(named) if named == *package => Ok(()),
            _ => Err(format!("it is of the project {:?}", shown(&self.name))),
        }
    }
}

#[derive(Deserialize)]
struct Named {
    filename: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct WireFile {
    filename: String,
    hashes: Hashes,
    #[serde(default, deserialize_with = "time")]
    upload_time: Option<DateTime<Utc>>,
    #[serde(default)]
    yanked: Yanked,
    #[serde(default)]
    provenance: Option<String>,
}

#[derive(Deserialize)]
struct Hashes {
    #[serde(deserialize_with = "sha256")]
    sha256: String,
}

/// `false`, `true`, or the reason for yanking.
#[derive(Deserialize)]
#[serde(untagged)]
enum Yanked {
    Flag(bool),
    #[expect(dead_code, reason = "that there is a reason is what counts")]
    Reason(String),
}

impl Default for Yanked {
    fn default() -> Self {
        Self::Flag(false)
    }
}

impl From<WireFile> for Distribution {
    fn from(wire: WireFile) -> Self {
        Self {
            file: File {
                name: wire.filename,
                digests: Digests { sha256: Some(wire.hashes.sha256), sha512: None },
                uploaded_at: wire.upload_time,
                yanked: !matches!(wire.yanked, Yanked::Flag(false)),
                attestation: None,
            },
            has_provenance: wire.provenance.is_some(),
        }
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    field::time(&text).map(Some).ok_or_else(|| D::Error::custom(format_args!("{:?} is no time", shown(&text))))
}

fn sha256<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    field::sha256(&text).ok_or_else(|| D::Error::custom(format_args!("{:?} is no SHA-256", shown(&text))))
}
