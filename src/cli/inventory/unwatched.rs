//! The watchlist beside the inventory, and the command that watches what a project uses.

use crate::{
    cli::{context::Context, output},
    watchlist::Watchlist,
};

/// The watchlist. The inventory works without one.
pub(super) fn watchlist(context: &Context) -> Watchlist {
    context.watchlist().unwrap_or_else(|error| {
        output::note(format_args!("warning: {error}"));
        Watchlist::default()
    })
}

/// The command that watches what a project uses.
pub(super) fn command(project: &str) -> String {
    format!("provwatch watch import --inventory {project}")
}
