//! `provwatch logs scan`: reads a range of a log once, verifies it, and prints the matching entries.

use std::{io, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use schemars::JsonSchema;
use serde::Serialize;

use super::{by_name::named, unreadable::Unreadable};
use crate::{
    app::App,
    cli::{
        context::Context,
        exit::{CliError, Exit, Outcome},
        output, setup, words,
    },
    logwatch::{FollowedLog, Matcher, OnceInAWhile, ScanSummary, Scanned, how_far},
    model::{Claim, Claims, Package, whole},
    store::{LogProgress, NewLogEntry},
    strict_toml::did_you_mean,
    text::with_causes,
    tlog::{Pattern, Watch, watch::Field},
    watchlist::Watchlist,
};

/// How often progress is printed without a terminal.
const TELL_EVERY: TimeDelta = TimeDelta::seconds(10);

/// Read and verify a range of a log once, and print the matching entries
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch logs scan --log log2025-1.rekor.sigstore.dev --from 139900000 \\
      --match 'https://github\\.com/acme/.*'
  provwatch logs scan --log log2025-1.rekor.sigstore.dev --from 0 --to 99999 \\
      --issuer 'https://accounts\\.google\\.com'
  provwatch logs scan --log log2025-1.rekor.sigstore.dev --from 0 \\
      --claim 'source_repository_owner_uri=https://github\\.com/acme' \\
      --claim build_trigger=push
  provwatch logs scan --log 'rekor.sigstore.dev - 1193050959916656506' \\
      --from 1340280000 --watched

The first entry of a tree has the index 0. The command prints matches as JSON lines while it reads. They are proven \
only if it ends with success: it hashes every entry, and compares the result with the root that the log signed. The \
command neither uses nor changes the stored positions of `provwatch run`.")]
pub struct Scan {
    /// The log, as `provwatch logs list` names it; for a shard of Rekor v1 with the number of its tree
    #[arg(long, value_name = "NAME")]
    log: String,
    /// The first entry
    #[arg(long, value_name = "INDEX")]
    from: u64,
    /// The last entry [default: the end of the log]
    #[arg(long, value_name = "INDEX")]
    to: Option<u64>,
    /// Print entries whose subject (a workflow, an e-mail address) matches this regular expression as a whole
    #[arg(long = "match", value_name = "REGEX")]
    subject: Option<String>,
    /// Print entries whose OIDC issuer matches this regular expression as a whole
    #[arg(long, value_name = "REGEX")]
    issuer: Option<String>,
    /// Print entries whose claim NAME matches the regular expression as a whole. If you give several, all must match.
    /// The names are those of [[logs.match]]
    #[arg(long = "claim", value_name = "NAME=REGEX", value_parser = criterion)]
    claims: Vec<(Claim, String)>,
    /// Print entries by repositories of watched packages, and entries that a [[logs.match]] finds
    #[arg(long, conflicts_with_all = ["subject", "issuer", "claims"])]
    watched: bool,
}

impl Scan {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let watchlist = if self.watched { context.watchlist()? } else { Watchlist::default() };
        let app = context.app_to_look(watchlist)?;
        setup::runtime()?.block_on(async {
            let log = named(&app, &self.log).await?;
            let matcher = self.matcher(&app)?;
            self.scan(&app, &log, &matcher).await
        })
    }

    fn matcher(&self, app: &App) -> Result<Matcher, CliError> {
        if self.watched {
            return Ok(app.logs.matcher()?);
        }
        let criteria = [(Field::Subject, &self.subject), (Field::Issuer, &self.issuer)];
        let criteria = criteria.into_iter().filter_map(|(field, text)| Some((field, text.as_deref()?)));
        let claims = self.claims.iter().map(|(claim, text)| (Field::Claim(*claim), text.as_str()));
        let criteria: Vec<_> = criteria.chain(claims).collect();
        if criteria.is_empty() {
            return Err(
                CliError::usage("no search condition is given").next("add --match, --issuer, --claim or --watched")
            );
        }
        let pattern = Pattern::new("the command line", criteria).map_err(CliError::usage)?;
        Ok(app.logs.matcher_of(Watch::new(vec![pattern])))
    }

    async fn scan(&self, app: &App, log: &FollowedLog, matcher: &Matcher) -> Outcome {
        let began = app.clock.now();
        let mut telling = Telling::beginning(&self.log, self.from, began);
        let range = (self.from, self.to.map(|last| last.saturating_add(1)));
        let tell = |scanned: &Scanned<'_>| telling.hear(scanned, app.clock.now());
        let summary = app.logs.scan_log(log, &self.log, range, matcher, tell).await;
        telling.bar.finish_and_clear();
        if let Some(sentence) = telling.unreadable.sentence() {
            output::note(sentence);
        }
        let summary = summary.map_err(|error| {
            let next = "this range is not proven; the log served the matches above";
            CliError::failed(error).next(next)
        })?;
        if let Some(error) = telling.broken {
            return Err(error.into());
        }
        let seconds = (app.clock.now() - began).as_seconds_f64();
        output::note(closing(&summary, telling.hits, telling.unreadable.count(), seconds));
        Ok(Exit::Clean)
    }
}

