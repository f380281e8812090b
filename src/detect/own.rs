//! What explains a release or a signature of one's own repositories: a run of one's own release workflow.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{Allowance, RunFacts, fits, names_run},
    text::{quoted, span},
};

/// Longest result of a run that a sentence quotes, in characters, and longest name.
const RESULT: usize = 40;
const QUOTED: usize = 120;

const OTHER_FILES: &str = "files that the run was not allowed to publish";

/// What is known of the runs that may explain releases and signatures of one's own repositories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnRuns {
    /// What the CI allowed: by the run, by a digest, or for the package at about that time.
    pub allowances: Vec<Allowance>,
    /// For how long a run under way explains something.
    pub window: TimeDelta,
    /// When all this was looked up.
    pub looked_at: DateTime<Utc>,
}

/// Whether a run explains a release or a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Explanation {
    /// It does.
    Run,
    /// A run may still do so until then: it is under way, or its result is not known yet.
    Awaited(DateTime<Utc>),
    /// None does; the text says what there is instead.
    Nothing(String),
}

/// What a forge says of the runs.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The runs, by URL; `None`: it did not say.
    pub runs: Option<&'a BTreeMap<String, RunFacts>>,
    /// Why it did not say.
    pub unknown: Option<&'a str>,
}

impl Explanation {
    /// The larger, the less it explains.
    pub(super) fn weight(&self) -> u8 {
        match self {
            Self::Run => 0,
            Self::Awaited(_) => 1,
            Self::Nothing(_) => 2,
        }
    }
}

impl OwnRuns {
    /// Whether the CI allowed a file, given by all its known digests.
    pub fn allows_file(&self, digests: &[(&str, &str)]) -> bool {
        digests.iter().any(|(algorithm, hex)| self.allowances.iter().any(|allowance| allowance.has(algorithm, hex)))
    }

    /// Whether a run explains a release with a certificate, whose files the CI did not allow.
    pub fn explains(&self, run: &str, told: Told<'_>, at: DateTime<Utc>) -> Explanation {
        if self.is_for_other_files(run) {
            return Explanation::Nothing(OTHER_FILES.to_owned());
        }
        self.explains_signature(run, told, at)
    }

    /// Whether a run explains a signature. Most signatures are over an attestation, whose digest the CI does not know: a run
    /// that the CI named with its files is one that it vouches for.
    pub fn explains_signature(&self, run: &str, told: Told<'_>, at: DateTime<Utc>) -> Explanation {
        let allowing = self.allowances.iter().rev().find(|allowance| allowance.names(run));
        let known = told.runs.and_then(|runs| runs.iter().find(|(url, _)| names_run(run, url)));
        match (known, allowing) {
            (Some((_, facts)), _) => self.of_run(facts, at),
            (None, Some(allowance)) if !allowance.digests.is_empty() => Explanation::Run,
            (None, Some(allowance)) => self.awaited(allowance.at.max(at), "a run that the CI did not end"),
            (None, None) => {
                let why = told.unknown.unwrap_or("no forge is asked, and the CI did not allow it");
                self.awaited(at, &format!("a run whose result is not known ({why})"))
            }
        }
    }

    fn is_for_other_files(&self, run: &str) -> bool {
        self.allowances.iter().any(|allowance| !allowance.digests.is_empty() && allowance.names(run))
    }

    /// Whether any run explains a file without a certificate, which names no run, and which the CI did not allow.
    pub fn explains_bare(&self, told: Told<'_>, at: DateTime<Utc>) -> Explanation {
        let runs = told.runs.into_iter().flatten().filter(|(_, run)| run.was_under_way(at));
        let other_files = || Explanation::Nothing(OTHER_FILES.to_owned());
        let explained =
            runs.map(|(url, run)| if self.is_for_other_files(url) { other_files() } else { self.of_run(run, at) });
        let best = explained.min_by_key(Explanation::weight);
        let near = |allowance: &&Allowance| {
            allowance.package.is_some() && allowance.digests.is_empty() && (allowance.at - at).abs() <= self.window
        };
        match (best, self.allowances.iter().rev().find(near)) {
            (Some(best @ (Explanation::Run | Explanation::Awaited(_))), _) => best,
            (_, Some(allowance)) => self.awaited(allowance.at, "a run that the CI did not end"),
            (Some(nothing), None) => nothing,
            (None, None) => match told.unknown {
                Some(why) => self.awaited(at, &format!("no known run ({why})")),
                None if told.runs.is_some() => Explanation::Nothing("no run at that time".to_owned()),
                None => Explanation::Nothing("no run: no forge is asked, and the CI allowed none".to_owned()),
            },
        }
    }

