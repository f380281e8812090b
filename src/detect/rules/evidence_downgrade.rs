//! Detects a release with weaker evidence than its release line had before.

use chrono::{DateTime, Duration, Utc};

use crate::{
    baseline::{OPEN_LOSSES, View, is_partly_attested},
    detect::{
        About, Change, Detector, Difference, SignalCategory, comparison::quote, familiar::is_excused_by_tag, signal,
    },
    model::{
        AuthMethod, CommitFacts, Confidence, EvidenceRank, File, LineBaseline, Observation, Provenance, Seen, Severity,
        Signal,
        traits::{EvidenceRanks, Issuers, Tags},
        words::TagPresence,
    },
};

/// Less evidence than the line had.
pub struct EvidenceDowngrade;

static ABOUT: About = About {
    id: "evidence-downgrade",
    title: "Published with weaker evidence than earlier releases",
    harmless: Some("Published with stronger evidence than earlier releases"),
    category: SignalCategory::Evidence,
    severity: Severity::High,
    confidence: Confidence::Medium,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release with weaker evidence than earlier releases of its line. The ranks, from weak to strong, are none, provenance, trusted publisher, approved by a person. At PyPI, the file with the weakest evidence decides.
* A release without any evidence is high, a smaller step down is medium or low. Stronger evidence than before is informational.
* If a trusted publisher always attested its releases and now does not, the signal is medium.
* If a person approved the release and the usual attestation is missing, the signal is medium, and high if the approver is not known.
* On a line that never had evidence, a release without evidence raises no signal. The signal is low, though, if other lines of the package have evidence and the version is known to have no tag.
* A new line without evidence is medium (a pre-release line: low) if the line of its baseline has none either, but another line had some within a year.
* If provwatch could not fetch the attestation of a release with a token, the release counts as provenance at most.

### Why it matters
A stolen token or session can publish from anywhere, but cannot make the project's workflow attest the release. Missing evidence is the clearest trace of most takeovers.

### False positives
A maintainer who publishes by hand after a failed run looks like an attacker with a token. The signal is one level lower if a familiar account published with tag and forge release, or if the repository went private. It is another level lower for each of these: only one release with the stronger evidence; a line with mixed evidence; an older line whose baseline is another line. Weaker evidence becomes normal when weaker releases joined the baseline and no stronger release followed for 90 days. Back-port lines that never had evidence raise no signal. A file without attestation that was added more than an hour after attested ones is always high.

### What to do
Check whether the version has a tag and a run in the repository, and ask the maintainers. If a maintainer published it by hand: `provwatch alerts ack`, with the reason. If publishing by hand is the new practice: `provwatch baseline accept`.

### Example incident
axios 1.14.1 (March 2026), nx 21.5.0 (August 2025), eslint-config-prettier 10.1.6 (July 2025), ultralytics 8.3.45 (December 2024).";

/// For how long the stronger evidence must be unseen, while weaker releases joined, before the weaker evidence is the
/// habit of a line. One accepted exception shows that this release was honest, not that tokens are the way to publish.
const SETTLED_DAYS: i64 = 90;

/// For how long the evidence that another line has adopted is expected of a new line.
const ADOPTED_DAYS: i64 = 365;

impl Detector for EvidenceDowngrade {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let rank = change.rank.or_else(|| at_most(change.release));
        let (Some(view), Some(rank), false) = (change.view, rank, change.release.has_invalid()) else {
            return Vec::new();
        };
        let Some((usual, seen)) = strongest(view.profile) else { return Vec::new() };
        let found = match rank.cmp(&usual) {
            std::cmp::Ordering::Less => downgrade(change, view, Step { from: usual, to: rank }),
            std::cmp::Ordering::Greater => {
                provenance_lost(change, view.profile).or_else(|| Some(upgrade(rank, usual, seen.first)))
            }
            std::cmp::Ordering::Equal if rank == EvidenceRank::None => {
                unattested_new_line(change, view).or_else(|| unattested_line(change))
            }
            std::cmp::Ordering::Equal => provenance_lost(change, view.profile),
        };
        found.into_iter().collect()
    }
}

