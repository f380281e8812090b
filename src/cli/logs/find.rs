//! `provwatch logs find`: looks up single entries, each with a proof from the log.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::by_name::named;
use crate::{
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table::Sheet,
        output::{self, Printing},
        setup, words,
    },
    logwatch::{FoundEntry, Wanted},
    model::Claims,
    tlog::rekor_v1::SearchBy,
    watchlist::Watchlist,
};

/// Look up single entries of a log, and verify that it contains them
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "\
provwatch logs find [OPTIONS] --log <NAME> \\
           <--index|--hash|--email|--subject> <WHAT>",
    after_help = "\
Examples:
  provwatch logs find --log rekor.sigstore.dev --index 153589716
  provwatch logs find --log rekor.sigstore.dev --hash sha256:2a1f…
  provwatch logs find --log rekor.sigstore.dev --email somebody@example.org

For every entry that it prints, the command has verified a proof that the log contains it. --hash, --email and \
--subject ask the search index of Rekor v1. That index may be incomplete: an empty result proves nothing. `--format \
json` prints all claims of the certificates."
)]
pub struct Find {
    /// The log, as `provwatch logs list` names it
    #[arg(long, value_name = "NAME")]
    log: String,
    #[command(flatten)]
    wanted: By,
    #[command(flatten)]
    printing: Printing,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct By {
    /// The entry at this index; for Rekor v1, at this global index
    #[arg(long, value_name = "INDEX")]
    index: Option<u64>,
    /// Entries about this digest of an artifact or payload
    #[arg(long, value_name = "sha256:HEX")]
    hash: Option<String>,
    /// Entries signed with a certificate of this e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Entries signed with a certificate of exactly this subject
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
}

impl By {
    fn wanted(&self) -> Option<Wanted> {
        let index = self.index.map(Wanted::Index);
        let hash = self.hash.clone().map(SearchBy::Hash);
        let email = self.email.clone().map(SearchBy::Email);
        let subject = self.subject.clone().map(SearchBy::Subject);
        index.or_else(|| hash.or(email).or(subject).map(Wanted::Search))
    }
}

impl Find {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let app = context.app_to_look(Watchlist::default())?;
        let wanted = self.wanted.wanted().ok_or_else(|| CliError::usage("nothing to look for"))?;
        let found = setup::runtime()?.block_on(async {
            let log = named(&app, &self.log).await?;
            app.logs.find_entries(&log, &wanted).await.map_err(CliError::from)
        })?;
        let found = found.ok_or_else(|| {
            CliError::usage(format!("{} has no search index", self.log)).next("look with `provwatch logs scan`")
        })?;
        if self.printing.is_json() {
            found.iter().try_for_each(|entry| output::json(&shown(&self.log, entry)))?;
        } else {
            found.iter().for_each(print);
        }
        if matches!(wanted, Wanted::Search(_)) {
            output::note(format!("{} found. The search index of the log may be incomplete.", found.len()));
            return Ok(Exit::Unchecked);
        }
        Ok(Exit::Clean)
    }
}

fn print(entry: &FoundEntry) {
    output::line(format_args!("entry {}", entry.index));
    let mut sheet = Sheet::new();
    sheet.maybe(
        "kind",
        entry.kind.as_ref().map(|(kind, version)| format!("{} {}", words::name(kind), words::name(version))),
    );
    sheet.maybe("digest", entry.digest.as_ref().map(words::name));
    sheet.row("leaf", hex::encode(entry.leaf));
    for signer in &entry.signers {
        sheet.row("signed by", words::sentence(&signer.identity.subject));
        sheet.row("vouched for by", words::sentence(&signer.identity.issuer));
        sheet.maybe("not issued", signer.issued.as_ref().err().map(words::sentence));
    }
    sheet.print();
}

/// An entry that the log was made to prove.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Shown<'a> {
    /// The log.
    log: &'a str,
    /// Its index; for Rekor v1 the global one.
    index: u64,
    /// Its leaf hash, hexadecimal.
    leaf: String,
    /// The digest that it is about, hexadecimal; null where it says none.
    digest: Option<&'a str>,
    /// Who signed it.
    signers: Vec<Signer<'a>>,
    /// Its kind; null where it cannot be read.
    kind: Option<&'a str>,
    /// The version of the kind.
    version: Option<&'a str>,
}

/// Who signed an entry, by the certificate in it.
#[derive(Serialize, JsonSchema)]
struct Signer<'a> {
    /// The OIDC issuer.
    issuer: &'a str,
    /// The subject alternative name.
    subject: &'a str,
    /// What else the certificate says.
    claims: &'a Claims,
    /// From when on it is valid.
    not_before: DateTime<Utc>,
    /// Why no trusted authority issued it; null: one did.
    not_issued: Option<&'a str>,
}

fn shown<'a>(log: &'a str, entry: &'a FoundEntry) -> Shown<'a> {
    let signers = entry.signers.iter().map(|signer| Signer {
        issuer: &signer.identity.issuer,
        subject: &signer.identity.subject,
        claims: &signer.identity.claims,
        not_before: signer.not_before,
        not_issued: signer.issued.as_ref().err().map(String::as_str),
    });
    Shown {
        log,
        index: entry.index,
        leaf: hex::encode(entry.leaf),
        digest: entry.digest.as_deref(),
        signers: signers.collect(),
        kind: entry.kind.as_ref().map(|(kind, _)| kind.as_str()),
        version: entry.kind.as_ref().map(|(_, version)| version.as_str()),
    }
}
