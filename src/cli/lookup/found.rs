//! Prints the result of a lookup for a stored release, with the verdict first.

use super::{
    answer::{Found, Today},
    content, identity, reports,
};
use crate::{
    cli::{
        fact_table::{self, Sheet},
        output, words, wrap,
    },
    deliver::accept_command,
    model::{Alert, AlertStatus, AuthMethod, Observation, Person, ReleaseStatus},
    store::{Outcome, ReleaseRow},
    text::{listed, shell_word},
};

pub(super) fn print(found: &Found) {
    output::line(&found.purl);
    if let Some(asked) = &found.asked {
        say(&format!("{asked} is stored in this spelling, which is the same version."));
    }
    verdict(found);
    published(&found.release);
    if let Some(observation) = &found.release.observation {
        identity::print(observation);
        content::print(observation);
    }
    if let Some(used) = &found.used_by {
        used.print();
    }
    found.related.print();
    next(found);
}

/// The answer in a sentence, before all details.
fn verdict(found: &Found) {
    let release = &found.release;
    match &found.alert {
        Some(alert) => alerted(alert),
        None => say(&outcome(release)),
    }
    reports::print(&found.reports, "it");
    for reason in &release.unchecked {
        say(&format!("Could not check: {}", words::sentence(reason)));
    }
    if let Some(error) = &found.error {
        say(&format!("Later checks of the package failed: {}", words::sentence(error)));
    }
    if let Some(again) = release.recheck_at {
        output::line(format_args!("The next re-check is at {}.", words::moment(again)));
    }
    if let Some(today) = &found.today {
        beside_today(today, found);
    }
}

fn alerted(alert: &Alert) {
    let (severity, title) = (output::severity(alert.severity), words::sentence(&alert.title));
    let before = "ALERT ".len() + alert.severity.as_str().len() + ": ".len();
    let title = wrap::paragraphs(&title, wrap::width(), &" ".repeat(before));
    output::line(format_args!("ALERT {severity}: {}", title.trim_start()));
    if !alert.argument.is_empty() {
        output::line(wrap::paragraphs(&words::sentence(&alert.argument), wrap::width(), ""));
    }
    let (id, status, confidence) = (alert.id, alert.status.as_str(), alert.confidence);
    let repeats = alert.repeats.map(|of| format!("; it repeats alert {of}")).unwrap_or_default();
    output::line(format_args!("Alert {id}, {status}, confidence {confidence}{repeats}."));
}

fn outcome(release: &ReleaseRow) -> String {
    let line = words::name(&release.line);
    match release.outcome {
        Outcome::Clean if release.in_baseline => {
            format!("Nothing unusual; it joined the baseline of release line {line}.")
        }
        Outcome::Clean => "Nothing unusual.".to_owned(),
        Outcome::Learned => {
            format!(
                "Learned as part of the history of release line {line}, from before the package was watched; \
                 provwatch did not judge it."
            )
        }
        Outcome::Alerted => "It raised an alert that is no longer stored.".to_owned(),
        Outcome::Held => "Held: unusual, and not in the baseline.".to_owned(),
        Outcome::Unchecked => "No verdict: provwatch could not fetch or check its evidence.".to_owned(),
        Outcome::Unreadable => "No verdict: provwatch could not read its registry metadata.".to_owned(),
    }
}

fn say(text: &str) {
    output::line(wrap::paragraphs(text, wrap::width(), ""));
}

/// Only differences from the alert are printed.
fn beside_today(today: &Today, found: &Found) {
    let raised = found.alert.as_ref().map(|alert| alert.severity);
    if today.severity == raised {
        return;
    }
    let detectors: Vec<_> = today.detectors.iter().map(words::name).collect();
    let now =
        today.severity.map_or("no alert".to_owned(), |severity| format!("{severity}, by {}", detectors.join(", ")));
    say(&format!("Compared with today's baseline: {now}."));
}

fn published(release: &ReleaseRow) {
    fact_table::heading("published");
    let mut sheet = Sheet::new();
    sheet.row("when", release.published_at.map_or("not known".to_owned(), words::moment));
    sheet.row("line", words::name(&release.line));
    sheet.row("first seen here", words::moment(release.observed_at));
    if release.status != ReleaseStatus::Published {
        sheet.row("status", format!("{}: it can no longer be installed as usual", release.status.as_str()));
    }
    if let Some(observation) = &release.observation {
        publisher(&mut sheet, observation);
    }
    sheet.print();
}

/// How it was published, as the registry tells it.
pub(super) fn publisher(sheet: &mut Sheet, observation: &Observation) {
    let auth = &observation.auth;
    sheet.row("by", observation.publisher.as_ref().map_or("the registry does not say".to_owned(), person));
    let provider = auth.provider.as_ref().map(|provider| format!(" ({})", words::name(provider))).unwrap_or_default();
    let method = match auth.method {
        AuthMethod::TrustedPublisher => "as a trusted publisher: an OIDC token of a registered workflow",
        AuthMethod::Token => "with a token, a password or a browser session",
        AuthMethod::Unknown => "the registry does not say how",
    };
    sheet.row("how", format!("{method}{provider}"));
    sheet.maybe("registration", auth.config_id.as_ref().map(words::name));
    sheet.maybe("approved by", auth.approved_by.as_ref().map(person));
    sheet.maybe(
        "registry says from",
        auth.repository.as_ref().map(|name| format!("{} (not verified)", words::name(name))),
    );
    sheet.maybe("registry says run", auth.run_id.as_ref().map(|run| format!("{} (not verified)", words::name(run))));
    sheet.maybe("maintainers then", observation.maintainers.as_ref().map(|names| people(names)));
    let untold: Vec<_> = observation.untold.iter().flatten().map(|aspect| aspect.title()).collect();
    sheet.maybe("registry leaves out", (!untold.is_empty()).then(|| untold.join(", ")));
}

fn person(person: &Person) -> String {
    match &person.email {
        Some(email) => format!("{} <{}>", words::name(&person.name), words::name(email)),
        None => words::name(&person.name),
    }
}

fn people(names: &[String]) -> String {
    const SHOWN: usize = 20;
    listed(names.iter().map(words::name), SHOWN)
}

fn next(found: &Found) {
    let package = shell_word(&found.purl.package().to_string());
    let mut commands = Vec::new();
    if let Some(alert) = &found.alert {
        let id = alert.id;
        commands.push((format!("provwatch alerts show {id}"), "show the evidence"));
        if alert.status == AlertStatus::Open {
            commands.push((format!("provwatch alerts ack {id} --reason '…'"), "acknowledge the alert"));
        }
    }
    commands.push((format!("provwatch baseline show {package}"), "show the baseline"));
    commands.push((format!("provwatch timeline {package}"), "show nearby releases"));
    if let Some(alert) = found.alert.as_ref().filter(|_| !found.release.in_baseline) {
        commands.push((accept_command(&found.purl, Some(alert.severity)), "accept it as legitimate"));
    }
    fact_table::next(&commands);
}
