//! The ids of all findings; `table` documents each.

/// The id of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id {
    /// No process works on the database.
    NoDaemon,
    /// Neither a registry nor a log is read.
    NothingWatched,
    /// The daemon gives no heartbeat.
    DaemonSilent,
    /// A loop of the daemon is stalled.
    LoopStuck,
    /// The clock was set back, or was ahead, or differs from those of other hosts.
    Clock,
    /// A source is not read.
    SourceSilent,
    /// An announced package waits.
    PackageLate,
    /// The queue makes no progress.
    QueueStill,
    /// Packages cannot be checked.
    PackagesFailing,
    /// Releases cannot be checked.
    ReleasesUnchecked,
    /// A subscription does not accept its alerts.
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
    /// A daemon refused a reload of its files.
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
    /// An alert is open that questions provwatch's own work, or a log.
    AlertOpen,
    /// An alert about a log is open.
    LogAlertOpen,
    /// One or two hosts have another time.
    ClockDoubtful,
    /// A forge does not answer.
    ForgeFailing,
    /// The forges are switched off.
    ForgesOff,
    /// Forges are queried without a token.
    NoToken,
    /// Transparency logs are switched off.
    LogsOff,
    /// A log of the trust root is not followed.
    LogNotFollowed,
    /// Watched names that their registry does not have.
    NameUnknown,
    /// A mirror's documents leave fields out.
    MirrorLeavesOut,
    /// History is still being read.
    HistoryUnread,
    /// A receiver refuses some recipients.
    RecipientRefused,
    /// Nothing is configured to receive alerts.
    NoSubscription,
    /// The watchlist names packages of a registry that is switched off.
    RegistryOff,
    /// No subscription receives high alerts about releases.
    TakeoversUntold,
    /// No subscription receives critical alerts about releases at once.
    TakeoversLate,
    /// No subscription receives high alerts about logs.
    LogsUntold,
    /// No subscription receives alerts about provwatch itself.
    TroubleUntold,
    /// Of several subscriptions, only one receives alerts about provwatch itself.
    TroubleToldOnce,
    /// The trust root is the embedded one.
    TrustRootEmbedded,
    /// The trust root is still the embedded one.
    TrustRootUnrefreshed,
    /// npm's keys are not refreshed with the trust root.
    NpmKeysKept,
    /// There is little free space.
    DiskLow,
    /// A mirror of a log is behind the others.
    LogMirrorBehind,
    /// A log whose entries all have an unknown form.
    LogNotUnderstood,
    /// A silence holds critical alerts or whole kinds back.
    SilenceBroad,
}
