//! Joining what is logged with what is released: an entry by a watched repository is explained by the release that carries
//! it. The detectors of [`crate::detect::ENTRY_DETECTORS`] say what is to be said of those that none does.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::flood;
use crate::{
    detect::{EntryChange, KnownWorkflow, Logged, about, inspect_entry},
    model::{
        Alert, AlertKind, Baseline, Confidence, Links, LogEntry, Observation, Package, ReleaseId, Sighting, Sightings,
        Signal, WorkflowIdentity,
    },
    pipeline::{Pipeline, PipelineError},
    store::{Accusation, LogEntryRow, ReleaseRow, Scope, StoreError, Trace, WorkflowRow},
};

/// Entries that are read at once to be judged.
const PORTION: usize = 500;

/// Entries whose explanation is looked for in one round.
const ROUND: usize = 10_000;

/// Entries with forged certificates that are kept of one log. The others are counted in the alert about them.
const FORGED_KEPT: usize = 1_000;

/// Releases with what an entry names that are looked at for its signer.
const SAME_DIGEST: usize = 100;

/// Most names of packages in a title.
const NAMED: usize = 3;

/// For so long a release may still explain an entry of which nothing more was expected.
const REMEMBERED: TimeDelta = TimeDelta::days(7);

/// For so long after a log is first followed, what a repository signs with is learned and not wondered at.
const LEARNING: TimeDelta = TimeDelta::days(14);

/// What is known around an entry.
struct Surroundings {
    baselines: Vec<Baseline>,
    workflows: Vec<KnownWorkflow>,
    explained_by: Option<ReleaseId>,
    late: bool,
    learning: bool,
}

/// What an alert about a log entry is about.
pub(super) struct Finding<'a> {
    /// What makes it the same when it is found again.
    pub subject: String,
    /// Where the entry is.
    pub place: &'a LogEntry,
    /// Who signed, or who is said to have.
    pub who: String,
    /// The `[[logs.match]]` that found it, if one did.
    pub matched: Option<String>,
    /// The budget of alerts that it is paid from.
    pub scopes: Vec<Scope>,
    /// The entry as it is stored, if it is.
    pub row: Option<&'a LogEntryRow>,
    /// The packages that it concerns.
    pub packages: Vec<String>,
    /// Releases that name it.
    pub members: Vec<ReleaseId>,
    /// Where to look.
    pub links: Links,
}

impl Pipeline {
    /// Looks at every entry of which more is expected: raises what is to be said of it, and closes it when a release
    /// explains it or has had its time to.
    ///
    /// # Errors
    /// The store failed.
    pub fn judge_entries(&self) -> Result<(), PipelineError> {
        let now = self.clock.now();
        self.explain_late(now)?;
        let mut forged = BTreeSet::new();
        let mut portion = self.store.unjudged_entries(None, PORTION)?;
        while let Some(last) = portion.last() {
            let next = self.store.unjudged_entries(Some(last), PORTION);
            for row in &portion {
                match self.judge_entry(row, now) {
                    // What it is compared with is set aside and made anew; the entry waits.
                    Err(PipelineError::Store(StoreError::DamagedRow { .. })) => {}
                    judged => judged?,
                }
            }
            forged.extend(portion.iter().filter(|row| row.entry.not_issued.is_some()).map(|row| row.log.clone()));
            portion = next?;
        }
        Ok(forged.iter().try_for_each(|log| self.store.forget_forged(log, FORGED_KEPT))?)
    }

    fn judge_entry(&self, row: &LogEntryRow, now: DateTime<Utc>) -> Result<(), PipelineError> {
        // Found by a [[logs.match]] alone: what that tells was told, and no release is waited for.
        if row.entry.packages.is_empty() && row.entry.not_issued.is_none() {
            let explained_by = self.explanation(row)?;
            return Ok(self.store.judge_entry(row, explained_by.as_ref(), now)?);
        }
        let around = self.surroundings(row, now)?;
        let place = self.place(&row.log, row.entry.index)?;
        for signal in inspect_entry(&EntryChange::Logged(logged(row, &around))) {
            let finding = finding(&signal, &place, row, now);
            self.raise_entry(&finding, signal, now)?;
        }
        if row.entry.not_issued.is_some() || around.explained_by.is_some() || around.late {
            self.store.judge_entry(row, around.explained_by.as_ref(), now)?;
        }
        Ok(())
    }