    fn of_run(&self, run: &RunFacts, at: DateTime<Utc>) -> Explanation {
        match run.conclusion.as_deref() {
            Some("success") => Explanation::Run,
            Some("gone") => Explanation::Nothing("a run that the forge does not have".to_owned()),
            Some(other) => Explanation::Nothing(format!("a run that ended with {}", quoted(other, RESULT))),
            None => self.awaited(at, "a run that has not ended"),
        }
    }

    /// Nothing yet, and after the window nothing at all.
    fn awaited(&self, since: DateTime<Utc>, what: &str) -> Explanation {
        let until = since + self.window;
        if self.looked_at < until {
            Explanation::Awaited(until)
        } else {
            Explanation::Nothing(format!("{what} within {}", span(self.window)))
        }
    }
}

/// The expected thing, in words: a run of these files, or globs for them. Empty: any.
pub(super) fn a_run_of(workflows: &[String]) -> String {
    if workflows.is_empty() {
        return "a successful run of your release workflow".to_owned();
    }
    let files: Vec<String> = workflows.iter().map(|file| quote(file)).collect();
    format!("a successful run of {}", files.join(" or "))
}

/// What there is in place of a run of the release workflow, if another workflow ran.
pub(super) fn other_workflow(workflows: &[String], file: Option<&str>) -> Option<Explanation> {
    let is_it = |file: &&str| workflows.is_empty() || workflows.iter().any(|glob| fits(glob, file));
    let other = file.filter(|file| !is_it(file))?;
    Some(Explanation::Nothing(format!("a run of another workflow, {}", quote(other))))
}

