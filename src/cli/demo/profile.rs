//! Summarises a baseline in two lines for the demo.

use crate::{
    model::{
        Baseline, EvidenceRank, LineBaseline, Trait,
        traits::{EvidenceRanks, Issuers},
    },
    text::day,
};

/// The baseline of a package in two lines: how much was learned, and the usual values.
pub(super) fn profile(baseline: &Baseline) -> Vec<String> {
    let Some(line) = baseline.lines.values().max_by_key(|line| line.last_at) else {
        return vec!["nothing learned".to_owned()];
    };
    [Some(learned(line)), usual(line)].into_iter().flatten().collect()
}

fn learned(line: &LineBaseline) -> String {
    let since = line.first_at.map(|first| format!(" since {}", day(first))).unwrap_or_default();
    let trusted = line.tally(EvidenceRanks).get(EvidenceRank::TrustedPublisher).map_or(0, |seen| seen.count);
    let verified = line.tally(Issuers).total();
    let attested = if verified == 0 { String::new() } else { format!(", {verified} verified") };
    format!("{} releases{since}, {trusted} by trusted publishing{attested}", line.releases)
}

/// The most frequent workflow, ref and environment, if certificates name any.
fn usual(line: &LineBaseline) -> Option<String> {
    let workflow = most_frequent(line, Trait::Workflows)?.rsplit('/').next()?;
    let reference = most_frequent(line, Trait::Refs).map(|kind| format!(" from a {kind}"));
    let environment = most_frequent(line, Trait::Environments)
        .filter(|name| !name.is_empty())
        .map(|name| format!(", environment {name}"));
    let rest: String = [reference, environment].into_iter().flatten().collect();
    Some(format!("usually {workflow}{rest}"))
}

fn most_frequent(line: &LineBaseline, of: Trait) -> Option<&str> {
    line.words(of).into_iter().max_by_key(|(_, seen)| seen.count).map(|(value, _)| value)
}
