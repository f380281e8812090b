//! The recommended steps for an alert, the same for every sink and for `provwatch alerts show`.

mod accepting;
mod containing;
mod stage;

use containing::{Pin, find, pin, pin_direct, pin_of};

use super::shown::{LINE, NAME};
use crate::{
    model::{Alert, AlertKind, AlertStatus, Package, ReleaseId, Severity, leading},
    text::{plain, shell_word},
};

pub use accepting::{accept_because, accept_command, needs_reason};
pub use stage::{Advice, NextStep, Stage};

/// Most members of a campaign for which commands are proposed.
const MEMBERS: usize = 3;

/// The commands in provwatch's own alerts. Only these are proposed: the argument may quote text from outside.
const OWN: [(&str, &str); 6] = [
    ("provwatch test-sinks", "send a test message, and show the receiver's answer"),
    ("provwatch reload", "reload, once the cause is corrected"),
    ("provwatch logs status", "show how far each log was read"),
    ("provwatch doctor", "check this installation"),
    ("provwatch status", "show the health of provwatch"),
    ("provwatch alerts list", "list the undelivered alerts"),
];

/// What stands above the message of a drill.
pub(super) const DRILL: &str = "This is a drill. `provwatch drill` made this release up, to try the way from the feed to you. Nothing \
                                happened, and nothing has to be done.";

/// The warning for the meantime; `None`: no release can be installed, or there is no hurry.
pub fn warning(alert: &Alert) -> Option<String> {
    if alert.is_drill() {
        return Some(DRILL.to_owned());
    }
    if alert.severity < Severity::High || alert.status == AlertStatus::Resolved {
        return None;
    }
    let what = match (&alert.purl, alert.kind) {
        (Some(release), _) => format!("{}{}", plain(&release.to_string(), LINE), and_repetitions(alert)),
        (None, AlertKind::Campaign) => "the releases of this campaign".to_owned(),
        (None, _) => return None,
    };
    let good = alert.last_good.as_ref().map(|good| plain(good.version(), NAME));
    let pin = match good {
        _ if is_replaced(alert) => "pin the digest of its earlier file".to_owned(),
        Some(good) => format!("pin {good}, the last version that is known to be normal"),
        None if alert.purl.is_some() => "pin the version before it".to_owned(),
        None => "pin the versions before them".to_owned(),
    };
    let each = if alert.purl.is_some() { "the release" } else { "each" };
    Some(format!("Do not install {what}; {pin}. Treat {each} as a takeover until its maintainers confirm it."))
}

/// The releases that repeat its deviation are as doubtful as its own.
fn and_repetitions(alert: &Alert) -> &'static str {
    if alert.repeated.is_some() { " or a later release that repeats it" } else { "" }
}

/// The next commands, by stages, in each the most useful first. `is_normal`: the baseline includes the release.
pub fn steps(alert: &Alert, is_normal: bool) -> Vec<NextStep> {
    let mut steps = Vec::new();
    if alert.is_test() {
        return vec![find_out("show the health of provwatch", "provwatch status".to_owned())];
    }
    if is_urgent(alert) && !is_normal {
        of_doubtful(alert, &mut steps);
    }
    of_release(alert, &mut steps);
    of_members(alert, &mut steps);
    of_log(alert, &mut steps);
    of_provwatch(alert, &mut steps);
    if let Some(signal) = leading(&alert.signals).or_else(|| alert.signals.first()) {
        let detector = shell_word(&plain(&signal.detector, NAME));
        steps.push(find_out(
            "explain the detector: meaning, false alarms, next steps",
            format!("provwatch detectors explain {detector}"),
        ));
    }
    if alert.status == AlertStatus::Open {
        let line = format!("provwatch alerts ack {} --reason '…'", alert.id);
        steps.push(NextStep { stage: Stage::Decide, purpose: "acknowledge the alert", line });
        let line = format!("provwatch alerts resolve {} --as true-positive --reason '…'", alert.id);
        steps.push(NextStep {
            stage: Stage::Decide,
            purpose: "resolve it, or as expected, false-positive or duplicate",
            line,
        });
    }
    steps.extend(acceptance(alert).filter(|_| !is_normal));
    // Stable: within a stage, the order stays.
    steps.sort_by_key(|step| step.stage);
    steps
}

