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
            "A forge has given no usable answer for an hour. Releases are assessed without its facts.",
            "`provwatch doctor` says whether it takes the token; a new token, or `[forges] enabled = false`.",
        ),
    ),
    (
        Id::ForgesOff,
        limited(
            "forges-off",
            "The forges are switched off: releases are assessed without their facts.",
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
            "Transparency logs are switched off: signatures in a watched name without a release are not seen.",
            "Remove `[logs] enabled = false` where the network lets them through.",
        ),
    ),
    (
        Id::LogNotFollowed,
        limited(
            "log-not-followed",
            "A log of the trust root is not followed: the trust root does not say where it is read, has it where \
             another log is, or its key is of an unknown kind. Its entries are not seen.",
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
            "The documents of a registry or mirror lack fields that the detectors need.",
            "Name a mirror that passes the registry's documents on whole (`[registries]`).",
        ),
    ),
    (
        Id::HistoryUnread,
        limited(
            "history-unread",
            "The history of packages is still to be read; releases of the last week are judged when it is there.",
            "Wait; the finding gives the number.",
        ),
    ),
    (
        Id::NoSubscription,
        limited(
            "no-subscription",
            "No subscription is configured: alerts are stored but not sent.",
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
            "No subscription takes alerts of the kind `release` from high on: a takeover is stored but not reported.",
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
            "Wait until its owner has signed them again, or give a file (`[trust] npm_keys`).",
        ),
    ),
    (Id::DiskLow, limited("disk-low", "Less than 512 MiB are left beside the database.", "Free some space.")),
    (
        Id::LogMirrorBehind,
        limited(
            "log-mirror-behind",
            "One of the URLs of a log that is read at several has had fewer entries than another for 30 minutes, \
             and does not grow. It is of the same history, and is not reported as a violation.",
            "Ask the operator of the mirror; `provwatch logs status` shows how far it is.",
        ),
    ),
    (
        Id::LogNotUnderstood,
        limited(
            "log-not-understood",
            "Every entry that was read of a log is in an unknown form. The entries are hashed and proven, and the \
             log is audited; their signers are not seen.",
            "`provwatch logs status` names the forms; a newer version of provwatch may know them. If the log was set up as \
             something else than it is, correct its `kind` in `[[logs.instance]]`.",
        ),
    ),
];
