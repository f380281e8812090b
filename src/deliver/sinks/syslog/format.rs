//! A message in the form of RFC 5424, shortened to what the server takes.

use chrono::SecondsFormat;

use crate::{
    deliver::{
        Message,
        event::Event,
        shown::LINE,
        view::{
            View,
            log_line::{evidence, line, priority},
        },
    },
    text::plain,
};

/// Most bytes of a datagram to another machine: what every server should take (RFC 5424, 6.1).
pub(super) const DATAGRAM: usize = 2_048;
/// Most bytes of every other message: what every server with TLS should take (RFC 5425, 4.3.1).
pub(super) const WHOLE: usize = 8_192;

/// The name of the structured data. 32473 is the number for examples (RFC 5612): provwatch has no number of its own.
const DATA: &str = "provwatch@32473";

/// What marks text of UTF-8 (RFC 5424, 6.4); without it the text is ASCII.
const UTF8: &str = "\u{feff}";

/// The end of a text that was cut.
const CUT: &str = "… (shortened)";

/// What is the same in every message.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    facility: u8,
    host: String,
    process: u32,
}

impl Origin {
    /// This process on this machine.
    pub fn here(facility: u8) -> Self {
        let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { facility, host: header(&name, 255), process: std::process::id() }
    }
}

/// A field of the header: ASCII without spaces, `-` if nothing is left.
fn header(text: &str, limit: usize) -> String {
    let fitting: String = text.chars().filter(char::is_ascii_graphic).take(limit).collect();
    if fitting.is_empty() { "-".to_owned() } else { fitting }
}

/// The message in at most `limit` bytes. Header and structured data stay whole; the text is shortened, and both say so.
pub(super) fn compose(origin: &Origin, message: &Message, limit: usize) -> String {
    let view = View::of(message);
    let evidence = evidence(&view);
    let separator = if evidence.is_empty() { "" } else { " | " };
    let text = format!("{}{separator}{evidence}", line(message, &view));
    let whole = assemble(origin, message, &view, &text, false);
    if whole.len() <= limit {
        return whole;
    }
    let frame = assemble(origin, message, &view, CUT, true).len();
    let cut = &text[..text.floor_char_boundary(limit.saturating_sub(frame))];
    assemble(origin, message, &view, &format!("{cut}{CUT}"), true)
}

fn assemble(origin: &Origin, message: &Message, view: &View, text: &str, is_cut: bool) -> String {
    let priority = u16::from(origin.facility) * 8 + u16::from(priority(message));
    let time = message.created_at.to_rfc3339_opts(SecondsFormat::Micros, true);
    let Origin { host, process, .. } = origin;
    let event = Event::of(message).as_str();
    let data = data(message, view, is_cut);
    let mark = if text.is_ascii() { "" } else { UTF8 };
    format!("<{priority}>1 {time} {host} provwatch {process} {event} {data} {mark}{text}")
}

/// The properties of the alert.
fn data(message: &Message, view: &View, is_cut: bool) -> String {
    let alert = &message.alert;
    let (id, members) = (alert.id.to_string(), alert.members.len().to_string());
    let package = alert.package.as_ref().map(|package| plain(&package.to_string(), LINE));
    let about = view.release.as_ref().map(|release| release.purl.clone()).or(package);
    let properties = [
        ("alert", Some(id.as_str())),
        ("event", Some(Event::of(message).as_str())),
        ("kind", Some(view.kind)),
        ("severity", Some(view.severity)),
        ("confidence", Some(view.confidence)),
        ("status", Some(alert.status.as_str())),
        ("purl", about.as_deref()),
        ("members", Some(members.as_str()).filter(|_| !alert.members.is_empty())),
        ("id", Some(message.idempotency_key.as_str())),
        ("shortened", is_cut.then_some("true")),
    ];
    let shown = |(name, value): (&str, Option<&str>)| Some(format!(" {name}=\"{}\"", escaped(value?)));
    format!("[{DATA}{}]", properties.into_iter().filter_map(shown).collect::<String>())
}

