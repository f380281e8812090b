//! Turns findings into alerts of the kind `operation`.

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    health::ComparedClock,
    model::{AlertId, AlertKind, Confidence, Fingerprint, Severity},
    text::{counted, shell_word, span},
};

/// An alert about provwatch itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Alarm {
    /// The id of the alert.
    pub id: AlertId,
    /// Its severity.
    pub severity: Severity,
    /// Its confidence.
    #[serde(skip)]
    pub confidence: Confidence,
    /// One line.
    pub title: String,
    /// The key that makes it the same alert when it is raised again.
    #[serde(skip)]
    pub key: String,
    /// What happened, the action that provwatch took, and the operator's next step.
    #[serde(skip)]
    pub argument: String,
    /// The subscription that it is about, if that does not work: others are told of it.
    #[serde(skip)]
    pub about: Option<String>,
}

impl Alarm {
    pub(super) fn new(key: &str, severity: Severity, title: String, argument: String) -> Self {
        let id = Fingerprint::of(AlertKind::Operation, key).id();
        Self { id, severity, confidence: Confidence::High, title, key: key.to_owned(), argument, about: None }
    }

    /// The alarm, of which others than this subscription are told.
    fn about(self, subscription: &str) -> Self {
        Self { about: Some(subscription.to_owned()), ..self }
    }

    fn medium(key: &str, title: String, argument: String) -> Self {
        Self::new(key, Severity::Medium, title, argument)
    }
}

fn last(error: Option<&str>) -> String {
    error.map_or_else(String::new, |error| format!(" The last error: {error}."))
}

/// `by`: how far and in which direction; `whose`: the clocks that it was compared with.
pub(super) fn wrong_clock(key: &str, clock: ComparedClock, by: &str, whose: &str) -> Alarm {
    let (severity, confidence) = match clock.hosts {
        0 | 1 => (Severity::Low, Confidence::Low),
        2 => (Severity::Medium, Confidence::Medium),
        _ => (Severity::Medium, Confidence::High),
    };
    let title = format!("the system's clock is {by}");
    let argument = format!(
        "provwatch compared it with {whose}, by the `Date` of their answers. It still judges releases, but times in \
         alerts, usual hours and waits follow the wrong clock. Check the time service of this host (`timedatectl \
         status`)."
    );
    Alarm { confidence, ..Alarm::new(key, severity, title, argument) }
}

pub(super) fn silent_source(key: &str, source: &str, lasts: TimeDelta, error: Option<&str>) -> Alarm {
    let error = last(error);
    Alarm::medium(
        key,
        format!("{source} has not been read for {}", span(lasts)),
        format!(
            "provwatch sees no new releases while this lasts. It keeps the cursor, so that it skips none.{error} \
             Check the network with `provwatch doctor`."
        ),
    )
}

pub(super) fn stale_trust(key: &str, lasts: TimeDelta, error: Option<&str>) -> Alarm {
    let error = last(error);
    Alarm::medium(
        key,
        format!("the trust root has not been refreshed for {}", span(lasts)),
        format!(
            "provwatch verifies signatures with the one in use. It reports releases that are signed with newer keys \
             as unchecked, neither clean nor forged.{error} Check the network with `provwatch doctor`, or give a file \
             ([trust] source = \"file\")."
        ),
    )
}

pub(super) fn kept_keys(key: &str, lasts: TimeDelta, error: &str) -> Alarm {
    let error = last(Some(error));
    Alarm::medium(
        key,
        format!("npm's keys have not been refreshed for {}", span(lasts)),
        format!(
            "The trust root is fresh; provwatch verifies npm's own signatures with the earlier keys. It reports \
             releases that are signed with newer keys as unchecked.{error} Wait until the owner of the repository has \
             signed them again, or give a file ([trust] npm_keys)."
        ),
    )
}

pub(super) fn unread_log(key: &str, log: &str, lasts: TimeDelta, error: Option<&str>) -> Alarm {
    let error = last(error);
    Alarm::medium(
        key,
        format!("{log} could not be read for {}", span(lasts)),
        format!(
            "provwatch sees no new entries of this log while this lasts. It keeps its position, so that it skips \
             none.{error} `provwatch logs status` shows how far provwatch has read it."
        ),
    )
}

