//! Table of the findings that limit provwatch but do not make it unhealthy.

use crate::health::{About, Id, about::limited};

/// In the order of [`Id`].
pub(super) const LIMITED: &[(Id, About)] = &[
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
            "A forge has given no usable answer for an hour. provwatch judges releases without its facts.",
            "`provwatch doctor` says whether the forge accepts the token; make a new token, or set `[forges] enabled \
             = false`.",
        ),
    ),
    (
        Id::ForgesOff,
        limited(
            "forges-off",
            "The forges are switched off: provwatch judges releases without facts about tags, commits and runs.",
            "Remove `[forges] enabled = false` where the network allows requests to them.",
        ),
    ),
    (
        Id::NoToken,
        limited(
            "no-token",
            "provwatch has no token for the forges: it sees the tag of every new release, and asks about commits, runs \
             and owners only if a release differs from its baseline.",
            "Make a token without permissions, and name it in `[forges] github_token_file`.",
        ),
    ),
    (
        Id::LogsOff,
        limited(
            "logs-off",
            "Transparency logs are switched off: provwatch does not see a signature of a watched repository that no \
             release carries.",
            "Remove `[logs] enabled = false` where the network allows requests to them.",
        ),
    ),
    (
        Id::LogNotFollowed,
        limited(
            "log-not-followed",
            "provwatch does not follow a log of the trust root, and does not see its entries. The trust root names no \
             URL for the log, or the URL of another log, or a key of an unknown kind.",
            "`provwatch logs status` has the key; `[logs] urls` sets the URL.",
        ),
    ),
    (
        Id::NameUnknown,
        limited(
            "name-unknown",
            "A registry does not know a watched name.",
            "Correct the name in the watchlist, or leave it if you will register it.",
        ),
    ),
    (
        Id::MirrorLeavesOut,
        limited(
            "mirror-leaves-out",
            "The documents of a registry or mirror lack fields that the detectors need.",
            "Name a mirror that passes on the registry's documents whole (`[registries]`).",
        ),
    ),
    (
        Id::HistoryUnread,
        limited(
            "history-unread",
            "provwatch has not read the history of some packages yet. It judges their releases of the last week \
             afterwards.",
            "Wait; the finding shows the progress.",
        ),
    ),
    (
        Id::RecipientRefused,
        limited(
            "recipient-refused",
            "A mail server refused a recipient for good; the others have the mail. The finding ends with the next mail that the \
             server accepts for all recipients in `to`.",
            "Correct the address, or remove it from `to`, and reload.",
        ),
    ),
    (
        Id::NoSubscription,
        limited(
            "no-subscription",
            "No subscription is configured: provwatch stores alerts, but does not send them.",
            "Add `[[subscriptions]]`, then `provwatch test-sinks`.",
        ),
    ),
    (
        Id::RegistryOff,
        limited(
            "registry-off",
            "The watchlist names packages of a registry that is switched off: provwatch does not watch them.",
            "Switch the registry on (`[registries]`), or remove the entries: `provwatch watch remove`.",
        ),
    ),
    (
        Id::TakeoversUntold,
        limited(
            "takeovers-untold",
            "No subscription receives high alerts of the kind `release`: provwatch stores a takeover, but does not \
             report it.",
            "Add that kind and severity to a subscription (`kinds`, `min_severity`).",
        ),
    ),
    (
        Id::TakeoversLate,
        limited(
            "takeovers-late",
            "Only digests have all critical alerts of the kind `release`: provwatch reports a takeover hours later.",
            "Add a subscription without `digest` that receives them, or `escalate` to that of the digest.",
        ),
    ),
    (
        Id::LogsUntold,
        limited(
            "logs-untold",
            "provwatch follows logs, but no subscription receives high alerts of the kind `log`.",
            "Add that kind and severity to a subscription (`kinds`, `min_severity`).",
        ),
    ),
    (
        Id::TroubleUntold,
        limited(
            "trouble-untold",
            "No subscription receives medium alerts of the kind `operation`: only `provwatch status` reports a \
             failure of provwatch itself.",
            "Add that kind and severity to a subscription (`kinds`, `min_severity`).",
        ),
    ),
    (
        Id::TroubleToldOnce,
        limited(
            "trouble-told-once",
            "There are several subscriptions, and only one receives medium alerts of the kind `operation`: if its receiver \
             fails, only `provwatch status` reports that.",
            "Add that kind and severity to another subscription (`kinds`, `min_severity`).",
        ),
    ),
    (
        Id::TrustRootEmbedded,
        limited(
            "trust-root-embedded",
            "The trust root is built into this version and never refreshed (`[trust] source = \"embedded\"`).",
            "Set `source = \"tuf\"`, or upgrade in good time.",
        ),
    ),
    (
        Id::TrustRootUnrefreshed,
        limited(
            "trust-root-unrefreshed",
            "No refresh through TUF has succeeded yet, and provwatch uses the trust root built into this version. \
             `trust-root-stale` follows if that lasts.",
            "Allow the TUF repository, name a mirror (`[trust] tuf_url`) or give a file.",
        ),
    ),
    (
        Id::NpmKeysKept,
        limited(
            "npm-keys-kept",
            "The last refresh brought the trust root, but not npm's keys: their part of the repository has expired or \
             cannot be read. provwatch keeps the earlier keys. It raises an alert after the time of \
             `trust-root-stale`.",
            "Wait until their owner signs them again, or give a file (`[trust] npm_keys`).",
        ),
    ),
    (Id::DiskLow, limited("disk-low", "Less than 512 MiB are left beside the database.", "Free some space.")),
    (
        Id::LogMirrorBehind,
        limited(
            "log-mirror-behind",
            "A mirror (one of several URLs of a log) has had fewer entries than another for 30 minutes, and does not \
             grow. Its history is the same, so that provwatch reports no violation.",
            "Ask the operator of the mirror; `provwatch logs status` shows its position.",
        ),
    ),
    (
        Id::LogNotUnderstood,
        limited(
            "log-not-understood",
            "Every entry that provwatch read of a log is in an unknown form. provwatch proves the entries and audits \
             the log, but does not see the signers.",
            "`provwatch logs status` names the forms; a newer version of provwatch may know them. If the \
             configuration names the wrong `kind` of log, correct it in `[[logs.instance]]`.",
        ),
    ),
    (
        Id::SilenceBroad,
        limited(
            "silence-broad",
            "A silence holds critical alerts back, or every alert of a kind. provwatch stores them, but does not send them.",
            "`provwatch silences list` shows its number, with which `silences expire` ends it.",
        ),
    ),
];
