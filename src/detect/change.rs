use chrono::{DateTime, TimeDelta, Utc};

use super::{About, Company, Tuning, UNTUNED};
use crate::{
    baseline::{
        Traits, View, rank,
        words::{named_repository, numbers},
    },
    model::{
        Baseline, EvidenceRank, ExpectedChange, LineBaseline, Observation, Policy, Provenance, ReleaseLine, Seen,
        Severity, Signal, Tally,
    },
    text::quoted,
};

/// After how many days without it a value is no habit any more.
const FADED_DAYS: i64 = 730;

/// So many observations of what took its place are needed besides.
const FADED_AFTER: u32 = 10;

/// For how many days a value must have been seen on another line to be known there.
const SETTLED_DAYS: i64 = 14;

/// For how many days an account must have been a maintainer to be known as one.
const MAINTAINER_DAYS: i64 = 14;

/// Most values that a sentence lists.
const LISTED: usize = 3;

/// Longest text of a document that a sentence quotes, in characters.
const QUOTED: usize = 120;

/// One release beside what is normal for its package: all that a detector may look at.
#[derive(Debug)]
pub struct Change<'a> {
    /// The release.
    pub release: &'a Observation,
    /// What it is compared with; `None` for the first release of a package.
    pub view: Option<View<'a>>,
    /// Everything that is known of the package.
    pub package: &'a Baseline,
    /// The release's evidence rank, if known.
    pub rank: Option<EvidenceRank>,
    /// The release's verified identities.
    pub traits: Vec<Traits<'a>>,
    /// What was published around it.
    pub company: &'a Company,
    /// Where the lines are drawn that an operator may move.
    pub limits: Limits,
    /// What the operator demands of the package.
    pub policy: Option<&'a Policy>,
    /// Changes that the operator announced.
    pub expected: &'a [ExpectedChange],
}

/// What a release is judged by, besides its package's baseline.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// What was published around it.
    pub company: &'a Company,
    /// What the operator changed about detectors.
    pub tuning: &'a Tuning,
    /// What the operator demands of the package.
    pub policy: Option<&'a Policy>,
    /// Changes that were announced, of whichever package.
    pub expected: &'a [ExpectedChange],
}

impl<'a> Terms<'a> {
    /// Nothing is changed, demanded or announced.
    pub fn usual(company: &'a Company) -> Self {
        Self { company, tuning: &UNTUNED, policy: None, expected: &[] }
    }
}

/// Where the lines are drawn that an operator may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From how many days on a repository or an owner is not young any more.
    pub young_days: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { young_days: 30 }
    }
}

/// A value that the portrait does not have though it has others of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Novelty {
    /// What is usual, most frequent first: `branch main (12 of 12)`.
    pub usual: String,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// Whether a mere habit weighs a step less here.
    milder: bool,
    is_of_first_prerelease: bool,
}

/// Which tally of a portrait is meant.
type Pick = fn(&LineBaseline) -> &Tally<String>;

impl Novelty {
    /// A severity as it weighs here: milder by one step where the portrait is inherited or shows a single release, where the
    /// package's values never settle, where another line has had the value for long, or this one long ago. One step,
    /// however many of these hold: a new line must not hide what its certificate shows. The first of a pre-release track
    /// is milder by another one where only stable lines can be compared with: nightly builds and previews come from
    /// elsewhere by nature.
    #[must_use]
    pub fn weigh(&self, severity: Severity) -> Severity {
        let severity = if self.milder { severity.lowered() } else { severity };
        if self.is_of_first_prerelease { severity.lowered() } else { severity }
    }
}

impl<'a> Change<'a> {
    /// Reads a release beside its package's baseline, and what was published around it.
    pub fn between(package: &'a Baseline, release: &'a Observation, terms: &Terms<'a>) -> Self {
        Self {
            release,
            view: View::of(package, &release.line()),
            package,
            rank: rank(release),
            traits: Traits::of(release),
            company: terms.company,
            limits: terms.tuning.limits(),
            policy: terms.policy,
            expected: terms.expected,
        }
    }

    /// Whether the policy keeps a detector quiet about this release.
    pub fn is_quiet(&self, detector: &str) -> bool {
        let quiet = self.policy.into_iter().flat_map(|policy| &policy.quiet);
        quiet.filter(|quiet| quiet.detector == detector).any(|quiet| quiet.holds(self.release.published_at))
    }