fn quote(text: &str) -> String {
    quoted(text, QUOTED)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RUN: &str = "https://github.com/acme/widget/actions/runs/7/attempts/1";

    fn time(minute: i64) -> DateTime<Utc> {
        "2026-06-01T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
    }

    fn own(minute: i64, allowances: &serde_json::Value) -> OwnRuns {
        let allowances = serde_json::from_value(allowances.clone()).unwrap();
        OwnRuns { allowances, window: TimeDelta::hours(2), looked_at: time(minute) }
    }

    fn allowance(run: &str, digests: &[String], package: Option<&str>, minute: i64) -> serde_json::Value {
        json!([{"id": 1, "run": run, "digests": digests, "package": package, "at": time(minute), "by": "ci"}])
    }

    fn runs(conclusion: &serde_json::Value) -> BTreeMap<String, RunFacts> {
        serde_json::from_value(json!({RUN: {"conclusion": conclusion}})).unwrap()
    }

    fn told(runs: Option<&BTreeMap<String, RunFacts>>) -> Told<'_> {
        Told { runs, unknown: None }
    }

    /// `run`, `waits`, or what there is instead.
    fn word(explanation: Explanation) -> String {
        match explanation {
            Explanation::Run => "run".to_owned(),
            Explanation::Awaited(_) => "waits".to_owned(),
            Explanation::Nothing(text) => text,
        }
    }

    #[test]
    fn the_result_of_the_run_decides() {
        for (conclusion, minute, expected) in [
            (json!("success"), 0, "run"),
            (json!("success"), 600, "run"),
            (json!(null), 119, "waits"),
            (json!(null), 120, "a run that has not ended within 2 h"),
            (json!("failure"), 0, "a run that ended with failure"),
            (json!("cancelled"), 0, "a run that ended with cancelled"),
            (json!("action_required"), 0, "a run that ended with action_required"),
            (json!("gone"), 0, "a run that the forge does not have"),
        ] {
            let (own, runs) = (own(minute, &json!([])), runs(&conclusion));
            assert_eq!(word(own.explains(RUN, told(Some(&runs)), time(0))), expected, "{conclusion} {minute}");
            assert_eq!(word(own.explains_bare(told(Some(&runs)), time(0))), expected, "{conclusion} {minute}");
        }
    }

    #[test]
    fn of_several_runs_without_a_certificate_the_best_counts() {
        let own = own(0, &json!([]));
        let mut both = runs(&json!("failure"));
        both.insert("https://github.com/acme/widget/actions/runs/8".to_owned(), RunFacts::default());
        assert_eq!(word(own.explains_bare(told(Some(&both)), time(0))), "waits");
    }

    #[test]
    fn a_file_that_comes_later_needs_a_run_of_its_own() {
        let run = json!({RUN: {"conclusion": "success", "created_at": time(-10), "ended_at": time(2)}});
        let runs: BTreeMap<String, RunFacts> = serde_json::from_value(run).unwrap();
        let own = own(0, &json!([]));
        for (minute, expected) in [(0, "run"), (7, "run"), (8, "no run at that time"), (-16, "no run at that time")] {
            assert_eq!(word(own.explains_bare(told(Some(&runs)), time(minute))), expected, "{minute}");
        }
    }

    #[test]
    fn without_a_certificate_no_run_is_told_at_once_and_an_unknown_one_after_the_window() {
        let none = BTreeMap::new();
        let silent = Told { runs: None, unknown: Some("it does not answer") };
        for (told, minute, expected) in [
            (told(Some(&none)), 0, "no run at that time"),
            (told(None), 0, "no run: no forge is asked, and the CI allowed none"),
            (silent, 0, "waits"),
            (silent, 120, "no known run (it does not answer) within 2 h"),
        ] {
            assert_eq!(word(own(minute, &json!([])).explains_bare(told, time(0))), expected, "{minute}");
        }
    }

    #[test]
    fn a_run_that_the_ci_allowed_is_under_way_for_two_hours() {
        let other_run = "https://github.com/acme/widget/actions/runs/8";
        for (run, minute, expected) in [
            (RUN, 119, "waits"),
            ("https://GitHub.com/acme/Widget/actions/runs/7/", 119, "waits"),
            (RUN, 131, "a run that the CI did not end within 2 h"),
            (other_run, 119, "waits"),
            (
                other_run,
                131,
                "a run whose result is not known (no forge is asked, and the CI did not allow it) within 2 h",
            ),
        ] {
            let own = own(minute, &allowance(run, &[], None, 10));
            assert_eq!(word(own.explains(RUN, told(None), time(0))), expected, "{run} {minute}");
        }
        for (package, posted, expected) in [
            (Some("pkg:npm/widget"), 119, "waits"),
            (Some("pkg:npm/widget"), -119, "waits"),
            (Some("pkg:npm/widget"), -121, "no run at that time"),
            (None, 0, "no run at that time"),
        ] {
            let own = own(0, &allowance(RUN, &[], package, posted));
            assert_eq!(
                word(own.explains_bare(told(Some(&BTreeMap::new())), time(0))),
                expected,
                "{package:?} {posted}"
            );
        }
    }

    #[test]
    fn an_allowed_run_publishes_no_other_files() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let own = own(0, &allowance(RUN, std::slice::from_ref(&digest), None, 0));
        assert!(own.allows_file(&[("sha512", "00"), ("sha256", &"AB".repeat(32))]));
        assert!(!own.allows_file(&[("sha512", &"ab".repeat(32)), ("sha256", "00")]));
        assert!(!own.allows_file(&[]));
        let success = runs(&json!("success"));
        let expected = "files that the run was not allowed to publish";
        assert_eq!(word(own.explains(RUN, told(Some(&success)), time(0))), expected);
        assert_eq!(word(own.explains_bare(told(Some(&success)), time(0))), expected);
        assert_eq!(
            word(own.explains_signature(RUN, told(None), time(600))),
            "run",
            "an attestation has another digest"
        );
        let failure = runs(&json!("failure"));
        let signature = own.explains_signature(RUN, told(Some(&failure)), time(0));
        assert_eq!(word(signature), "a run that ended with failure");
    }
}
