//! Entries of the journal and messages of syslog as their servers read them.

use super::{Caught, Delivered, documents, is_plain, is_tainted};
use crate::{
    config::Form,
    deliver::{journal_fields, syslog_parsed},
};

/// The fields of an entry.
const FIELDS: [&str; 13] = [
    "MESSAGE",
    "MESSAGE_ID",
    "PRIORITY",
    "PROVWATCH_ALERT",
    "PROVWATCH_CONFIDENCE",
    "PROVWATCH_DOCUMENT",
    "PROVWATCH_EVENT",
    "PROVWATCH_ID",
    "PROVWATCH_KIND",
    "PROVWATCH_PURL",
    "PROVWATCH_SEVERITY",
    "PROVWATCH_STATUS",
    "SYSLOG_IDENTIFIER",
];

pub(super) fn journald(delivered: &Delivered<'_>) {
    let [Caught::Datagram(entry)] = delivered.caught.as_slice() else { panic!() };
    for (name, values) in journal_fields(entry) {
        assert!(FIELDS.contains(&name.as_str()), "{name}");
        assert!(values.len() == 1 || name == "PROVWATCH_PURL", "{name}: {values:?}");
        for value in &values {
            match name.as_str() {
                "PROVWATCH_DOCUMENT" => documents::check(Form::Provwatch, value, delivered.message),
                "MESSAGE" | "PROVWATCH_PURL" => is_plain(value, false),
                _ => assert!(!is_tainted(value), "{name}: {value}"),
            }
        }
    }
}

/// The properties of the structured data.
const PROPERTIES: [&str; 10] =
    ["alert", "confidence", "event", "id", "kind", "members", "purl", "severity", "shortened", "status"];

pub(super) fn syslog(delivered: &Delivered<'_>) {
    let [Caught::Datagram(frame) | Caught::Frame(frame)] = delivered.caught.as_slice() else {
        panic!("{:?}", delivered.caught)
    };
    let message = std::str::from_utf8(frame).unwrap();
    let parsed = syslog_parsed(message);
    assert!(parsed.header.iter().all(|part| !is_tainted(part)), "{message}");
    for (name, value) in &parsed.data {
        assert!(PROPERTIES.contains(&name.as_str()), "{message}");
        is_plain(value, false);
        assert!(name == "purl" || !is_tainted(value), "{name}: {value}");
    }
    is_plain(parsed.text.strip_prefix('\u{feff}').unwrap_or(&parsed.text), false);
}