/// What to do that no command does. `is_normal`: the baseline includes the release.
pub fn advice(alert: &Alert, is_normal: bool) -> Vec<Advice> {
    if alert.is_test() || is_normal || alert.status == AlertStatus::Resolved || alert.severity < Severity::Medium {
        return Vec::new();
    }
    let about = |stage, text: &str| Advice { stage, text: text.to_owned() };
    let tell = |text: &str| about(Stage::Tell, text);
    match (alert.kind, &alert.evidence) {
        (AlertKind::Release, _) => vec![tell(&tell_of_release(alert))],
        (AlertKind::Campaign, _) => vec![tell(
            "Tell the owners of affected machines first, then the registries and the maintainers. Do not reach them through \
             the accounts or repositories in question.",
        )],
        (AlertKind::Log, Some(_)) => {
            vec![tell(
                "Send the file to the log's operator and to other monitors: they need no trust in you to verify it.",
            )]
        }
        (AlertKind::Log, None) => vec![
            about(Stage::Contain, "Install nothing that was signed this way until its owner explains the entry."),
            tell(
                "Tell the owner of the signing repository. Do not reach them through the account or repository in question.",
            ),
        ],
        (AlertKind::Operation, _) => Vec::new(),
    }
}

fn tell_of_release(alert: &Alert) -> String {
    let registry = alert.of_package().map_or_else(|| "the registry".to_owned(), |package| package.registry().title());
    if is_of_name(alert) {
        return format!("Tell the owners of machines that may have it first, then {}.", plain(&registry, NAME));
    }
    format!(
        "Tell the owners of affected machines first, then {} and the maintainers. Do not reach them through the account or \
         repository in question.",
        plain(&registry, NAME)
    )
}

/// Whether its releases must be kept out until a person has decided.
fn is_urgent(alert: &Alert) -> bool {
    alert.severity >= Severity::Medium && alert.status != AlertStatus::Resolved
}

const fn find_out(purpose: &'static str, line: String) -> NextStep {
    NextStep { stage: Stage::FindOut, purpose, line }
}

/// The doubtful releases are kept out and searched for, and their maintainers asked.
fn of_doubtful(alert: &Alert, steps: &mut Vec<NextStep>) {
    match (&alert.purl, alert.kind) {
        (Some(release), _) => {
            let way = pin_of(alert, is_replaced(alert) || is_of_name(alert));
            steps.push(pin(release, way));
            steps.extend(pin_direct(release, way));
            steps.push(find(release.package()));
        }
        (None, AlertKind::Campaign) => {
            steps.extend(members(alert).map(|release| pin(release, Pin::Before)));
            steps.extend(members(alert).map(|release| find(release.package())));
        }
        (None, _) => {}
    }
    if is_answerable(alert) {
        steps.push(NextStep {
            stage: Stage::Tell,
            purpose: "print a question to the maintainers, ready to send",
            line: format!("provwatch alerts show {} --for-maintainer", alert.id),
        });
    }
}

/// Whether a maintainer of a package can answer for what the alert is about.
pub fn is_answerable(alert: &Alert) -> bool {
    if is_of_name(alert) || alert.is_test() {
        return false;
    }
    match alert.kind {
        AlertKind::Release => alert.purl.is_some(),
        AlertKind::Campaign => !alert.members.is_empty(),
        AlertKind::Log => alert.evidence.is_none() && !alert.signals.is_empty(),
        AlertKind::Operation => false,
    }
}

