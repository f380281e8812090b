//! The options that the daemon starts with, and their replacement on SIGHUP.

use std::{sync::Arc, time::Duration};

use super::{Health, OnDiskNow};
use crate::{app::App, watchlist::Watchlist};

/// The options of the daemon besides the program.
pub struct Options {
    /// Reads configuration and watchlist again, on SIGHUP.
    pub reload: Box<dyn Fn(&App) -> Renewal + Send + Sync>,
    /// Reads the operator's files, to compare them with the configuration in use.
    pub on_disk: OnDiskNow,
    /// Keeps the loops' heartbeats.
    pub health: Arc<Health>,
    /// The interval of refreshing the trust root or reading its files again; `None` if it is built in.
    pub trust_interval: Option<Duration>,
    /// The time that current work may take to end.
    pub grace: Duration,
}

/// The result of reading configuration and watchlist again.
#[derive(Debug)]
pub enum Renewal {
    /// The configuration is the same; this is the watchlist.
    Watchlist(Watchlist),
    /// Another configuration: a program that replaces the current one, over the same store.
    Whole(Box<Renewed>),
    /// It cannot be used. The current one stays in use, with this watchlist if there is one.
    Refused {
        /// The reason, for the log and `systemctl status`.
        why: String,
        /// The watchlist of the current configuration, read again.
        watchlist: Option<Watchlist>,
    },
}

/// A changed configuration, ready for use.
pub struct Renewed {
    pub app: App,
    /// As in [`Options`], for the files that it names.
    pub on_disk: OnDiskNow,
    /// As in [`Options`].
    pub trust_interval: Option<Duration>,
    /// As in [`Options`].
    pub grace: Duration,
    /// Changes that apply only from the next start, one sentence each.
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
