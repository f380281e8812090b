//! `provwatch logs status`: shows how far each log is read and verified, its gaps and its violations.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::{not_followed, wording::OFF};
use crate::{
    cli::{
        callable::callable,
        context::Context,
        exit::{CliError, Exit, Outcome},
        fact_table::{self, Sheet},
        output::{self, Printing},
        words,
    },
    health::LockState,
    logwatch::NotFollowed,
    model::{AlertKind, AlertStatus, Fingerprint},
    store::{Covered, KindCount, LogRow, MirrorRow, Store},
    text::shell_word,
    tlog::{CosignerKey, LogViolation, checkpoint::tree_id, key::cosigners, page::NOT_UNDERSTOOD},
    upkeep,
    watchlist::Watchlist,
};

/// Ranges that are shown in full; more are counted.
const SHOWN: usize = 8;

/// Show how far provwatch has read and verified each log, with gaps and problems
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch logs status
  provwatch logs status --log log2025-1.rekor.sigstore.dev
  provwatch logs status --format json

The exit code is 3 while an alert about a log is open, and 5 if provwatch cannot read a log. provwatch keeps \
evidence forever; old evidence does not change the exit code.")]
pub struct Status {
    /// Only this log
    #[arg(long, value_name = "NAME")]
    log: Option<String>,
    #[command(flatten)]
    printing: Printing,
}

/// All that is known of a log.
struct View {
    row: LogRow,
    covered: Vec<Covered>,
    gaps: Vec<Covered>,
    kinds: Vec<KindCount>,
    evidence: Vec<String>,
    is_accused: bool,
    cosigners: Vec<(String, DateTime<Utc>)>,
    /// Its URLs, if there are several.
    mirrors: Vec<MirrorRow>,
    /// The time since which it is not followed.
    left_since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
}

/// How far a log was read and proven.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Line<'a> {
    /// The log.
    log: &'a LogRow,
    /// The ranges that were read and verified.
    covered: &'a [Covered],
    /// The ranges that were never read.
    gaps: &'a [Covered],
    /// What kinds of entries it has.
    kinds: &'a [KindCount],
    /// The evidence against it: an id and what it did.
    evidence: &'a [String],
    /// The same as `cosigned_by` in pairs, as it was first written.
    cosigners: &'a [(String, DateTime<Utc>)],
    /// Who cosigned the last checkpoint.
    cosigned_by: Vec<Cosigned<'a>>,
    /// Where it is read, if that is at several places.
    mirrors: &'a [MirrorRow],
    /// Since when it is no longer followed; null: it is.
    not_followed_since: Option<DateTime<Utc>>,
    /// How many entries are in a form that is not known here.
    not_understood: u64,
}

/// A witness that cosigned a checkpoint.
#[derive(Serialize, JsonSchema)]
struct Cosigned<'a> {
    /// The witness.
    name: &'a str,
    /// When.
    at: DateTime<Utc>,
}

impl Status {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let store = context.store_to_read()?;
        let rows = store.logs()?;
        let is_asked = |row: &LogRow| self.log.as_ref().is_none_or(|name| *name == row.name);
        let witnesses = context.config.logs.witnesses.iter().map(|witness| CosignerKey::parse(&witness.key));
        let witnesses: Vec<_> = witnesses.collect::<Result<_, _>>().map_err(CliError::usage)?;
        let views = rows.into_iter().filter(is_asked).map(|row| View::of(&store, row, &witnesses));
        let views: Vec<View> = views.collect::<Result<_, CliError>>()?;
        if let (Some(name), true) = (&self.log, views.is_empty()) {
            return Err(CliError::usage(format!("no log {name:?} was ever followed")).next("provwatch logs status"));
        }
        let not_followed = if self.log.is_none() { not_followed(context) } else { Vec::new() };
        if self.printing.is_json() {
            views.iter().try_for_each(|view| output::json(&view.line()))?;
            not_followed.iter().try_for_each(|log| output::json(&not_followed::line(log)))?;
            return Ok(exit(&views));
        }
        if !context.config.logs.enabled {
            output::line(OFF);
        } else if views.is_empty() {
            fact_table::say("No log was followed yet; `provwatch run` follows them.");
        }
        views.iter().for_each(View::print);
        not_followed::print(&not_followed);
        Ok(exit(&views))
    }
}

/// The logs of the trust root that are not followed. `doctor` reports an unusable trust root.
fn not_followed(context: &Context) -> Vec<NotFollowed> {
    if !context.config.logs.enabled {
        return Vec::new();
    }
    context.app_to_look(Watchlist::default()).map(|app| app.logs.logs_not_followed()).unwrap_or_default()
}

fn exit(views: &[View]) -> Exit {
    if views.iter().any(|view| view.is_accused) {
        Exit::Findings
    } else if views.iter().any(|view| view.row.failing_since.is_some()) {
        Exit::Unhealthy
    } else {
        Exit::Clean
    }
}

