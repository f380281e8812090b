//! Detects logs that stop growing, as a log does that hides its growth from this observer.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{log_list::LogList, report::ViolationReporter, settings::LogSettings, shown::Shown};
use crate::{
    clock::past,
    store::{LogRow, LogState, StoreError},
    text::minute_utc,
    tlog::{LogViolation, Tree},
};

/// Detects that a log does not grow.
#[derive(Debug)]
pub struct Standing {
    pub settings: Arc<LogSettings>,
    pub list: Arc<LogList>,
    pub reporter: Arc<ViolationReporter>,
}

impl Standing {
    /// Reports a log whose checkpoint has been the same for too long, and clears the violation when it grows again. A
    /// log that cannot be read is not judged.
    ///
    /// # Errors
    /// The store failed.
    pub fn check(&self, row: &LogRow, now: DateTime<Utc>) -> Result<(), StoreError> {
        let (Some(kept), Some(followed)) = (&row.checkpoint, self.list.of_tree(&row.name)) else { return Ok(()) };
        let tree = Tree { name: row.name.clone(), id: None, offset: row.offset, active: true };
        if past(Some(kept.seen_at), now).is_some_and(|seen| now - seen <= self.settings.stale_after) {
            return self.reporter.resolve_violation(&tree, LogViolation::Stale, "the log grew", now);
        }
        // Both times are times of the log's own answers: the uptime and the poll interval of this process do not
        // matter.
        let is_still = kept.last_seen_at - kept.seen_at > self.settings.stale_after;
        if !is_still || row.standing != LogState::Active || row.failing_since.is_some() {
            return Ok(());
        }
        let Ok(signed) = followed.log.signer().verify(kept.note.as_bytes()) else { return Ok(()) };
        let statement = format!(
            "the checkpoint of {tree} has been the same, of {} entries, since {}: either the log gets no entries, \
             or this host is shown an old copy ([logs] stale_after says how long that may last)",
            kept.size,
            minute_utc(kept.seen_at),
        );
        let evidence =
            Shown { followed: &followed, tree: &tree, signed: &signed, now }.evidence(LogViolation::Stale, statement);
        self.reporter.report(&tree, &evidence.signed(&[&signed]), now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::logwatch::{audit::Auditor, lab::Lab};

    #[tokio::test]
    async fn a_log_that_stands_still_is_accused_until_it_grows() {
        let lab = Lab::new();
        let auditor = Auditor { store: Arc::clone(&lab.parts.store), reporter: lab.reporter() };
        let (settings, list) = (Arc::clone(&lab.parts.settings), lab.parts.listing().list);
        let standing = Standing { settings, list, reporter: lab.reporter() };
        lab.log.grow(3, "one");
        for (hours, size, expected) in [(0, 3, None), (5, 3, None), (2, 3, Some("log.example has stopped growing"))] {
            lab.clock.advance(Duration::from_hours(hours));
            lab.log.grow(size, "one");
            assert!(auditor.audit(lab.look().await.shown()).await.unwrap());
            standing.check(&lab.row(), lab.now()).unwrap();
            assert_eq!(lab.told.take(), expected.into_iter().collect::<Vec<_>>(), "after {hours} more hours");
        }
        assert_eq!(lab.parts.store.open_troubles(crate::model::Severity::Info, 9).unwrap().len(), 1);
        lab.log.grow(4, "one");
        assert!(auditor.audit(lab.look().await.shown()).await.unwrap());
        standing.check(&lab.row(), lab.now()).unwrap();
        assert!(lab.parts.store.open_troubles(crate::model::Severity::Info, 9).unwrap().is_empty());
    }
}
