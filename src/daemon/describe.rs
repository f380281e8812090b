//! Describes the daemon's activity in one line for systemd and the log.

use crate::{
    app::App,
    text::{counted, plain},
    watchlist::Watchlist,
};

/// The watched packages, and whether they match the files on the disk.
pub(super) fn describe(app: &App) -> String {
    let watching = if app.sources.is_empty() { "following logs".to_owned() } else { watching(&app.watchlist.now()) };
    match app.reload.error() {
        Some(error) => format!("{watching}; {}", plain(&error.why, 300)),
        None => watching,
    }
}

pub(super) fn watching(watchlist: &Watchlist) -> String {
    let (packages, patterns) = watchlist.counts();
    format!("watching {} and {}", counted(packages, "package"), counted(patterns, "pattern"))
}
