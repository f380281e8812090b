//! Checks for limits on provwatch that the operator or others set.

use crate::{
    health::{
        BroadSilence, Check, Finding, FirstSights, Forges, Id, Log, LogNotFollowed, Snapshot, Subscription, Trust,
    },
    model::AlertKind,
    text::{counted, moment, quoted},
};

/// Most names in a sentence.
const NAMED: usize = 5;

pub(super) fn checks(snapshot: &Snapshot) -> Vec<Check> {
    let findings = [
        forges(snapshot.forges.as_ref()),
        logs(snapshot),
        switched_off(snapshot),
        unknown(snapshot),
        history(snapshot),
    ];
    let findings = findings.into_iter().flatten().chain(not_followed(snapshot)).chain(not_understood(snapshot));
    let findings = findings.chain(mirrors(snapshot)).chain(receivers(snapshot));
    let findings = findings.chain(trust(snapshot)).chain(silences(snapshot));
    findings
        .map(|finding| Check::found(format!("limit {} {}", finding.id.as_str(), finding.subject), finding))
        .collect()
}

/// A setup that can see nothing must not be reported as healthy.
pub(super) fn nothing(snapshot: &Snapshot) -> Option<Finding> {
    (snapshot.sources.is_empty() && snapshot.logs.is_none()).then(|| {
        Finding::new(
            Id::NothingWatched,
            "",
            "nothing is watched: every registry is switched off, and so are the transparency logs",
            "switch on a registry ([registries.npm] enabled = true and the like) or the logs ([logs] enabled = true)",
        )
    })
}

fn forges(forges: Option<&Forges>) -> Option<Finding> {
    let Some(forges) = forges else {
        return Some(Finding::new(
            Id::ForgesOff,
            "",
            "the forges are switched off: provwatch judges releases without facts about tags, commits and runs",
            "remove `[forges] enabled = false` where the network allows requests to them",
        ));
    };
    // A token for one of them shows that the operator decided this.
    let is_bare = forges.with_token.is_empty() && !forges.without_token.is_empty();
    is_bare.then(|| {
        let hosts = forges.without_token.join(", ");
        Finding::new(
            Id::NoToken,
            "",
            format!(
                "provwatch has no token for {hosts}: it sees the tag of every new release, and asks about commits, runs \
                 and owners only if a release differs from its baseline"
            ),
            "make a token without permissions and name it in [forges] github_token_file",
        )
    })
}

fn logs(snapshot: &Snapshot) -> Option<Finding> {
    snapshot.logs.is_none().then(|| {
        Finding::new(
            Id::LogsOff,
            "",
            "transparency logs are switched off: provwatch does not see a signature of a watched repository that no \
             release carries",
            "remove `[logs] enabled = false` where the network allows requests to them",
        )
    })
}

/// By the facts of the working process, or the one before.
fn not_followed(snapshot: &Snapshot) -> Vec<Finding> {
    let facts = snapshot.runner.facts().filter(|_| snapshot.logs.is_some());
    let finding = |log: &LogNotFollowed| {
        let name = quoted(&log.name, 120);
        let sentence = format!("the log {name} of the trust root is not followed: {}", quoted(&log.why, 300));
        Finding::new(Id::LogNotFollowed, &name, sentence, &log.next)
    };
    facts.iter().flat_map(|facts| &facts.not_followed).map(finding).collect()
}

/// A log whose entries all have an unknown form.
fn not_understood(snapshot: &Snapshot) -> Vec<Finding> {
    let logs = snapshot.logs.iter().flatten().filter(|log| log.entries > 0 && log.entries == log.not_understood);
    let finding = |log: &Log| {
        let name = quoted(&log.name, 120);
        let read = match log.entries {
            1 => "the only entry that was read is".to_owned(),
            entries => format!("all {entries} entries that were read are"),
        };
        let sentence = format!("{name}: {read} in an unknown form; provwatch does not see the signers");
        let next = "`provwatch logs status` names the forms; correct `kind` in [[logs.instance]] if it is wrong, or upgrade \
             provwatch";
        Finding::new(Id::LogNotUnderstood, &name, sentence, next)
    };
    logs.map(finding).collect()
}

fn unknown(snapshot: &Snapshot) -> Option<Finding> {
    let names = &snapshot.unknown;
    (!names.is_empty()).then(|| {
        let is_one = names.len() == 1;
        let (what, verb) = (if is_one { "watched name" } else { "watched names" }, if is_one { "is" } else { "are" });
        Finding::new(
            Id::NameUnknown,
            "",
            format!("{} {what} {verb} not known to the registry: {}", names.len(), listed(names)),
            "correct the name in the watchlist; `provwatch watch why PURL` shows the line",
        )
    })
}

fn switched_off(snapshot: &Snapshot) -> Option<Finding> {
    let names = &snapshot.switched_off;
    (!names.is_empty()).then(|| {
        let (entries, are) = if names.len() == 1 { ("entry", "is") } else { ("entries", "are") };
        let (count, listed) = (names.len(), listed(names));
        Finding::new(
            Id::RegistryOff,
            "",
            format!(
                "{count} {entries} of the watchlist {are} not watched, since the registry is switched off or not in the \
                 configuration: {listed}"
            ),
            "switch it on ([registries.npm] enabled = true and the like), add it ([[registries.npm]] with a name and its url), or \
             remove the entries: `provwatch watch remove PURL`",
        )
    })
}

fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| quoted(name, 120)).collect();
    let more = if names.len() > NAMED { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

fn history(snapshot: &Snapshot) -> Option<Finding> {
    let FirstSights { packages: begun, done, total } = snapshot.queue.first_sights;
    let learning = snapshot.queue.learning.max(begun);
    (learning > 0).then(|| {
        let packages = counted(learning, "package");
        let sentence = if begun == 0 {
            format!("the history of {packages} is still to be read")
        } else {
            let whose = if begun < learning { format!(" of {begun} of them") } else { String::new() };
            format!("the history of {packages} is still being read: {done} of {total} releases{whose}")
        };
        Finding::new(Id::HistoryUnread, "", sentence, "wait; `provwatch status` shows the progress")
    })
}

fn mirrors(snapshot: &Snapshot) -> Vec<Finding> {
    let lacking = snapshot.mirrors.iter().filter(|mirror| !mirror.lacks.is_empty());
    let finding = |mirror: &crate::health::Mirror| {
        let registry = quoted(&mirror.registry, 60);
        Finding::new(
            Id::MirrorLeavesOut,
            &registry,
            format!("the documents of {registry} lack {}", mirror.lacks.join(", ")),
            "name a mirror that passes the registry's documents on whole ([registries])",
        )
    };
    lacking.map(finding).collect()
}

fn receivers(snapshot: &Snapshot) -> Vec<Finding> {
    let configured: Vec<&Subscription> = snapshot.subscriptions.iter().filter(|one| one.configured).collect();
    if configured.is_empty() {
        return vec![Finding::new(
            Id::NoSubscription,
            "",
            "no subscription is configured: provwatch stores alerts, but does not send them",
            "add [[subscriptions]] to the configuration, then `provwatch test-sinks`",
        )];
    }
    let is_taken = |kind| configured.iter().any(|one| one.takes.contains(&kind));
    let is_relevant = |kind| match kind {
        AlertKind::Release => !snapshot.sources.is_empty(),
        AlertKind::Log => snapshot.logs.is_some(),
        AlertKind::Operation | AlertKind::Campaign => true,
    };
    let untold = UNTOLD.iter().filter(|(kind, ..)| is_relevant(*kind) && !is_taken(*kind)).map(untold);
    let is_late = is_relevant(AlertKind::Release)
        && is_taken(AlertKind::Release)
        && !configured.iter().any(|one| one.at_once.contains(&AlertKind::Release));
    untold.chain(is_late.then(late)).chain(once(&configured)).collect()
}

/// The finding where a receiver that fails is the only one that would be told of that, though there are others.
fn once(configured: &[&Subscription]) -> Option<Finding> {
    let mut told = configured.iter().filter(|one| one.takes.contains(&AlertKind::Operation));
    let (Some(only), None) = (told.next(), told.next()) else { return None };
    let name = quoted(&only.name, 120);
    let what = format!("only {name} receives alerts about provwatch itself: no other is told if its receiver fails");
    let next = "add the kind `operation` from medium on to another subscription (kinds, min_severity)";
    (configured.len() > 1).then(|| Finding::new(Id::TroubleToldOnce, name, what, next))
}

/// The finding where a takeover waits for a digest.
fn late() -> Finding {
    Finding::new(
        Id::TakeoversLate,
        "",
        "only digests have all critical alerts about releases: provwatch reports a takeover hours later",
        "add a subscription without `digest` that receives them, or `escalate` to that of the digest",
    )
}

/// The findings where no subscription receives alerts of a kind.
const UNTOLD: [(AlertKind, Id, &str, &str); 3] = [
    (
        AlertKind::Release,
        Id::TakeoversUntold,
        "no subscription receives high alerts about releases: provwatch stores a takeover, but does not report it",
        "add the kind `release` from high on to a subscription (kinds, min_severity)",
    ),
    (
        AlertKind::Log,
        Id::LogsUntold,
        "no subscription receives high alerts about logs: provwatch does not report a log that shows two histories",
        "add the kind `log` from high on to a subscription (kinds, min_severity)",
    ),
    (
        AlertKind::Operation,
        Id::TroubleUntold,
        "no subscription receives alerts about provwatch itself: only `provwatch status` reports its failures",
        "add the kind `operation` from medium on to a subscription (kinds, min_severity)",
    ),
];

fn untold((_, id, sentence, next): &(AlertKind, Id, &str, &str)) -> Finding {
    Finding::new(*id, "", *sentence, *next)
}

/// A silence that hides much must not be forgotten.
fn silences(snapshot: &Snapshot) -> Vec<Finding> {
    let finding = |silence: &BroadSilence| {
        let (id, by) = (silence.id, quoted(&silence.by, 60));
        let what = if silence.critical { "critical alerts" } else { "whole kinds of alerts" };
        let sentence = format!("silence {id} of {by} holds {what} back until {}", moment(silence.until));
        Finding::new(Id::SilenceBroad, id.to_string(), sentence, format!("`provwatch silences expire {id}` ends it"))
    };
    snapshot.silences.iter().map(finding).collect()
}

fn trust(snapshot: &Snapshot) -> Option<Finding> {
    matches!(snapshot.trust, Trust::Embedded).then(|| {
        Finding::new(
            Id::TrustRootEmbedded,
            "",
            "the trust root is built into this version and never refreshed: provwatch cannot check newer signatures",
            "set [trust] source = \"tuf\", or upgrade provwatch in good time",
        )
    })
}
