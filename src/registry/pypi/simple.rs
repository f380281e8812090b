//! Reads the simple index's document of one project (PEP 691 and 700, PEP 740 for provenance, PEP 792 for the status),
//! by version. Each field of each file is read on its own.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::filename::{Versions, implied};
use crate::{
    model::{Digests, Ecosystem, File, Package, Provenance},
    registry::{
        document::MAX_TEXT,
        field::{self, digest, is_version, shown},
    },
    strict_json::Fields,
};

/// The media type of the document.
pub(super) const MEDIA_TYPE: &str = "application/vnd.pypi.simple.v1+json";

/// One project, sorted by version. Every version and every file of the document is in `releases`, `empty` or
/// `unreadable`.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Project {
    /// The serial that the document names.
    pub(super) serial: Option<u64>,
    /// The project's status, `active` if the document names none.
    pub(super) status: String,
    /// Every version that is listed.
    pub(super) versions: Vec<String>,
    /// The files of each version that has any.
    pub(super) releases: BTreeMap<String, Vec<Distribution>>,
    /// Versions without a file: there is nothing to install.
    pub(super) empty: Vec<String>,
    /// The unreadable parts: a version, or the name of a file with an unrecognisable version; and why.
    pub(super) unreadable: BTreeMap<String, String>,
}

/// One file.
#[derive(Debug, PartialEq)]
pub(super) struct Distribution {
    /// The file.
    pub(super) file: File,
    /// Whether the registry has a provenance object of it. `None`: its document has no such field.
    pub(super) has_provenance: Option<bool>,
    /// The unreadable parts of its entry, by field, and why.
    pub(super) unread: Vec<(Part, String)>,
}

/// A part of a file's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Its version.
    Version,
    /// Its digest.
    Digest,
    /// Its upload time.
    Time,
    /// Whether it is yanked.
    Yanked,
    /// Whether there is a provenance object.
    Provenance,
}

impl Project {
    /// Reads the document of `package`.
    ///
    /// # Errors
    /// The reason why it is not such a document.
    pub(super) fn read(body: &[u8], package: &Package) -> Result<Self, String> {
        let fields: Fields<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        check(&fields, package)?;
        let list = |name| -> Result<Vec<&RawValue>, String> {
            let mut all = Vec::new();
            for raw in fields.every(name) {
                let list: Vec<&RawValue> =
                    serde_json::from_str(raw.get()).map_err(|why| format!("its {name}: {why}"))?;
                all.extend(list);
            }
            Ok(all)
        };
        let files = list("files")?;
        let status = fields.object("project-status").ok().flatten().unwrap_or_default();
        let status = status.get("status", MAX_TEXT).ok().flatten();
        let serial = fields.object("meta").ok().flatten().and_then(|meta| meta.get("_last-serial", MAX_TEXT).ok()?);
        let status = status.map_or_else(|| "active".to_owned(), |status: String| shown(&status));
        let mut project = Self { serial, status, ..Self::default() };
        let mut listed = HashSet::new();
        match list("versions") {
            Ok(versions) if fields.has("versions") => {
                for raw in versions {
                    project.list(raw, &mut listed);
                }
            }
            // As before PEP 700: only the files show the versions.
            _ => project.versions = implied_versions(&files, package),
        }
        project.sort_files(&files, package);
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
        let mut all_named = true;
        for raw in files {
            all_named &= self.sort_file(raw, &versions, package);
        }
        for version in &listed {
            if self.releases.contains_key(version) || self.unreadable.contains_key(version) {
                continue;
            }
            if all_named {
                self.empty.push(version.clone());
            } else {
                let why = "it is listed without a file, and some files could not be read".to_owned();
                self.reject(version.clone(), why);
            }
        }
        let unlisted: Vec<String> = self.releases.keys().filter(|version| !listed.contains(version)).cloned().collect();
        self.versions = listed.into_iter().chain(unlisted).collect();
    }

    /// Whether the entry names a file.
    fn sort_file(&mut self, raw: &RawValue, versions: &Versions<'_>, package: &Package) -> bool {
        let fields = Fields::read(raw);
        let named = fields.and_then(|fields| {
            let name: Option<String> = fields.get("filename", MAX_TEXT)?;
            Ok((name.ok_or("filename is missing")?, fields))
        });
        let (filename, fields) = match named {
            Ok(named) => named,
            Err(why) => {
                // Its position in the list would change with every added file.
                let name = format!("file entry {}", &digest(raw.get().as_bytes())[..12]);
                self.reject(name, format!("an entry of the file list has no readable name: {why}"));
                return false;
            }
        };
        match versions.of_file(&filename) {
            Ok(version) => {
                let file = Distribution::read(filename, &fields);
                self.releases.entry(version.to_owned()).or_default().push(file);
                true
            }
            Err(why) => {
                match implied(package, &filename).filter(|version| is_version(version)) {
                    Some(version) => self.place_unlisted(version, filename, &fields),
                    None => self.reject(shown(&filename), format!("the file's version cannot be told: {why}")),
                }
                true
            }
        }
    }