/// Whether the version is known to have no tag, where every release of the package had one.
fn is_tag_lost(change: &Change<'_>) -> bool {
    change.tag() == Some(false) && change.always(Tags, TagPresence::Present, TagPresence::Absent)
}

#[derive(Clone, Copy)]
struct Step {
    from: EvidenceRank,
    to: EvidenceRank,
}

fn downgrade(change: &Change<'_>, view: View<'_>, step: Step) -> Option<Signal> {
    let adopted = view.profile.tally(EvidenceRanks).get(step.from)?;
    let weaker = view.profile.tally(EvidenceRanks).get(step.to);
    let unseen = change.release.published_at - adopted.last;
    let is_settled = unseen >= Duration::days(SETTLED_DAYS) || is_settled_openly(change, adopted);
    if weaker.is_some_and(|weaker| weaker.last > adopted.last) && is_settled {
        return None;
    }
    let with = |profile: &LineBaseline| at_least(profile, step.from);
    let stronger = with(view.profile);
    let adopted_by = if view.is_newest { change.peers().map(with).sum() } else { stronger };
    let milder = [
        // An older line need not have what another one has; the newest goes on where the package stands. A new line
        // without the tag that every other one has goes nowhere.
        view.inherited && !view.is_newest && !is_tag_lost(change),
        adopted_by == 1,
        weaker.is_some_and(|weaker| weaker.last > adopted.first),
        is_explained(change),
    ];
    let steps = milder.into_iter().filter(|&yes| yes && !is_added_bare(change.release));
    let severity = steps.fold(by_itself(change, step), |severity, _| severity.lowered());
    let evidence = Difference {
        expected: format!(
            "{} on release line {} ({stronger} of {} releases)",
            step.from.as_str(),
            view.line,
            view.profile.releases
        ),
        seen: seen(change, step.to),
        since: Some(adopted.first),
        why: "A stolen token can publish, but cannot make the project's own workflow attest the release.",
    };
    Some(signal(&ABOUT, severity.max(Severity::Low), evidence))
}

/// Whether so many releases without the evidence joined since that the project releases so now, and this one is in the open
/// as they were.
fn is_settled_openly(change: &Change<'_>, adopted: &Seen) -> bool {
    let weaker = change.peers().filter_map(|line| line.tally(EvidenceRanks).get(EvidenceRank::None));
    let since: u32 = weaker.filter(|seen| seen.first > adopted.last).map(|seen| seen.count).sum();
    since >= u32::try_from(OPEN_LOSSES).unwrap_or(u32::MAX) && is_explained(change)
}

/// The strongest evidence that a line has, and how often and when it had it.
fn strongest(profile: &LineBaseline) -> Option<(EvidenceRank, &Seen)> {
    profile.tally(EvidenceRanks).iter().next_back().map(|(rank, seen)| (*rank, seen))
}

/// How many releases of a line have at least this evidence rank.
fn at_least(profile: &LineBaseline, least: EvidenceRank) -> u32 {
    profile.tally(EvidenceRanks).iter().filter(|(rank, _)| **rank >= least).map(|(_, seen)| seen.count).sum()
}

/// The highest possible rank of a release whose attestation is unavailable, if the registry names the publishing
/// method.
fn at_most(release: &Observation) -> Option<EvidenceRank> {
    (release.has_unavailable() && release.auth.method == AuthMethod::Token).then_some(EvidenceRank::Provenance)
}

fn by_itself(change: &Change<'_>, step: Step) -> Severity {
    match (step.from, step.to) {
        (_, EvidenceRank::None) if is_one_upload(change.release) => Severity::Medium,
        (_, EvidenceRank::None) => Severity::High,
        (EvidenceRank::Approved, EvidenceRank::Provenance) => Severity::Medium,
        _ if change.is_workflow_familiar() => Severity::Low,
        _ => Severity::Medium,
    }
}

