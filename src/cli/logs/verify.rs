//! `provwatch logs verify`: verifies the evidence of a log violation from the document alone.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    app, bounded,
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table::{self, Sheet},
        output::{self, Printing},
        words,
    },
    tlog::{Judgement, LogEvidence, LogViolation, evidence::MAX_EVIDENCE},
};

/// Verify evidence against a log, from the document alone
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  provwatch logs verify fork.json

The command needs neither the log nor a database. It needs the trust root, to know the owner of the signing key.

Exit codes: 0 the log's own signatures prove the document · 1 the document does not prove its claim · 4 a part is only \
a claim, or the key is unknown")]
pub struct Verify {
    /// The documents, as `provwatch logs evidence` writes them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    printing: Printing,
}

/// The result for a document.
struct Verdict {
    evidence: LogEvidence,
    judgement: Judgement,
    is_known: bool,
}

/// What was found out about a document.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Line<'a> {
    /// The file.
    file: String,
    /// The log that it accuses.
    log: &'a str,
    /// Of what.
    #[serde(rename = "misdeed")]
    violation: LogViolation,
    /// `proven`, `claimed` or `refuted`.
    verdict: &'static str,
    /// Why, in a sentence.
    why: &'a str,
    /// Whether the key is one of the trust root or the configuration.
    key_is_known: bool,
}

impl Verify {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let known = known_keys(context)?;
        let mut worst = Exit::Clean;
        for file in &self.files {
            let verdict = verdict(file, &known)?;
            if self.printing.is_json() {
                output::json(&verdict.line(file))?;
            } else {
                verdict.print(file);
            }
            worst = match (worst, verdict.exit()) {
                (Exit::Failed, _) | (_, Exit::Failed) => Exit::Failed,
                (Exit::Unchecked, _) | (_, Exit::Unchecked) => Exit::Unchecked,
                _ => Exit::Clean,
            };
        }
        Ok(worst)
    }
}

/// The keys of the trust root and of the configuration.
fn known_keys(context: &Context) -> Result<Vec<Vec<u8>>, CliError> {
    let verifier = app::verifier(&context.config).map_err(CliError::usage)?;
    let trusted = verifier.trusted_logs().into_iter().map(|log| log.spki);
    let configured = app::log_keys(&context.config).map_err(CliError::usage)?;
    Ok(trusted.chain(configured).collect())
}

fn verdict(file: &Path, known: &[Vec<u8>]) -> Result<Verdict, CliError> {
    let unusable = |error: Box<dyn std::error::Error + Send + Sync>| {
        CliError::usage(format!("{}: {}", file.display(), crate::text::with_causes(error.as_ref())))
    };
    let bytes = bounded::read(file, MAX_EVIDENCE).map_err(|error| unusable(error.into()))?;
    let bytes = bytes.ok_or_else(|| unusable(format!("it is larger than {MAX_EVIDENCE} bytes").into()))?;
    let evidence = LogEvidence::parse(&bytes).map_err(|error| unusable(error.into()))?;
    let judgement = evidence.judge().map_err(|error| unusable(error.into()))?;
    let signer = evidence.signer().map_err(|error| unusable(error.into()))?;
    let is_known = known.iter().any(|spki| spki == signer.key().spki());
    Ok(Verdict { evidence, judgement, is_known })
}

impl Verdict {
    fn exit(&self) -> Exit {
        match (&self.judgement, self.is_known) {
            (Judgement::Refuted(_), _) => Exit::Failed,
            (Judgement::Proven(_), true) => Exit::Clean,
            _ => Exit::Unchecked,
        }
    }

    fn words(&self) -> (&'static str, &str) {
        match &self.judgement {
            Judgement::Proven(why) => ("proven", why),
            Judgement::Claimed(why) => ("claimed", why),
            Judgement::Refuted(why) => ("refuted", why),
        }
    }

    fn line(&self, file: &Path) -> Line<'_> {
        let (verdict, why) = self.words();
        let LogEvidence { log, violation, .. } = &self.evidence;
        let file = file.display().to_string();
        Line { file, log: &log.name, violation: *violation, verdict, why, key_is_known: self.is_known }
    }

    fn print(&self, file: &Path) {
        let (verdict, why) = self.words();
        fact_table::heading(words::name(file.display()));
        let key = if self.is_known {
            "one of the trust root or the configuration"
        } else {
            "NOT one of the trust root or the configuration: identify its owner by other means"
        };
        let mut sheet = Sheet::new();
        sheet
            .row("Against", words::name(&self.evidence.log.name))
            .row("Says", words::sentence(&self.evidence.statement))
            .row("Verdict", format!("{verdict}: {}", words::sentence(why)))
            .row("Key", key)
            .maybe("Served", self.evidence.served.as_ref().map(words::name));
        sheet.print();
    }
}
