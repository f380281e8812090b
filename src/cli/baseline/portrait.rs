//! The portrait of a release line in words.

use std::collections::BTreeMap;

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
    let releases = counted(portrait.releases, "release");
    let line = if line.is_prerelease() {
        format!("release line {} (pre-releases)", words::name(line))
    } else {
        format!("release line {}", words::name(line))
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
    let names = |tally| values(portrait, tally, |name: &String| words::name(name));
    let or_none = |tally, none| values(portrait, tally, |name: &String| or_none(name, none));
    let with_ids =
        |tally, ids: &BTreeMap<String, String>| values(portrait, tally, |url: &String| with_id(url, ids.get(url)));
    let mut sheet = Sheet::new();
    sheet.rows("proof", values(portrait, &portrait.evidence, |rank| evidence(*rank).to_owned()));
    sheet.rows("issuer", names(&portrait.issuers));
    sheet.rows("repository", with_ids(&portrait.repositories, &portrait.id_of_repository));
    sheet.rows("owner", with_ids(&portrait.owners, &portrait.id_of_owner));
    sheet.rows("workflow", names(&portrait.workflows));
    sheet.rows("built from", names(&portrait.refs));
    sheet.rows("built by", or_none(&portrait.builders, "the workflow itself"));
    sheet.rows("trigger", names(&portrait.triggers));
    sheet.rows("environment", or_none(&portrait.environments, "no environment"));
    sheet.rows("runner", names(&portrait.runners));
    sheet.rows("publishers", names(&portrait.publishers));
    sheet.rows("their e-mail", names(&portrait.emails));
    sheet.rows("registration", names(&portrait.config_ids));
    let unverified = |name: &String| format!("{} (not verified)", words::name(name));
    sheet.rows("registered for", values(portrait, &portrait.registered_repositories, unverified));
    sheet.rows("maintainers", names(&portrait.maintainers));
    sheet.rows("tokens", names(&portrait.token_policies));
    sheet.rows("version's tag", names(&portrait.tags));
    sheet.rows("built tag", values(portrait, &portrait.tag_names, |word| format!("{word} the version")));
    sheet.rows("commit", names(&portrait.commits));
    sheet.rows("its signature", names(&portrait.signatures));
    sheet.rows("runs end", names(&portrait.conclusions));
    sheet.rows("attempt", names(&portrait.attempts));
    sheet.rows("published", values(portrait, &portrait.gaps, |word| format!("within {word} of signing")));
    sheet.rows("manifest names", values(portrait, &portrait.manifests, |word| format!("{word} repository")));
    sheet.rows("visibility", names(&portrait.visibilities));
    sheet.rows("dependencies", values(portrait, &portrait.dependency_sources, |word| format!("from {word}")));
    sheet.rows("install scripts", or_none(&portrait.install_scripts, "none"));
    sheet.maybe("usual hours", hours::usual(&portrait.minutes));
    sheet
}

/// What a rank of evidence means.
pub(super) const fn evidence(rank: EvidenceRank) -> &'static str {
    match rank {
        EvidenceRank::None => "no proof that holds: nothing attested, no trusted publisher",
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

/// The values seen, the most frequent first, each with how often and when.
fn values<K>(portrait: &LineBaseline, tally: &Tally<K>, say: impl Fn(&K) -> String) -> Vec<String> {
    let mut seen: Vec<_> = tally.iter().collect();
    seen.sort_by_key(|(_, seen)| std::cmp::Reverse((seen.count, seen.last)));
    let shown = seen.iter().take(SHOWN).map(|(value, seen)| format!("{}, {}", say(value), when(portrait, seen)));
    let mut lines: Vec<_> = shown.collect();
    if seen.len() > SHOWN {
        lines.push(format!("and {} more, see --format json", seen.len() - SHOWN));
    }
    lines
}

/// What stopped or began is told from what always was.
fn when(portrait: &LineBaseline, seen: &Seen) -> String {
    let (all, count) = (portrait.releases, seen.count);
    if count >= all {
        "always".to_owned()
    } else if Some(seen.last) == portrait.last_at {
        format!("{count} of {all}, since {}", day(seen.first))
    } else {
        format!("{count} of {all}, last on {}", day(seen.last))
    }
}
