//! `provwatch incident export`: writes the evidence about releases into a file.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::Serialize;

use super::about::existing;
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table,
        output::{self, Printing},
        target, words,
    },
    evidence_bundle::{self, Manifest},
    model::{Incident, ReleaseId},
    store::{ReleaseRow, Store},
    text::shell_word,
};

/// Write the evidence about releases into a file that anybody can check
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch incident export axios-2026-03 --to axios.tar
  provwatch incident export pkg:npm/axios@1.14.1 --to axios.tar
  tar -xOf axios.tar README.txt   # how to check it without provwatch

The file is a tar with the observations, the alerts and what people did about them, the attestation documents as the \
registries served them, the checkpoints of the logs, and a manifest of SHA-256. provwatch keeps the documents of releases \
that raised something. The file has names and addresses of accounts, as the registries show them.

Exit codes: 0 written · 4 written, and something is missing in it")]
pub struct Export {
    /// An incident, or releases
    #[arg(value_name = "NAME|PURL", required = true)]
    subjects: Vec<String>,
    /// The file to write; it must not exist
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    printing: Printing,
}

/// What was written.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Exported {
    /// The file.
    file: String,
    /// Its manifest.
    manifest: Manifest,
}

impl Export {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = context.store_to_read()?;
        let (incident, releases) = self.subjects(&store)?;
        let (rows, unknown) = rows(&store, &releases)?;
        if rows.is_empty() {
            return Err(CliError::usage("none of the releases is stored").next("provwatch lookup"));
        }
        let mut manifest = to_file(&store, &self.to, &rows, incident.as_ref())?;
        manifest.lacks.extend(unknown.iter().map(|purl| format!("{purl} is not stored")));
        let is_whole = manifest.lacks.is_empty();
        if self.printing.is_json() {
            output::json(&Exported { file: self.to.display().to_string(), manifest })?;
        } else {
            tell(&self.to, &manifest);
        }
        Ok(if is_whole { Exit::Clean } else { Exit::Unchecked })
    }

    fn subjects(&self, store: &Store) -> Result<(Option<Incident>, Vec<ReleaseId>), CliError> {
        let [name] = self.subjects.as_slice() else { return Ok((None, self.releases()?)) };
        if name.starts_with("pkg:") {
            return Ok((None, self.releases()?));
        }
        let incident = existing(store, name)?;
        let releases = incident.members.iter().map(|member| member.purl.clone()).collect();
        Ok((Some(incident), releases))
    }

    fn releases(&self) -> Result<Vec<ReleaseId>, CliError> {
        self.subjects.iter().map(|purl| target::release(purl).map_err(CliError::usage)).collect()
    }
}

fn rows(store: &Store, releases: &[ReleaseId]) -> Result<(Vec<ReleaseRow>, Vec<ReleaseId>), CliError> {
    let (mut rows, mut unknown) = (Vec::new(), Vec::new());
    for release in releases {
        match store.release(release)? {
            Some(row) => rows.push(row),
            None => unknown.push(release.clone()),
        }
    }
    Ok((rows, unknown))
}

/// Writes the evidence about releases into a new file, and returns its manifest.
pub(super) fn to_file(
    store: &Store,
    path: &Path,
    releases: &[ReleaseRow],
    incident: Option<&Incident>,
) -> Result<Manifest, CliError> {
    write(path, |out| {
        let made = evidence_bundle::contents(store, releases, incident, Context::clock().now(), out);
        made.map_err(CliError::failed)
    })
}

/// Writes a file that was not there, for its owner only. A failure leaves none behind.
fn write<T>(path: &Path, make: impl FnOnce(&mut BufWriter<File>) -> Result<T, CliError>) -> Result<T, CliError> {
    let failed = |error: std::io::Error| CliError::failed(format!("writing {}: {error}", path.display()));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    let mut out = BufWriter::new(file);
    let outcome = make(&mut out).and_then(|written| {
        out.flush().and_then(|()| out.get_ref().sync_all()).map_err(failed)?;
        Ok(written)
    });
    if outcome.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(path);
    }
    outcome
}

pub(super) fn tell(path: &Path, manifest: &Manifest) {
    let (releases, files) = (manifest.releases.len() as u64, manifest.files.len() as u64);
    let (releases, files) = (words::counted(releases, "release"), words::counted(files, "file"));
    let file = words::name(path.display());
    fact_table::say(&format!("{file} has the evidence about {releases}: {files}."));
    for lack in &manifest.lacks {
        fact_table::say(&format!("Not in it: {}.", words::sentence(lack)));
    }
    let file = shell_word(&path.display().to_string());
    fact_table::next(&[(format!("provwatch incident verify {file}"), "check it, also on another machine")]);
}
