//! The alerts of a simulated week and their delays.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, TimeDelta, Utc};
use provwatch::{model::Severity, store::Store};
use serde_json::Value;

use super::{Misbehaviour, Shape, Since, Stage, stage::Takeover, transport::Receipt};

/// A takeover, and what became of it.
#[derive(Debug)]
pub struct Case {
    pub purl: String,
    pub shape: &'static Shape,
    pub during: &'static Misbehaviour,
    /// How long after it counted it was told, and as how bad. None: it was not.
    pub told: Option<(TimeDelta, Severity)>,
}

/// The week, looked back on.
#[derive(Debug)]
pub struct Report {
    pub cases: Vec<Case>,
    /// Honest releases that were told as critical.
    pub slandered: Vec<String>,
    /// Honest releases that the daemon does not know at the end of the week.
    pub unseen: Vec<String>,
    /// Why the daemon died, each time.
    pub deaths: Vec<String>,
    receipts: usize,
}

impl Report {
    pub fn of(stage: &Stage, deaths: Vec<String>) -> Self {
        let receipts = stage.net.receipts();
        let takeovers = stage.takeovers.borrow();
        let cases: Vec<Case> = takeovers.iter().map(|takeover| case(stage, takeover, &receipts)).collect();
        let slandered = critical(&receipts).into_iter().filter(|purl| cases.iter().all(|case| case.purl != *purl));
        Self { slandered: slandered.collect(), unseen: unseen(stage, &cases), cases, deaths, receipts: receipts.len() }
    }

    /// Whether a takeover since then is not told yet.
    pub fn untold_since(stage: &Stage, since: DateTime<Utc>) -> bool {
        let receipts = stage.net.receipts();
        let takeovers = stage.takeovers.borrow();
        takeovers.iter().rev().take_while(|one| one.at >= since).any(|one| first_told(one, &receipts).is_none())
    }

    /// The takeovers that were not told at all.
    pub fn untold(&self) -> impl Iterator<Item = &Case> {
        self.cases.iter().filter(|case| case.told.is_none())
    }

    /// The takeovers that were told too late.
    pub fn late(&self) -> impl Iterator<Item = &Case> {
        self.cases.iter().filter(|case| case.told.is_some_and(|(delay, _)| delay.num_seconds() > case.during.within))
    }

    /// The takeovers that were told as less than they are.
    pub fn belittled(&self) -> impl Iterator<Item = &Case> {
        self.cases.iter().filter(|case| case.told.is_some_and(|(_, severity)| severity < case.shape.least))
    }
}

fn case(stage: &Stage, takeover: &Takeover, receipts: &[Receipt]) -> Case {
    let since = match takeover.during.since {
        Since::Release => takeover.at,
        Since::Answer => stage.net.shown(&takeover.package, &takeover.version).unwrap_or(takeover.at),
        Since::End => takeover.cleared.unwrap_or(takeover.at).max(takeover.at),
    };
    let told = first_told(takeover, receipts);
    Case {
        purl: purl(takeover),
        shape: takeover.shape,
        during: takeover.during,
        told: told.map(|receipt| ((receipt.at - since).max(TimeDelta::zero()), severity(&receipt.alert))),
    }
}

fn purl(takeover: &Takeover) -> String {
    takeover.package.at(takeover.version.clone()).to_string()
}

/// What told of a takeover first: its own alert, or one about a campaign that it is part of.
fn first_told<'a>(takeover: &Takeover, receipts: &'a [Receipt]) -> Option<&'a Receipt> {
    let purl = purl(takeover);
    let names = |alert: &Value| {
        let members = alert["members"].as_array().into_iter().flatten();
        alert["purl"] == *purl || members.into_iter().any(|member| *member == *purl)
    };
    receipts.iter().find(|receipt| receipt.receiver == "healthy" && names(&receipt.alert))
}

fn severity(alert: &Value) -> Severity {
    serde_json::from_value(alert["severity"].clone()).unwrap()
}

/// What was published and is not stored, but for what was taken over, which may be withdrawn.
fn unseen(stage: &Stage, cases: &[Case]) -> Vec<String> {
    let store = Store::open_read_only(&stage.store).unwrap();
    let known = |purl: &str| store.release(&purl.parse().unwrap()).unwrap().is_some();
    let watched = |purl: &str| stage.packages.iter().any(|package| purl.starts_with(&format!("{package}@")));
    let published = stage.world().published().into_keys().filter(|purl| watched(purl));
    published.filter(|purl| cases.iter().all(|case| case.purl != *purl) && !known(purl)).collect()
}

/// Everything that was told as critical.
fn critical(receipts: &[Receipt]) -> Vec<String> {
    let critical = receipts.iter().filter(|receipt| severity(&receipt.alert) == Severity::Critical);
    let mut purls: Vec<String> = critical.filter_map(|one| one.alert["purl"].as_str().map(str::to_owned)).collect();
    purls.sort();
    purls.dedup();
    purls
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}) during {:?}: ", self.purl, self.shape.name, self.during.name)?;
        match self.told {
            None => f.write_str("not told"),
            Some((delay, severity)) => write!(f, "told after {} s as {severity}", delay.num_seconds()),
        }
    }
}

/// A line for every misbehaviour: how many takeovers, how many of them were told, the median and the worst delay.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut by_misbehaviour: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
        for case in &self.cases {
            by_misbehaviour.entry(case.during.name).or_default().push(case);
        }
        writeln!(
            f,
            "{:<58} {:>6} {:>5} {:>7} {:>7} {:>7}",
            "told within … while", "of", "told", "median", "worst", "promise"
        )?;
        for (name, cases) in by_misbehaviour {
            line(f, name, &cases, &cases[0].during.within.to_string())?;
        }
        line(f, "all", &self.cases.iter().collect::<Vec<_>>(), "")?;
        writeln!(f, "{} messages, {} deaths of the daemon", self.receipts, self.deaths.len())
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, cases: &[&Case], promise: &str) -> fmt::Result {
    let mut delays: Vec<i64> = cases.iter().filter_map(|case| Some(case.told?.0.num_seconds())).collect();
    delays.sort_unstable();
    let shown = |delay: Option<&i64>| delay.map_or("never".to_owned(), |delay| format!("{delay} s"));
    let worst = if delays.len() < cases.len() { None } else { delays.last() };
    let median = shown(delays.get(delays.len() / 2));
    writeln!(f, "{name:<58} {:>6} {:>5} {median:>7} {:>7} {promise:>7}", cases.len(), delays.len(), shown(worst))
}
