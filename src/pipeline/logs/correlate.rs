//! Joining what is logged with what is released: an entry by a watched repository is explained by the release that carries
//! it. What nobody explains is said, and so is a workflow that a repository never signed with before.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{
        Alert, AlertKind, AlertStatus, Baseline, Confidence, Links, LogEntry, Package, ReleaseId, Severity, Signal,
        WorkflowIdentity,
    },
    pipeline::{Pipeline, PipelineError},
    store::{LogEntryRow, Trace, WorkflowRow},
};

/// Entries that are judged in one round.
const ROUND: usize = 500;

/// For so long after a log is first followed, what a repository signs with is learned and not wondered at.
const LEARNING: TimeDelta = TimeDelta::days(14);

/// What is known around an entry.
struct Surroundings {
    baselines: Vec<Baseline>,
    workflows: Vec<WorkflowRow>,
    explained_by: Option<ReleaseId>,
    learning: bool,
}

impl Pipeline {
    /// Looks at every entry of which more is expected: raises what is to be said of it, and closes it when a release
    /// explains it or has had its time to.
    ///
    /// # Errors
    /// The store failed.
    pub fn judge_entries(&self) -> Result<(), PipelineError> {
        let now = self.clock.now();
        for row in self.store.unjudged_entries(ROUND)? {
            let surroundings = self.surroundings(&row, now)?;
            let is_late = now - row.seen_at > self.logs.window;
            for signal in signals(&row, &surroundings, is_late) {
                self.raise_entry(&row, signal, now)?;
            }
            if row.entry.not_issued.is_some() || surroundings.explained_by.is_some() || is_late {
                self.store.judge_entry(&row, surroundings.explained_by.as_ref(), now)?;
            }
        }
        Ok(())
    }

    fn surroundings(&self, row: &LogEntryRow, now: DateTime<Utc>) -> Result<Surroundings, PipelineError> {
        let repository = row.entry.identity.claims.source_repository_uri.clone().unwrap_or_default();
        let baselines = row.entry.packages.iter().map(|package| Ok(self.store.baseline(package)?.baseline));
        let followed_since = self.store.log(&row.log)?.map_or(now, |log| log.first_seen);
        Ok(Surroundings {
            baselines: baselines.collect::<Result<_, PipelineError>>()?,
            workflows: self.store.log_workflows(&repository)?,
            explained_by: self.explanation(row)?,
            learning: now - followed_since < LEARNING,
        })
    }

    /// The release that carries an entry: by its place in the log, or, since places are not all that bundles prove, by the
    /// run that signed it and the repository that it is of.
    fn explanation(&self, row: &LogEntryRow) -> Result<Option<ReleaseId>, PipelineError> {
        let place = self.place(&row.log, row.entry.index)?;
        let at_place = self.store.traced(Trace::LogEntry { origin: &place.origin, index: place.index }, 1)?;
        if let Some(release) = at_place.into_iter().next() {
            return Ok(Some(release.purl));
        }
        let Some(run) = &row.entry.identity.claims.run_invocation_uri else { return Ok(None) };
        let of_run = self.store.traced(Trace::Run(run), 1)?;
        Ok(of_run.into_iter().next().map(|release| release.purl))
    }

    fn raise_entry(&self, row: &LogEntryRow, signal: Signal, now: DateTime<Utc>) -> Result<(), PipelineError> {
        let place = self.place(&row.log, row.entry.index)?;
        let (fingerprint, id) = Alert::identify(AlertKind::Log, &subject(&signal, &row.entry.identity));
        if self.store.alert(&fingerprint)?.is_some() {
            return Ok(());
        }
        let alert = Alert {
            id,
            fingerprint,
            kind: AlertKind::Log,
            severity: signal.severity,
            confidence: if signal.severity >= Severity::Medium { Confidence::Medium } else { Confidence::Low },
            purl: None,
            published_at: None,
            raised_at: now,
            title: title(&signal, &row.entry.identity),
            argument: argument(&signal, &place, &row.entry.packages),
            status: AlertStatus::Open,
            signals: vec![signal],
            members: Vec::new(),
            links: links(&row.entry.identity),
        };
        self.store.record_alert(&alert, &self.subscriptions.matching(&alert), now)?;
        Ok(())
    }
}

/// What makes it the same finding: the rule, the repository and the workflow, whichever entry shows it first.
fn subject(signal: &Signal, identity: &WorkflowIdentity) -> String {
    let repository = identity.claims.source_repository_uri.as_deref().unwrap_or(&identity.subject);
    format!("{} {repository} {}", signal.detector, identity.workflow().unwrap_or_default())
}

