//! The ids of all findings; `table` documents each.

/// Which finding it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id {
    /// Nobody works on the database.
    NoDaemon,
    /// Neither a registry nor a log is read.
    NothingWatched,
    /// The daemon gives no heartbeat.
    DaemonSilent,
    /// A loop of the daemon does not move.
    LoopStuck,
    /// The clock was set back, or was ahead, or differs from that of others.
    Clock,
    /// A source is not read.
    SourceSilent,
    /// An announced package waits.
    PackageLate,
    /// Nothing comes of the queue.
    QueueStill,
    /// Packages cannot be looked at.
    PackagesFailing,
    /// Releases cannot be checked.
    ReleasesUnchecked,
    /// A subscription does not take its alerts.
    SubscriptionLate,
    /// Alerts to a subscription were given up.
    SubscriptionLost,
    /// Alerts wait for a subscription that is not configured.
    SubscriptionRemoved,
    /// Writing to the database fails.
    WritesFail,
    /// The disk is full, or nearly.
    DiskFull,
    /// Rows cannot be read.
    RowsDamaged,
    /// A daemon was told to read its files again and did not take them.
    ReloadRefused,
    /// The watchlist on disk cannot be used.
    WatchlistUnusable,
    /// The watchlist on disk is not the one in use.
    WatchlistChanged,
    /// The configuration on disk cannot be used.
    ConfigurationUnusable,
    /// The configuration on disk is not the one in use.
    ConfigurationChanged,
    /// The trust root is not refreshed.
    TrustRootStale,
    /// The trust root or the keys on disk cannot be used.
    TrustFilesUnusable,
    /// A transparency log is not read.
    LogUnread,
    /// A log that was followed no longer is.
    LogLeft,
    /// A mirror of a log is not read, or differs.
    LogMirrorFailing,
    /// A mirror of a log shows another history.
    LogMirrorForked,
    /// An alert is open that puts provwatch's own work, or a log, in doubt.
    AlertOpen,
    /// An alert about a log is open.
    LogAlertOpen,
    /// A host or two have another time.
    ClockDoubtful,
    /// A forge answers nothing.
    ForgeFailing,
    /// The forges are switched off.
    ForgesOff,
    /// Forges are asked without a token.
    NoToken,
    /// Transparency logs are switched off.
    LogsOff,
    /// A log of the trust root is not followed.
    LogNotFollowed,
    /// Names that their registry does not know.
    NameUnknown,
    /// A mirror's documents leave things out.
    MirrorLeavesOut,
    /// History is still being read.
    HistoryUnread,
    /// Nothing is configured to receive alerts.
    NoSubscription,
    /// What is watched at a registry that is switched off.
    RegistryOff,
    /// No subscription takes high alerts about releases.
    TakeoversUntold,
    /// No subscription takes high alerts about logs.
    LogsUntold,
    /// No subscription takes alerts about provwatch itself.
    TroubleUntold,
    /// The trust root is the embedded one.
    TrustRootEmbedded,
    /// The trust root is the embedded one still.
    TrustRootUnrefreshed,
    /// npm's keys are not refreshed with the trust root.
    NpmKeysKept,
    /// There is little space.
    DiskLow,
    /// A mirror of a log is behind the others.
    LogMirrorBehind,
    /// A log of which nothing is understood.
    LogNotUnderstood,
}