fn of_release(alert: &Alert, steps: &mut Vec<NextStep>) {
    let of_package = |package: &Package| {
        find_out("list the releases of the package", format!("provwatch timeline {}", shell_word(&package.to_string())))
    };
    let Some(release) = alert.purl.as_ref().filter(|_| !is_of_name(alert)) else {
        return steps.extend(alert.package.as_ref().map(of_package));
    };
    let (purl, package) = (shell_word(&release.to_string()), shell_word(&release.package().to_string()));
    steps.push(find_out("show its files, digests and stored facts", format!("provwatch lookup {purl}")));
    steps
        .push(find_out("show the usual way of releasing (the baseline)", format!("provwatch baseline show {package}")));
    if is_urgent(alert) {
        steps.push(of_package(release.package()));
    }
}

fn of_members(alert: &Alert, steps: &mut Vec<NextStep>) {
    steps.extend(members(alert).map(|release| {
        let purl = shell_word(&release.to_string());
        find_out(
            "show a release of the campaign, and those related to it",
            format!("provwatch lookup {purl} --related 50"),
        )
    }));
}

/// The first releases of a campaign; the steps for the others are the same.
fn members(alert: &Alert) -> impl Iterator<Item = &ReleaseId> {
    alert.members.iter().take(MEMBERS)
}

fn of_log(alert: &Alert, steps: &mut Vec<NextStep>) {
    if let Some(evidence) = &alert.evidence {
        let id = shell_word(&plain(evidence, NAME));
        let line = format!("provwatch logs evidence {id} --output fork.json");
        steps.push(NextStep {
            stage: Stage::Contain,
            purpose: "export the evidence to a file, to keep and pass on",
            line,
        });
        let verify = "provwatch logs verify fork.json".to_owned();
        steps.push(find_out("verify that file, here or on another machine", verify));
    }
    // If several matches found its entries, their names are joined by commas, which is not the name of a match.
    if let Some(name) = alert.matched.as_ref().filter(|names| !names.contains(", ")) {
        let name = shell_word(&plain(name, NAME));
        steps.push(find_out("list every entry that matched", format!("provwatch logs matches --match {name}")));
    }
}

fn of_provwatch(alert: &Alert, steps: &mut Vec<NextStep>) {
    if alert.kind != AlertKind::Operation {
        return;
    }
    let is_advised = |command: &str| alert.argument.contains(&format!("`{command}`"));
    let advised = OWN.iter().filter(|(command, _)| is_advised(command));
    let before = steps.len();
    steps.extend(advised.map(|(command, purpose)| find_out(purpose, (*command).to_owned())));
    if steps.len() == before {
        steps.push(find_out("check this installation", "provwatch doctor".to_owned()));
    }
}

/// The acceptance comes last, and is not proposed for a likely takeover until an operator has shown that it is not one.
fn acceptance(alert: &Alert) -> Option<NextStep> {
    let release = alert.purl.as_ref()?;
    let is_proposed = alert.severity < Severity::Critical && !is_replaced(alert) && !is_of_name(alert);
    is_proposed.then(|| NextStep {
        stage: Stage::Decide,
        purpose: "accept the release, only if its maintainers confirm it",
        line: accept_command(release, Some(alert.severity)),
    })
}

/// Whether it is about a name: its release belongs to an unwatched package without stored data.
fn is_of_name(alert: &Alert) -> bool {
    alert.signals.iter().any(|signal| signal.detector == "public-namesake")
}

