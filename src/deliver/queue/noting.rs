//! Notes what became of the recipients of a message, while an attempt goes on.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::outbox::{Due, Outbox};
use crate::{clock::Clock, deliver::Notes, store::Recipient};

/// Writes notes to the outbox at once, and keeps those that it could not write.
pub(super) struct Noting<'a> {
    outbox: &'a dyn Outbox,
    clock: &'a dyn Clock,
    delivery: i64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// All notes about the message.
    all: Vec<Recipient>,
    unwritten: Vec<Recipient>,
}

/// Notes that are not in the outbox yet.
#[derive(Debug)]
pub(super) struct Unwritten {
    pub delivery: i64,
    pub at: DateTime<Utc>,
    pub recipients: Vec<Recipient>,
}

impl<'a> Noting<'a> {
    pub fn new(outbox: &'a dyn Outbox, clock: &'a dyn Clock, due: &Due) -> Self {
        let kept = Kept { all: due.message.recipients.clone(), unwritten: Vec::new() };
        Self { outbox, clock, delivery: due.id, kept: Mutex::new(kept) }
    }

    /// The recipients that are done, by this attempt or an earlier one.
    pub fn all(&self) -> Vec<Recipient> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).all.clone()
    }

    /// The notes that could not be written.
    pub fn unwritten(self) -> Option<Unwritten> {
        let kept = self.kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (delivery, at, recipients) = (self.delivery, self.clock.now(), kept.unwritten);
        (!recipients.is_empty()).then_some(Unwritten { delivery, at, recipients })
    }
}

impl Notes for Noting<'_> {
    fn note(&self, recipients: Vec<Recipient>) {
        if recipients.is_empty() {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.all.extend(recipients.iter().cloned());
        kept.unwritten.extend(recipients);
        match self.outbox.note(self.delivery, self.clock.now(), &kept.unwritten) {
            Ok(()) => kept.unwritten.clear(),
            Err(error) => {
                let error = crate::text::with_causes(&error);
                tracing::warn!(delivery = self.delivery, error, "recipients that are done are not recorded yet");
            }
        }
    }
}
