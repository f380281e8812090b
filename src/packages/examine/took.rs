//! The outcome of reading a registry's answer: the part that was processed, and the reason to wait for more.

use crate::{packages::examination::Examined, registry::RegistryError, store::Portions};

/// Why an answer may be requested again.
#[derive(Clone, Copy)]
pub struct Waits {
    /// A feed announced a revision that the answer must have.
    pub is_announced: bool,
    /// It may come later.
    pub patience: bool,
}

impl Waits {
    /// Whether the announced revision is still to come.
    pub fn waits_for(self, took: &Took) -> bool {
        self.patience && took.behind.is_some()
    }
}

/// The part of an answer that one turn processed.
pub struct Took {
    pub examined: Examined,
    /// How far the history is read, if it was too long for one turn.
    pub portions: Option<Portions>,
    /// Why the answer is not the announced one: [`RegistryError::Stale`].
    pub behind: Option<RegistryError>,
    /// Whether the answer does not show if it has what was announced.
    pub is_unconfirmed: bool,
}

impl Took {
    /// The whole answer was processed.
    pub fn whole(examined: Examined) -> Self {
        Self { examined, portions: None, behind: None, is_unconfirmed: false }
    }

    /// Whether the next turn has something to continue with.
    pub fn is_in_part(&self) -> bool {
        self.portions.is_some() || self.examined.pending > 0
    }
}