/// A familiar account that also tagged and released in the repository, or that had to publish itself because the
/// repository is no longer public.
fn is_explained(change: &Change<'_>) -> bool {
    let visibility = change.release.facts.repository.as_ref().and_then(|repository| repository.visibility.as_deref());
    let private = matches!(visibility, Some("private" | "internal" | "gone"));
    let excused = change.is_excused() && late_file(change.release).is_none();
    change.is_publisher_familiar() && (excused || (private && change.release.publisher.is_some()))
}

/// How long after the release's first file another one still belongs to the same upload.
const TOGETHER: Duration = Duration::hours(1);

/// A file without attestation that came later than the attested ones: tag and release speak for those that came with them.
fn late_file(release: &Observation) -> Option<&File> {
    let first = release.files.iter().filter_map(|file| file.uploaded_at).min()?;
    release.files.iter().find(|file| {
        let is_bare = file.attestation.as_ref().is_none_or(|attestation| *attestation == Provenance::Absent);
        is_bare && file.uploaded_at.is_some_and(|at| at - first > TOGETHER)
    })
}

/// Whether a file without attestation was added to attested ones: neither tag nor habit speaks for it.
fn is_added_bare(release: &Observation) -> bool {
    is_partly_attested(release) && late_file(release).is_some()
}

/// Whether one run attested some files of a release, and all were uploaded together: the other files come from another job
/// of the same upload.
fn is_one_upload(release: &Observation) -> bool {
    let mut runs: Vec<&str> = release.runs().collect();
    runs.dedup();
    is_partly_attested(release) && runs.len() == 1 && late_file(release).is_none()
}

/// Whether a release lost nothing but its evidence, and was released in the open, given the signals that it raised.
pub fn is_open_loss(release: &Observation, signals: &[Signal]) -> bool {
    let mut loud = signals.iter().filter(|signal| signal.severity > Severity::Info).peekable();
    let merged = release.facts.commit.as_ref().and_then(CommitFacts::is_merged) != Some(false);
    let tagged = release.facts.tag.as_ref().is_some_and(|tag| tag.exists == Some(true));
    let released = release.facts.release.as_ref().is_none_or(|page| page.exists != Some(false));
    loud.peek().is_some()
        && loud.all(|signal| signal.detector == ABOUT.id && signal.severity <= Severity::Medium)
        && merged
        && tagged
        && released
        && is_excused_by_tag(release)
}

fn seen(change: &Change<'_>, rank: EvidenceRank) -> String {
    if let Some(late) = late_file(change.release).filter(|_| is_partly_attested(change.release)) {
        return format!("{} without attestation, added later than the attested files", quote(&late.name));
    }
    if is_partly_attested(change.release) {
        let files = change.release.provenances();
        let (bare, all) =
            files.fold((0, 0), |(bare, all), file| (bare + u32::from(*file == Provenance::Absent), all + 1));
        return format!("{bare} of {all} files without attestation");
    }
    match rank {
        EvidenceRank::None => seen_of_none(change),
        _ if change.rank.is_none() => {
            format!("at most {}: published with a token, and the attestation could not be checked", rank.as_str())
        }
        _ => rank.as_str().to_owned(),
    }
}

fn seen_of_none(change: &Change<'_>) -> String {
    let method = change.release.auth.method;
    let stranger = change
        .release
        .publisher
        .as_ref()
        .filter(|publisher| method == AuthMethod::Token && !change.is_account_known(&publisher.name));
    match stranger {
        Some(publisher) => {
            format!("no evidence (authentication: token, by the unfamiliar account {})", quote(&publisher.name))
        }
        None => format!("no evidence (authentication: {})", method.as_str()),
    }
}

fn upgrade(rank: EvidenceRank, usual: EvidenceRank, since: DateTime<Utc>) -> Signal {
    let evidence = Difference {
        expected: usual.as_str().to_owned(),
        seen: rank.as_str().to_owned(),
        since: Some(since),
        why: "The evidence is stronger than before. From now on, weaker evidence is a downgrade.",
    };
    signal(&ABOUT, Severity::Info, evidence)
}

