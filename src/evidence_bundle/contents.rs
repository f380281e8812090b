//! Gathers what is stored of releases into the files of a bundle.

use std::{collections::BTreeSet, io::Write};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    guide,
    manifest::{FORM, Manifest, Member},
    tar::{self, BundleError, Files},
};
use crate::{
    model::{EvidenceDocument, Fingerprint, Incident, Observation, ReleaseId},
    store::{ReleaseRow, Store, StoreError},
};

/// How many checkpoints of each log are included, the largest ones.
const CHECKPOINTS: usize = 20;

/// The reason why no bundle was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MakeError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be written.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A value has no JSON form.
    #[error("writing the bundle")]
    Json(#[from] serde_json::Error),
}

/// Writes a bundle about releases, and returns its manifest.
///
/// # Errors
/// The store cannot be read, or the bundle not be written.
pub(crate) fn contents(
    store: &Store,
    releases: &[ReleaseRow],
    incident: Option<&Incident>,
    now: DateTime<Utc>,
    out: &mut impl Write,
) -> Result<Manifest, MakeError> {
    let mut bundle = Bundle { store, files: Files::new(), lacks: Vec::new(), logs: BTreeSet::new() };
    let mut members = Vec::new();
    for (number, row) in releases.iter().enumerate() {
        let folder = format!("releases/{:04}", number + 1);
        bundle.release(&folder, row)?;
        members.push(Member { purl: row.purl.clone(), folder });
    }
    if let Some(incident) = incident {
        bundle.json("incident.json", incident)?;
    }
    bundle.logs()?;
    let Bundle { mut files, lacks, .. } = bundle;
    files.insert("README.txt".to_owned(), guide::text(&members, &files).into_bytes());
    let manifest = Manifest {
        form: FORM.to_owned(),
        made_at: now,
        provwatch: env!("CARGO_PKG_VERSION").to_owned(),
        incident: incident.map(|incident| incident.name.clone()),
        releases: members,
        history: store.history_head()?.map(|head| format!("{}:{}", head.seq, hex::encode(head.chain))),
        lacks,
        files: std::collections::BTreeMap::new(),
    };
    let files = manifest.clone().seal(files)?;
    tar::write(out, &files, now)?;
    Ok(Manifest::unseal(&files)?)
}

/// A bundle that is being made.
struct Bundle<'a> {
    store: &'a Store,
    files: Files,
    lacks: Vec<String>,
    /// The origins of the logs that the releases have entries in.
    logs: BTreeSet<String>,
}

impl Bundle<'_> {
    fn json(&mut self, path: &str, value: &impl Serialize) -> Result<(), MakeError> {
        let mut json = serde_json::to_vec_pretty(value)?;
        json.push(b'\n');
        self.files.insert(path.to_owned(), json);
        Ok(())
    }

    fn release(&mut self, folder: &str, row: &ReleaseRow) -> Result<(), MakeError> {
        self.json(&format!("{folder}/release.json"), row)?;
        let fingerprint = Fingerprint::of_release(&row.purl);
        if let Some(alert) = self.store.alert(&fingerprint)? {
            let mut actions = self.store.alert_actions(&alert, usize::MAX)?;
            actions.reverse();
            self.json(&format!("{folder}/alert.json"), &alert)?;
            self.json(&format!("{folder}/alert-history.json"), &actions)?;
        }
        let documents = self.store.documents(&row.purl)?;
        for (number, document) in documents.iter().enumerate() {
            self.document(folder, number + 1, document)?;
        }
        let Some(observation) = &row.observation else {
            self.lacks.push(format!("{}: the registry's answer about it could not be read", row.purl));
            return Ok(());
        };
        self.missing(&row.purl, observation, &documents);
        let origins = observation.verified().filter_map(|verified| verified.log.as_ref());
        self.logs.extend(origins.map(|at| at.origin.clone()));
        Ok(())
    }

    /// A document as it was served, what it is, and the Sigstore bundles in it.
    fn document(&mut self, folder: &str, number: usize, document: &EvidenceDocument) -> Result<(), MakeError> {
        let path = format!("{folder}/document-{number}.json");
        self.files.insert(path, document.content.clone());
        let about = json!({
            "kind": document.kind.as_str(), "subject": document.subject, "fetched_at": document.fetched_at,
        });
        self.json(&format!("{folder}/document-{number}.about.json"), &about)?;
        for (nth, bundle) in sigstore_bundles(&document.content).iter().enumerate() {
            self.json(&format!("{folder}/document-{number}.bundle-{}.sigstore.json", nth + 1), bundle)?;
        }
        Ok(())
    }

    /// What was attested and whose document is not kept.
    fn missing(&mut self, purl: &ReleaseId, observation: &Observation, documents: &[EvidenceDocument]) {
        let is_kept = |name: &str| documents.iter().any(|document| document.subject == name);
        let lost: Vec<&str> = observation
            .files
            .iter()
            .filter(|file| file.attestation.as_ref().is_some_and(|it| it.verified().is_some()))
            .map(|file| file.name.as_str())
            .filter(|name| !is_kept(name))
            .collect();
        if observation.verified().next().is_some() && documents.is_empty() {
            self.lacks
                .push(format!("{purl}: its attestations were verified, and not kept, because it raised nothing then"));
        } else if !documents.is_empty() && !lost.is_empty() && documents.len() < lost.len() {
            self.lacks.push(format!("{purl}: the attestations of {} of its files are not kept", lost.len()));
        }
    }

    /// The signed checkpoints of the logs, and what was found to be wrong with these.
    fn logs(&mut self) -> Result<(), MakeError> {
        for origin in std::mem::take(&mut self.logs) {
            let rows = self.store.logs()?;
            let named = rows.iter().filter(|log| log.name == origin || origin.starts_with(&format!("{} - ", log.name)));
            let mut found = false;
            for log in named {
                for checkpoint in self.store.checkpoints(&log.name, CHECKPOINTS)? {
                    let path = format!("logs/{}/checkpoint-{}.txt", plain(&log.name), checkpoint.size);
                    self.files.insert(path, checkpoint.note.into_bytes());
                    found = true;
                }
            }
            if !found {
                self.lacks.push(format!("no checkpoint of the log {origin} is stored: it is not followed"));
            }
        }
        Ok(())
    }
}

/// The Sigstore bundles of npm's attestations document. PyPI's form is another one.
fn sigstore_bundles(document: &[u8]) -> Vec<Value> {
    let Ok(Value::Object(mut document)) = serde_json::from_slice(document) else { return Vec::new() };
    let Some(Value::Array(attestations)) = document.remove("attestations") else { return Vec::new() };
    attestations.into_iter().filter_map(|mut one| Some(one.get_mut("bundle")?.take())).collect()
}

/// A name as a part of a path.
fn plain(name: &str) -> String {
    name.chars().take(60).map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect()
}
