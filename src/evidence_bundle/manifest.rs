//! The manifest of a bundle: what it is about, and the SHA-256 of every other file.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::tar::{BundleError, Files};
use crate::model::ReleaseId;

/// The path of the manifest.
pub(super) const MANIFEST: &str = "manifest.json";
/// The path of the list that `sha256sum` reads.
pub(super) const SUMS: &str = "SHA256SUMS";

/// The manifest of an evidence bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// `evidence-bundle/1`.
    pub form: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// The version of provwatch that made it.
    pub provwatch: String,
    /// The name of the incident, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub incident: Option<String>,
    /// The releases, each with the folder of its files.
    pub releases: Vec<Member>,
    /// The head of the store's history when it was made, if there is one: number and hash.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub history: Option<String>,
    /// What the bundle lacks, a sentence each.
    pub lacks: Vec<String>,
    /// The SHA-256 of every file but this one and the list of sums, by path.
    pub files: BTreeMap<String, String>,
}

/// A release of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    /// The release.
    pub purl: ReleaseId,
    /// The folder.
    pub folder: String,
}

/// The form that this version writes.
pub(super) const FORM: &str = "evidence-bundle/1";

impl Manifest {
    /// Adds the sums of files, and the manifest and the list to them.
    pub(super) fn seal(mut self, mut files: Files) -> Result<Files, serde_json::Error> {
        self.files = files.iter().map(|(path, content)| (path.clone(), sum(content))).collect();
        let mut manifest = serde_json::to_vec_pretty(&self)?;
        manifest.push(b'\n');
        let mut sums = self.files.clone();
        sums.insert(MANIFEST.to_owned(), sum(&manifest));
        let list: Vec<String> = sums.iter().map(|(path, sum)| format!("{sum}  {path}")).collect();
        files.insert(MANIFEST.to_owned(), manifest);
        files.insert(SUMS.to_owned(), (list.join("\n") + "\n").into_bytes());
        Ok(files)
    }

    /// The manifest of a bundle, if every file is the one that it names.
    pub(super) fn unseal(files: &Files) -> Result<Self, BundleError> {
        let own = files.get(MANIFEST).ok_or_else(|| BundleError::altered(MANIFEST, "it is missing"))?;
        let manifest: Self =
            serde_json::from_slice(own).map_err(|error| BundleError::altered(MANIFEST, error.to_string()))?;
        if manifest.form != FORM {
            return Err(BundleError::altered(
                MANIFEST,
                format!("its form is {:?}, and {FORM} is expected", manifest.form),
            ));
        }
        for (path, expected) in &manifest.files {
            let content = files.get(path).ok_or_else(|| BundleError::altered(path, "it is missing"))?;
            let found = sum(content);
            if found != *expected {
                let what = format!("its SHA-256 is {found}, and the manifest says {expected}");
                return Err(BundleError::altered(path, what));
            }
        }
        let known = |path: &&String| *path == MANIFEST || *path == SUMS || manifest.files.contains_key(*path);
        match files.keys().find(|path| !known(path)) {
            Some(stranger) => Err(BundleError::altered(stranger, "the manifest does not name it")),
            None => Ok(manifest),
        }
    }
}

fn sum(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}
