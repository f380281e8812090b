//! Alerts and messages for the tests of this room, and the word for what became of an attempt.

pub(super) mod lives;
pub(super) mod samples;

use super::SinkError;

/// What became of an attempt, for tables of answers: `taken`, `temporary`, `refused`, `permanent`, `gone`.
pub(super) const fn verdict<T>(outcome: &Result<T, SinkError>) -> &'static str {
    match outcome {
        Ok(_) => "taken",
        Err(SinkError::Temporary { .. }) => "temporary",
        Err(SinkError::Refused { .. }) => "refused",
        Err(SinkError::Permanent { .. }) => "permanent",
        Err(SinkError::Gone { .. }) => "gone",
        Err(SinkError::PutOff { .. }) => "put off",
    }
}
