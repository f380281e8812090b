//! The used packages that are not watched, and the command that watches them.

use std::collections::BTreeSet;

use crate::{
    cli::{context::Context, output},
    model::Package,
    watchlist::Watchlist,
};

/// The watchlist. The inventory works without one.
pub(super) fn watchlist(context: &Context) -> Watchlist {
    context.watchlist().unwrap_or_else(|error| {
        output::note(format_args!("warning: {error}"));
        Watchlist::default()
    })
}

/// The packages that are not watched, and that the watchlist does not exclude on purpose.
pub(super) fn unwatched<'a>(watchlist: &Watchlist, packages: impl IntoIterator<Item = &'a Package>) -> Vec<Package> {
    let is_left_out = |package: &&Package| {
        watchlist.matches(package).is_none() && watchlist.why(package).excluded_by.is_empty()
    };
    packages.into_iter().filter(is_left_out).cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// The command that watches what a project uses.
pub(super) fn command(project: &str) -> String {
    format!("provwatch watch import --inventory {project}")
}
