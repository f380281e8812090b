//! Why a message about an alert is sent, if not because the alert was raised.

/// How the note of a message begins that its receiver may have had before, from a store that a restore replaced. It may also
/// be within a note.
pub(crate) const MAY_REPEAT: &str = "possibly a repetition";

/// Why a message about an alert is sent, if not because the alert was raised. The note of the message begins with its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// The alert is still open.
    Repeated,
    /// Another receiver did not acknowledge it in time.
    Escalated,
    /// A person acknowledged it.
    Acknowledged,
    /// A person put it off.
    Snoozed,
    /// It ended.
    Resolved,
    /// A person opened it again.
    Reopened,
}

impl Occasion {
    const ALL: [Self; 6] =
        [Self::Repeated, Self::Escalated, Self::Acknowledged, Self::Snoozed, Self::Resolved, Self::Reopened];

    /// Its word: `repeated`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Repeated => "repeated",
            Self::Escalated => "escalated",
            Self::Acknowledged => "acknowledged",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
            Self::Reopened => "reopened",
        }
    }

    /// The occasion of a note, by its first word.
    pub fn of(note: &str) -> Option<Self> {
        let word = note.split([' ', ':']).next()?;
        Self::ALL.into_iter().find(|occasion| occasion.as_str() == word)
    }
}