impl View {
    fn of(store: &Store, row: LogRow, witnesses: &[CosignerKey]) -> Result<Self, CliError> {
        let covered = store.coverage(&row.name)?;
        let size = row.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size);
        let note = row.checkpoint.as_ref().map_or("", |checkpoint| checkpoint.note.as_str());
        let cosigners = cosigners(note, witnesses).into_iter().map(|(name, at)| (name.to_owned(), at)).collect();
        Ok(Self {
            cosigners,
            gaps: gaps(&covered, size),
            covered,
            kinds: store.log_kinds(&row.name)?,
            evidence: store
                .evidence(Some(&row.name))?
                .into_iter()
                .map(|one| format!("{} {}", one.id, one.kind))
                .collect(),
            is_accused: is_accused(store, &row.name)?,
            mirrors: mirrors(store, &row.name)?,
            left_since: left_since(store, &row.name)?,
            row,
            now: Context::clock().now(),
        })
    }

    fn line(&self) -> Line<'_> {
        Line {
            log: &self.row,
            covered: &self.covered,
            gaps: &self.gaps,
            kinds: &self.kinds,
            evidence: &self.evidence,
            cosigners: &self.cosigners,
            cosigned_by: self.cosigners.iter().map(|(name, at)| Cosigned { name, at: *at }).collect(),
            mirrors: &self.mirrors,
            not_followed_since: self.left_since,
            not_understood: self.not_understood(),
        }
    }

    fn print(&self) {
        let row = &self.row;
        fact_table::heading(words::name(&row.name));
        let mut sheet = Sheet::new();
        sheet.row("Kind", self.kind());
        sheet.row("Read at", words::name(&row.url));
        let checkpoint = row.checkpoint.as_ref();
        sheet.maybe("Signed", checkpoint.map(|it| format!("{} entries, seen {}", it.size, words::moment(it.seen_at))));
        let cosigners =
            self.cosigners.iter().map(|(name, at)| format!("{}, {}", words::name(name), words::moment(*at)));
        sheet.rows("Cosigned by", cosigners);
        sheet.row("Entries", self.entries());
        sheet.maybe("Catching up", row.progress.as_ref().map(|it| words::catching_up(it, self.now)));
        sheet.row("Proven", ranges(&self.covered, "none"));
        sheet.row("Never read", ranges(&self.gaps, "none"));
        sheet.maybe("To read it", self.to_read());
        let kinds = self
            .kinds
            .iter()
            .filter(|one| one.kind != NOT_UNDERSTOOD)
            .map(|one| format!("{} {} {}", one.count, words::name(&one.kind), words::name(&one.version)));
        sheet.rows("Kinds", kinds.take(SHOWN));
        sheet.maybe("Not understood", self.what_is_not_understood());
        sheet.row("Watched", format!("{} by watched identities, {} unreadable", row.matches, row.quarantined));
        let left = self.left_since.map(|since| format!("since {}; `provwatch status` says why", words::moment(since)));
        sheet.maybe("Not followed", left);
        sheet.maybe("Last read", row.last_success.map(words::moment));
        sheet.maybe(
            "Failing",
            row.failing_since.map(|since| {
                format!(
                    "since {}: {}",
                    words::moment(since),
                    words::sentence(row.last_error.as_deref().unwrap_or_default())
                )
            }),
        );
        let size = checkpoint.map_or(0, |it| it.size);
        sheet.rows("Mirrors", self.mirrors.iter().map(|mirror| stands(mirror, size)));
        sheet.rows("Evidence kept", self.evidence.iter().cloned());
        sheet.print();
        if let Some(evidence) = self.evidence.first().and_then(|one| one.split(' ').next()) {
            output::line(format!("  next: {}", callable(&format!("provwatch logs evidence {evidence}"))));
        }
    }

    /// Its kind, once it has answered.
    fn kind(&self) -> String {
        match &self.row.checkpoint {
            Some(_) => format!("{}, {}", self.row.kind, self.row.standing.as_str()),
            None => format!("taken for {}; it has never answered", self.row.kind),
        }
    }

    /// How the gaps are read.
    fn to_read(&self) -> Option<String> {
        let (gap, _) = self.gaps.first().zip(self.row.tail.as_ref())?;
        let name = shell_word(&words::name(&self.row.name));
        Some(callable(&format!("provwatch logs start --log {name} --from-index {}", gap.first)))
    }

    /// Entries in an unknown form.
    fn not_understood(&self) -> u64 {
        self.kinds.iter().filter(|one| one.kind == NOT_UNDERSTOOD).map(|one| one.count).sum()
    }

    fn what_is_not_understood(&self) -> Option<String> {
        let entries = Some(self.not_understood()).filter(|entries| *entries > 0)?;
        let forms = self.kinds.iter().filter(|one| one.kind == NOT_UNDERSTOOD).map(|one| words::name(&one.version));
        let forms: Vec<_> = forms.take(SHOWN).collect();
        Some(format!("{entries} entries: hashed and proven, but the signers are unknown ({})", forms.join("; ")))
    }

    fn entries(&self) -> String {
        match &self.row.tail {
            None => "none proven: not read yet, or only the checkpoints are checked".to_owned(),
            Some(tail) => {
                let size = self.row.checkpoint.as_ref().map_or(tail.verified, |checkpoint| checkpoint.size);
                let behind = words::counted(size.saturating_sub(tail.verified), "entry");
                let is_proven = self.covered.iter().any(|range| range.past == tail.verified);
                match tail.verified.checked_sub(1).filter(|_| is_proven) {
                    Some(last) => format!("proven up to entry {last}, {behind} behind the log"),
                    None => format!("none proven yet, read from entry {} on; {behind} behind the log", tail.verified),
                }
            }
        }
    }
}

