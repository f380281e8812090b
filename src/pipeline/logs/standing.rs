//! Logs that stand still though they should grow: a log that everybody but us is shown would look like this.

use chrono::{DateTime, Utc};

use crate::{
    clock::past,
    pipeline::{Pipeline, PipelineError},
    store::{LogRow, LogStanding},
    text::minute_utc,
    tlog::{Misdeed, Tree, evidence::Evidence},
};

impl Pipeline {
    /// Accuses a log whose checkpoint has been the same for too long, and acquits it when it grows again. A log that cannot
    /// be read is not judged.
    ///
    /// # Errors
    /// The store failed.
    pub(in crate::pipeline) fn check_standing(&self, row: &LogRow, now: DateTime<Utc>) -> Result<(), PipelineError> {
        let (Some(kept), Some(followed)) = (&row.checkpoint, self.followed_log(&row.name)) else { return Ok(()) };
        let tree = Tree { name: row.name.clone(), id: None, offset: row.offset, active: true };
        if past(Some(kept.seen_at), now).is_some_and(|seen| now - seen <= self.log_patience()) {
            return self.resolve_misdeed(&tree, Misdeed::Stale, "the log grew", now);
        }
        // Both times are the log's own answers: how long this process runs, and how often it looks, is of no account.
        let is_still = kept.last_seen_at - kept.seen_at > self.log_patience();
        if !is_still || row.standing != LogStanding::Active || row.failing_since.is_some() {
            return Ok(());
        }
        let Ok(signed) = followed.log.signer().verify(kept.note.as_bytes()) else { return Ok(()) };
        let statement = format!(
            "the checkpoint of {tree} has been the same, of {} entries, since {}: either nobody writes to it, or this host \
             is shown an old copy ([logs] stale_after says how long that may last)",
            kept.size,
            minute_utc(kept.seen_at),
        );
        let evidence = Evidence::new(Misdeed::Stale, followed.log.signer(), statement, now);
        self.accuse(&tree, &evidence.signed(&[&signed]), now)
    }
}
