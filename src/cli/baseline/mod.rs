//! `provwatch baseline`: what is normal for a package, and the operator's word on it.

pub(super) mod accept;
mod history;
mod hours;
mod joins;
pub(super) mod list;
mod portrait;
pub(super) mod reset;
pub(super) mod show;
pub(super) mod unaccept;

use std::path::Path;

use super::{
    context::Context,
    exit::{Failure, Outcome},
    output,
};
use crate::store::{BaselineChange, Store, StoreError, StoredBaseline};

/// Show and correct what is normal for a package
#[derive(Debug, clap::Subcommand)]
pub enum Baseline {
    /// The packages whose habits are known
    List(list::List),
    /// How a package is normally released, and which releases are held
    Show(show::Show),
    /// How the baseline of a package came to be
    History(history::History),
    /// Say that a held release is as it should be
    Accept(accept::Accept),
    /// Take back that a release is as it should be
    Unaccept(unaccept::Unaccept),
    /// Learn what is normal for a package anew from its history
    Reset(reset::Reset),
}

impl Baseline {
    /// Runs the command.
    ///
    /// # Errors
    /// The configuration is wrong, or the store cannot be read or written.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        match self {
            Self::List(command) => command.run(&context),
            Self::Show(command) => command.run(&context),
            Self::History(command) => command.run(&context),
            Self::Accept(command) => command.run(&context),
            Self::Unaccept(command) => command.run(&context),
            Self::Reset(command) => command.run(&context),
        }
    }
}

/// How often a change is made again when the daemon was faster.
const TRIES: usize = 5;

/// Changes a baseline beside a daemon that may change it too: what another writer did meanwhile is read again. Gives the
/// number of steps that were added; `None` where `change` finds nothing to do.
fn change(
    store: &Store,
    package: &crate::model::Package,
    change: impl Fn(StoredBaseline) -> Option<BaselineChange>,
) -> Result<Option<usize>, Failure> {
    let mut tries = 1;
    loop {
        let Some(change) = change(store.baseline(package)?) else { return Ok(None) };
        match store.change_baseline(&change, Context::clock().now()) {
            Err(StoreError::BaselineMoved { .. }) if tries < TRIES => tries += 1,
            changed => return Ok(Some(changed?)),
        }
    }
}
