//! Detects a run that was started by an account that never started a run of the package.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::{
    detect::{About, Change, Detector, Difference, SignalCategory, comparison::quote, support},
    model::{Confidence, LineBaseline, Seen, Severity, Signal, Trait, traits::Actors},
    text::counted,
};

/// A run by an account that is new to the package.
pub struct RunActorNew;

static ABOUT: About = About {
    id: "run-actor-new",
    title: "Built by a run that a new account started",
    harmless: None,
    category: SignalCategory::Account,
    severity: Severity::Low,
    confidence: Confidence::Low,
    since: "0.1.0",
    docs: DOCS,
};

const DOCS: &str = "### What it detects
A verified build by a run that a forge account started, where this account has started none of the package's earlier runs on any line. provwatch must have seen at least five runs, and at least three for each account that started some. An account becomes known seven days after its first run. The signal is low and only corroborates others. Its category is account, so that a new maintainer's first release with one other small deviation stays low. The fact needs a forge token.

### Why it matters
An attacker who gets write access to a repository, for example after a transfer, starts runs from an account of their own.

### False positives
A new maintainer, and an account with a new name: the forge states the name only. Many people who start runs in turn raise no signal, because their number is large beside the number of runs. An account of an app, whose name ends with `[bot]`, raises no signal as the new one: it does not show which person acted.

### What to do
Check who gave the account write access to the repository, and when.

### Example incident
No public incident with this signal alone. A repository that is sold or transferred is the case it is for: the new owner starts the next run.";

/// So many runs show which accounts start them.
const ENOUGH: u32 = 5;

/// So many runs for each account show that the accounts have settled.
const RUNS_PER_ACCOUNT: u32 = 3;

/// The end of the names of apps at GitHub.
const APP: &str = "[bot]";

impl Detector for RunActorNew {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, change: &Change<'_>) -> Vec<Signal> {
        found(change).into_iter().collect()
    }
}

fn found(change: &Change<'_>) -> Option<Signal> {
    let actor = change.release.facts.run.as_ref()?.actor.as_deref()?;
    if change.traits.is_empty()
        || actor.ends_with(APP)
        || change.package.lines.values().any(|line| change.knows(line, Actors, actor))
    {
        return None;
    }
    let known = Known::of(change.package.lines.values(), actor).filter(Known::has_settled)?;
    let evidence = Difference {
        expected: known.usual(),
        seen: quote(actor),
        since: Some(known.since),
        why: "An attacker with write access to a repository starts runs from an account of their own.",
    };
    Some(support(&ABOUT, Severity::Low, evidence))
}

/// The accounts that started the package's runs, with the number of their runs.
struct Known<'a> {
    runs: BTreeMap<&'a str, u32>,
    since: DateTime<Utc>,
}

impl<'a> Known<'a> {
    /// All of them, without the account in question: what has not settled yet does not count.
    fn of(lines: impl Iterator<Item = &'a LineBaseline>, actor: &str) -> Option<Self> {
        let all = lines.flat_map(|line| line.words(Trait::Actors));
        let others: Vec<(&str, &Seen)> = all.filter(|(name, _)| *name != actor).collect();
        let since = others.iter().map(|(_, seen)| seen.first).min()?;
        let mut runs = BTreeMap::<_, u32>::new();
        for (name, seen) in others {
            let count = runs.entry(name).or_default();
            *count = count.saturating_add(seen.count);
        }
        Some(Self { runs, since })
    }

    fn total(&self) -> u32 {
        self.runs.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Whether few accounts start many runs.
    fn has_settled(&self) -> bool {
        let accounts = u32::try_from(self.runs.len()).unwrap_or(u32::MAX);
        self.total() >= ENOUGH.max(accounts.saturating_mul(RUNS_PER_ACCOUNT))
    }

    /// The account with the most runs, and the number of the others.
    fn usual(&self) -> String {
        let most = self.runs.iter().max_by_key(|(_, count)| **count);
        let most =
            most.map_or_else(String::new, |(name, count)| format!("{} ({count} of {})", quote(name), self.total()));
        match self.runs.len() {
            0 | 1 => most,
            more => format!("{most} and {}", counted(more - 1, "other")),
        }
    }
}
