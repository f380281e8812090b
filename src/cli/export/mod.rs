//! `provwatch export`: writes lists for other programs. provwatch itself blocks nothing.

mod accused;
mod blocklist;
mod entry;
mod formats;

use std::path::Path;

pub(super) use self::blocklist::ShownList;
use super::{context::Context, exit::Outcome};

/// Write lists for proxies and package managers
#[derive(Debug, clap::Subcommand)]
pub enum Export {
    /// List accused releases with reasons and an end, in the form of a proxy or package manager
    Blocklist(blocklist::Blocklist),
}

impl Export {
    /// Runs the command.
    ///
    /// # Errors
    /// The configuration is wrong, or the store cannot be read.
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        match self {
            Self::Blocklist(command) => command.run(&context),
        }
    }
}
