//! Detects a signature of one's own repository that no run of its release workflow explains.

use crate::{
    detect::{
        About, EntryChange, EntryDetector, Explanation, Logged, SignalCategory, a_run_of, entry_change::signal,
        other_workflow,
    },
    model::{Confidence, Severity, Signal},
};

/// A signature of one's own repository without a run.
pub struct OwnSignatureUnexplained;

static ABOUT: About = About {
    id: "own-signature-unexplained",
    title: "No run of your release workflow explains a signature of your repository",
    harmless: None,
    category: SignalCategory::Evidence,
    severity: Severity::High,
    confidence: Confidence::High,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A log entry by your own repository or identity, where no successful run of your release workflow explains the signature. Your own are the repositories of packages with `own = true` in the watchlist, and the signers of a `[[logs.match]]` with `own = true`. The signal is high: at once if such a run does not exist, if it failed or was cancelled, or if another workflow signed. A run that has not ended, or whose result is not known, explains the signature for two hours (`run_window` in `[own]`).

The result of a run comes from the forge, or from your CI by `provwatch allow`.

### Why it matters
A signature in your name is made before the release that carries it. An attacker who can run code in your repository, or who takes over an identity of yours, leaves a trace here first.

### False positives
Another workflow of the repository that signs containers or artifacts: add it to `workflows` of the policy or the match. A forge without a token that does not show your repository.

### What to do
Open the run and find out who started it. If none of you did, revoke the repository's secrets and look for what it published.

### Example incident
ultralytics (December 2024): an attacker made the project's own workflow build and sign content from outside the repository.";

impl EntryDetector for OwnSignatureUnexplained {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &EntryChange<'_>) -> Option<Signal> {
        let EntryChange::Logged(logged) = change else { return None };
        let Explanation::Nothing(seen) = own_explanation(logged)? else { return None };
        let expected = a_run_of(logged.own?.workflows);
        let why = "Every signature by your own repository must come from a run of your own release workflow.";
        Some(signal(&ABOUT, Severity::High, expected, seen, why))
    }
}

/// What explains a signature; `None`: it is not of one's own repositories.
pub fn own_explanation(logged: &Logged<'_>) -> Option<Explanation> {
    let own = logged.own.as_ref().filter(|_| logged.not_issued.is_none())?;
    if own.digest.is_some_and(|digest| own.runs.allows_file(&[digest])) {
        return Some(Explanation::Run);
    }
    if let Some(other) = other_workflow(own.workflows, logged.workflow()) {
        return Some(other);
    }
    let Some(run) = logged.identity.claims.run_invocation_uri.as_deref() else {
        return Some(Explanation::Nothing("a signature that names no run".to_owned()));
    };
    Some(own.runs.explains_signature(run, own.told, own.seen_at))
}
