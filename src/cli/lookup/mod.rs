//! `provwatch lookup`: finds releases, log entries and alerts by anything that was observed, and shows all of one release.

pub(super) mod answer;
mod content;
pub(super) mod fetched;
mod found;
pub(super) mod identity;
pub(super) mod limits;
pub(super) mod listed;
pub(super) mod logged;
mod matched;
mod meaning;
pub(super) mod missing;
mod one;
mod related;
mod reports;
mod search;
mod term;

use std::path::Path;

use self::{
    search::{Answer, Asked},
    term::Term,
};
use super::{
    context::Context,
    exit::{CliError, FailOn, Outcome},
    output::{Printing, Redaction},
    target,
    when::{self, When},
};
use crate::store::{ReleaseRow, Store};

/// The releases that the terms lead to, at most so many, and whether there are more.
///
/// # Errors
/// A term is not recognized, or the store cannot be read.
pub(super) fn releases(
    context: &Context,
    store: &Store,
    words: &[String],
    limit: usize,
) -> Result<(Vec<ReleaseRow>, bool), CliError> {
    let read = |text: &String| {
        term::term(text).map_err(CliError::usage).and_then(|term| meaning::of(context, store, text, &term))
    };
    let terms = words.iter().map(read).collect::<Result<_, _>>()?;
    let found = Asked { terms, since: None, until: None, limit }.search(store, |term| term.clue.clone())?;
    Ok((found.releases.into_iter().map(|found| found.row).collect(), found.has_more || found.not_before.is_some()))
}

/// Find releases, log entries and alerts by anything that was observed of them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch lookup pkg:npm/axios@1.14.1  # all that is stored of it
  provwatch lookup pkg:npm/axios         # of the newest release
  provwatch lookup sha512-Zl7z…==        # who published this file?
  provwatch lookup acme/widget --since 7d
  provwatch lookup owner:acme refs/heads/main
  provwatch lookup publisher:npm/ada @acme.example
  provwatch lookup 'https://github.com/acme/*/release.yml@refs/heads/*'
  provwatch lookup --since 2026-03-30 --until 2026-04-01
  provwatch lookup --fetch pkg:npm/left-pad@1.3.0

What is looked for is recognized by its form, or has its kind before it:
  purl:        a package or release, in every equal spelling
  digest:      of a file, a key, a log entry or a commit: digits, or sha512-…
  signed:      the SHA-256 of signed data
  key:         the SHA-256 of a certificate's public key
  leaf:        the leaf hash of a log entry
  log:         an entry, log:NAME:INDEX
  commit:      40 or 64 digits
  repository:  owner/name, a URL, or a number; renames are followed
  owner:       acme, a URL, or a number
  workflow:    a URL, or a path in any repository
  ref: branch: tag:   refs/heads/main is the same as branch:main
  run:         a URL, with or without an attempt
  identity:    the name of a certificate; stars stand for any characters
  issuer:      the URL of an OIDC issuer
  publisher:   an account, npm/ada or ada
  maintainer:  an account that could publish
  email: domain:      an address, or @example.org
  alert:       an id, or its first digits
Several narrow down together. The command reads the database, and does not use the network, unless --fetch is given: then \
it fetches and judges a release, watched or not, and records nothing.

Exit codes: 0 clean · 2 not recognized · 3 something that was found has an unresolved alert at or above --fail-on, or is \
held for one, or others report a release as malicious · 4 nothing was found, or not everything is checked or shown")]
pub struct Lookup {
    /// What to look for: a purl, digest, repository, run, commit, log entry, account, address, …
    #[arg(value_name = "WHAT")]
    terms: Vec<String>,
    /// Only what was published or signed then or later: 2026-03-30, 2026-03-30T08:00:00Z, or 7d ago
    #[arg(long, value_name = "TIME", value_parser = when::when)]
    since: Option<When>,
    /// Only what was published or signed before then
    #[arg(long, value_name = "TIME", value_parser = when::when)]
    until: Option<When>,
    /// Show at most this many releases, and as many log entries
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = target::count)]
    limit: usize,
    /// Fetch a release and judge it now, without recording anything
    #[arg(long, conflicts_with_all = ["since", "until"])]
    fetch: bool,
    /// For one release, show at most this many others of the same publisher, repository and run
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    related: usize,
    #[command(flatten)]
    fail_on: FailOn,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    redaction: Redaction,
}

impl Lookup {
    /// Runs the command.
    ///
    /// # Errors
    /// A term is not recognized, the configuration is wrong, or the store cannot be read.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        self.redaction.begin()?;
        let terms = self.terms.iter().map(|text| term::term(text)).collect::<Result<Vec<Term>, _>>();
        let terms = terms.map_err(CliError::usage)?;
        let has_range = self.since.is_some() || self.until.is_some();
        if terms.is_empty() && !has_range && !self.fetch {
            return Err(CliError::usage("nothing to look for; expected something that was observed, or --since")
                .next("`provwatch lookup --help` lists the forms"));
        }
        let context = Context::load(config)?;
        if self.fetch {
            return fetched::answer(&context, &terms, self.fail_on.fail_on, self.printing);
        }
        match &terms[..] {
            [Term::Purl(target)] if !has_range => {
                let how = one::How { related: self.related, fail_on: self.fail_on, printing: self.printing };
                one::answer(&context, &context.store_to_read()?, target, how)
            }
            terms => self.search(&context, terms),
        }
    }

    fn search(&self, context: &Context, terms: &[Term]) -> Outcome {
        let (store, now) = (context.store_to_read()?, Context::clock().now());
        let typed = self.terms.iter().zip(terms);
        let terms = typed.map(|(typed, term)| meaning::of(context, &store, typed, term));
        let asked = Asked {
            terms: terms.collect::<Result<_, _>>()?,
            since: self.since.map(|since| since.ago(now)),
            until: self.until.map(|until| until.ago(now)),
            limit: self.limit,
        };
        if asked.since.zip(asked.until).is_some_and(|(since, until)| since >= until) {
            return Err(CliError::usage("--since is not before --until, so nothing lies in between"));
        }
        let answer = Answer::to(&store, asked, now)?;
        answer.print(&store, self.printing, self.limit)?;
        Ok(answer.exit(self.fail_on.fail_on))
    }
}
