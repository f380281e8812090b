use crate::{
    model::{Baseline, EvidenceRank, LineBaseline, Tally},
    text::day,
};

/// What is normal for a package, in two lines: how much was learned, and what is usual.
pub(super) fn portrait(baseline: &Baseline) -> Vec<String> {
    let Some(line) = baseline.lines.values().max_by_key(|line| line.last_at) else {
        return vec!["nothing learned".to_owned()];
    };
    [Some(learned(line)), usual(line)].into_iter().flatten().collect()
}

fn learned(line: &LineBaseline) -> String {
    let since = line.first_at.map(|first| format!(" since {}", day(first))).unwrap_or_default();
    let trusted = line.evidence.get(&EvidenceRank::TrustedPublisher).map_or(0, |seen| seen.count);
    let verified: u32 = line.issuers.values().map(|seen| seen.count).sum();
    let attested = if verified == 0 { String::new() } else { format!(", {verified} verified") };
    format!("{} releases{since}, {trusted} by trusted publishing{attested}", line.releases)
}

/// The most frequent workflow, ref and environment, where certificates told any.
fn usual(line: &LineBaseline) -> Option<String> {
    let workflow = most_frequent(&line.workflows)?.rsplit('/').next()?;
    let reference = most_frequent(&line.refs).map(|kind| format!(" from a {kind}"));
    let environment =
        most_frequent(&line.environments).filter(|name| !name.is_empty()).map(|name| format!(", environment {name}"));
    let rest: String = [reference, environment].into_iter().flatten().collect();
    Some(format!("usually {workflow}{rest}"))
}

fn most_frequent(tally: &Tally<String>) -> Option<&str> {
    tally.iter().max_by_key(|(_, seen)| seen.count).map(|(value, _)| value.as_str())
}