/// What is to be said of an entry.
fn signals(row: &LogEntryRow, around: &Surroundings, is_late: bool) -> Vec<Signal> {
    if let Some(why) = &row.entry.not_issued {
        return vec![forged(&row.entry.identity, why)];
    }
    let identity = &row.entry.identity;
    new_workflow(identity, around).into_iter().chain(is_late.then(|| unexplained(identity, around)).flatten()).collect()
}

fn forged(identity: &WorkflowIdentity, why: &str) -> Signal {
    signal(
        "forged-certificate",
        Severity::Low,
        "a certificate that an authority of the trust root issued".to_owned(),
        format!("one that names {identity}, and {why}"),
        "Anybody can log a certificate of their own making. It says nothing about the repository, but somebody took the \
         trouble to write its name.",
    )
}

/// A workflow file that neither the packages' baselines nor the logs know.
fn new_workflow(identity: &WorkflowIdentity, around: &Surroundings) -> Option<Signal> {
    let workflow = identity.workflow()?;
    let file = relative(workflow, identity.claims.source_repository_uri.as_deref());
    let in_baselines: Vec<&str> = known_files(&around.baselines);
    let is_known = in_baselines.contains(&file) || around.workflows.iter().any(|row| row.workflow == workflow);
    if is_known || around.explained_by.is_some() || in_baselines.is_empty() {
        return None;
    }
    let severity = if around.learning { Severity::Info } else { Severity::Medium };
    Some(signal(
        "new-workflow-in-log",
        severity,
        format!("the workflows that release its packages: {}", in_baselines.join(", ")),
        file.to_owned(),
        "A workflow that never signed before has signed, and no release carries its signature yet. An attacker with write \
         access adds a workflow of their own; so does a maintainer who adds a new build.",
    ))
}

/// A publishing workflow signed something that is in no release, and that is not its habit.
fn unexplained(identity: &WorkflowIdentity, around: &Surroundings) -> Option<Signal> {
    if around.explained_by.is_some() {
        return None;
    }
    let workflow = identity.workflow()?;
    let is_habit = around.workflows.iter().any(|row| row.workflow == workflow && row.entries > row.explained);
    let file = relative(workflow, identity.claims.source_repository_uri.as_deref());
    let publishes = known_files(&around.baselines).contains(&file);
    if is_habit || !publishes {
        return None;
    }
    let severity = if around.learning { Severity::Info } else { Severity::Medium };
    Some(signal(
        "unexplained-entry",
        severity,
        "a release that carries what its publishing workflow signed".to_owned(),
        format!("nothing, after {file} signed"),
        "The workflow that publishes the package signed something that was not published where it usually is: a publish that \
         failed after signing, or one to somewhere else.",
    ))
}

fn signal(detector: &'static str, severity: Severity, expected: String, seen: String, why: &str) -> Signal {
    Signal { detector: detector.into(), severity, expected, seen, since: None, why: why.to_owned(), supporting: false }
}

/// The workflow files of baselines.
fn known_files(baselines: &[Baseline]) -> Vec<&str> {
    let mut files: Vec<&str> = baselines
        .iter()
        .flat_map(|baseline| baseline.lines.values())
        .flat_map(|line| line.workflows.keys().map(String::as_str))
        .collect();
    files.sort_unstable();
    files.dedup();
    files
}

/// A workflow file as baselines have it: without the repository that it is in.
fn relative<'a>(workflow: &'a str, repository: Option<&str>) -> &'a str {
    let inside = repository.and_then(|repository| workflow.strip_prefix(repository)?.strip_prefix('/'));
    inside.unwrap_or(workflow)
}

fn title(signal: &Signal, identity: &WorkflowIdentity) -> String {
    match &*signal.detector {
        "forged-certificate" => format!("Somebody logged a forged certificate that names {identity}"),
        "new-workflow-in-log" => format!("A workflow that never signed before has signed: {identity}"),
        _ => format!("No release carries what was signed by {identity}"),
    }
}

fn argument(signal: &Signal, place: &LogEntry, packages: &[Package]) -> String {
    let packages = packages.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let whose = if packages.is_empty() { String::new() } else { format!(" It is the repository of {packages}.") };
    format!("Entry {} of {}.{whose} {}", place.index, place.origin, signal.why)
}

fn links(identity: &WorkflowIdentity) -> Links {
    let claims = &identity.claims;
    let commit = claims.source_repository_uri.as_ref().zip(claims.source_repository_digest.as_ref());
    Links {
        run: claims.run_invocation_uri.clone(),
        commit: commit.map(|(repository, commit)| format!("{repository}/commit/{commit}")),
        ..Links::default()
    }
}
