//! The signatures of one's own repositories: which entries they are, and the runs that must explain them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};

use crate::{
    detect::{OwnRuns, Told},
    enrich::{ForgeRepository, Forges},
    logwatch::settings::LogSettings,
    model::{Baseline, RunFacts, Trait},
    store::{AllowedBy, LogEntryRow, Store, StoreError},
    watchlist::InUse,
};

/// Most runs that are asked for in one round.
const ROUND: usize = 50;

/// What the forges said of the runs of open entries.
#[derive(Debug, Default)]
struct Answers {
    runs: BTreeMap<String, RunFacts>,
    /// Why a run is not known, by its URL.
    unknown: BTreeMap<String, String>,
}

/// Finds out what explains the signatures of one's own repositories.
#[derive(Debug)]
pub struct OwnEntries {
    pub store: Arc<Store>,
    pub settings: Arc<LogSettings>,
    pub watchlist: Arc<InUse>,
    /// The forges that may be queried, unless that is switched off.
    pub forges: Option<Arc<Forges>>,
    answers: Mutex<Arc<Answers>>,
}

/// What is known about the run behind an entry.
#[derive(Debug)]
pub struct OwnSignature {
    pub runs: OwnRuns,
    answers: Arc<Answers>,
    /// The files of the release workflows, or globs for them. Empty: any.
    pub workflows: Vec<String>,
}

impl OwnSignature {
    /// What the forge said of the run.
    pub fn told(&self, run: Option<&str>) -> Told<'_> {
        let unknown = run.and_then(|run| self.answers.unknown.get(run)).map(String::as_str);
        Told { runs: Some(&self.answers.runs), unknown }
    }
}

impl OwnEntries {
    /// Finds out with these parts.
    pub fn new(
        store: Arc<Store>,
        settings: Arc<LogSettings>,
        watchlist: Arc<InUse>,
        forges: Option<Arc<Forges>>,
    ) -> Self {
        Self { store, settings, watchlist, forges, answers: Mutex::default() }
    }

    /// Whether there is anything to ask forges for.
    pub fn asks(&self) -> bool {
        let has_match = || self.settings.matches.iter().any(|rule| rule.own.is_some());
        self.forges.is_some() && (has_match() || self.watchlist.now().has_own())
    }

    /// Asks the forges for the runs of entries that are still open; again for those that had not ended.
    pub async fn ask(&self, open: &[LogEntryRow]) {
        let Some(forges) = &self.forges else { return };
        let mut answers = Answers { runs: self.results(open), ..Answers::default() };
        let known = answers.runs.len();
        for row in open.iter().filter(|row| self.is_own(row)) {
            let (identity, asked) = (&row.entry.identity, answers.runs.len() - known + answers.unknown.len());
            let Some(run) = identity.claims.run_invocation_uri.as_ref().filter(|_| asked < ROUND) else { continue };
            let Some(place) = ForgeRepository::of_identity(identity).filter(|place| forges.knows(place)) else {
                continue;
            };
            if answers.runs.contains_key(run) {
                continue;
            }
            match forges.run(&place, run).await {
                Ok(facts) => drop(answers.runs.insert(run.clone(), facts)),
                Err(why) => drop(answers.unknown.insert(run.clone(), why)),
            }
        }
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(answers);
    }

    /// The results that an earlier round found, of runs whose entries are still open.
    fn results(&self, open: &[LogEntryRow]) -> BTreeMap<String, RunFacts> {
        let before = Arc::clone(&self.answers.lock().unwrap_or_else(PoisonError::into_inner));
        let runs = open.iter().filter_map(|row| row.entry.identity.claims.run_invocation_uri.as_ref());
        let ended =
            runs.filter_map(|run| before.runs.get_key_value(run)).filter(|(_, facts)| facts.conclusion.is_some());
        ended.map(|(run, facts)| (run.clone(), facts.clone())).collect()
    }

    /// Whether an entry is a signature of one's own repositories. A forged certificate proves nothing about them.
    pub fn is_own(&self, row: &LogEntryRow) -> bool {
        let watchlist = self.watchlist.now();
        let by_package = || row.entry.packages.iter().any(|package| watchlist.is_own(package));
        row.entry.not_issued.is_none() && (by_package() || self.own_matches(row).next().is_some())
    }

    /// What is known of the run behind an entry; `None`: it is not of one's own repositories.
    ///
    /// # Errors
    /// The store failed.
    pub fn signature(
        &self,
        row: &LogEntryRow,
        baselines: &[Baseline],
        now: DateTime<Utc>,
    ) -> Result<Option<OwnSignature>, StoreError> {
        if !self.is_own(row) {
            return Ok(None);
        }
        let run = row.entry.identity.claims.run_invocation_uri.as_deref();
        let wanted =
            AllowedBy { runs: run.into_iter().collect(), digests: digest(row).into_iter().collect(), near: None };
        let runs =
            OwnRuns { allowances: self.store.allowed_by(&wanted)?, window: self.settings.run_window, looked_at: now };
        let answers = Arc::clone(&self.answers.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Some(OwnSignature { runs, answers, workflows: self.workflows(row, baselines) }))
    }

    fn own_matches<'a>(&'a self, row: &'a LogEntryRow) -> impl Iterator<Item = &'a [String]> {
        let found = |name: &String| row.entry.patterns.contains(name);
        let rules = self.settings.matches.iter().filter(move |rule| found(&rule.name));
        rules.filter_map(|rule| rule.own.as_deref())
    }

    /// The known release workflows of the own packages and matches that the entry belongs to.
    fn workflows(&self, row: &LogEntryRow, baselines: &[Baseline]) -> Vec<String> {
        let watchlist = self.watchlist.now();
        let own = baselines.iter().filter(|baseline| watchlist.is_own(&baseline.package));
        let of_packages = own.map(|baseline| {
            let policy = watchlist.policy(&baseline.package).map(|effective| effective.policy.workflows);
            policy.filter(|files| !files.is_empty()).unwrap_or_else(|| built_by(baseline))
        });
        let lists: Vec<Vec<String>> = of_packages.chain(self.own_matches(row).map(<[String]>::to_vec)).collect();
        lists.concat()
    }
}

/// The digest that an entry covers, by its algorithm.
pub fn digest(row: &LogEntryRow) -> Option<(&'static str, &str)> {
    let hex = row.entry.digest.as_deref()?;
    Some((if hex.len() == 128 { "sha512" } else { "sha256" }, hex))
}

/// The workflows that built earlier releases.
fn built_by(baseline: &Baseline) -> Vec<String> {
    let words = baseline.lines.values().flat_map(|line| line.words(Trait::Workflows));
    words.map(|(file, _)| file.to_owned()).collect()
}
