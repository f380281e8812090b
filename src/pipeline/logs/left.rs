//! Which logs are followed, which were before and no longer are, and whose doing that is.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::{
    health::{Facts, LeftBy, LeftLog},
    pipeline::{Pipeline, PipelineError},
    store::{LogRow, LogStanding},
    tlog::key_id,
};

/// What the facts say of logs, after what they said before. Until there is a trust root, nothing is known to have changed.
pub(in crate::pipeline) fn logs_of(
    pipeline: &Pipeline,
    followed: &[LogRow],
    before: Facts,
    now: DateTime<Utc>,
) -> Result<Facts, PipelineError> {
    if !pipeline.trust.is_ready() && before.logs.is_some() {
        return Ok(before);
    }
    let names: BTreeSet<&str> = followed.iter().map(|row| &*row.name).collect();
    let once = before.logs.iter().flatten().chain(before.left_logs.iter().map(|log| &log.name));
    let gone: BTreeSet<&str> = once.map(String::as_str).filter(|name| !names.contains(name)).collect();
    let mut left_logs = Vec::new();
    // As a rule none is gone, and the store need not be asked.
    for row in if gone.is_empty() { Vec::new() } else { pipeline.store.logs()? } {
        let is_read = row.tail.is_some() || row.checkpoint.is_some();
        if !is_read || row.standing == LogStanding::Drained || !gone.contains(&*row.name) {
            continue;
        }
        let known = before.left_logs.iter().find(|log| log.name == row.name);
        let Some(by) = known.map(|log| log.by).or_else(|| pipeline.left_by(&row, &before, now)) else { continue };
        left_logs.push(LeftLog { since: known.map_or(now, |log| log.since.min(now)), name: row.name, by });
    }
    let all = pipeline.followed_logs();
    let is_configured = |name: &&str| all.iter().find(|log| log.has_tree(name)).is_some_and(|log| log.is_configured());
    let configured_logs = names.iter().copied().filter(is_configured).map(str::to_owned).collect();
    let logs = Some(followed.iter().map(|row| row.name.clone()).collect());
    Ok(Facts { logs, configured_logs, left_logs, ..Facts::default() })
}

impl Pipeline {
    /// The logs that are followed and still read.
    pub(in crate::pipeline) fn followed_rows(&self) -> Result<Vec<LogRow>, PipelineError> {
        if !self.logs.enabled {
            return Ok(Vec::new());
        }
        let (mut rows, logs) = (self.store.logs()?, self.followed_logs());
        let is_followed = |row: &LogRow| logs.iter().any(|log| log.has_tree(&row.name));
        rows.retain(|row| row.standing != LogStanding::Drained && is_followed(row));
        Ok(rows)
    }

    /// `None`: the trust root names it still; that it is not followed is another finding.
    fn left_by(&self, row: &LogRow, before: &Facts, now: DateTime<Utc>) -> Option<LeftBy> {
        if !self.logs.follows_trust_root() || before.configured_logs.contains(&row.name) {
            return Some(LeftBy::Operator);
        }
        let of_root = self.trust.verifier().trusted_logs();
        let named = of_root.iter().find(|log| key_id(&log.spki) == row.key_id);
        let is_over = named.and_then(|log| log.until).is_some_and(|until| until <= now);
        match (is_over || row.standing == LogStanding::Retired, named) {
            (true, _) => Some(LeftBy::Retired),
            (false, Some(_)) => None,
            (false, None) => Some(LeftBy::TrustRoot),
        }
    }
}
