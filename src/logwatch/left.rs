//! Tracks the followed logs, and the logs that are no longer followed with the reason.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Utc};

use super::{log_list::LogList, settings::LogSettings};
use crate::{
    health::{Facts, LeftBy, LeftLog},
    store::{LogRow, LogState, Store, StoreError},
    tlog::key_id,
    upkeep::TrustKeeper,
};

/// Knows the followed logs, and the logs that are no longer followed.
#[derive(Debug)]
pub struct Departures {
    pub store: Arc<Store>,
    pub trust: Arc<TrustKeeper>,
    pub settings: Arc<LogSettings>,
    pub list: Arc<LogList>,
}

impl Departures {
    /// The health facts about logs, given the facts before. Without a trust root, no change is known.
    ///
    /// # Errors
    /// The store failed.
    pub fn facts(&self, followed: &[LogRow], before: Facts, now: DateTime<Utc>) -> Result<Facts, StoreError> {
        if !self.trust.is_ready() && before.logs.is_some() {
            return Ok(before);
        }
        let names: BTreeSet<&str> = followed.iter().map(|row| &*row.name).collect();
        let once = before.logs.iter().flatten().chain(before.left_logs.iter().map(|log| &log.name));
        let gone: BTreeSet<&str> = once.map(String::as_str).filter(|name| !names.contains(name)).collect();
        let mut left_logs = Vec::new();
        // As a rule no log is gone, and the store need not be read.
        for row in if gone.is_empty() { Vec::new() } else { self.store.logs()? } {
            let is_read = row.tail.is_some() || row.checkpoint.is_some();
            if !is_read || row.standing == LogState::Drained || !gone.contains(&*row.name) {
                continue;
            }
            let known = before.left_logs.iter().find(|log| log.name == row.name);
            let Some(by) = known.map(|log| log.by).or_else(|| self.left_by(&row, &before, now)) else { continue };
            left_logs.push(LeftLog { since: known.map_or(now, |log| log.since.min(now)), name: row.name, by });
        }
        let all = self.list.followed();
        let is_configured =
            |name: &&str| all.iter().find(|log| log.has_tree(name)).is_some_and(|log| log.is_configured());
        let configured_logs = names.iter().copied().filter(is_configured).map(str::to_owned).collect();
        let logs = Some(followed.iter().map(|row| row.name.clone()).collect());
        Ok(Facts { logs, configured_logs, left_logs, ..Facts::default() })
    }

    /// The logs that are followed and still read.
    ///
    /// # Errors
    /// The store failed.
    pub fn followed_rows(&self) -> Result<Vec<LogRow>, StoreError> {
        if !self.settings.enabled {
            return Ok(Vec::new());
        }
        let (mut rows, logs) = (self.store.logs()?, self.list.followed());
        let is_followed = |row: &LogRow| logs.iter().any(|log| log.has_tree(&row.name));
        rows.retain(|row| row.standing != LogState::Drained && is_followed(row));
        Ok(rows)
    }

    /// `None`: the trust root still names it; that it is not followed is another finding.
    fn left_by(&self, row: &LogRow, before: &Facts, now: DateTime<Utc>) -> Option<LeftBy> {
        if !self.settings.follows_trust_root() || before.configured_logs.contains(&row.name) {
            return Some(LeftBy::Operator);
        }
        let of_root = self.trust.verifier().trusted_logs();
        let named = of_root.iter().find(|log| key_id(&log.spki) == row.key_id);
        let is_over = named.and_then(|log| log.until).is_some_and(|until| until <= now);
        match (is_over || row.standing == LogState::Retired, named) {
            (true, _) => Some(LeftBy::Retired),
            (false, Some(_)) => None,
            (false, None) => Some(LeftBy::TrustRoot),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logwatch::{audit::Auditor, lab::Lab};

    fn departures(lab: &Lab) -> Departures {
        Departures {
            store: Arc::clone(&lab.parts.store),
            trust: Arc::clone(&lab.parts.trust),
            settings: Arc::clone(&lab.parts.settings),
            list: lab.parts.listing().list,
        }
    }

    #[tokio::test]
    async fn a_log_that_was_read_and_is_taken_out_was_left_by_the_operator() {
        let lab = Lab::new();
        lab.log.grow(3, "one");
        let auditor = Auditor { store: Arc::clone(&lab.parts.store), reporter: lab.reporter() };
        assert!(auditor.audit(lab.look().await.shown()).await.unwrap());
        let before = departures(&lab);
        let rows = before.followed_rows().unwrap();
        let facts = before.facts(&rows, Facts::default(), lab.now()).unwrap();
        assert_eq!((facts.logs.as_ref().unwrap().len(), facts.configured_logs.len()), (1, 1));
        assert!(facts.left_logs.is_empty());
        let none = Arc::new(LogSettings { instances: Vec::new(), trust_root: false, ..LogSettings::default() });
        let list = lab.parts.listing().list;
        let list = Arc::new(LogList {
            settings: Arc::clone(&none),
            maker: Arc::clone(&list.maker),
            trusted: Arc::clone(&list.trusted),
        });
        let after = Departures { settings: none, list, ..before };
        assert!(after.followed_rows().unwrap().is_empty());
        let facts = after.facts(&[], facts, lab.now()).unwrap();
        let expected = LeftLog { name: "log.example".to_owned(), since: lab.now(), by: LeftBy::Operator };
        assert_eq!(facts.left_logs, [expected]);
    }
}
