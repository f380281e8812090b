//! Table of the findings that make provwatch unhealthy.

use crate::health::{About, Id, about::unhealthy};

/// In the order of [`Id`].
pub(super) const UNHEALTHY: &[(Id, About)] = &[
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
            "The daemon holds the lock and has not written its heartbeat (every half minute) for 3 minutes: it \
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
             The cursor is kept, so no release is skipped.",
            "`provwatch doctor`; look at the network, the proxy and the registry's status page.",
        ),
    ),
    (
        Id::PackageLate,
        unhealthy(
            "package-late",
            "A package that a feed announced has not been checked for 5 minutes. An alert after 10.",
            "The last error follows, or is listed under *work*; as a rule the registry does not answer: `provwatch \
             doctor`.",
        ),
    ),
    (
        Id::QueueStill,
        unhealthy(
            "queue-still",
            "Packages are due, and none was checked for 10 minutes.",
            "The log says what the work waits for; restart the daemon if it lasts.",
        ),
    ),
    (
        Id::PackagesFailing,
        unhealthy(
            "packages-failing",
            "Packages have failed for an hour. An alert if it is ten or more, or after a day; each has one of its \
             own after about 40 minutes.",
            "Their errors are listed under *work*; as a rule one registry or the network is down.",
        ),
    ),
    (
        Id::ReleasesUnchecked,
        unhealthy(
            "releases-unchecked",
            "A new release could not be checked for 30 minutes, in the last week, and its alert was not \
             acknowledged.",
            "`provwatch lookup` has the reason. Do not install the release before a person has reviewed it; \
             `provwatch alerts ack` closes the finding.",
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
            "The error says why: space, rights, a disk that fails. Nothing is skipped; the daemon resumes when it \
             can write.",
        ),
    ),
    (
        Id::DiskFull,
        unhealthy(
            "disk-full",
            "Less than 32 MiB are left beside the database.",
            "Free some space; the daemon resumes by itself.",
        ),
    ),
    (
        Id::RowsDamaged,
        unhealthy(
            "rows-damaged",
            "Rows of the database were found damaged in the last 24 hours and set aside.",
            "The alert about each says what was rebuilt and what was lost. Look at the disk and the memory; restore \
             a backup if there is more every day.",
        ),
    ),
    (
        Id::ReloadRefused,
        unhealthy(
            "reload-refused",
            "The daemon was told to read configuration and watchlist again and could not use them: it keeps what it \
             read before. An alert after 10 minutes.",
            "Correct it, then `provwatch reload`.",
        ),
    ),
    (
        Id::WatchlistUnusable,
        unhealthy(
            "watchlist-unusable",
            "The watchlist on disk cannot be read, or is wrong. The daemon keeps the one that it read before. An \
             alert after 10 minutes.",
            "Correct the file that is named, then reload: `systemctl reload provwatch`.",
        ),
    ),
    (
        Id::WatchlistChanged,
        unhealthy(
            "watchlist-changed",
            "The watchlist on disk is not the one that the daemon uses. An alert after 10 minutes.",
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
            "The configuration on disk is not the one that the daemon uses. An alert after 10 minutes.",
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
            "A file of `[trust]` was changed and cannot be read or used. The daemon keeps the earlier one, but \
             could not restart. An alert after 10 minutes.",
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
            "The trust root no longer names a log that was followed: its new entries are not seen. An alert as \
             well. Limited, and for a week, where the operator took it out of the configuration or the trust root \
             says that another log has taken its place.",
            "Find out who changed the trust root; to go on following the log, name it in `[[logs.instance]]`.",
        ),
    ),
    (
        Id::LogMirrorFailing,
        unhealthy(
            "log-mirror-failing",
            "One of the URLs of a log that is read at several has not answered for 30 minutes, or what it signs could not \
             be compared with the others. The log itself is read from the next. An alert as well.",
            "`provwatch logs status` has the reason; repair the mirror, or take it out of `[[logs.instance]]`. If \
             it shows another history, that is an alert about the log as well.",
        ),
    ),
    (
        Id::LogMirrorForked,
        unhealthy(
            "log-mirror-forked",
            "One of the URLs of a log that is read at several shows another history than the one that is known. The critical \
             alert about the log has the proof; this finding stays while it goes on, even after the alert is acknowledged.",
            "`provwatch logs status` says since when, and has the evidence: report it to the operator of the log. \
             provwatch trusts no entry of that history; to stop comparing it, take the mirror out of \
             `[[logs.instance]]`.",
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
];