/// The mirrors of a log, or of the one that a tree belongs to.
fn mirrors(store: &Store, name: &str) -> Result<Vec<MirrorRow>, CliError> {
    let mut mirrors = store.log_mirrors()?;
    mirrors.retain(|mirror| mirror.log == name || tree_id(&mirror.log, name).is_some());
    Ok(mirrors)
}

/// The time since which a log is not followed, according to the running process, or the last one.
fn left_since(store: &Store, name: &str) -> Result<Option<DateTime<Utc>>, CliError> {
    let heartbeat = upkeep::runner(store, LockState::Unknown)?.heartbeat;
    let mut left = heartbeat.into_iter().flat_map(|heartbeat| heartbeat.facts.left_logs);
    Ok(left.find(|log| log.name == name).map(|log| log.since))
}

/// How a mirror compares with the known size of the log.
fn stands(mirror: &MirrorRow, size: u64) -> String {
    let url = words::name(&mirror.url);
    let behind = mirror.size.map_or(0, |its| size.saturating_sub(its));
    let seen = mirror.seen_at.map_or_else(|| "never seen".to_owned(), |at| format!("seen {}", words::moment(at)));
    let stands = match (mirror.size, mirror.other_history_since, behind) {
        (None, ..) => seen,
        (Some(_), Some(since), _) => format!("another history since {}, {seen}", words::moment(since)),
        (Some(_), None, 0) => format!("level with the log, {seen}"),
        (Some(_), None, _) => format!("{} behind, {seen}", words::counted(behind, "entry")),
    };
    let why = mirror.last_error.as_deref().map(words::sentence);
    why.map_or_else(|| format!("{url}: {stands}"), |why| format!("{url}: {stands}; {why}"))
}

/// Whether an alert about this log is open.
fn is_accused(store: &Store, log: &str) -> Result<bool, CliError> {
    for violation in LogViolation::ALL {
        let fingerprint = Fingerprint::of(AlertKind::Log, &violation.subject(log));
        if store.alert(&fingerprint)?.is_some_and(|alert| alert.status == AlertStatus::Open) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The ranges between the covered ranges and the ends.
fn gaps(covered: &[Covered], size: u64) -> Vec<Covered> {
    let mut gaps = Vec::new();
    let mut at = 0;
    for range in covered {
        gaps.push(Covered { first: at, past: range.first });
        at = range.past;
    }
    gaps.push(Covered { first: at, past: size });
    gaps.retain(|gap| gap.first < gap.past);
    gaps
}

fn ranges(ranges: &[Covered], none: &str) -> String {
    if ranges.is_empty() {
        return none.to_owned();
    }
    let shown = ranges.iter().take(SHOWN).map(|range| format!("{} to {}", range.first, range.past - 1));
    let rest = ranges.len().saturating_sub(SHOWN);
    let rest = if rest > 0 { format!(", and {rest} more") } else { String::new() };
    format!("{}{rest}", shown.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_stands_level_behind_or_apart() {
        let at: DateTime<Utc> = "2026-06-01T12:00:00Z".parse().unwrap();
        let mirror = |size: Option<u64>, other: bool| MirrorRow {
            log: "log.example".to_owned(),
            url: "https://a.example/".to_owned(),
            size,
            seen_at: size.map(|_| at),
            behind_since: None,
            failing_since: other.then_some(at),
            last_error: other.then(|| "it forked".to_owned()),
            other_history_since: other.then_some(at),
        };
        for (mirror, expected) in [
            (mirror(None, false), "https://a.example/: never seen"),
            (mirror(Some(7), false), "https://a.example/: level with the log, seen 2026-06-01 12:00:00 UTC"),
            (mirror(Some(5), false), "https://a.example/: 2 entries behind, seen 2026-06-01 12:00:00 UTC"),
            (
                mirror(Some(7), true),
                "https://a.example/: another history since 2026-06-01 12:00:00 UTC, seen 2026-06-01 12:00:00 UTC; it forked",
            ),
        ] {
            assert_eq!(stands(&mirror, 7), expected);
        }
    }

    #[test]
    fn gaps_are_what_is_not_covered() {
        let range = |first, past| Covered { first, past };
        assert_eq!(gaps(&[], 10), [range(0, 10)]);
        assert_eq!(gaps(&[range(0, 10)], 10), []);
        assert_eq!(gaps(&[range(3, 5), range(7, 10)], 12), [range(0, 3), range(5, 7), range(10, 12)]);
        assert_eq!(gaps(&[], 0), []);
    }
}
