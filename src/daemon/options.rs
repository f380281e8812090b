//! The options that the daemon starts with, and their replacement on SIGHUP.

use std::{sync::Arc, time::Duration};

use super::{Health, OnDiskNow};
use crate::{app::App, watchlist::Watchlist};

/// What the daemon is started with besides the program.
pub struct Options {
    /// Reads configuration and watchlist again, on SIGHUP.
    pub reload: Box<dyn Fn(&App) -> Renewal + Send + Sync>,
    /// Looks at what stands in the operator's files, to see whether it is what the daemon goes by.
    pub on_disk: OnDiskNow,
    /// Where the loops' heartbeats are kept.
    pub health: Arc<Health>,
    /// How often to refresh the trust root or to read its files again; `None` where it is built in.
    pub trust_interval: Option<Duration>,
    /// How long work under way may take to end.
    pub grace: Duration,
}

/// What reading configuration and watchlist again gave.
#[derive(Debug)]
pub enum Renewal {
    /// The configuration is the same; this is the watchlist.
    Watchlist(Watchlist),
    /// Another configuration: a program that takes the place of the one at work, over the same store.
    Whole(Box<Renewed>),
    /// It cannot be used. What was at work stays at work, with this watchlist if there is one.
    Refused {
        /// Why, for the log and `systemctl status`.
        why: String,
        /// The watchlist of the configuration at work, read again.
        watchlist: Option<Watchlist>,
    },
}

/// A changed configuration, ready to work.
pub struct Renewed {
    pub app: App,
    /// As in [`Options`], for the files that it names.
    pub on_disk: OnDiskNow,
    /// As in [`Options`].
    pub trust_interval: Option<Duration>,
    /// As in [`Options`].
    pub grace: Duration,
    /// Changes that count only from the next start, one sentence each.
    pub restart: Vec<String>,
}

impl std::fmt::Debug for Renewed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Renewed").field("trust_interval", &self.trust_interval).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("trust_interval", &self.trust_interval).finish_non_exhaustive()
    }
}