    /// The portrait, if there is one.
    pub fn portrait(&self) -> Option<&'a LineBaseline> {
        self.view.map(|view| view.portrait)
    }

    /// Whether a value is new to a tally that has others, and how that weighs. `None` where it is known or where there
    /// is nothing to compare with.
    pub fn novelty(&self, pick: Pick, value: &str) -> Option<Novelty> {
        let view = self.view?;
        let tally = pick(view.portrait);
        if tally.is_empty() || tally.get(value).is_some_and(|known| !has_faded(known, tally)) {
            return None;
        }
        let seen = total(tally);
        let faded = tally.contains_key(value);
        let unsettled = tally.len() > 1 && u32::try_from(tally.len()).is_ok_and(|len| len * 2 >= seen);
        let elsewhere = !faded && self.is_settled_elsewhere(pick, value);
        Some(Novelty {
            usual: usual(tally),
            since: tally.values().map(|seen| seen.first).min(),
            milder: view.inherited || seen == 1 || unsettled || elsewhere || faded,
            is_of_first_prerelease: self.release.line().is_prerelease() && !view.line.is_prerelease(),
        })
    }

    /// Whether another line has had a value for two weeks and more than once. Pre-releases, which whoever can push a branch
    /// makes, do not speak for stable releases.
    fn is_settled_elsewhere(&self, pick: Pick, value: &str) -> bool {
        let speaks = |line: &ReleaseLine| !line.is_prerelease() || self.release.line().is_prerelease();
        let lines = self.package.lines.iter().filter(|(line, _)| speaks(line));
        lines
            .filter_map(|(_, portrait)| pick(portrait).get(value))
            .any(|seen| seen.count > 1 && self.release.published_at - seen.first >= TimeDelta::days(SETTLED_DAYS))
    }

    /// Whether an account is new to the line; where a line never had any, because it is published by a trusted publisher
    /// only, to the accounts of the package's other lines.
    pub fn unfamiliar_account(&self, name: &str) -> Option<Novelty> {
        if !self.portrait()?.publishers.is_empty() {
            return self.novelty(|line| &line.publishers, name);
        }
        let lines = || self.package.lines.values();
        if lines().any(|line| line.publishers.contains_key(name)) {
            return None;
        }
        // Where only machines ever published, the maintainers are those who may.
        let published = lines().filter(|line| !line.publishers.is_empty()).map(|line| (line, &line.publishers));
        let maintained = lines().filter(|line| !line.maintainers.is_empty()).map(|line| (line, &line.maintainers));
        let by_time = |(line, _): &(&LineBaseline, &'a Tally<String>)| line.last_at;
        let (_, known) = published.max_by_key(by_time).or_else(|| maintained.max_by_key(by_time))?;
        let since = known.values().map(|seen| seen.first).min();
        Some(Novelty { usual: usual(known), since, milder: false, is_of_first_prerelease: false })
    }

    /// Whether an account was among the maintainers of an earlier release, at least two weeks before.
    pub fn is_known_maintainer(&self, name: &str) -> bool {
        let known = |line: &LineBaseline| line.maintainers.get(name).map(|seen| seen.first);
        let first = self.package.lines.values().filter_map(known).min();
        first.is_some_and(|first| self.release.published_at - first >= TimeDelta::days(MAINTAINER_DAYS))
    }

    /// Whether a verdict of `attest` says that an attestation of the release does not hold.
    pub fn has_invalid(&self) -> bool {
        self.release.provenances().any(|provenance| matches!(provenance, Provenance::Invalid { .. }))
    }

    /// Whether the version's tag exists, if known.
    pub fn tag(&self) -> Option<bool> {
        self.release.facts.tag.as_ref()?.exists
    }

    /// Whether the forge shows a release for the version, if known.
    pub fn forge_release(&self) -> Option<bool> {
        self.release.facts.release.as_ref()?.exists
    }

    /// Whether the default branch or a release branch reaches the commit, if known.
    pub fn is_merged(&self) -> Option<bool> {
        self.release.facts.commit.as_ref()?.is_merged()
    }

    /// What is said of a commit that was not merged.
    pub fn unmerged(&self) -> &'static str {
        match self.release.facts.commit.as_ref().and_then(|commit| commit.on_release_branch) {
            Some(false) => "a commit that neither the default branch nor a protected one has",
            _ => "a commit that the default branch does not have",
        }
    }

    /// Whether it is of a line that is older than the package's newest, released in the open, and built, as far as that is
    /// known, from its tag or from the branch that is named for the line: `1.x`, `v1`, `release/1.2`. The default branch
    /// does not have its commits.
    pub fn is_maintenance(&self) -> bool {
        let line = self.release.line();
        let highest = |portrait: &LineBaseline| portrait.highest.as_deref().map(numbers);
        let own = numbers(self.release.purl.version());
        let newest =
            self.package.lines.iter().filter(|(line, _)| !line.is_prerelease()).filter_map(|(_, it)| highest(it)).max();
        let is_older = newest.is_some_and(|newest| newest[0] > own[0] || (own[0] == 0 && newest > own));
        let is_own = |name: &str| {
            let is_own_branch = |branch| names_line(branch, line.as_str());
            name.starts_with("refs/tags/") || name.strip_prefix("refs/heads/").is_some_and(is_own_branch)
        };
        is_older && self.is_in_the_open() && self.refs().all(is_own)
    }

    /// The refs that it was built from.
    fn refs(&self) -> impl Iterator<Item = &'a str> {
        self.release.identities().into_iter().filter_map(|it| it.claims.source_repository_ref.as_deref())
    }

    /// Whether it is the first of a line that is newer than all others, built by a known workflow from the branch that is named
    /// for it, and released in the open.
    pub fn is_next_line(&self) -> bool {
        let line = self.release.line();
        let mut branches = self.refs().filter_map(|name| name.strip_prefix("refs/heads/"));
        self.view.is_some_and(|view| view.inherited)
            && self.is_in_the_open()
            && is_workflow_familiar(self)
            && branches.any(|branch| names_line(branch, line.as_str()))
    }

    /// Whether the release is known to have been made in the open: its tag exists in a repository of the package's, and the
    /// forge's release is not known to be missing. Whoever holds only a registry token cannot do that.
    pub fn is_in_the_open(&self) -> bool {
        self.tag() == Some(true) && self.forge_release() != Some(false) && self.is_repository_familiar()
    }

    /// Whether no verified identity is of a repository that is new to the line, nor, where none ever built it, of another
    /// than manifests named. Anybody can tag in a repository of their own.
    pub fn is_repository_familiar(&self) -> bool {
        self.traits.iter().all(|traits| match (traits.repository_id, traits.repository.as_deref()) {
            (_, Some(name)) if self.portrait().is_some_and(|portrait| portrait.repositories.is_empty()) => {
                named_repository(name).is_none_or(|name| self.novelty(|line| &line.named_repositories, &name).is_none())
            }
            (Some(id), _) => self.novelty(|line| &line.repository_ids, id).is_none(),
            (None, Some(name)) => self.novelty(|line| &line.repositories, name).is_none(),
            (None, None) => true,
        })
    }

    /// Whether nothing speaks against the publisher: the account and its address are known to the line, or the registry
    /// names none.
    pub fn is_publisher_familiar(&self) -> bool {
        let Some(publisher) = &self.release.publisher else { return true };
        let email = publisher.email.as_deref();
        self.unfamiliar_account(&publisher.name).is_none()
            && email.is_none_or(|email| self.novelty(|line| &line.emails, email).is_none())
    }

    /// The portraits of the package's lines that are stable, or pre-releases, as the one is that it is compared with.
    pub fn peers(&self) -> impl Iterator<Item = &'a LineBaseline> + Clone {
        let kind = self.view.is_some_and(|view| view.line.is_prerelease());
        let of_kind = self.package.lines.iter().filter(move |(line, _)| line.is_prerelease() == kind);
        of_kind.map(|(_, portrait)| portrait)
    }

    /// Whether an account published or maintained an earlier release, on whichever line.
    pub fn is_account_known(&self, name: &str) -> bool {
        let known = |line: &LineBaseline| line.publishers.contains_key(name) || line.maintainers.contains_key(name);
        self.package.lines.values().any(known)
    }

    /// The `owner/name` that the forge says the repository had, as it stands at the end of a URL, lower-case.
    pub fn formerly(&self) -> Option<String> {
        self.release.facts.repository.as_ref()?.formerly.as_ref().map(|name| name.to_lowercase())
    }
}

