//! Two rules of other tools, for a comparison on the same timelines: presence of evidence, and difference from the
//! predecessor.

use std::{collections::HashMap, str::FromStr};

use chrono::{DateTime, Utc};

use crate::{
    baseline::Traits,
    model::{AuthMethod, Observation, Package, Provenance, Severity, Signal},
};

/// A rule of another tool. Both look at a release and its past alone, without baseline, facts and severities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerRule {
    /// pnpm's `no-downgrade` (<https://pnpm.io/settings#trustpolicy>): less evidence present than the most that any version
    /// published strictly earlier had. Pre-releases do not count as past of a stable version. Evidence is none, provenance,
    /// provenance by a trusted publisher, a person's approval. The rule does not verify it, and an attestation that does not
    /// hold counts as present. It was written for npm, and does not fire where a registry has no attestations.
    Presence,
    /// The transparent rules of arXiv 2606.22593: evidence that the release published directly before had is absent, or
    /// repository or workflow are others.
    Predecessor,
}

impl PeerRule {
    /// Every rule.
    pub const ALL: [Self; 2] = [Self::Presence, Self::Predecessor];

    /// The word of the command line and of signals.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Predecessor => "predecessor",
        }
    }

    /// What an alert says.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Presence => "Less evidence is present than with an earlier version",
            Self::Predecessor => "The release differs from its predecessor",
        }
    }
}

impl FromStr for PeerRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = || format!("unknown rule {text:?}; expected presence or predecessor");
        Self::ALL.into_iter().find(|rule| rule.as_str() == text).ok_or_else(expected)
    }
}

/// Judges releases in publish order, of any packages, by a peer's rule, and shows each to `see` with the signal, if the rule
/// fires.
pub fn trace_peer<'a>(
    releases: &'a [Observation],
    rule: PeerRule,
    mut see: impl FnMut(&'a Observation, Option<Signal>),
) {
    let mut order: Vec<&Observation> = releases.iter().collect();
    order.sort_by(|a, b| (a.published_at, &a.purl).cmp(&(b.published_at, &b.purl)));
    let mut packages: HashMap<&Package, Past<'a>> = HashMap::new();
    for release in order {
        let past = packages.entry(release.purl.package()).or_default();
        let signal = match rule {
            PeerRule::Presence => past.downgrade(release),
            PeerRule::Predecessor => past.last.and_then(|last| difference(last, release)),
        };
        past.add(release);
        see(release, signal);
    }
}

/// The evidence that is present, weakest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Presence {
    #[default]
    None,
    Provenance,
    TrustedPublisher,
    Approved,
}

impl Presence {
    fn of(release: &Observation) -> Self {
        match (release.auth.approved_by.is_some(), has_provenance(release), is_trusted(release)) {
            (true, ..) => Self::Approved,
            (_, true, true) => Self::TrustedPublisher,
            (_, true, false) => Self::Provenance,
            _ => Self::None,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::None => "no evidence",
            Self::Provenance => "provenance",
            Self::TrustedPublisher => "provenance by a trusted publisher",
            Self::Approved => "a person's approval",
        }
    }
}

/// Whether every file has provenance, whether or not it holds.
fn has_provenance(release: &Observation) -> bool {
    release.provenances().all(|provenance| *provenance != Provenance::Absent)
}

fn is_trusted(release: &Observation) -> bool {
    release.auth.method == AuthMethod::TrustedPublisher
}

/// What a rule remembers of a package.
#[derive(Default)]
struct Past<'a> {
    all: Strongest,
    stable: Strongest,
    last: Option<&'a Observation>,
}

impl<'a> Past<'a> {
    fn downgrade(&self, release: &Observation) -> Option<Signal> {
        let past = if release.line().is_prerelease() { &self.all } else { &self.stable };
        let (before, now) = (past.before(release.published_at), Presence::of(release));
        let why = "An attacker with a stolen token cannot make the project's workflow attest the release.";
        (now < before)
            .then(|| signal(PeerRule::Presence, [before.words().to_owned(), now.words().to_owned()], None, why))
    }

    fn add(&mut self, release: &'a Observation) {
        let presence = Presence::of(release);
        self.all.add(release.published_at, presence);
        if !release.line().is_prerelease() {
            self.stable.add(release.published_at, presence);
        }
        self.last = Some(release);
    }
}

/// The strongest evidence so far. Releases of one moment are not earlier than each other.
#[derive(Default)]
struct Strongest {
    earlier: Presence,
    with_last: Presence,
    last_at: Option<DateTime<Utc>>,
}

impl Strongest {
    fn before(&self, at: DateTime<Utc>) -> Presence {
        if self.last_at < Some(at) { self.with_last } else { self.earlier }
    }

    fn add(&mut self, at: DateTime<Utc>, presence: Presence) {
        self.earlier = self.before(at);
        self.with_last = self.with_last.max(presence);
        self.last_at = Some(at);
    }
}

/// In what a release differs from the one directly before.
fn difference(before: &Observation, now: &Observation) -> Option<Signal> {
    let mut differences: Vec<[String; 2]> =
        lost(before, now).map(|what| [what.to_owned(), format!("no {what}")]).collect();
    let identities = [identities(before), identities(now)];
    if identities.iter().all(|known| !known.is_empty()) && identities[0] != identities[1] {
        differences.push(identities.map(|known| known.join(", ")));
    }
    let join = |side: usize| differences.iter().map(|pair| pair[side].as_str()).collect::<Vec<_>>().join("; ");
    let why = "The publication took another way than the one directly before.";
    (!differences.is_empty()).then(|| signal(PeerRule::Predecessor, [join(0), join(1)], Some(before.published_at), why))
}

