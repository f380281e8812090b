//! An observation of a log: the checkpoint of one tree at one moment.

use chrono::{DateTime, Utc};

use super::log_list::FollowedLog;
use crate::{
    store::CheckpointRow,
    tlog::{CompactRange, LogViolation, ReadError, SignedCheckpoint, Tree, evidence::LogEvidence},
};

/// The state of one tree of a log at one moment: it is audited, read and compared.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The log that showed it; of a log with mirrors the mirror.
    pub followed: &'a FollowedLog,
    /// The tree.
    pub tree: &'a Tree,
    /// The checkpoint.
    pub signed: &'a SignedCheckpoint,
    /// The time of the request; reading the entries may take much longer.
    pub now: DateTime<Utc>,
}

impl<'a> Shown<'a> {
    /// The same, at a later moment.
    pub fn at(self, now: DateTime<Utc>) -> Self {
        Self { now, ..self }
    }

    /// Another checkpoint of the same tree.
    pub fn with(self, signed: &'a SignedCheckpoint) -> Self {
        Self { signed, ..self }
    }

    /// The leaves before an index, as the log proves them against the checkpoint.
    ///
    /// # Errors
    /// The log does not answer, or does not prove it.
    pub async fn beginning(self, size: u64) -> Result<CompactRange, ReadError> {
        if size == 0 {
            return Ok(CompactRange::default());
        }
        Ok(self.followed.log.prefix(self.tree, size, self.signed).await?.range)
    }

    /// The beginning of the evidence of a violation, found now; no signed document belongs to it yet.
    pub fn evidence(&self, violation: LogViolation, statement: String) -> LogEvidence {
        LogEvidence::new(violation, self.followed.log.signer(), statement, self.now)
    }

    /// The checkpoint as it is stored. `consistent`: it is proven to be of one history with the kept ones.
    pub fn row(&self, consistent: bool) -> CheckpointRow {
        CheckpointRow {
            size: self.signed.size(),
            root: *self.signed.root(),
            note: self.signed.note().to_owned(),
            seen_at: self.now,
            last_seen_at: self.now,
            consistent,
        }
    }
}
