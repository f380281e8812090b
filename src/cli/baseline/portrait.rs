//! The portrait of a release line in words.

use super::hours;
use crate::{
    cli::{
        sheet::Sheet,
        words::{self, counted, day},
    },
    model::{EvidenceRank, LineBaseline, ReleaseLine, Seen, Tally},
};

/// Most values of a trait that are shown.
const SHOWN: usize = 6;

/// One line over a portrait: how many releases, since when, how often.
pub(super) fn headline(line: &ReleaseLine, portrait: &LineBaseline) -> String {
    let releases = counted(portrait.releases, "release", "releases");
    let line = if line.is_prerelease() {
        format!("line {} (pre-releases)", words::name(line))
    } else {
        format!("line {}", words::name(line))
    };
    let (Some(first), Some(last)) = (portrait.first_at, portrait.last_at) else { return format!("{line}: {releases}") };
    if portrait.releases < 2 {
        return format!("{line}: {releases}, on {}", day(first));
    }
    let every = words::span((last - first) / i32::try_from(portrait.releases - 1).unwrap_or(i32::MAX));
    format!("{line}: {releases} from {} to {}, one every {every} on average", day(first), day(last))
}

/// The portrait itself.
pub(super) fn sheet(portrait: &LineBaseline) -> Sheet {
    let mut sheet = Sheet::new();
    sheet.rows("proof", values(&portrait.evidence, |rank| evidence(*rank).to_owned()));
    sheet.rows("issuer", names(&portrait.issuers));
    sheet.rows("repository", values(&portrait.repositories, |url| with_id(url, portrait.id_of_repository.get(url))));
    sheet.rows("owner", values(&portrait.owners, |url| with_id(url, portrait.id_of_owner.get(url))));
    sheet.rows("workflow", names(&portrait.workflows));
    sheet.rows("built from", names(&portrait.refs));
    sheet.rows("trigger", names(&portrait.triggers));
    sheet.rows("environment", values(&portrait.environments, |name| or_none(name, "no environment")));
    sheet.rows("runner", names(&portrait.runners));
    sheet.rows("publishers", names(&portrait.publishers));
    sheet.rows("their e-mail", names(&portrait.emails));
    sheet.rows("registration", names(&portrait.config_ids));
    sheet.rows("version's tag", names(&portrait.tags));
    sheet.rows("commit", names(&portrait.commits));
    sheet.rows("install scripts", values(&portrait.install_scripts, |name| or_none(name, "none")));
    sheet.maybe("usual hours", hours::usual(&portrait.minutes));
    sheet
}

/// What a rank of evidence means.
const fn evidence(rank: EvidenceRank) -> &'static str {
    match rank {
        EvidenceRank::None => "no proof: published with a token, nothing attested",
        EvidenceRank::Provenance => "verified provenance, published with a token or by an unknown method",
        EvidenceRank::TrustedPublisher => "published by a trusted publisher",
        EvidenceRank::Approved => "staged and approved by a person with a second factor",
    }
}

fn with_id(url: &str, id: Option<&String>) -> String {
    match id {
        Some(id) => format!("{} (id {})", words::name(url), words::name(id)),
        None => words::name(url),
    }
}

fn or_none(name: &str, none: &str) -> String {
    if name.is_empty() { none.to_owned() } else { words::name(name) }
}

fn names(tally: &Tally<String>) -> Vec<String> {
    values(tally, |name| words::name(name))
}

/// The values seen, the most frequent first, each with how often and when.
fn values<K>(tally: &Tally<K>, say: impl Fn(&K) -> String) -> Vec<String> {
    let mut seen: Vec<_> = tally.iter().collect();
    seen.sort_by_key(|(_, seen)| std::cmp::Reverse((seen.count, seen.last)));
    let mut lines: Vec<_> =
        seen.iter().take(SHOWN).map(|(value, seen)| format!("{}, {}", say(value), when(seen))).collect();
    if seen.len() > SHOWN {
        lines.push(format!("and {} more, see --format json", seen.len() - SHOWN));
    }
    lines
}

fn when(seen: &Seen) -> String {
    match seen.count {
        1 => format!("once, on {}", day(seen.last)),
        count => format!("{count} times, {} to {}", day(seen.first), day(seen.last)),
    }
}
