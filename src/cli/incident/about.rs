//! What the commands about incidents have in common: the name of an incident, and the events that they add.

use chrono::{DateTime, Utc};

use crate::{
    cli::exit::CliError,
    model::{Incident, IncidentEvent, IncidentEventKind, ReleaseId},
    store::Store,
};

/// Most characters of a name.
const LONGEST: usize = 80;

/// The name of an incident: letters, digits, `-`, `_` and `.`, so that it is one word everywhere.
///
/// # Errors
/// It has other characters.
pub(super) fn name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_name = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain);
    if is_name && text.len() <= LONGEST {
        return Ok(text.to_owned());
    }
    Err(format!("expected a name of letters, digits, `-`, `_` and `.`, at most {LONGEST}: axios-2026-03"))
}

/// An incident that has to exist.
pub(super) fn existing(store: &Store, name: &str) -> Result<Incident, CliError> {
    store.incident(name)?.ok_or_else(|| missing(name))
}

pub(super) fn missing(name: &str) -> CliError {
    CliError::usage(format!("unknown incident {name:?}")).next("`provwatch incident list` shows their names")
}

/// What an operator did to an incident.
pub(super) fn event(kind: IncidentEventKind, text: &str, by: &str, at: DateTime<Utc>) -> IncidentEvent {
    IncidentEvent { at, by: by.to_owned(), kind, purl: None, tie: None, text: text.to_owned() }
}

/// The releases that become members, or cease to be.
pub(super) fn events(
    kind: IncidentEventKind,
    releases: &[ReleaseId],
    text: &str,
    (by, at): (&str, DateTime<Utc>),
) -> Vec<IncidentEvent> {
    releases.iter().map(|purl| IncidentEvent { purl: Some(purl.clone()), ..event(kind, text, by, at) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_word() {
        for text in ["axios-2026-03", "INC_4711", "a.b", "1"] {
            assert_eq!(name(text).as_deref(), Ok(text));
        }
        for text in ["", "-a", "a b", "a/b", "a\u{1b}", "ä", &"x".repeat(81)] {
            assert!(name(text).is_err(), "{text}");
        }
    }
}