pub(super) fn left_log(key: &str, log: &str) -> Alarm {
    Alarm::medium(
        key,
        format!("{log} is no longer followed: the trust root no longer names it"),
        "provwatch does not see new entries of this log. It keeps its position. Find out who changed the trust root. \
         To go on following the log, name it in [[logs.instance]]."
            .to_owned(),
    )
}

pub(super) fn failing_mirror(key: &str, mirror: &str, lasts: TimeDelta, error: Option<&str>) -> Alarm {
    let error = last(error);
    Alarm::medium(
        key,
        format!("{mirror} could not be read or compared for {}", span(lasts)),
        format!(
            "provwatch reads the log from its other mirrors. While this lasts, a different history on this mirror \
             would go unnoticed.{error} `provwatch logs status` shows the state of each."
        ),
    )
}

pub(super) fn failing_forge(key: &str, host: &str, lasts: TimeDelta, error: &str) -> Alarm {
    let error = last(Some(error));
    Alarm::medium(
        key,
        format!("{host} has not answered for {}", span(lasts)),
        format!(
            "provwatch still judges releases, but without the facts of this forge: whether the commit was merged, the \
             version tagged, the repository young, the run successful.{error} `provwatch doctor` says whether the \
             forge accepts the token ([forges])."
        ),
    )
}

pub(super) fn failing_packages(key: &str, packages: u64, lasts: TimeDelta) -> Alarm {
    Alarm::medium(
        key,
        format!("{} cannot be checked", counted(packages, "package")),
        format!(
            "The first has waited for {}. provwatch tries all of them again; until that succeeds, it checks none of \
             their releases. `provwatch status` names the packages and the last errors.",
            span(lasts)
        ),
    )
}

pub(super) fn late_package(key: &str, package: &str, waits: TimeDelta, others: u64) -> Alarm {
    let more = match others {
        0 => String::new(),
        others => format!(" {} more wait too.", counted(others, "announced package")),
    };
    Alarm::medium(
        key,
        format!("{package} was announced {} ago and has not been checked", span(waits)),
        format!(
            "A feed announced a change, which provwatch has not checked yet.{more} It tries again until it succeeds. \
             `provwatch status` has the last error, and the number of waiting packages."
        ),
    )
}

pub(super) fn standstill(key: &str, due: u64, lasts: TimeDelta) -> Alarm {
    Alarm::medium(
        key,
        format!("the queue is stalled: none of {} was checked for {}", counted(due, "due package"), span(lasts)),
        "provwatch sees new releases, but does not check them while this lasts. The log names the cause of the wait. \
         If the wait does not end, restart the daemon; nothing is lost."
            .to_owned(),
    )
}

pub(super) fn stuck_loops(key: &str, loops: &str) -> Alarm {
    Alarm::medium(
        key,
        format!("daemon loops are stalled: {loops}"),
        "These loops have sent no heartbeat for 15 minutes. Under systemd the watchdog restarts the service; \
         elsewhere restart the daemon, which loses nothing."
            .to_owned(),
    )
}

pub(super) fn failing_sink(key: &str, subscription: &str, waiting: u64, given_up: u64) -> Alarm {
    let command = shell_word(subscription);
    let alarm = Alarm::medium(
        key,
        format!("the subscription {subscription} does not take alerts"),
        format!(
            "Alerts that wait for it: {waiting}; given up so far: {given_up}. provwatch sends the waiting ones again. \
             `provwatch deliveries list --subscription {command}` shows them with the last answers, `provwatch \
             test-sinks {command}` sends a test message."
        ),
    );
    alarm.about(subscription)
}

/// The alarm about a receiver whose endpoint is permanently gone, and disabled.
pub(crate) fn gone_sink(subscription: &str) -> Alarm {
    let command = shell_word(subscription);
    let alarm = Alarm::new(
        &format!("gone {subscription}"),
        Severity::High,
        format!("the subscription {subscription} cannot deliver: its endpoint is disabled"),
        format!(
            "The endpoint answered that it is gone for good (410). provwatch sends nothing more to it: alerts wait for up \
             to 72 hours, and are given up then. Correct or remove the subscription in the configuration, and reload \
             (`provwatch reload`); or, if the endpoint is back, `provwatch deliveries retry --subscription {command}`."
        ),
    );
    alarm.about(subscription)
}

