//! The recommended steps for an alert, the same for every sink and for `provwatch alerts show`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    accept_command,
    shown::{LINE, NAME},
};
use crate::{
    model::{Alert, AlertKind, AlertStatus, Package, Severity, leading},
    text::{plain, shell_word},
};

/// Most members of a campaign for which a lookup is proposed.
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

/// One command line, its words quoted for a shell.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NextStep {
    /// What it is for.
    pub purpose: &'static str,
    /// The command.
    pub line: String,
}

/// The warning for the meantime; `None`: no release can be installed, or there is no hurry.
pub fn warning(alert: &Alert) -> Option<String> {
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
    let (each, installed) = if alert.purl.is_some() { ("the release", "it") } else { ("each", "them") };
    Some(format!(
        "Do not install {what}; {pin}. Treat {each} as a takeover until its maintainers confirm it. Find the machines that \
         installed {installed}: docs/OPERATIONS.md, \"After a takeover\", has the steps."
    ))
}

/// The releases that repeat its deviation are as doubtful as its own.
fn and_repetitions(alert: &Alert) -> &'static str {
    if alert.repeated.is_some() { " or a later release that repeats it" } else { "" }
}

/// The next commands, the most useful first. `is_normal`: the baseline includes the release.
pub fn steps(alert: &Alert, is_normal: bool) -> Vec<NextStep> {
    let mut steps = Vec::new();
    of_release(alert, &mut steps);
    of_members(alert, &mut steps);
    of_log(alert, &mut steps);
    of_provwatch(alert, &mut steps);
    if let Some(signal) = leading(&alert.signals).or_else(|| alert.signals.first()) {
        let detector = shell_word(&plain(&signal.detector, NAME));
        steps.push(step(
            "explain the detector: meaning, false alarms, next steps",
            format!("provwatch detectors explain {detector}"),
        ));
    }
    if alert.status == AlertStatus::Open && !alert.is_test() {
        let acknowledge = format!("provwatch alerts ack {} --reason '…'", alert.id);
        steps.push(step("acknowledge the alert", acknowledge));
    }
    steps.extend(acceptance(alert).filter(|_| !is_normal));
    steps
}

const fn step(purpose: &'static str, line: String) -> NextStep {
    NextStep { purpose, line }
}

fn of_release(alert: &Alert, steps: &mut Vec<NextStep>) {
    let Some(release) = alert.purl.as_ref().filter(|_| !is_of_name(alert)) else {
        let of_package = |package: &Package| {
            step("list the releases of the package", format!("provwatch timeline {}", shell_word(&package.to_string())))
        };
        return steps.extend(alert.package.as_ref().map(of_package));
    };
    let (purl, package) = (shell_word(&release.to_string()), shell_word(&release.package().to_string()));
    steps.push(step("show the stored facts about the release", format!("provwatch lookup {purl}")));
    steps.push(step("show the usual way of releasing (the baseline)", format!("provwatch baseline show {package}")));
}

fn of_members(alert: &Alert, steps: &mut Vec<NextStep>) {
    for release in alert.members.iter().take(MEMBERS) {
        let purl = shell_word(&release.to_string());
        steps.push(step(
            "show a release of the campaign, and those related to it",
            format!("provwatch lookup {purl} --related 50"),
        ));
    }
}

fn of_log(alert: &Alert, steps: &mut Vec<NextStep>) {
    if let Some(evidence) = &alert.evidence {
        let id = shell_word(&plain(evidence, NAME));
        let export = format!("provwatch logs evidence {id} --output fork.json");
        steps.push(step("export the evidence to a file, to keep and pass on", export));
        steps.push(step("verify that file, here or on another machine", "provwatch logs verify fork.json".to_owned()));
    }
    // If several matches found its entries, their names are joined by commas, which is not the name of a match.
    if let Some(name) = alert.matched.as_ref().filter(|names| !names.contains(", ")) {
        let name = shell_word(&plain(name, NAME));
        steps.push(step("list every entry that matched", format!("provwatch logs matches --match {name}")));
    }
}

fn of_provwatch(alert: &Alert, steps: &mut Vec<NextStep>) {
    if alert.kind != AlertKind::Operation {
        return;
    }
    let is_advised = |command: &str| alert.argument.contains(&format!("`{command}`"));
    let advised = OWN.iter().filter(|(command, _)| is_advised(command));
    if alert.is_test() {
        return steps.push(step("show the health of provwatch", "provwatch status".to_owned()));
    }
    let before = steps.len();
    steps.extend(advised.map(|(command, purpose)| step(purpose, (*command).to_owned())));
    if steps.len() == before {
        steps.push(step("check this installation", "provwatch doctor".to_owned()));
    }
}

/// The acceptance comes last, and is not proposed for a likely takeover until an operator has shown that it is not one.
fn acceptance(alert: &Alert) -> Option<NextStep> {
    let release = alert.purl.as_ref()?;
    let is_proposed = alert.severity < Severity::Critical && !is_replaced(alert) && !is_of_name(alert);
    is_proposed.then(|| {
        step("accept the release, only if its maintainers confirm it", accept_command(release, Some(alert.severity)))
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
        assert!(lines(&alert).last().unwrap().starts_with("provwatch baseline accept"));
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
        assert!(lines(&samples::campaign(5, 5))[0].ends_with(" --related 50"));
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