/// Whether a branch is named for a line, and for nothing else: the last part of its name is the line's number or begins with
/// it, beside words for such branches: `1.x`, `v1`, `release/1.2`, `maint-1`.
fn names_line(branch: &str, line: &str) -> bool {
    const WORDS: [&str; 8] = ["backport", "branch", "lts", "maint", "maintenance", "release", "stable", "support"];
    let line = line.trim_end_matches("-pre");
    let last = branch.rsplit('/').next().unwrap_or_default().to_lowercase();
    let mut parts = last.split(['-', '_']).filter(|part| !WORDS.contains(part));
    let (Some(number), None) = (parts.next(), parts.next()) else { return false };
    let number = number.trim_start_matches('v');
    let digits = number.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'x'));
    digits && number.strip_prefix(line).is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest == "x")
}

/// Whether every identity of a release is by a workflow and a repository that the line knows, and there is one.
pub(super) fn is_workflow_familiar(change: &Change<'_>) -> bool {
    !change.traits.is_empty()
        && change.traits.iter().all(|traits| {
            let known = |new: Option<Novelty>| new.is_none();
            traits.workflow.as_deref().is_some_and(|workflow| known(change.novelty(|line| &line.workflows, workflow)))
                && traits.repository_id.is_none_or(|id| known(change.novelty(|line| &line.repository_ids, id)))
        })
}