/// Deliveries that were given up.
#[derive(Debug)]
pub(super) struct Lost<'a> {
    pub subscription: &'a str,
    pub count: u64,
    /// Some of the numbers, the latest first.
    pub latest: &'a [i64],
    pub why: Option<&'a str>,
    /// Whether the receiver works again.
    pub works: bool,
}

pub(super) fn dead_letters(key: &str, lost: &Lost<'_>) -> Alarm {
    let Lost { subscription, count, latest, why, works } = lost;
    let (command, alerts) = (shell_word(subscription), counted(*count, "alert"));
    let were = if *count == 1 { "was" } else { "were" };
    let numbers: Vec<String> = latest.iter().map(i64::to_string).collect();
    let more = count.saturating_sub(u64::try_from(latest.len()).unwrap_or(*count));
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let why = why.map(|why| format!(" Why the last one was given up: {why}.")).unwrap_or_default();
    let alarm = Alarm::medium(
        key,
        format!("{alerts} {were} never delivered to the subscription {subscription}"),
        format!(
            "provwatch gave up these deliveries: {}{more}.{why} `provwatch deliveries list --subscription {command} --state \
             failed` shows them. Correct the receiver, then send them again: `provwatch deliveries retry --failed \
             --subscription {command}`. `--to NAME` sends the alerts of a time to another subscription. This alert ends when \
             no such delivery is left; resolve it if they are not needed.",
            numbers.join(", ")
        ),
    );
    if *works { alarm } else { alarm.about(subscription) }
}

/// Recipients whom the mail server of a subscription refuses; the others get this alert too.
pub(super) fn refused_recipients(key: &str, subscription: &str, who: &str, answer: &str) -> Alarm {
    let command = shell_word(subscription);
    Alarm::medium(
        key,
        format!("recipients of the subscription {subscription} are refused"),
        format!(
            "The mail server refuses {who} for good, and the others have the mails. Its last answer: {answer}. Correct or remove \
             these addresses in `to`, and reload (`provwatch reload`). `provwatch deliveries list --subscription {command}` has \
             the answers. This alert ends with the next mail that the server accepts for all."
        ),
    )
}

pub(super) fn failing_writes(key: &str, why: &str) -> Alarm {
    Alarm::new(
        key,
        Severity::High,
        "the database could not be written".to_owned(),
        format!(
            "While this lasts, provwatch stores nothing new and sends no alert. The last error: {why}. Nothing is \
             skipped: provwatch reads again what it could not store."
        ),
    )
}

pub(super) fn full_disk(key: &str, path: &str, free: &str) -> Alarm {
    Alarm::new(
        key,
        Severity::High,
        format!("the disk is nearly full: {free} left beside {path}"),
        "Without space provwatch stores nothing and sends no alert. Free some space; the daemon resumes by itself, \
         and skips nothing."
            .to_owned(),
    )
}

pub(super) fn unreadable_file(key: &str, what: &str, why: &str) -> Alarm {
    Alarm::medium(
        key,
        format!("the {what} on disk cannot be used"),
        format!("The daemon keeps the earlier one, but could not restart: {why}. Correct the file."),
    )
}

pub(super) fn refused_reload(key: &str, why: &str) -> Alarm {
    Alarm::medium(
        key,
        "the last reload was refused".to_owned(),
        format!(
            "The daemon could not use its files at the last reload, and keeps those that it read before. The reason: \
             {why}. Correct the file, then reload: `provwatch reload`, `systemctl reload provwatch`, or send SIGHUP."
        ),
    )
}

pub(super) fn other_file(key: &str, what: &str, apply: &str) -> Alarm {
    Alarm::medium(
        key,
        format!("the {what} on disk is not the one in use"),
        format!("The file was changed, and the daemon still uses the one that it read before. {apply}."),
    )
}
