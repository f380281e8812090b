//! The findings that there are. The table of `docs/OPERATIONS.md` is generated from this one.

use serde::{Serialize, Serializer};

use super::Level;

/// What there is to say of a finding.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its name.
    pub id: &'static str,
    /// How much it matters.
    pub level: Level,
    /// When it is found.
    pub when: &'static str,
    /// What to do.
    pub what_to_do: &'static str,
}

/// Which finding it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id {
    /// Nobody works on the database.
    NoDaemon,
    /// Neither a registry nor a log is read.
    NothingWatched,
    /// The daemon gives no sign of life.
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

impl Id {
    /// What there is to say of it.
    pub const fn about(self) -> &'static About {
        &ALL[self as usize].1
    }

    /// Its name in the JSON form and the documents.
    pub const fn as_str(self) -> &'static str {
        self.about().id
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

const fn unhealthy(id: &'static str, when: &'static str, what_to_do: &'static str) -> About {
    About { id, level: Level::Unhealthy, when, what_to_do }
}

const fn limited(id: &'static str, when: &'static str, what_to_do: &'static str) -> About {
    About { id, level: Level::Limited, when, what_to_do }
}

/// Every finding with what there is to say of it, in the order of [`Id`].
pub const ALL: &[(Id, About)] = &[
    (
        Id::NoDaemon,
        unhealthy(
            "no-daemon",
            "No process holds the lock beside the database. After `provwatch run --once` the age of its last pass \
             counts instead: twice the longest time between two of the last passes, at least an hour, at most 26 \
             hours.",
            "`systemctl status provwatch`, then start it: `provwatch run`, or `provwatch run --once` from cron.",
        ),
    ),
    (
        Id::NothingWatched,
        unhealthy(
            "nothing-watched",
            "Every registry and the transparency logs are switched off: nothing can be seen.",
            "Switch on a registry (`[registries.npm] enabled = true` and the like) or the logs (`[logs] enabled = true`).",
        ),
    ),
    (
        Id::DaemonSilent,
        unhealthy(
            "daemon-silent",
            "The daemon holds the lock and has not written its sign of life (every half minute) for 3 minutes: it \
             hangs, or it cannot write.",
            "Look into its log, then restart it; nothing is lost.",
        ),
    ),
    (
        Id::LoopStuck,
        unhealthy(
            "loop-stuck",
            "A loop of the daemon has not moved for 15 minutes.",
            "The watchdog restarts the service; without systemd restart it.",
        ),
    ),
    (
        Id::Clock,
        unhealthy(
            "clock",
            "Something was stored more than 5 minutes ahead of the clock: the clock is wrong now, or was then. Or the clock \
             differs by more than 5 minutes from the `Date` of the hosts that answer: from the median of three or more.",
            "Set the clock; `timedatectl` shows whether it is synchronised.",
        ),
    ),
    (
        Id::SourceSilent,
        unhealthy(
            "source-silent",
            "A feed was never read, or not for 30 minutes; with `run --once`, for as long as passes may be apart. \
             Nothing is skipped: the cursor stands where it stood.",
            "`provwatch doctor`; look at the network, the proxy and the registry's status page.",
        ),
    ),
    (
        Id::PackageLate,
        unhealthy(
            "package-late",
            "A package that a feed announced has not been looked at for 5 minutes. An alert after 10.",
            "The last error follows, or stands under *work*; as a rule the registry does not answer: `provwatch \
             doctor`.",
        ),
    ),
    (
        Id::QueueStill,
        unhealthy(
            "queue-still",
            "Packages are due, and none was looked at for 10 minutes.",
            "The log says what the work waits for; restart the daemon if it lasts.",
        ),
    ),
    (
        Id::PackagesFailing,
        unhealthy(
            "packages-failing",
            "Packages have failed for an hour. An alert if it is ten or more, or after a day; each has one of its \
             own after about 40 minutes.",
            "Their errors stand under *work*; as a rule one registry or the network is down.",
        ),
    ),
    (
        Id::ReleasesUnchecked,
        unhealthy(
            "releases-unchecked",
            "A new release could not be checked for 30 minutes, in the last week, and its alert was not \
             acknowledged.",
            "`provwatch lookup` has the reason. Do not install the release before a person has looked; `provwatch \
             alerts ack` settles it.",
        ),
    ),
    (
        Id::SubscriptionLate,
        unhealthy(
            "subscription-late",
            "A subscription has not taken an alert for 10 minutes, or the last one was given up, or its endpoint says that \
             it is gone for good. An alert after an hour, at once when one was given up or the endpoint is gone.",
            "`provwatch test-sinks` shows the receiver's answer.",
        ),
    ),
    (
        Id::SubscriptionLost,
        unhealthy(
            "subscription-lost",
            "Alerts to a subscription were given up in the last 24 hours, and others got through since.",
            "`provwatch alerts list` has the alerts.",
        ),
    ),
    (
        Id::SubscriptionRemoved,
        unhealthy(
            "subscription-removed",
            "Alerts wait for a subscription that the configuration does not have.",
            "Reload the daemon (`provwatch reload`), which gives them up, or configure the subscription again.",
        ),
    ),
    (
        Id::WritesFail,
        unhealthy(
            "writes-fail",
            "A write to the database failed in the last 10 minutes.",
            "The error says why: space, rights, a disk that fails. Nothing is skipped; the daemon goes on when it \
             can write.",
        ),
    ),
    (
        Id::DiskFull,
        unhealthy(
            "disk-full",
            "Less than 32 MiB are left beside the database.",
            "Free some space; the daemon goes on by itself.",
        ),
    ),
    (
        Id::RowsDamaged,
        unhealthy(
            "rows-damaged",
            "Rows of the database were found damaged in the last 24 hours and set aside.",
            "The alert about each says what was made anew and what was lost. Look at the disk and the memory; restore a \
             backup if there is more every day.",
        ),
    ),
    (
        Id::ReloadRefused,
        unhealthy(
            "reload-refused",
            "The daemon was told to read configuration and watchlist again and could not use them: it goes by what it \
             read before. An alert after 10 minutes.",
            "Correct what is named, then `provwatch reload`.",
        ),
    ),
    (
        Id::WatchlistUnusable,
        unhealthy(
            "watchlist-unusable",
            "The watchlist on disk cannot be read, or is wrong. The daemon goes by the one that it read before. \
             An alert after 10 minutes.",
            "Correct the file that is named, then reload: `systemctl reload provwatch`.",
        ),
    ),
    (
        Id::WatchlistChanged,
        unhealthy(
            "watchlist-changed",
            "The watchlist on disk is not the one that the daemon goes by. An alert after 10 minutes.",
            "`systemctl reload provwatch`, or send SIGHUP.",
        ),
    ),
    (
        Id::ConfigurationUnusable,
        unhealthy(
            "configuration-unusable",
            "The configuration on disk cannot be read, or is wrong. An alert after 10 minutes.",
            "Correct the file; `provwatch doctor` checks it.",
        ),
    ),
    (
        Id::ConfigurationChanged,
        unhealthy(
            "configuration-changed",
            "The configuration on disk is not the one that the daemon goes by. An alert after 10 minutes.",
            "Reload: `systemctl reload provwatch`.",
        ),
    ),
    (
        Id::TrustRootStale,
        unhealthy(
            "trust-root-stale",
            "The trust root has not been refreshed through TUF for 3 days, or twice `refresh_interval` if that is longer. \
             The one in use stays in use; newer signatures cannot be checked.",
            "Allow the TUF repository, name a mirror (`[trust] tuf_url`) or give a file.",
        ),
    ),
    (
        Id::TrustFilesUnusable,
        unhealthy(
            "trust-files-unusable",
            "A file of `[trust]` was changed and cannot be read or used. The daemon goes on with what it read before, and \
             would not start again. An alert after 10 minutes.",
            "Correct the file; it is read again within `refresh_interval`, and on `provwatch reload`.",
        ),
    ),
    (
        Id::LogUnread,
        unhealthy(
            "log-unread",
            "A transparency log did not answer, or did not hold, for 30 minutes. Nothing is skipped.",
            "`provwatch logs status`; where the network does not let it through, `[logs] enabled = false`.",
        ),
    ),
    (
        Id::LogLeft,
        unhealthy(
            "log-left",
            "The trust root no longer names a log that was followed: what is signed there from now on is not seen. An alert as \
             well. Limited, and for a week, where the operator took it out of the configuration or the trust root says that \
             another log has taken its place.",
            "See whose doing the new trust root is; to go on following the log, name it in `[[logs.instance]]`.",
        ),
    ),
    (
        Id::LogMirrorFailing,
        unhealthy(
            "log-mirror-failing",
            "One of the URLs of a log that is read at several has not answered for 30 minutes, or what it signs could not \
             be compared with the others. The log itself is read from the next. An alert as well.",
            "`provwatch logs status` has the reason; mend the mirror, or take it out of `[[logs.instance]]`. If it shows \
             another history, that is an alert about the log as well.",
        ),
    ),
    (
        Id::LogMirrorForked,
        unhealthy(
            "log-mirror-forked",
            "One of the URLs of a log that is read at several shows another history than the one that is known. The critical \
             alert about the log has the proof; this finding stays while it goes on, whoever acknowledged the alert.",
            "`provwatch logs status` says since when, and has the evidence: give it to whoever keeps the log. Nothing of that \
             history is believed; to stop comparing it, take the mirror out of `[[logs.instance]]`.",
        ),
    ),
    (
        Id::AlertOpen,
        unhealthy(
            "alert-open",
            "A critical alert about a transparency log is open, or a high one about provwatch itself.",
            "`provwatch alerts show ID`, then `provwatch alerts ack ID --reason '…'`.",
        ),
    ),
    (
        Id::LogAlertOpen,
        limited("log-alert-open", "A high alert about a transparency log is open.", "`provwatch alerts show ID`."),
    ),
    (
        Id::ClockDoubtful,
        limited(
            "clock-doubtful",
            "Only one host or two answer, and their `Date` differs from the clock by more than 5 minutes.",
            "Look at the clock; `timedatectl` shows whether it is synchronised.",
        ),
    ),
    (
        Id::ForgeFailing,
        limited(
            "forge-failing",
            "A forge has given no usable answer for an hour. Releases are judged without what only it knows.",
            "`provwatch doctor` says whether it takes the token; a new token, or `[forges] enabled = false`.",
        ),
    ),
    (
        Id::ForgesOff,
        limited(
            "forges-off",
            "The forges are switched off: releases are judged without what only they know.",
            "Remove `[forges] enabled = false` where the network lets them through.",
        ),
    ),
    (
        Id::NoToken,
        limited(
            "no-token",
            "No forge is asked with a token, so only about releases that differ.",
            "A token without permissions: `[forges] github_token_file`.",
        ),
    ),
    (
        Id::LogsOff,
        limited(
            "logs-off",
            "Transparency logs are switched off: what is signed in a watched name and not published is not seen.",
            "Remove `[logs] enabled = false` where the network lets them through.",
        ),
    ),
    (
        Id::LogNotFollowed,
        limited(
            "log-not-followed",
            "A log of the trust root is not followed: the trust root does not say where it is read, has it where \
             another log is, or its key is of an unknown kind. What is signed in it is not seen.",
            "`provwatch logs status` has the key; `[logs] urls` says where it is read.",
        ),
    ),
    (
        Id::NameUnknown,
        limited(
            "name-unknown",
            "A watched name is not known to its registry.",
            "Correct the name in the watchlist, or leave it if it is to be registered.",
        ),
    ),
    (
        Id::MirrorLeavesOut,
        limited(
            "mirror-leaves-out",
            "The documents of a registry or mirror do not tell what releases are judged by.",
            "Name a mirror that passes the registry's documents on whole (`[registries]`).",
        ),
    ),
    (
        Id::HistoryUnread,
        limited(
            "history-unread",
            "The history of packages is still to be read; releases of the last week are judged when it is there.",
            "Wait; how many is said.",
        ),
    ),
    (
        Id::NoSubscription,
        limited(
            "no-subscription",
            "No subscription is configured: alerts are stored and sent to nobody.",
            "Add `[[subscriptions]]`, then `provwatch test-sinks`.",
        ),
    ),
    (
        Id::RegistryOff,
        limited(
            "registry-off",
            "The watchlist names packages of a registry that is switched off: they are not watched.",
            "Switch the registry on (`[registries]`), or remove the entries: `provwatch watch remove`.",
        ),
    ),
    (
        Id::TakeoversUntold,
        limited(
            "takeovers-untold",
            "No subscription takes alerts of the kind `release` from high on: a takeover is stored and told to nobody.",
            "Let one subscription take them (`kinds`, `min_severity`).",
        ),
    ),
    (
        Id::LogsUntold,
        limited(
            "logs-untold",
            "Logs are followed, and no subscription takes alerts of the kind `log` from high on.",
            "Let one subscription take them (`kinds`, `min_severity`).",
        ),
    ),
    (
        Id::TroubleUntold,
        limited(
            "trouble-untold",
            "No subscription takes alerts of the kind `operation` from medium on: only `provwatch status` says \
             when provwatch itself fails.",
            "Let one subscription take them (`kinds`, `min_severity`).",
        ),
    ),
    (
        Id::TrustRootEmbedded,
        limited(
            "trust-root-embedded",
            "The trust root is the one of this version and is never refreshed (`[trust] source = \"embedded\"`).",
            "`source = \"tuf\"`, or upgrade in good time.",
        ),
    ),
    (
        Id::TrustRootUnrefreshed,
        limited(
            "trust-root-unrefreshed",
            "No refresh through TUF has succeeded yet, and the trust root of this version is in use. `trust-root-stale` \
             follows if it stays so.",
            "Allow the TUF repository, name a mirror (`[trust] tuf_url`) or give a file.",
        ),
    ),
    (
        Id::NpmKeysKept,
        limited(
            "npm-keys-kept",
            "The last refresh brought the trust root and not npm's keys, whose part of the repository has expired or cannot \
             be read. The earlier ones stay in use. An alert after as long as `trust-root-stale` takes.",
            "Wait until its owner has signed them anew, or give a file (`[trust] npm_keys`).",
        ),
    ),
    (Id::DiskLow, limited("disk-low", "Less than 512 MiB are left beside the database.", "Free some space.")),
    (
        Id::LogMirrorBehind,
        limited(
            "log-mirror-behind",
            "One of the URLs of a log that is read at several has had fewer entries than another for 30 minutes, and does \
             not grow. It is of the same history, and accused of nothing.",
            "Ask whoever keeps the mirror; `provwatch logs status` shows how far it is.",
        ),
    ),
    (
        Id::LogNotUnderstood,
        limited(
            "log-not-understood",
            "Every entry that was read of a log is in a form that is not known here. The entries are hashed and proven, and the \
             log is audited; who signed them is not seen.",
            "`provwatch logs status` names the forms; a newer version of provwatch may know them. If the log was set up as \
             something else than it is, correct its `kind` in `[[logs.instance]]`.",
        ),
    ),
];
