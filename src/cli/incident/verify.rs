//! `provwatch incident verify`: checks a file of evidence, offline.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    app, bounded,
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table,
        output::{self, Printing},
        words,
    },
    evidence_bundle::{self, Checked, LARGEST, Manifest, Reverified},
};

/// Check a file of evidence, offline
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch incident verify axios.tar
  provwatch incident verify axios.tar --format json | jq .documents

Checks that no file was altered, added or removed since the file was made, and verifies every attestation in it again with \
the trust root of this provwatch. It needs no store and no network.

Exit codes: 0 all of it holds · 1 it was altered, or is not such a file · 3 an attestation does not say what the \
observation says · 4 something could not be verified")]
pub struct Verify {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    printing: Printing,
}

/// What came of the check.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Answer {
    /// Its manifest, whose sums all hold.
    manifest: Manifest,
    /// The attestation documents, each verified again.
    documents: Vec<Reverified>,
}

impl Verify {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let path = self.file.display();
        let unusable = |error: &dyn std::fmt::Display| CliError::failed(format!("{path}: {error}"));
        let bytes = bounded::read(&self.file, LARGEST).map_err(|error| unusable(&error))?;
        let bytes = bytes.ok_or_else(|| unusable(&format!("it is larger than {LARGEST} bytes")))?;
        let verifier = app::verifier(&context.config).map_err(CliError::usage)?;
        let checked = evidence_bundle::check(&bytes, &verifier).map_err(|error| unusable(&error))?;
        let exit = exit(&checked);
        if self.printing.is_json() {
            output::json(&Answer { manifest: checked.manifest, documents: checked.documents })?;
        } else {
            print(&checked);
        }
        Ok(exit)
    }
}

fn exit(checked: &Checked) -> Exit {
    let is_unsettled = |one: &Reverified| one.status == "unavailable";
    if checked.documents.iter().any(|one| !one.agrees && !is_unsettled(one)) {
        Exit::Findings
    } else if checked.documents.iter().any(is_unsettled) || !checked.manifest.lacks.is_empty() {
        Exit::Unchecked
    } else {
        Exit::Clean
    }
}

fn print(checked: &Checked) {
    let Manifest { made_at, provwatch, incident, releases, lacks, files, .. } = &checked.manifest;
    let (files, releases) =
        (words::counted(files.len() as u64, "file"), words::counted(releases.len() as u64, "release"));
    fact_table::say(&format!("Nothing was altered: all {files} are what the manifest names."));
    let mut sheet = fact_table::Sheet::new();
    sheet.row("made", format!("{} by provwatch {}", words::moment(*made_at), words::name(provwatch)));
    sheet.maybe("incident", incident.as_ref().map(words::name));
    sheet.row("about", releases);
    sheet.rows("it lacks", lacks.iter().map(words::sentence));
    sheet.print();
    if !checked.documents.is_empty() {
        fact_table::heading("attestations, verified again");
        let mut sheet = fact_table::Sheet::new();
        for one in &checked.documents {
            let doubt = if one.agrees { "" } else { " – NOT what the observation says" };
            sheet.row(&words::name(&one.purl), format!("{}: {}{doubt}", one.status, words::sentence(&one.detail)));
        }
        sheet.print();
    }
}