    /// Releases that come after their entries were given up explain them all the same: the workflow has no habit of signing
    /// what nobody publishes.
    fn explain_late(&self, now: DateTime<Utc>) -> Result<(), PipelineError> {
        for row in self.store.unexplained_entries(now - REMEMBERED, ROUND)? {
            if let Some(release) = self.explanation(&row)? {
                self.store.explain_entry(&row, &release)?;
            }
        }
        Ok(())
    }

    /// Since when entries of this log, or of one that it continues, are known.
    fn followed_since(&self, name: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, PipelineError> {
        let rows = self.store.logs()?;
        let Some(kind) = rows.iter().find(|row| row.name == name).map(|row| row.kind) else { return Ok(now) };
        let tailed = rows.iter().filter(|row| row.kind == kind && row.tail.is_some());
        Ok(tailed.map(|row| row.first_seen).min().unwrap_or(now))
    }

    fn surroundings(&self, row: &LogEntryRow, now: DateTime<Utc>) -> Result<Surroundings, PipelineError> {
        let repository = row.entry.identity.claims.source_repository_uri.clone().unwrap_or_default();
        let baselines = row.entry.packages.iter().map(|package| Ok(self.store.baseline(package)?.baseline));
        let followed_since = self.followed_since(&row.log, now)?;
        Ok(Surroundings {
            baselines: baselines.collect::<Result<_, PipelineError>>()?,
            workflows: self.store.log_workflows(&repository)?.into_iter().map(known).collect(),
            explained_by: self.explanation(row)?,
            // What happened while this process did not run is not known yet when it starts.
            late: now - row.seen_at.max(self.wall_clock.began()) > self.logs.window,
            learning: now - followed_since < LEARNING,
        })
    }

    /// The release that carries an entry: by its place in the log; by the key, which is made for one signing; by what was
    /// signed, where the same workflow is known to have built it, since anybody can sign what is published; or by the run that
    /// signed. Not every bundle proves its place.
    fn explanation(&self, row: &LogEntryRow) -> Result<Option<ReleaseId>, PipelineError> {
        let place = self.place(&row.log, row.entry.index)?;
        let claims = &row.entry.identity.claims;
        let traces = [
            Some(Trace::LogEntry { origin: &place.origin, index: place.index }),
            Some(Trace::Signed(&row.entry.key_sha256)),
            row.entry.digest.as_deref().map(Trace::Signed),
            row.entry.digest.as_deref().map(Trace::Digest),
            claims.run_invocation_uri.as_deref().map(Trace::Run),
        ];
        for trace in traces.into_iter().flatten() {
            let anybody_can = matches!(trace, Trace::Digest(_) | Trace::Signed(_));
            let is_its_own = |release: &ReleaseRow| !anybody_can || was_built_by(release, &row.entry.identity);
            let releases = self.store.traced(trace, if anybody_can { SAME_DIGEST } else { 1 })?;
            if let Some(release) = releases.into_iter().find(is_its_own) {
                return Ok(Some(release.purl));
            }
        }
        Ok(None)
    }

    /// Raises what a detector says of an entry: an alert for each accusation, which counts the entries that make it.
    pub(super) fn raise_entry(
        &self,
        finding: &Finding<'_>,
        signal: Signal,
        now: DateTime<Utc>,
    ) -> Result<(), PipelineError> {
        let signals = self.settings.tuning.apply(vec![signal]);
        let Some(signal) = signals.first() else { return Ok(()) };
        let about = about(&signal.detector);
        let confidence = about.map_or(Confidence::Low, |about| about.confidence);
        let title = format!("{}: {}", about.map_or(&*signal.detector, |about| about.title), finding.who);
        let sighting = Sighting::at(finding.place, &finding.row.map_or_else(|| finding.who.clone(), signer));
        let alert = Alert {
            argument: argument(signal, finding),
            signals: signals.clone(),
            members: finding.members.clone(),
            links: finding.links.clone(),
            matched: finding.matched.clone(),
            entries: Some(Sightings::first(sighting, now)),
            ..Alert::about(AlertKind::Log, &finding.subject, signal.severity, confidence, title, now)
        };
        let entry = finding.row.map(|row| (&*row.log, row.entry.index, &*signal.detector));
        let accusation = Accusation { alert: &alert, scopes: &finding.scopes, entry };
        let announced = self.store.accuse(&accusation, &|alert| self.subscriptions.matching(alert), now)?;
        self.told(&announced);
        Ok(())
    }
}

/// Whether a release is verified to be built by the workflow that signed.
fn was_built_by(release: &ReleaseRow, signer: &WorkflowIdentity) -> bool {
    release
        .observation
        .iter()
        .flat_map(Observation::verified)
        .any(|verified| is_same_workflow(&verified.identity, signer))
}

/// Of one repository, by its id where both name it, and one file in it: a repository that is renamed stays the same.
fn is_same_workflow(one: &WorkflowIdentity, other: &WorkflowIdentity) -> bool {
    let id = |of: &WorkflowIdentity| of.claims.source_repository_identifier.clone();
    let url = |of: &WorkflowIdentity| of.claims.source_repository_uri.as_deref().unwrap_or(&of.subject).to_lowercase();
    let file = |of: &WorkflowIdentity| {
        let workflow = of.workflow().unwrap_or(&of.subject).to_lowercase();
        workflow.strip_prefix(&url(of)).map(str::to_owned).unwrap_or(workflow)
    };
    let is_of_one = match (id(one), id(other)) {
        (Some(one), Some(other)) => one == other,
        _ => url(one) == url(other),
    };
    one.issuer == other.issuer && is_of_one && file(one) == file(other)
}

/// Who signed an entry, with what tells a forged one from a real one.
fn signer(row: &LogEntryRow) -> String {
    match row.entry.not_issued {
        None => row.entry.identity.to_string(),
        // Nothing else of what it says about itself is worth repeating.
        Some(_) => row.entry.identity.subject.clone(),
    }
}

fn known(row: WorkflowRow) -> KnownWorkflow {
    KnownWorkflow { workflow: row.workflow, entries: row.entries, explained: row.explained }
}

fn logged<'a>(row: &'a LogEntryRow, around: &'a Surroundings) -> Logged<'a> {
    Logged {
        identity: &row.entry.identity,
        not_issued: row.entry.not_issued.as_deref(),
        baselines: &around.baselines,
        workflows: &around.workflows,
        explained: around.explained_by.is_some(),
        late: around.late,
        learning: around.learning,
    }
}

/// What anybody can forge is one accusation for all that is said of a package. What an authority vouches for is one for each
/// workflow of a repository, whichever entry shows it first.
fn finding<'a>(signal: &Signal, place: &'a LogEntry, row: &'a LogEntryRow, now: DateTime<Utc>) -> Finding<'a> {
    let identity = &row.entry.identity;
    let repository = identity.claims.source_repository_uri.as_deref().unwrap_or(&identity.subject);
    let is_forged = row.entry.not_issued.is_some();
    let (subject, who) = if is_forged {
        (format!("{} {}", signal.detector, named(row)), named_in_short(row))
    } else {
        let workflow = identity.workflow().unwrap_or_default();
        (format!("{} {repository} {workflow}", signal.detector), identity.to_string())
    };
    let scope = if is_forged { flood::of_forgers(now) } else { flood::of_repository(signal, row, now) };
    Finding {
        subject,
        place,
        who,
        matched: (!row.entry.patterns.is_empty()).then(|| row.entry.patterns.join(", ")),
        scopes: vec![scope],
        row: Some(row),
        packages: row.entry.packages.iter().map(Package::to_string).collect(),
        members: Vec::new(),
        links: if is_forged { Links::default() } else { links(identity) },
    }
}

/// Whom an entry is held to be by: packages, or else the matches that found it.
fn named(row: &LogEntryRow) -> String {
    let packages = || row.entry.packages.iter().map(Package::to_string).collect::<Vec<_>>().join(" ");
    if row.entry.packages.is_empty() { row.entry.patterns.join("\n") } else { packages() }
}

fn named_in_short(row: &LogEntryRow) -> String {
    let packages = &row.entry.packages;
    if packages.is_empty() {
        return row.entry.patterns.join(", ");
    }
    let names: Vec<_> = packages.iter().take(NAMED).map(Package::to_string).collect();
    match packages.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

fn argument(signal: &Signal, finding: &Finding<'_>) -> String {
    let packages = finding.packages.join(", ");
    let whose = if packages.is_empty() { String::new() } else { format!(" It concerns {packages}.") };
    format!("Entry {} of {}.{whose} {}", finding.place.index, finding.place.origin, signal.why)
}

pub(super) fn links(identity: &WorkflowIdentity) -> Links {
    let claims = &identity.claims;
    let commit = claims.source_repository_uri.as_ref().zip(claims.source_repository_digest.as_ref());
    Links {
        run: claims.run_invocation_uri.clone(),
        commit: commit.map(|(repository, commit)| format!("{repository}/commit/{commit}")),
        ..Links::default()
    }
}