fn is_replaced(alert: &Alert) -> bool {
    alert.signals.iter().any(|signal| signal.detector == "file-replaced")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        deliver::samples,
        model::{AlertId, Confidence},
    };

    fn lines(alert: &Alert) -> Vec<String> {
        steps(alert, false).into_iter().map(|step| step.line).collect()
    }

    fn about(kind: AlertKind) -> Alert {
        let at = "2026-06-01T12:00:00Z".parse().unwrap();
        Alert::about(kind, "it", Severity::High, Confidence::High, "a title".to_owned(), at)
    }

    #[test]
    fn a_takeover_is_not_installed_and_accepted_last_or_not_at_all() {
        let mut alert = samples::takeover();
        let said = warning(&alert).unwrap();
        assert!(said.starts_with("Do not install pkg:npm/axios@1.14.1; pin the version before it."), "{said}");
        let last_decision = steps(&alert, false).into_iter().rfind(|step| step.stage == Stage::Decide).unwrap();
        assert!(last_decision.line.starts_with("provwatch baseline accept"));
        assert!(!steps(&alert, true).iter().any(|step| step.line.contains("accept")), "it is normal already");
        let mut named = Alert { severity: Severity::Medium, ..alert.clone() };
        named.signals[0].detector = "public-namesake".into();
        assert!(!lines(&named).iter().any(|line| line.contains("lookup") || line.contains("baseline")), "not watched");
        alert.signals[0].detector = "file-replaced".into();
        assert!(!lines(&alert).iter().any(|line| line.contains("accept")));
        let critical = Alert { severity: Severity::Critical, ..samples::takeover() };
        assert!(!lines(&critical).iter().any(|line| line.contains("accept")));
        assert_eq!(warning(&Alert { severity: Severity::Medium, ..samples::takeover() }), None);
    }

    /// What a message about the alert ends with.
    fn ending(alert: &Alert) -> String {
        let (steps, advice) = (steps(alert, false), advice(alert, false));
        let mut said = Vec::new();
        for stage in Stage::ALL {
            let lines: Vec<String> =
                advice.iter().filter(|one| one.stage == stage).map(|one| one.text.clone()).collect();
            let commands = steps.iter().filter(|one| one.stage == stage);
            let lines: Vec<String> = lines.into_iter().chain(commands.map(|one| one.line.clone())).collect();
            said.extend((!lines.is_empty()).then(|| format!("{}\n  {}", stage.title(), lines.join("\n  "))));
        }
        said.join("\n")
    }

    fn release(purl: &str, good: Option<&str>, severity: Severity, detector: &'static str) -> Alert {
        let mut alert = Alert { severity, purl: Some(purl.parse().unwrap()), ..samples::takeover() };
        alert.last_good = good.map(|good| good.parse().unwrap());
        alert.signals[0].detector = detector.into();
        alert
    }

    /// The alerts of every kind, and of every registry.
    fn every_kind() -> Vec<(&'static str, Alert)> {
        let (npm, pypi, cargo) = ("pkg:npm/axios@1.14.1", "pkg:pypi/ultralytics@8.3.41", "pkg:cargo/serde@1.0.1");
        let mut across = samples::campaign(2, 2);
        across.members =
            vec![npm.parse().unwrap(), pypi.parse().unwrap(), cargo.parse().unwrap(), npm.parse().unwrap()];
        let resolved = AlertStatus::Resolved;
        let advised = "Correct it (`provwatch reload`); `provwatch test-sinks` tries it.".to_owned();
        vec![
            ("npm, critical", release(npm, Some("pkg:npm/axios@1.14.0"), Severity::Critical, "publisher-changed")),
            ("npm, low", release(npm, None, Severity::Low, "odd-hours")),
            ("PyPI, high", release(pypi, Some("pkg:pypi/ultralytics@8.3.40"), Severity::High, "tag-missing")),
            ("crates.io, medium", release(cargo, None, Severity::Medium, "revival")),
            ("crates.io, replaced", release(cargo, None, Severity::Critical, "file-replaced")),
            ("npm, a name", release("pkg:npm/ours@1.0.0", None, Severity::High, "public-namesake")),
            ("npm, resolved", Alert { status: resolved, ..release(npm, None, Severity::High, "revival") }),
            ("a campaign across registries", across),
            ("a fork", Alert { evidence: Some("0f3a".to_owned()), ..about(AlertKind::Log) }),
            ("a match", Alert { matched: Some("our org".to_owned()), ..about(AlertKind::Log) }),
            ("an entry", Alert { package: Some("pkg:npm/axios".parse().unwrap()), ..about(AlertKind::Log) }),
            ("an outage", Alert { argument: advised, ..about(AlertKind::Operation) }),
            ("a test", Alert { id: AlertId::TEST, ..about(AlertKind::Operation) }),
            ("a drill", Alert { id: AlertId::DRILL, ..samples::takeover() }),
        ]
    }

    #[test]
    fn what_to_do_about_every_kind_of_alert() {
        let said: Vec<String> =
            every_kind().iter().map(|(what, alert)| format!("== {what}\n{}", ending(alert))).collect();
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn what_no_maintainer_can_answer_is_not_asked() {
        let asks = |alert: &Alert| lines(alert).iter().any(|line| line.ends_with("--for-maintainer"));
        let entry = Alert { signals: samples::takeover().signals, ..about(AlertKind::Log) };
        let unreadable = Alert { purl: None, package: Some("pkg:npm/axios".parse().unwrap()), ..samples::takeover() };
        for (alert, is_asked) in [
            (samples::takeover(), true),
            (samples::campaign(3, 3), true),
            (Alert { evidence: Some("0f3a".to_owned()), ..entry.clone() }, false),
            (entry, true),
            (unreadable, false),
            (about(AlertKind::Log), false),
            (about(AlertKind::Operation), false),
        ] {
            assert_eq!((asks(&alert), is_answerable(&alert)), (is_asked, is_asked), "{alert:?}");
        }
    }

    #[test]
    fn an_accepted_release_needs_neither_pin_nor_question() {
        let alert = release("pkg:npm/axios@1.14.1", None, Severity::High, "revival");
        assert!(advice(&alert, true).is_empty());
        let is_over = |step: &NextStep| !matches!(step.stage, Stage::Contain | Stage::Tell);
        assert!(steps(&alert, true).iter().all(is_over));
    }

    #[test]
    fn every_kind_has_a_step_of_its_own() {
        let fork = Alert { evidence: Some("0f3a".to_owned()), ..about(AlertKind::Log) };
        assert_eq!(
            lines(&fork)[..2],
            ["provwatch logs evidence 0f3a --output fork.json", "provwatch logs verify fork.json"]
        );
        let matched = Alert { matched: Some("our org".to_owned()), ..about(AlertKind::Log) };
        assert_eq!(lines(&matched)[0], "provwatch logs matches --match 'our org'");
        let by_two = Alert { matched: Some("our org, their org".to_owned()), ..about(AlertKind::Log) };
        assert!(!lines(&by_two).iter().any(|line| line.contains("logs matches")), "no match is called so");
        assert_eq!(lines(&samples::campaign(5, 5)).iter().filter(|line| line.ends_with(" --related 50")).count(), 3);
        assert_eq!(lines(&about(AlertKind::Operation))[0], "provwatch doctor");
        let test = Alert { id: AlertId::TEST, ..about(AlertKind::Operation) };
        assert_eq!(lines(&test), ["provwatch status"], "there is nothing to look at or to acknowledge");
        let of_package = Alert { package: Some("pkg:npm/it's".parse().unwrap()), ..about(AlertKind::Operation) };
        assert_eq!(lines(&of_package)[0], r"provwatch timeline 'pkg:npm/it'\''s'");
        let advised =
            "Correct it (`provwatch reload`); `provwatch test-sinks` tries it. It said: `provwatch x; reboot`.";
        let alert = Alert { argument: advised.to_owned(), ..about(AlertKind::Operation) };
        assert_eq!(lines(&alert)[..2], ["provwatch test-sinks", "provwatch reload"]);
        assert!(!lines(&alert).iter().any(|line| line.contains("reboot")));
    }
}