/// The value of a property (RFC 5424, 6.3.3).
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in plain(value, LINE).chars() {
        if matches!(character, '"' | '\\' | ']') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        deliver::{lives, samples},
        text::misleads,
    };

    fn origin() -> Origin {
        Origin { facility: 3, host: "host.example".to_owned(), process: 42 }
    }

    /// A message as a server reads it.
    #[derive(Debug)]
    pub struct Parsed {
        pub priority: u16,
        pub header: Vec<String>,
        pub data: BTreeMap<String, String>,
        pub text: String,
    }

    /// Reads a message by the grammar of RFC 5424, section 6.
    pub fn parse(message: &str) -> Parsed {
        let (priority, rest) = message.strip_prefix('<').unwrap().split_once(">1 ").unwrap();
        let mut parts = rest.splitn(6, ' ');
        let header: Vec<String> = parts.by_ref().take(5).map(str::to_owned).collect();
        let rest = parts.next().unwrap();
        for (part, limit) in header.iter().zip([32, 255, 48, 128, 32]) {
            assert!(
                !part.is_empty() && part.len() <= limit && part.bytes().all(|byte| byte.is_ascii_graphic()),
                "{part}"
            );
        }
        let mut rest = rest.strip_prefix("[provwatch@32473").unwrap();
        let mut data = BTreeMap::new();
        while let Some(property) = rest.strip_prefix(' ') {
            let (name, value) = property.split_once("=\"").unwrap();
            let (value, after) = value_of(value);
            assert!(data.insert(name.to_owned(), value).is_none(), "{name} twice");
            rest = after;
        }
        let text = rest.strip_prefix("] ").unwrap();
        Parsed { priority: priority.parse().unwrap(), header, data, text: text.to_owned() }
    }

    fn value_of(quoted: &str) -> (String, &str) {
        let mut value = String::new();
        let mut characters = quoted.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => return (value, &quoted[at + 1..]),
                '\\' => value.push(characters.next().unwrap().1),
                ']' => panic!("a bracket without a backslash in {quoted}"),
                other => value.push(other),
            }
        }
        panic!("a value without an end: {quoted}");
    }

    #[test]
    fn a_takeover_in_the_form_of_rfc_5424() {
        let text = compose(&origin(), &samples::message(samples::takeover()), 8_192);
        let expected = "<27>1 2026-03-31T00:24:11.000000Z host.example provwatch 42 raised [provwatch@32473 alert=\"6adc1e73047a\" \
                        event=\"raised\" kind=\"release\" severity=\"high\" confidence=\"high\" status=\"open\" \
                        purl=\"pkg:npm/axios@1.14.1\" id=\"msg_p5jXN8AQM9LWM0D4loKWxJek\"] HIGH axios 1.14.1: published with a token \
                        after 14 months of trusted publishing; provwatch alerts show 6adc1e73047a | The last 32 releases";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn every_message_is_one_line_within_the_limit() {
        for message in lives::all() {
            for limit in [2_048, 8_192] {
                let text = compose(&origin(), &message, limit);
                assert!(text.len() <= limit, "{} of {limit}", text.len());
                let parsed = parse(&text);
                let text = parsed.text.strip_prefix(UTF8).unwrap_or(&parsed.text);
                assert_eq!(text.is_ascii(), text.len() == parsed.text.len());
                assert!(!text.chars().any(misleads) && !parsed.data.values().any(|value| value.chars().any(misleads)));
                assert_eq!(parsed.header[4], Event::of(&message).as_str());
                assert_eq!(parsed.data["id"], message.idempotency_key);
                assert_eq!(parsed.data.contains_key("shortened"), text.ends_with(CUT), "{text}");
            }
        }
        let campaign = parse(&compose(&origin(), &samples::message(samples::campaign(1_000, 1_000)), 2_048));
        assert_eq!((campaign.data["members"].as_str(), campaign.data["shortened"].as_str()), ("1000", "true"));
        assert!(campaign.text.contains("provwatch alerts show"), "the command comes before the evidence");
    }

    #[test]
    fn a_value_ends_where_it_should() {
        for value in ["\"]", "\\", "\\\"", "a\" b=\"c", "] [x y=\"z\"", "ü"] {
            let text = format!("{}\" z=\"", escaped(value));
            assert_eq!(value_of(&text).0, value);
        }
    }

    #[test]
    fn a_name_of_a_host_fits_into_the_header() {
        for (name, fitting) in [("", "-"), ("a b\nc", "abc"), ("ü", "-"), ("host.example", "host.example")] {
            assert_eq!(header(name, 255), fitting);
        }
        assert_eq!(header(&"x".repeat(999), 255).len(), 255);
    }
}