/// A new line is not a back-port, even if it is compared with one without evidence that was released last: the evidence
/// that the package's other lines have adopted is expected of it. Pre-releases are less expected to have it.
fn unattested_new_line(change: &Change<'_>, view: View<'_>) -> Option<Signal> {
    let recent = |at: DateTime<Utc>| change.release.published_at - at < Duration::days(ADOPTED_DAYS);
    let lines = change.package.lines.iter().filter(|_| view.inherited);
    let adopted = lines.filter_map(|(line, profile)| Some((line, strongest(profile)?)));
    let (line, (rank, seen)) = adopted
        .filter(|(_, (rank, seen))| *rank > EvidenceRank::None && recent(seen.last))
        .max_by_key(|(_, (_, seen))| seen.last)?;
    let by_itself = if change.release.line().is_prerelease() { Severity::Low } else { Severity::Medium };
    let evidence = Difference {
        expected: format!("{}, as on line {line}", rank.as_str()),
        seen: format!("a new line, with {}", seen_of_none(change)),
        since: Some(seen.first),
        why: "An honest new line has the project's current evidence. An attacker with only a token can start a new line too.",
    };
    let severity = if is_explained(change) { by_itself.lowered().max(Severity::Low) } else { by_itself };
    Some(signal(&ABOUT, severity, evidence))
}

/// Honest back-ports may lack the evidence of the main line; the tag is the sign of their honesty. Where that is known
/// to be missing, the difference corroborates other signals.
fn unattested_line(change: &Change<'_>) -> Option<Signal> {
    let attested = |line: &&LineBaseline| strongest(line).is_some_and(|(rank, _)| rank > EvidenceRank::None);
    let elsewhere = change.package.lines.values().filter(attested).filter_map(|line| line.first_at).min()?;
    (change.tag() == Some(false)).then(|| {
        let evidence = Difference {
            expected: "the evidence that other lines of the package have, or a tag".to_owned(),
            seen: "neither evidence nor a tag for the version".to_owned(),
            since: Some(elsewhere),
            why: "A back-port without evidence is normal where it has a tag. This version has no tag.",
        };
        signal(&ABOUT, Severity::Low, evidence)
    })
}

/// The trusted publisher remains, or a person approved, but the provenance is gone: an attacker who has taken over an
/// account approves too. If the line never attested everything (CircleCI, private repositories), that is the habit.
fn provenance_lost(change: &Change<'_>, profile: &LineBaseline) -> Option<Signal> {
    // Releases from before the first evidence do not count for the habit.
    let ranked = at_least(profile, EvidenceRank::Provenance);
    let attested = profile.tally(Issuers).total();
    let is_bare = change.release.provenances().all(|provenance| *provenance == Provenance::Absent);
    let habit = attested > 0 && attested >= ranked;
    (is_bare && habit && change.rank >= Some(EvidenceRank::TrustedPublisher)).then(|| {
        let evidence = Difference {
            expected: format!("provenance with every release ({attested} of {ranked})"),
            seen: match change.rank {
                Some(EvidenceRank::Approved) => "a person's approval, without provenance".to_owned(),
                _ => "a trusted publisher, without provenance".to_owned(),
            },
            since: profile.tally(Issuers).since(),
            why: "Without provenance, the workflow and commit behind the release are unknown.",
        };
        signal(&ABOUT, severity_of_lost_provenance(change), evidence)
    })
}

/// An approval by an unknown account is worth no more than a token.
fn severity_of_lost_provenance(change: &Change<'_>) -> Severity {
    let approver = change.release.auth.approved_by.as_ref();
    let is_stranger = approver.is_some_and(|approver| change.unfamiliar_account(&approver.name).is_some());
    match (is_explained(change), is_stranger) {
        (true, _) => Severity::Low,
        (false, true) => Severity::High,
        (false, false) => Severity::Medium,
    }
}
