//! The outcome of one turn and of one pass over the queue.

use super::silent::NoAnswer;
use crate::packages::examination::Examined;

/// The result of a pass over the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkPass {
    /// Packages that were checked.
    pub packages: usize,
    /// Releases and alerts.
    pub examined: Examined,
    /// Packages that were postponed because of a failure.
    pub postponed: usize,
}

/// How a turn ended.
pub enum Ended {
    /// The package was checked.
    Whole(Examined),
    /// Its next turn continues.
    InPart(Examined),
    /// It was postponed.
    PutOff(Examined),
    /// It was postponed, without any answer.
    Unanswered(NoAnswer),
}

impl Ended {
    /// The missing answer, if there was none.
    pub fn no_answer(&self) -> Option<&NoAnswer> {
        match self {
            Self::Unanswered(none) => Some(none),
            Self::Whole(_) | Self::InPart(_) | Self::PutOff(_) => None,
        }
    }
}

impl WorkPass {
    /// Adds one turn.
    pub fn add(&mut self, ended: &Ended) {
        match *ended {
            Ended::Unanswered(_) => self.postponed += 1,
            Ended::Whole(examined) => self.join(Self { packages: 1, examined, postponed: 0 }),
            Ended::InPart(examined) => self.join(Self { packages: 0, examined, postponed: 0 }),
            Ended::PutOff(examined) => self.join(Self { packages: 0, examined, postponed: 1 }),
        }
    }

    /// Adds another pass.
    pub fn join(&mut self, other: Self) {
        self.packages += other.packages;
        self.postponed += other.postponed;
        self.examined.releases += other.examined.releases;
        self.examined.alerts += other.examined.alerts;
        self.examined.unchecked += other.examined.unchecked;
    }
}