/// The kinds of evidence that one release had and the next one lacks.
fn lost(before: &Observation, now: &Observation) -> impl Iterator<Item = &'static str> {
    let kinds = |release: &Observation| {
        [
            (has_provenance(release), "provenance"),
            (is_trusted(release), "trusted publisher"),
            (release.auth.approved_by.is_some(), "approval by a person"),
        ]
    };
    let pairs = kinds(before).into_iter().zip(kinds(now));
    pairs.filter(|((had, _), (has, _))| *had && !*has).map(|((_, what), _)| what)
}

/// Repository and workflow, as certificates name them, or else the repository as the registry names it.
fn identities(release: &Observation) -> Vec<String> {
    let name = |traits: Traits<'_>| {
        let repository = traits.repository.unwrap_or_else(|| "an unnamed repository".to_owned());
        traits.workflow.map_or_else(|| repository.clone(), |workflow| format!("{repository} {workflow}"))
    };
    let mut names: Vec<String> = Traits::of(release).into_iter().map(name).collect();
    if names.is_empty() {
        names.extend(release.auth.registered_repository());
    }
    names.sort();
    names.dedup();
    names
}

fn signal(rule: PeerRule, [expected, seen]: [String; 2], since: Option<DateTime<Utc>>, why: &str) -> Signal {
    Signal {
        detector: rule.as_str().into(),
        severity: Severity::High,
        expected,
        seen,
        since,
        why: why.to_owned(),
        corroborating: false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const TRUSTED: &str = "trusted_publisher";

    fn release(version: &str, day: u32, method: &str, attestation: &Value) -> Observation {
        serde_json::from_value(json!({"purl": format!("pkg:npm/a@{version}"),
            "published_at": format!("2026-01-{day:02}T00:00:00Z"), "auth": {"method": method},
            "attestation": attestation}))
        .unwrap()
    }

    fn built(repository: &str, workflow: &str) -> Value {
        let url = format!("https://github.com/{repository}");
        json!({"status": "verified", "issuer": "https://token.actions.githubusercontent.com",
            "claims": {"source_repository_uri": url, "build_config_uri": format!("{url}/.github/workflows/{workflow}@r")}})
    }

    fn absent() -> Value {
        json!({"status": "absent"})
    }

    fn fired(releases: &[Observation], rule: PeerRule) -> Vec<&str> {
        let mut fired = Vec::new();
        trace_peer(releases, rule, |release, signal| fired.extend(signal.map(|_| release.purl.version())));
        fired
    }

    #[test]
    fn presence_is_compared_with_all_earlier_versions() {
        let verified = built("o/r", "x.yml");
        let releases = [
            release("2.0.0", 1, TRUSTED, &verified),
            release("1.0.1", 2, "token", &absent()),
            release("2.0.1", 3, "token", &verified),
            release("2.0.2", 4, TRUSTED, &json!({"status": "invalid", "reason": "signature: it does not hold"})),
            release("2.0.3", 5, TRUSTED, &absent()),
        ];
        assert_eq!(fired(&releases, PeerRule::Presence), ["1.0.1", "2.0.1", "2.0.3"], "back-ports too, across lines");
    }

    #[test]
    fn pre_releases_do_not_count_for_stable_versions_and_one_moment_is_not_earlier() {
        let verified = built("o/r", "x.yml");
        let releases = [
            release("1.0.0-rc.1", 1, TRUSTED, &verified),
            release("1.0.0", 2, "token", &absent()),
            release("1.0.1-rc.1", 3, "token", &absent()),
            release("1.0.1", 4, TRUSTED, &verified),
            release("1.0.2", 4, "token", &absent()),
        ];
        assert_eq!(fired(&releases, PeerRule::Presence), ["1.0.1-rc.1"]);
    }

    #[test]
    fn the_predecessor_is_the_release_directly_before() {
        let releases = [
            release("1.0.0", 1, TRUSTED, &built("o/r", "x.yml")),
            release("1.0.1", 2, TRUSTED, &built("O/r", "x.yml")),
            release("1.0.2", 3, TRUSTED, &built("o/r", "y.yml")),
            release("1.0.3", 4, "token", &absent()),
            release("1.0.4", 5, "token", &absent()),
            release("1.0.5", 6, TRUSTED, &built("evil/r", "y.yml")),
            release("1.0.6", 7, "token", &built("evil/r", "y.yml")),
        ];
        assert_eq!(
            fired(&releases, PeerRule::Predecessor),
            ["1.0.2", "1.0.3", "1.0.6"],
            "what came before is forgotten"
        );
    }

    #[test]
    fn a_signal_names_both_sides() {
        let releases = [
            release("1.0.0", 1, TRUSTED, &built("o/r", "x.yml")),
            release("1.0.1", 2, "token", &built("evil/r", "x.yml")),
        ];
        let mut told = Vec::new();
        trace_peer(&releases, PeerRule::Predecessor, |_, signal| told.extend(signal));
        let [signal] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!(signal.expected, "trusted publisher; https://github.com/o/r .github/workflows/x.yml");
        assert_eq!(signal.seen, "no trusted publisher; https://github.com/evil/r .github/workflows/x.yml");
    }

    #[test]
    fn rules_are_read_by_name() {
        for rule in PeerRule::ALL {
            assert_eq!(rule.as_str().parse(), Ok(rule));
        }
        assert_eq!("x".parse::<PeerRule>(), Err("unknown rule \"x\"; expected presence or predecessor".to_owned()));
    }
}
