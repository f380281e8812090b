//! Describes the profile of a release line in words.

use super::hours;
use crate::{
    cli::{
        fact_table::Sheet,
        words::{self, counted, day},
    },
    model::{
        EvidenceRank, LineBaseline, ReleaseLine, Seen, Trait, Value,
        words::{Attempt, DependencySource},
    },
};

/// Most values of a trait that are shown.
const SHOWN: usize = 6;

/// A trait and how it is shown.
struct Row {
    label: &'static str,
    of: Trait,
    /// A value by its word.
    say: fn(&LineBaseline, &str) -> String,
}

const fn row(label: &'static str, of: Trait, say: fn(&LineBaseline, &str) -> String) -> Row {
    Row { label, of, say }
}

/// The traits that are shown, from top to bottom.
const ROWS: &[Row] = &[
    row("evidence", Trait::EvidenceRanks, |_, word| rank(word)),
    row("issuer", Trait::Issuers, name),
    row("repository", Trait::Repositories, |line, url| with_id(url, line.id_of_repository.get(url))),
    row("owner", Trait::Owners, |line, url| with_id(url, line.id_of_owner.get(url))),
    row("workflow", Trait::Workflows, name),
    row("built from", Trait::Refs, name),
    row("built by", Trait::Builders, |_, name| or_none(name, "the workflow itself")),
    row("trigger", Trait::Triggers, name),
    row("environment", Trait::Environments, |_, name| or_none(name, "no environment")),
    row("runner", Trait::Runners, name),
    row("publishers", Trait::Publishers, name),
    row("their e-mail", Trait::Emails, name),
    row("registration", Trait::ConfigIds, name),
    row("registered for", Trait::RegisteredRepositories, |_, name| format!("{} (not verified)", words::name(name))),
    row("maintainers", Trait::Maintainers, name),
    row("tokens", Trait::TokenPolicies, name),
    row("version's tag", Trait::Tags, name),
    row("built tag", Trait::TagNames, |_, word| format!("{word} the version")),
    row("commit", Trait::Commits, name),
    row("its signature", Trait::Signatures, name),
    row("forge release", Trait::ReleaseSeals, name),
    row("runs end", Trait::Conclusions, name),
    row("runs started by", Trait::Actors, name),
    row("attempt", Trait::Attempts, |_, word| attempt(word)),
    row("published", Trait::Gaps, |_, word| format!("within {word} of signing")),
    row("manifest names", Trait::Manifests, |_, word| format!("{word} repository")),
    row("visibility", Trait::Visibilities, name),
    row("dependencies", Trait::DependencySources, |_, word| sources(word)),
    row("install scripts", Trait::InstallScripts, |_, name| or_none(name, "none")),
];

/// One line over a profile: how many releases, since when, how often.
pub(super) fn headline(line: &ReleaseLine, profile: &LineBaseline) -> String {
    let releases = counted(profile.releases, "release");
    let line = if line.is_prerelease() {
        format!("release line {} (pre-releases)", words::name(line))
    } else {
        format!("release line {}", words::name(line))
    };
    let (Some(first), Some(last)) = (profile.first_at, profile.last_at) else { return format!("{line}: {releases}") };
    if profile.releases < 2 {
        return format!("{line}: {releases}, on {}", day(first));
    }
    let every = words::span((last - first) / i32::try_from(profile.releases - 1).unwrap_or(i32::MAX));
    format!("{line}: {releases} from {} to {}, one every {every} on average", day(first), day(last))
}

/// The profile itself.
pub(super) fn sheet(profile: &LineBaseline) -> Sheet {
    let mut sheet = Sheet::new();
    for Row { label, of, say } in ROWS {
        sheet.rows(label, values(profile, *of, |word| say(profile, word)));
    }
    sheet.maybe("usual hours", hours::usual(&profile.minutes));
    sheet
}

/// The meaning of an evidence rank.
const fn evidence(rank: EvidenceRank) -> &'static str {
    match rank {
        EvidenceRank::None => "no evidence: nothing attested, no trusted publisher",
        EvidenceRank::Provenance => "verified provenance, published with a token or by an unknown method",
        EvidenceRank::TrustedPublisher => "published by a trusted publisher",
        EvidenceRank::Approved => "staged and approved by a person with a second factor",
    }
}

/// The meaning of the evidence rank with this word.
pub(super) fn rank(word: &str) -> String {
    EvidenceRank::read(word).map_or_else(|| word.to_owned(), |rank| evidence(rank).to_owned())
}

fn name(_: &LineBaseline, name: &str) -> String {
    words::name(name)
}

fn with_id(url: &str, id: Option<&String>) -> String {
    match id {
        Some(id) => format!("{} (id {})", words::name(url), words::name(id)),
        None => words::name(url),
    }
}

/// The attempt of its run that built a release.
fn attempt(word: &str) -> String {
    let which = if word == Attempt::First.as_str() { "first" } else { "later" };
    format!("{which} attempt")
}

/// The sources of dependencies.
fn sources(word: &str) -> String {
    if word == DependencySource::Nowhere.as_str() { "none".to_owned() } else { format!("from {word}") }
}

/// A name, or a substitute where it is missing.
pub(super) fn or_none(name: &str, none: &str) -> String {
    if name.is_empty() { none.to_owned() } else { words::name(name) }
}

/// The values seen, the most frequent first, each with how often and when.
fn values(profile: &LineBaseline, of: Trait, say: impl Fn(&str) -> String) -> Vec<String> {
    let mut seen = profile.words(of);
    seen.sort_by_key(|(_, seen)| std::cmp::Reverse((seen.count, seen.last)));
    let shown = seen.iter().take(SHOWN).map(|(value, seen)| format!("{}, {}", say(value), when(profile, seen)));
    let mut lines: Vec<_> = shown.collect();
    if seen.len() > SHOWN {
        lines.push(format!("and {} more, see --format json", seen.len() - SHOWN));
    }
    lines
}

/// Distinguishes values that stopped or began from those that were always there.
fn when(profile: &LineBaseline, seen: &Seen) -> String {
    let (all, count) = (profile.releases, seen.count);
    if count >= all {
        "always".to_owned()
    } else if Some(seen.last) == profile.last_at {
        format!("{count} of {all}, since {}", day(seen.first))
    } else {
        format!("{count} of {all}, last on {}", day(seen.last))
    }
}
