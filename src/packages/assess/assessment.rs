//! Assesses one release against its package's baseline. Pure: `run`, `backfill`, `replay` and `lookup` all use it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::{
    baseline::in_baseline,
    detect::{AssessmentInputs, Change, Verdict, combine, inspect},
    model::{Alert, AlertKind, Baseline, Links, LogEntry, Observation, ReleaseLine, Signal},
};

/// Detectors whose signals need no baseline.
const OF_ITSELF: [&str; 3] = ["attestation-invalid", "file-replaced", "reported-malicious"];

/// The assessment of a release against its baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// The signals, the worst first.
    pub signals: Vec<Signal>,
    /// The combined verdict; `None` where no signal may alert.
    pub verdict: Option<Verdict>,
    /// The line that it was compared with; `None` for the first release of a package.
    pub compared_with: Option<ComparedWith>,
    /// Whether the release joins the baseline at once, see `docs/BASELINES.md`.
    pub in_baseline: bool,
}

impl Assessment {
    /// Whether it raises an alert that keeps the release out of the baseline.
    pub fn reports(&self) -> bool {
        !in_baseline(self.verdict.as_ref().map(|verdict| verdict.severity))
    }
}

/// The line that a release was compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedWith {
    /// The release line.
    pub line: ReleaseLine,
    /// How many releases of it the baseline includes.
    pub releases: u32,
    /// Whether it is a different line from the release's own.
    pub inherited: bool,
}

/// Assesses a release against the baseline before it, the releases published around it, and the operator's settings.
pub fn assess(baseline: &Baseline, release: &Observation, inputs: &AssessmentInputs<'_>) -> Assessment {
    let change = Change::between(baseline, release, inputs);
    let signals = inputs.tuning.apply(inspect(&change));
    let verdict = combine(&signals);
    let is_known = !release.has_unavailable() && release.unread.reasons().next().is_none();
    let in_baseline = is_known && in_baseline(verdict.as_ref().map(|verdict| verdict.severity));
    let compared_with = change.view.map(|view| ComparedWith {
        line: view.line.clone(),
        releases: view.profile.releases,
        inherited: view.inherited,
    });
    Assessment { signals, verdict, compared_with, in_baseline }
}

/// The signals about a release that need no baseline: its files were replaced, its evidence is invalid, or others report
/// it as malicious.
pub fn of_itself(release: &Observation, inputs: &AssessmentInputs<'_>) -> Vec<Signal> {
    let nothing = Baseline::empty(release.purl.package().clone());
    let mut signals = inspect(&Change::between(&nothing, release, inputs));
    signals.retain(|signal| OF_ITSELF.contains(&&*signal.detector));
    signals
}

/// The alert of an assessment, if there is one.
pub fn alert(release: &Observation, assessed: &Assessment, raised_at: DateTime<Utc>, links: Links) -> Option<Alert> {
    let verdict = assessed.verdict.as_ref()?;
    let title = format!("{} {}: {}", release.purl.package().name(), release.purl.version(), verdict.title);
    let subject = release.purl.to_string();
    Some(Alert {
        purl: Some(release.purl.clone()),
        published_at: Some(release.published_at),
        argument: argument(release, verdict),
        signals: assessed.signals.clone(),
        links,
        ..Alert::about(AlertKind::Release, &subject, verdict.severity, verdict.confidence, title, raised_at)
    })
}

/// The verdict's argument, and the unknown facts, grouped by reason.
fn argument(release: &Observation, verdict: &Verdict) -> String {
    let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (what, why) in release.facts.unknown.iter().flatten() {
        by_reason.entry(why).or_default().push(what.to_string());
    }
    let unknown = by_reason.into_iter().map(|(why, what)| format!(" Not checked: {} ({why}).", what.join(", ")));
    format!("{}{}", verdict.argument, unknown.collect::<String>())
}

/// Links from the release's verified provenance: commit, run, log entry. The caller adds the registry's page, since it
/// knows the registry's address.
pub fn links(release: &Observation) -> Links {
    let Some(verified) = release.verified().next() else { return Links::default() };
    let claims = &verified.identity.claims;
    let web = |url: &String| url.starts_with("https://").then(|| url.clone());
    let commit = claims.source_repository_uri.as_ref().and_then(web).zip(claims.source_repository_digest.as_ref());
    Links {
        registry: None,
        log: verified.log.as_ref().and_then(search_page),
        commit: commit.map(|(repository, digest)| format!("{}/commit/{digest}", repository.trim_end_matches('/'))),
        run: claims.run_invocation_uri.as_ref().and_then(web),
    }
}

/// The page of an entry of the public Rekor v1, the only log whose entries the search page finds by their index.
fn search_page(entry: &LogEntry) -> Option<String> {
    let name = entry.origin.split(" - ").next();
    (name == Some("rekor.sigstore.dev")).then(|| format!("https://search.sigstore.dev/?logIndex={}", entry.index))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{baseline::learn, detect::ReleaseContext};

    fn release(version: &str, day: u32, attested: bool) -> Observation {
        let attestation = if attested {
            json!({"status": "verified", "issuer": "https://token.actions.githubusercontent.com",
                "log": {"origin": "rekor.sigstore.dev - 1193050959916656506", "index": 7},
                "claims": {"source_repository_uri": "https://github.com/o/r", "source_repository_digest": "abc",
                    "run_invocation_uri": "javascript:alert(1)"}})
        } else {
            json!({"status": "absent"})
        };
        serde_json::from_value(json!({"purl": format!("pkg:npm/a@{version}"),
            "published_at": format!("2026-01-{day:02}T12:00:00Z"), "auth": {"method": "token"},
            "attestation": attestation}))
        .unwrap()
    }

    #[test]
    fn a_first_release_says_nothing_and_teaches() {
        let assessed = assess(
            &Baseline::empty("pkg:npm/a".parse().unwrap()),
            &release("1.0.0", 1, true),
            &AssessmentInputs::usual(&ReleaseContext::default()),
        );
        assert_eq!(assessed, Assessment { signals: vec![], verdict: None, compared_with: None, in_baseline: true });
    }

    #[test]
    fn a_loss_of_evidence_is_one_alert_and_does_not_teach() {
        let mut baseline = Baseline::empty("pkg:npm/a".parse().unwrap());
        for (version, day) in [("1.0.0", 1), ("1.0.1", 2), ("1.0.2", 3)] {
            learn(&mut baseline, &release(version, day, true));
        }
        let bare = release("1.0.3", 4, false);
        let release_context = ReleaseContext::default();
        let inputs = AssessmentInputs::usual(&release_context);
        let assessed = assess(&baseline, &bare, &inputs);
        assert!(!assessed.in_baseline);
        assert_eq!(assessed, assess(&baseline, &bare, &inputs), "the same input gives the same signals");
        let alert = alert(&bare, &assessed, bare.published_at, links(&bare)).unwrap();
        insta::assert_json_snapshot!(alert);
    }

    #[test]
    fn links_lead_to_web_pages_only() {
        let links = links(&release("1.0.0", 1, true));
        assert_eq!(links.commit.as_deref(), Some("https://github.com/o/r/commit/abc"));
        assert_eq!(links.log.as_deref(), Some("https://search.sigstore.dev/?logIndex=7"));
        assert_eq!(links.run, None);
        let elsewhere = LogEntry { origin: "rekor.example - 1".to_owned(), index: 7 };
        assert_eq!(search_page(&elsewhere), None, "another log has other entries");
    }
}
