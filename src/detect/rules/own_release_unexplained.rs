//! Detects a release of one's own package that no run of its release workflow explains.

use chrono::{DateTime, Utc};

use crate::{
    baseline::Traits,
    detect::{
        About, Change, Detector, Difference, Explanation, OwnRuns, SignalCategory, Told, a_run_of, comparison::quote,
        other_workflow, signal,
    },
    model::{ChangeKind, Confidence, Fact, Policy, Severity, Signal, Trait, fits},
};

/// A release of one's own package without a run.
pub struct OwnReleaseUnexplained;

static ABOUT: About = About {
    id: "own-release-unexplained",
    title: "No run of your release workflow explains the release",
    harmless: None,
    category: SignalCategory::Evidence,
    severity: Severity::High,
    confidence: Confidence::High,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A release of a package with `own = true` in the watchlist, where no successful run of its release workflow explains the release. The signal is high: at once if such a run does not exist, or if it failed, was cancelled or was of another repository. A run that has not ended, or whose result is not known, explains the release for two hours (`run_window` in `[own]`).

The release workflow is that of `workflows` in the policy, else that of earlier releases; the same holds for the repository. The result of a run comes from the forge. For a release without an attestation, provwatch asks the forge which runs were under way at that time. Your CI can also name its run and its files with `provwatch allow`.

### Why it matters
You know your own releases. An attacker with a stolen token, account or workflow publishes without your release workflow, or with a run that none of you started.

### False positives
A release by hand: announce it with `provwatch expect add`. A run that fails after it published. A forge without a token that does not show your repository.

### What to do
Ask your maintainers who published the release. If none of them did, revoke the registry tokens and withdraw the release.

### Example incident
Most incidents with a stolen token, such as axios (March 2026): no run of the project's release workflow belonged to the malicious releases.";

impl Detector for OwnReleaseUnexplained {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        let Some(Explanation::Nothing(seen)) = explanation(change) else { return Vec::new() };
        let expected = a_run_of(&release_workflows(change));
        let why = "Every release of your own package must come from a run of your own release workflow.";
        vec![signal(&ABOUT, Severity::High, Difference { expected, seen, since: None, why })]
    }
}

/// Until when a run may still explain a release of one's own package that nothing explains yet.
pub fn awaits_run(change: &Change<'_>) -> Option<DateTime<Utc>> {
    match explanation(change)? {
        Explanation::Awaited(until) => Some(until),
        Explanation::Run | Explanation::Nothing(_) => None,
    }
}

/// Whether a successful run, or a file that the CI allowed, explains a release of one's own package.
pub fn is_explained_by_run(change: &Change<'_>) -> bool {
    explanation(change) == Some(Explanation::Run)
}

/// What explains the release; `None`: it is not of one's own package, or announced. The part that is explained least counts:
/// each certificate needs its run, and each file without one a run at its time.
fn explanation(change: &Change<'_>) -> Option<Explanation> {
    let own = change.release_context.own.as_ref()?;
    let release = change.release;
    let mut files = release.strong_digests().peekable();
    if files.peek().is_some() && files.all(|digests| own.allows_file(&digests)) {
        return Some(Explanation::Run);
    }
    let facts = &release.facts;
    let unknown = facts.unknown.as_ref().and_then(|unknown| unknown.get(&Fact::OwnRuns)).map(String::as_str);
    // An attestation that is not checked yet may still name the run.
    let unchecked = release.has_unavailable().then_some("its attestation is not checked yet");
    let told = Told { runs: facts.own_runs.as_ref(), unknown: unknown.or(unchecked) };
    let certified = change.traits.iter().map(|traits| of_certificate(change, traits, own, told));
    let bare = release.bare_files(|digests| own.allows_file(digests));
    let bare = bare.into_iter().filter(|_| !is_announced(change)).map(|at| own.explains_bare(told, at));
    certified.chain(bare).max_by_key(Explanation::weight)
}

fn of_certificate(change: &Change<'_>, traits: &Traits<'_>, own: &OwnRuns, told: Told<'_>) -> Explanation {
    if let Some(repository) = traits.repository.as_deref().filter(|url| !is_own(change, traits, url)) {
        return Explanation::Nothing(format!("a run of another repository, {}", quote(repository)));
    }
    if let Some(other) = other_workflow(&release_workflows(change), traits.workflow.as_deref()) {
        return other;
    }
    let Some(run) = traits.run else {
        return Explanation::Nothing("a certificate that names no run".to_owned());
    };
    let run = traits.attempt.map_or_else(|| run.to_owned(), |attempt| format!("{run}/attempts/{attempt}"));
    own.explains(&run, told, change.release.published_at)
}

/// The files of the release workflow, or globs for them: of the policy, else of earlier releases, and announced ones.
/// Empty: none is known.
pub fn release_workflows(change: &Change<'_>) -> Vec<String> {
    let of_policy = demanded(change, |policy| &policy.workflows);
    let mut files = if of_policy.is_empty() { words(change, Trait::Workflows) } else { of_policy.to_vec() };
    if !files.is_empty() {
        let announced = announced(change).filter_map(|kind| match kind {
            ChangeKind::Workflow(file) => Some(file.clone()),
            _ => None,
        });
        files.extend(announced);
    }
    files
}

/// Whether a repository may build the package: by the policy, by earlier releases, or announced.
fn is_own(change: &Change<'_>, traits: &Traits<'_>, url: &str) -> bool {
    let name = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (names, ids) =
        (demanded(change, |policy| &policy.repositories), demanded(change, |policy| &policy.repository_ids));
    if !names.is_empty() || !ids.is_empty() {
        let is_id = |id: &str| ids.iter().any(|known| known == id);
        return names.iter().any(|glob| fits(glob, name)) || traits.repository_id.is_some_and(is_id);
    }
    let (urls, ids) = (words(change, Trait::Repositories), words(change, Trait::RepositoryIds));
    let is_announced = announced(change).any(|kind| *kind == ChangeKind::Repository(name.to_owned()));
    let same_id = traits.repository_id.is_some_and(|id| ids.iter().any(|known| known == id));
    urls.is_empty() || same_id || is_announced || urls.iter().any(|known| known == url)
}

fn demanded<'a>(change: &Change<'a>, of: fn(&Policy) -> &Vec<String>) -> &'a [String] {
    change.policy.map(|effective| of(&effective.policy).as_slice()).unwrap_or_default()
}

/// The values of a trait that earlier releases of any line had.
fn words(change: &Change<'_>, of: Trait) -> Vec<String> {
    let lines = change.package.lines.values();
    let mut words: Vec<String> = lines.flat_map(|line| line.words(of)).map(|(word, _)| word.to_owned()).collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn announced<'a>(change: &'a Change<'_>) -> impl Iterator<Item = &'a ChangeKind> {
    let (package, at) = (change.release.purl.package(), change.release.published_at);
    change.expected.iter().filter(move |one| one.covers(package, at)).map(|one| &one.change)
}

/// Whether a release without a certificate was announced.
fn is_announced(change: &Change<'_>) -> bool {
    let account = change.release.publisher.as_ref().map(|publisher| publisher.name.as_str());
    announced(change).any(|kind| matches!(kind, ChangeKind::Manual(name) if account == Some(name.as_str())))
}