/// Reports a scan while it goes on: matches at once, and its progress; on a terminal with a bar.
struct Telling<'a> {
    log: &'a str,
    bar: ProgressBar,
    progress: LogProgress,
    /// The time of the next line, without a terminal.
    line: OnceInAWhile,
    hits: u64,
    unreadable: Unreadable,
    broken: Option<io::Error>,
}

impl<'a> Telling<'a> {
    fn beginning(log: &'a str, from: u64, now: DateTime<Utc>) -> Self {
        let bar = ProgressBar::new(0).with_style(style());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            log,
            bar,
            progress: LogProgress::beginning(from, from, now),
            line: OnceInAWhile::beginning(now, TELL_EVERY),
            hits: 0,
            unreadable: Unreadable::default(),
            broken: None,
        }
    }

    fn hear(&mut self, scanned: &Scanned<'_>, now: DateTime<Utc>) {
        match scanned {
            Scanned::Expect(entries) => {
                self.bar.set_length(*entries);
                self.progress = LogProgress::beginning(self.progress.first, self.progress.first + entries, now);
            }
            Scanned::Read(entries) => self.come(*entries, now),
            Scanned::Match(entry) => {
                self.hits += 1;
                if let Err(error) = self.bar.suspend(|| output::json(&shown(self.log, entry))) {
                    self.broken.get_or_insert(error);
                }
            }
            Scanned::Unreadable(entry) => self.unreadable.take(entry),
        }
    }

    fn come(&mut self, entries: u64, now: DateTime<Utc>) {
        self.bar.inc(entries);
        self.progress = self.progress.come(self.progress.next + entries, now);
        if self.bar.is_hidden() && self.line.is_due(now) {
            output::note(how_far(&self.progress));
        }
    }
}

/// A claim's name, and the pattern for its value.
fn criterion(text: &str) -> Result<(Claim, String), String> {
    let (name, regex) = text.split_once('=').ok_or("expected NAME=REGEX, for example build_trigger=push")?;
    let claim = Claim::ALL.iter().copied().find(|claim| claim.as_str() == name).ok_or_else(|| {
        let known: Vec<_> = Claim::ALL.iter().map(|claim| claim.as_str()).collect();
        let meant = did_you_mean(name, known.iter().copied());
        format!("unknown claim {name:?}{meant}; the claims are {}", known.join(", "))
    })?;
    let regex = whole(regex).map(|_| regex.to_owned());
    Ok((claim, regex.map_err(|why| format!("{name}: the regular expression cannot be used: {}", with_causes(&why)))?))
}

/// An entry of the range by an identity that is looked for. It is proven when the scan ends well.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Shown<'a> {
    /// The log.
    log: &'a str,
    /// Its index in the tree.
    index: u64,
    /// Its kind.
    kind: &'a str,
    /// The version of the kind.
    version: &'a str,
    /// Its leaf hash, hexadecimal.
    leaf: String,
    /// The digest that it is about, hexadecimal; null where it says none.
    digest: Option<&'a str>,
    /// The OIDC issuer.
    issuer: &'a str,
    /// The certificate's subject alternative name.
    subject: &'a str,
    /// What else the certificate says.
    claims: &'a Claims,
    /// From when on the certificate is valid.
    not_before: DateTime<Utc>,
    /// The certificate's serial number, hexadecimal.
    serial: &'a str,
    /// Whether an authority of the trust root issued the certificate. If not, anybody can have made it.
    issued_by_trusted_authority: bool,
    /// Why none did; null: one did.
    not_issued: Option<&'a str>,
    /// The watched packages whose repository it is.
    packages: &'a [Package],
    /// The patterns that it matches.
    patterns: &'a [String],
}

fn shown<'a>(log: &'a str, entry: &'a NewLogEntry) -> Shown<'a> {
    Shown {
        log,
        index: entry.index,
        kind: &entry.kind,
        version: &entry.version,
        leaf: hex::encode(entry.leaf),
        digest: entry.digest.as_deref(),
        issuer: &entry.identity.issuer,
        subject: &entry.identity.subject,
        claims: &entry.identity.claims,
        not_before: entry.not_before,
        serial: &entry.serial,
        issued_by_trusted_authority: entry.not_issued.is_none(),
        not_issued: entry.not_issued.as_deref(),
        packages: &entry.packages,
        patterns: &entry.patterns,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn closing(summary: &ScanSummary, matches: u64, unreadable: u64, seconds: f64) -> String {
    let entries = summary.to - summary.from;
    let rate = entries as f64 / seconds.max(0.001);
    let kinds: Vec<_> = summary
        .kinds
        .iter()
        .map(|(kind, version, count)| format!("{count} {} {}", words::name(kind), words::name(version)))
        .collect();
    format!(
        "{entries} entries of {} in {seconds:.1} s, {rate:.0} entries/s, {}; all hash to the root that the log signed for {} \
         entries.\n{matches} matched, {unreadable} could not be read. Kinds: {}.",
        words::name(&summary.tree),
        words::size(summary.bytes),
        summary.checkpoint.size(),
        if kinds.is_empty() { words::NOTHING.to_owned() } else { kinds.join(", ") },
    )
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} entries, {per_sec}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