/// A signal of a detector.
pub(super) fn signal(about: &About, severity: Severity, evidence: Evidence) -> Signal {
    let Evidence { expected, seen, since, why } = evidence;
    Signal { detector: about.id.into(), severity, expected, seen, since, why: why.to_owned(), supporting: false }
}

/// A signal that only supports others.
pub(super) fn support(about: &About, severity: Severity, evidence: Evidence) -> Signal {
    Signal { supporting: true, ..signal(about, severity, evidence) }
}

/// What a signal shows: what was expected, what was seen, since when, and why it matters.
pub(super) struct Evidence {
    pub expected: String,
    pub seen: String,
    pub since: Option<DateTime<Utc>>,
    pub why: &'static str,
}

/// Whether a value that was once seen is no habit any more: everything of the last two years, ten observations and more,
/// was otherwise. What comes back after so long weighs a step less than what was never there.
fn has_faded(known: &Seen, tally: &Tally<String>) -> bool {
    let newest = tally.values().map(|seen| seen.last).max().unwrap_or(known.last);
    let since: u32 = tally.values().filter(|seen| seen.first > known.last).map(|seen| seen.count).sum();
    newest - known.last >= TimeDelta::days(FADED_DAYS) && since >= FADED_AFTER
}

/// How many observations a tally holds.
pub(super) fn total(tally: &Tally<String>) -> u32 {
    tally.values().fold(0, |sum, seen| sum.saturating_add(seen.count))
}

/// The values of a tally in words, most frequent first.
pub(super) fn usual(tally: &Tally<String>) -> String {
    let total = total(tally);
    let mut values: Vec<_> = tally.iter().collect();
    values.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.count));
    let mut words: Vec<_> = values
        .iter()
        .take(LISTED)
        .map(|(value, seen)| format!("{} ({} of {total})", quote(value), seen.count))
        .collect();
    if values.len() > LISTED {
        words.push(format!("{} others", values.len() - LISTED));
    }
    words.join(", ")
}

/// A document's text as a sentence may quote it: short, on one line, without characters that change how the rest of
/// the sentence looks.
pub(super) fn quote(text: &str) -> String {
    if text.is_empty() {
        return "none".to_owned();
    }
    quoted(text, QUOTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_harmless() {
        assert_eq!(quote(""), "none");
        assert_eq!(quote("branch main"), "branch main");
        assert_eq!(quote("a\nb\u{1b}[31m\u{202e}c"), "a\u{fffd}b\u{fffd}[31m\u{fffd}c");
        assert_eq!(quote(&"ü".repeat(500)).chars().count(), QUOTED + 1);
    }

    #[test]
    fn lists_are_short() {
        let at = "2026-01-01T00:00:00Z".parse().unwrap();
        let seen = |count| crate::model::Seen { count, first: at, last: at };
        let tally: Tally<String> = (1..=5).map(|n| (format!("v{n}"), seen(n))).collect();
        assert_eq!(usual(&tally), "v5 (5 of 15), v4 (4 of 15), v3 (3 of 15), 2 others");
    }

    #[test]
    fn what_was_long_otherwise_has_faded() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let seen = |count, first: &str, last: &str| crate::model::Seen { count, first: at(first), last: at(last) };
        let old = seen(30, "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z");
        let tally = |new| Tally::from([("old".to_owned(), old), ("new".to_owned(), new)]);
        assert!(has_faded(&old, &tally(seen(12, "2021-02-01T00:00:00Z", "2023-03-01T00:00:00Z"))));
        assert!(!has_faded(&old, &tally(seen(3, "2021-02-01T00:00:00Z", "2023-03-01T00:00:00Z"))), "too few");
        assert!(!has_faded(&old, &tally(seen(12, "2021-02-01T00:00:00Z", "2022-03-01T00:00:00Z"))), "too soon");
        assert!(!has_faded(&old, &tally(seen(12, "2019-02-01T00:00:00Z", "2023-03-01T00:00:00Z"))), "side by side");
    }

    #[test]
    fn branches_of_lines() {
        for (branch, line) in [
            ("1.x", "1"),
            ("v1", "1"),
            ("release/1.2", "1"),
            ("maint-1", "1"),
            ("0.30.x", "0.30"),
            ("stable/v2.x", "2"),
        ] {
            assert!(names_line(branch, line), "{branch} {line}");
        }
        for (branch, line) in [
            ("main", "1"),
            ("10.x", "1"),
            ("fix-types", "1"),
            ("oidc", "0"),
            ("", "1"),
            ("1.x-fix", "1"),
            ("1/oidc", "1"),
        ] {
            assert!(!names_line(branch, line), "{branch} {line}");
        }
    }
}