    /// A file with the name of a version that the project does not list: the index has it under another version, or
    /// under none. Installers go by the name.
    fn place_unlisted(&mut self, version: String, filename: String, fields: &Fields<'_>) {
        let why = format!("the file {} names the version {version}, which the project does not list", shown(&filename));
        let mut file = Distribution::read(filename, fields);
        file.unread.push((Part::Version, why));
        self.releases.entry(version).or_default().push(file);
    }

    fn reject(&mut self, what: String, why: String) {
        self.unreadable.entry(what).or_insert(why);
    }
}

/// The versions that files name.
fn implied_versions(files: &[&RawValue], package: &Package) -> Vec<String> {
    let name = |raw| Fields::read(raw).ok()?.get::<String>("filename", MAX_TEXT).ok()?;
    let implied: BTreeSet<String> =
        files.iter().filter_map(|raw| implied(package, &name(raw)?)).filter(|version| is_version(version)).collect();
    implied.into_iter().collect()
}

fn check(fields: &Fields<'_>, package: &Package) -> Result<(), String> {
    let name: Option<String> = fields.get("name", MAX_TEXT)?;
    let name = name.ok_or("the name is missing")?;
    if Package::new(Ecosystem::PYPI, &name).map_err(|error| error.to_string())?.name() != package.name() {
        return Err(format!("the document of the project {:?}", shown(&name)));
    }
    let version =
        fields.object("meta").ok().flatten().and_then(|meta| meta.get::<String>("api-version", MAX_TEXT).ok()?);
    match version {
        Some(version) if version.split('.').next() != Some("1") => {
            Err(format!("its API version is {:?}, not 1.x", shown(&version)))
        }
        _ => Ok(()),
    }
}

impl Distribution {
    fn read(name: String, fields: &Fields<'_>) -> Self {
        let mut unread = Vec::new();
        let mut noted = |part, why| unread.push((part, format!("the entry of its file {}: {why}", shown(&name))));
        let sha256 = sha256(fields).map_err(|why| noted(Part::Digest, why)).ok();
        let uploaded_at = time(fields).map_err(|why| noted(Part::Time, why)).ok().flatten();
        let yanked = yanked(fields).map_err(|why| noted(Part::Yanked, why)).unwrap_or_default();
        let provenance = provenance(fields).map_err(|why| noted(Part::Provenance, why));
        let attestation = provenance.is_err().then(|| Provenance::Unavailable {
            reason: format!("the registry's statement about the provenance of {} cannot be read", shown(&name)),
        });
        let digests = Digests { sha256, ..Digests::default() };
        let file = File { name, digests, uploaded_at, yanked, attestation };
        Self { file, has_provenance: provenance.unwrap_or(Some(false)), unread }
    }
}

fn sha256(fields: &Fields<'_>) -> Result<String, String> {
    let hashes = fields.object("hashes")?.ok_or("hashes are missing")?;
    let text: String = hashes.get("sha256", MAX_TEXT)?.ok_or("sha256 is missing from its hashes")?;
    field::sha256(&text).ok_or_else(|| format!("{:?} is not a SHA-256", shown(&text)))
}

fn time(fields: &Fields<'_>) -> Result<Option<DateTime<Utc>>, String> {
    let Some(text) = fields.get::<String>("upload-time", MAX_TEXT)? else { return Ok(None) };
    field::time(&text).map(Some).ok_or_else(|| format!("{:?} is not a time", shown(&text)))
}

/// `false`, `true`, or the reason for yanking. Clients ignore an empty reason: the file is not yanked (PEP 691).
fn yanked(fields: &Fields<'_>) -> Result<bool, String> {
    match fields.raw("yanked")?.map(RawValue::get) {
        None | Some("false" | "\"\"") => Ok(false),
        Some("true") => Ok(true),
        Some(reason) if reason.starts_with('"') => Ok(true),
        Some(other) => Err(format!("its yanked: {} is neither yes, no, nor a reason", shown(other))),
    }
}

/// The address of a provenance object, or `null`. Registries from before PEP 740, and some mirrors, have no such key.
fn provenance(fields: &Fields<'_>) -> Result<Option<bool>, String> {
    if !fields.has("provenance") {
        return Ok(None);
    }
    let address: Option<String> = fields.get("provenance", MAX_TEXT)?;
    Ok(Some(address.is_some()))
}
