//! The outcome of one turn and of one pass over the queue.

use super::silent::NoAnswer;
use crate::packages::examination::Examined;

/// What a pass over the queue came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkPass {
    /// Packages looked at.
    pub packages: usize,
    /// Releases and alerts.
    pub examined: Examined,
    /// Packages put off because something failed.
    pub postponed: usize,
}

/// How a turn ended.
pub enum Ended {
    /// The package was looked at.
    Whole(Examined),
    /// It goes on with its next turn.
    InPart(Examined),
    /// It was put off.
    PutOff(Examined),
    /// It was put off, and nothing answered.
    Unanswered(NoAnswer),
}

impl Ended {
    /// Why nothing answered, if nothing did.
    pub fn no_answer(&self) -> Option<&NoAnswer> {
        match self {
            Self::Unanswered(none) => Some(none),
            Self::Whole(_) | Self::InPart(_) | Self::PutOff(_) => None,
        }
    }
}

impl WorkPass {
    /// One turn more.
    pub fn add(&mut self, ended: &Ended) {
        match *ended {
            Ended::Unanswered(_) => self.postponed += 1,
            Ended::Whole(examined) => self.join(Self { packages: 1, examined, postponed: 0 }),
            Ended::InPart(examined) => self.join(Self { packages: 0, examined, postponed: 0 }),
            Ended::PutOff(examined) => self.join(Self { packages: 0, examined, postponed: 1 }),
        }
    }

    /// All of another one more.
    pub fn join(&mut self, other: Self) {
        self.packages += other.packages;
        self.postponed += other.postponed;
        self.examined.releases += other.examined.releases;
        self.examined.alerts += other.examined.alerts;
        self.examined.unchecked += other.examined.unchecked;
    }
}
