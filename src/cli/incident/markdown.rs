//! An incident as Markdown, for a ticket. Texts of others stand in code, whose content Markdown leaves alone.

use std::fmt::Write as _;

use super::telling::{Alerts, told};
use crate::{
    cli::{
        alerts::pasted::{code, harmless},
        used::UsedRelease,
        words::{self, NOTHING},
    },
    model::{Incident, IncidentEventKind},
};

/// The text. Writing to a String cannot fail.
pub(super) fn text(incident: &Incident, alerts: &Alerts, used: &[UsedRelease]) -> String {
    let mut out = format!("# Incident {}\n\n", incident.name);
    let status = if incident.is_open { "open" } else { "closed" };
    let opened = incident.opened_at().map_or(NOTHING.to_owned(), words::moment);
    let _ = writeln!(out, "Status: {status}, opened {opened}.\n\n{}\n", code(&harmless(incident.reason())));
    out.push_str("## Releases\n\n| release | alert | tie | why |\n|---|---|---|---|\n");
    for member in &incident.members {
        let alert =
            alerts.get(&member.purl).map_or(NOTHING.to_owned(), |alert| format!("{} {}", alert.severity, alert.id));
        let tie = member.tie.map_or("named", |tie| tie.as_str());
        let cell = |text: &str| code(&harmless(text)).replace('|', "/");
        let _ = writeln!(out, "| {} | {alert} | {tie} | {} |", cell(&member.purl.to_string()), cell(&member.why));
    }
    if !used.is_empty() {
        out.push_str("\n## Used by\n\n");
        for (release, by) in used.iter().map(UsedRelease::words) {
            let _ = writeln!(out, "- {}: {}", code(&harmless(&release)), code(&harmless(&by)));
        }
    }
    let decisions: Vec<_> = incident.events.iter().filter(|event| event.kind == IncidentEventKind::Decision).collect();
    if !decisions.is_empty() {
        out.push_str("\n## Decisions\n\n");
        for event in decisions {
            let _ = writeln!(out, "- {}: {}", words::moment(event.at), code(&harmless(&event.text)));
        }
    }
    out.push_str("\n## History\n\n");
    for event in &incident.events {
        let _ = writeln!(out, "- {} {}", words::moment(event.at), code(&harmless(&told(event))));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        IncidentEvent,
        IncidentEventKind::{Added, Decision, Opened},
    };

    #[test]
    fn texts_of_others_are_code() {
        let nasty = "[x](https://evil.example) | <img> `b` @everyone\n# c";
        let event = |kind, purl: Option<&str>| IncidentEvent {
            at: "2026-04-01T12:00:00Z".parse().unwrap(),
            by: nasty.to_owned(),
            kind,
            purl: purl.map(|purl| purl.parse().unwrap()),
            tie: None,
            text: nasty.to_owned(),
        };
        let events = vec![event(Opened, None), event(Added, Some("pkg:npm/a@1.0.0%7C%60x")), event(Decision, None)];
        let text = text(&Incident::of("axios".to_owned(), events), &Alerts::new(), &[]);
        for line in text.lines() {
            let outside: String = line.split('`').step_by(2).collect();
            assert!(!outside.contains("evil") && !outside.contains("<img>") && !outside.contains('@'), "{line}");
        }
        assert!(text.lines().filter(|line| line.starts_with('#')).count() == 4, "{text}");
        let row = text.lines().find(|line| line.contains("pkg:npm/a")).unwrap();
        assert_eq!(row.matches('|').count(), 5, "{row}");
    }
}
