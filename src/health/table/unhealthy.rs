//! Table of the findings that make provwatch unhealthy.

use crate::health::{About, Id, about::unhealthy};

/// In the order of [`Id`].
pub(super) const UNHEALTHY: &[(Id, About)] = &[
    (
        Id::NoDaemon,
        unhealthy(
            "no-daemon",
            "No process holds the lock beside the database. After `provwatch run --once` the age of its last pass \
             counts instead. The pass may be as old as twice the longest time between two of the last passes, but at \
             least an hour and at most 26 hours.",
            "`systemctl status provwatch`, then start it: `provwatch run`, or `provwatch run --once` from cron.",
        ),
    ),
    (
        Id::NothingWatched,
        unhealthy(
            "nothing-watched",
            "Every registry and the transparency logs are switched off: provwatch sees nothing.",
            "Switch on a registry (`[registries.npm] enabled = true` and the like) or the logs (`[logs] enabled = true`).",
        ),
    ),
    (
        Id::DaemonSilent,
        unhealthy(
            "daemon-silent",
            "The daemon holds the lock and has not written its heartbeat (every half minute) for 3 minutes: it \
             hangs, or it cannot write.",
            "Look into the log of the daemon, then restart it; nothing is lost.",
        ),
    ),
    (
        Id::LoopStuck,
        unhealthy(
            "loop-stuck",
            "A loop of the daemon has not moved for 15 minutes.",
            "The watchdog restarts the service; without systemd restart the daemon.",
        ),
    ),
    (
        Id::Clock,
        unhealthy(
            "clock",
            "A stored time is more than 5 minutes ahead of the clock: the clock is wrong now, or was wrong then. Or \
             the clock differs by more than 5 minutes from the median of the `Date` of three or more hosts.",
            "Set the clock; `timedatectl` shows whether it is synchronised.",
        ),
    ),
    (
        Id::SourceSilent,
        unhealthy(
            "source-silent",
            "provwatch has never read a feed, or not for 30 minutes. With `run --once` the limit is the longest \
             permitted time between passes. provwatch keeps the cursor, so that it skips no release.",
            "`provwatch doctor`; look at the network, the proxy and the registry's status page.",
        ),
    ),
    (
        Id::PackageLate,
        unhealthy(
            "package-late",
            "provwatch has not checked a package for 5 minutes after a feed announced it. After 10 minutes it raises \
             an alert.",
            "`provwatch status` shows the last error; as a rule the registry does not answer: `provwatch doctor`.",
        ),
    ),
    (
        Id::QueueStill,
        unhealthy(
            "queue-still",
            "Packages are due, and provwatch has checked none for 10 minutes.",
            "The log names the cause of the wait; restart the daemon if the wait does not end.",
        ),
    ),
    (
        Id::PackagesFailing,
        unhealthy(
            "packages-failing",
            "The checks of some packages have failed for an hour. Each package has an alert of its own after about 40 \
             minutes. If ten or more packages fail, or one fails for a day, one alert reports all.",
            "`provwatch status` lists the errors under *work*; as a rule one registry or the network is down.",
        ),
    ),
    (
        Id::ReleasesUnchecked,
        unhealthy(
            "releases-unchecked",
            "A new release of the last week could not be checked for 30 minutes, and no operator has acknowledged its \
             alert.",
            "`provwatch lookup` has the reason. Do not install the release before a person has reviewed it; \
             `provwatch alerts ack` closes the finding.",
        ),
    ),
    (
        Id::SubscriptionLate,
        unhealthy(
            "subscription-late",
            "The receiver of a subscription has not accepted an alert for 10 minutes, or provwatch gave up the last \
             one, or its endpoint answered that it is gone. provwatch raises an alert for the \
             other subscriptions after an hour; at once when it gave up a delivery or disabled the endpoint.",
            "`provwatch deliveries list --subscription NAME` shows the answers, `provwatch test-sinks NAME` sends a \
             test message, `provwatch deliveries retry --subscription NAME` tries again.",
        ),
    ),
    (
        Id::SubscriptionLost,
        unhealthy(
            "subscription-lost",
            "provwatch gave up alerts to a subscription in the last 24 hours; later ones arrived. The alert about them stays \
             open until they are sent again or it is resolved.",
            "`provwatch deliveries list --state failed` shows them, `provwatch deliveries retry --failed` sends them again.",
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
            "The error names the reason: no space, missing permissions, a failing disk. provwatch skips nothing, and \
             resumes when it can write.",
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
            "provwatch found damaged rows in the database in the last 24 hours, and set them aside.",
            "Each has an alert that names what provwatch rebuilt and what was lost. Check the disk and the memory; \
             restore a backup if more rows follow every day.",
        ),
    ),
    (
        Id::ReloadRefused,
        unhealthy(
            "reload-refused",
            "At the last reload the daemon could not use the configuration or the watchlist, and keeps those that it \
             read before. After 10 minutes it raises an alert.",
            "Correct the file, then `provwatch reload`.",
        ),
    ),
    (
        Id::WatchlistUnusable,
        unhealthy(
            "watchlist-unusable",
            "The watchlist on disk cannot be read, or is wrong. The daemon keeps the one that it read before. After \
             10 minutes it raises an alert.",
            "Correct the file that the finding names, then reload: `systemctl reload provwatch`.",
        ),
    ),
    (
        Id::WatchlistChanged,
        unhealthy(
            "watchlist-changed",
            "The watchlist on disk is not the one that the daemon uses. After 10 minutes the daemon raises an alert.",
            "`systemctl reload provwatch`, or send SIGHUP.",
        ),
    ),
    (
        Id::ConfigurationUnusable,
        unhealthy(
            "configuration-unusable",
            "The configuration on disk cannot be read, or is wrong. After 10 minutes the daemon raises an alert.",
            "Correct the file; `provwatch doctor` checks it.",
        ),
    ),
    (
        Id::ConfigurationChanged,
        unhealthy(
            "configuration-changed",
            "The configuration on disk is not the one that the daemon uses. After 10 minutes the daemon raises an \
             alert.",
            "Reload: `systemctl reload provwatch`.",
        ),
    ),
    (
        Id::TrustRootStale,
        unhealthy(
            "trust-root-stale",
            "The trust root has not been refreshed through TUF for 3 days, or twice `refresh_interval` if that is \
             longer. provwatch keeps the earlier one, and cannot check newer signatures.",
            "Allow the TUF repository, name a mirror (`[trust] tuf_url`) or give a file.",
        ),
    ),
    (
        Id::TrustFilesUnusable,
        unhealthy(
            "trust-files-unusable",
            "A file of `[trust]` was changed, and cannot be read or used. The daemon keeps the earlier one, but could \
             not restart. After 10 minutes it raises an alert.",
            "Correct the file; the daemon reads it again within `refresh_interval`, and on `provwatch reload`.",
        ),
    ),
    (
        Id::LogUnread,
        unhealthy(
            "log-unread",
            "A transparency log did not answer, or its answers did not verify, for 30 minutes. provwatch skips \
             nothing.",
            "`provwatch logs status`; where the network blocks it, `[logs] enabled = false`.",
        ),
    ),
    (
        Id::LogLeft,
        unhealthy(
            "log-left",
            "The trust root no longer names a log that provwatch followed, so that provwatch does not see its new \
             entries. This raises an alert too. If the operator removed the log from the configuration, or the trust \
             root says that another log has taken its place, the finding is limited and lasts a week.",
            "Find out who changed the trust root; to go on following the log, name it in `[[logs.instance]]`.",
        ),
    ),
    (
        Id::LogMirrorFailing,
        unhealthy(
            "log-mirror-failing",
            "A mirror (one of several URLs of a log) has not answered for 30 minutes, or its checkpoints could not be \
             compared with those of the others. provwatch reads the log from the next mirror. This raises an alert \
             too.",
            "`provwatch logs status` has the reason; repair the mirror, or take it out of `[[logs.instance]]`. A \
             mirror that shows another history raises an alert about the log too.",
        ),
    ),
    (
        Id::LogMirrorForked,
        unhealthy(
            "log-mirror-forked",
            "A mirror (one of several URLs of a log) shows another history than the known one. The critical alert \
             about the log has the proof. This finding stays as long as the mirror does so, even after you acknowledge \
             the alert.",
            "`provwatch logs status` has the start time and the evidence: report it to the operator of the log. \
             provwatch trusts no entry of that history; to stop the comparison, take the mirror out of \
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
