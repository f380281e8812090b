//! The outcome of reading a registry's answer: the part that was processed, and the reason to wait for more.

use crate::{packages::examination::Examined, registry::RegistryError, store::Portions};

/// What an answer is waited for.
#[derive(Clone, Copy)]
pub struct Waits {
    /// A feed announced what the answer must have.
    pub is_announced: bool,
    /// It may come later.
    pub patience: bool,
}

impl Waits {
    /// Whether what was announced is still to come.
    pub fn waits_for(self, took: &Took) -> bool {
        self.patience && took.behind.is_some()
    }
}

/// What was taken of an answer in one turn.
pub struct Took {
    pub examined: Examined,
    /// How far the history is, if there was too much of it for one turn.
    pub portions: Option<Portions>,
    /// Why the answer is not what was announced: [`RegistryError::Stale`].
    pub behind: Option<RegistryError>,
    /// Nothing tells whether it has what was announced.
    pub is_unconfirmed: bool,
}

impl Took {
    /// Everything was taken.
    pub fn whole(examined: Examined) -> Self {
        Self { examined, portions: None, behind: None, is_unconfirmed: false }
    }

    /// Whether the next turn has something to go on with.
    pub fn is_in_part(&self) -> bool {
        self.portions.is_some() || self.examined.pending > 0
    }
}
