//! Parses pages of npm's change feed.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use crate::{
    model::{Ecosystem, Package},
    registry::{Cursor, Event, FeedChange, FeedPage, Gap, RegistryError, document, field::shown},
};

/// Rows of one request; the service's documented maximum.
pub(super) const PAGE_ROWS: usize = 10_000;

/// Most bytes of one row; a name has at most 214.
const MAX_ROW: usize = 64 * 1024;

/// A place in the change feed. The service calls it opaque and has set it back before, so it is kept as it was given,
/// and compared only while it is a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seq {
    Number(u64),
    Opaque(String),
}

impl Seq {
    pub(super) fn of(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Opaque(text.to_owned()), Self::Number)
    }

    /// Whether this place is known to come before `other`.
    pub(super) fn is_before(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Number(this), Self::Number(other)) if this < other)
    }

    pub(super) fn cursor(&self) -> Cursor {
        Cursor(self.to_string())
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Opaque(text) => f.write_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Seq {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SeqVisitor)
    }
}

struct SeqVisitor;

impl de::Visitor<'_> for SeqVisitor {
    type Value = Seq;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence: a whole number or a text of 1 to 4096 bytes")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Seq, E> {
        Ok(Seq::Number(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Seq, E> {
        if text.is_empty() || text.len() > 4096 {
            return Err(E::invalid_length(text.len(), &self));
        }
        Ok(Seq::of(text))
    }
}

/// The tip of the feed, from the service's base document.
pub(super) fn read_tip(body: &[u8]) -> Result<Seq, RegistryError> {
    #[derive(Deserialize)]
    struct Base {
        update_seq: Seq,
    }
    document::read::<Base>(Ecosystem::NPM, "the tip of the change feed", body).map(|base| base.update_seq)
}

/// A page of the change feed, read.
#[derive(Debug)]
pub(super) struct Changes {
    events: Vec<Event>,
    rows: usize,
    last_seq: Seq,
    lowest_row: Option<Seq>,
    last_row: Option<Seq>,
    foreign_names: usize,
    unreadable: usize,
    first_unreadable: Option<String>,
}

#[derive(Deserialize)]
struct ChangesAnswer<'a> {
    #[serde(borrow)]
    results: Vec<&'a RawValue>,
    last_seq: Seq,
}

#[derive(Deserialize)]
struct Row<'a> {
    seq: Seq,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(default)]
    changes: Vec<Revision>,
    #[serde(default)]
    deleted: bool,
}

#[derive(Deserialize)]
struct Revision {
    rev: String,
}

/// Reads a page. A row that cannot be read does not fail it.
pub(super) fn read(body: &[u8]) -> Result<Changes, RegistryError> {
    let answer: ChangesAnswer = document::read(Ecosystem::NPM, "a page of the change feed", body)?;
    let mut changes = Changes {
        events: Vec::with_capacity(answer.results.len()),
        rows: answer.results.len(),
        last_seq: answer.last_seq,
        lowest_row: None,
        last_row: None,
        foreign_names: 0,
        unreadable: 0,
        first_unreadable: None,
    };
    for row in answer.results {
        match document::read_part(row, MAX_ROW) {
            Ok(row) => changes.take(row),
            Err(why) => changes.pass_over(why),
        }
    }
    Ok(changes)
}

impl Changes {
    fn take(&mut self, row: Row<'_>) {
        if self.lowest_row.as_ref().is_none_or(|lowest| row.seq.is_before(lowest)) {
            self.lowest_row = Some(row.seq.clone());
        }
        self.last_row = Some(row.seq.clone());
        if row.id.starts_with("_design/") {
            return;
        }
        match Package::new(Ecosystem::NPM, &row.id) {
            Ok(package) => self.events.push(row.event(package)),
            Err(_) => self.foreign_names += 1,
        }
    }

    fn pass_over(&mut self, why: String) {
        self.unreadable += 1;
        self.first_unreadable.get_or_insert(why);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The reason why the page cannot be the one after `since`, for people.
    pub(super) fn reset_since(&self, since: &Seq) -> Option<String> {
        if self.last_seq.is_before(since) {
            return Some(format!("the sequence went back from {since} to {}", self.last_seq));
        }
        match &self.lowest_row {
            Some(row) if row == since || row.is_before(since) => {
                Some(format!("the page after sequence {since} holds sequence {row}"))
            }
            Some(_) if self.last_seq == *since => Some(format!("the sequence does not advance from {since}")),
            _ => None,
        }
    }

    /// Sequences of another form than the requested place cannot be compared with it: the number of changes between the
    /// two is unknown.
    pub(super) fn other_form(&self, since: &Seq) -> Option<Gap> {
        let is_number = |seq: &Seq| matches!(seq, Seq::Number(_));
        let (from, to) = (shown(&since.to_string()), shown(&self.last_seq.to_string()));
        (is_number(since) != is_number(&self.last_seq))
            .then(|| Gap { why: format!("the sequence changed its form from {from} to {to}") })
    }

    /// The reason why an empty page is incomplete, if the feed's position is later than the page's.
    pub(super) fn withheld(&self, since: &Seq, tip: &Seq) -> Option<String> {
        let (from, to) = (shown(&since.to_string()), shown(&tip.to_string()));
        self.last_seq.is_before(tip).then(|| format!("the feed is at sequence {to} and shows nothing after {from}"))
    }

    /// The page as the feed's readers see it.
    pub(super) fn into_page(self) -> FeedPage {
        if self.foreign_names > 0 {
            tracing::warn!(count = self.foreign_names, "passed over changes of names that npm does not allow");
        }
        let more = self.rows >= PAGE_ROWS;
        // Of a full page only the rows that were read count as read, whatever `last_seq` is.
        let end = if more { self.last_row.as_ref().unwrap_or(&self.last_seq) } else { &self.last_seq };
        FeedPage { cursor: end.cursor(), more, gap: self.unread(), events: self.events, withheld: None }
    }

    /// An unreadable row may have been of any package.
    fn unread(&self) -> Option<Gap> {
        let first = self.first_unreadable.as_ref()?;
        Some(Gap { why: format!("changes on the page that cannot be read: {}; the first: {first}", self.unreadable) })
    }
}

/// The largest plausible number of changes of one document.
const MOST_GENERATIONS: u64 = 1_000_000_000;

/// Whether a document can have this revision, `generation-hash`. provwatch does not wait for an impossible one.
fn is_revision(text: &str) -> bool {
    let generation = text.split('-').next().and_then(|number| number.parse::<u64>().ok());
    text.len() <= 200
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && generation.is_none_or(|generation| generation < MOST_GENERATIONS)
}

impl Row<'_> {
    fn event(self, package: Package) -> Event {
        let revision = self.changes.into_iter().next().map(|revision| revision.rev).filter(|rev| is_revision(rev));
        let key = format!("{}:{}", self.seq, revision.as_deref().unwrap_or_default());
        let change = if self.deleted { FeedChange::Removed } else { FeedChange::Document { revision } };
        Event { package, change, key, at: None }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SAMPLE: &str = r#"{"results":[
        {"seq":89797387,"id":"pino","changes":[{"rev":"37-492fb14479b1ae44c0150d53ab2ce6ba"}]},
        {"seq":89797390,"id":"ng-create-all-project","changes":[{"rev":"3-be3a"}],"deleted":true},
        {"seq":89797391,"id":"_design/app","changes":[{"rev":"9-aa"}]},
        {"seq":89797392,"id":"@scope/name","changes":[{"rev":"1-bb"}],"new":{"a":[1]}}
    ],"last_seq":89797392,"pending":0}"#;

    fn page(rows: &str, last_seq: &str) -> Changes {
        read(format!(r#"{{"results":[{rows}],"last_seq":{last_seq}}}"#).as_bytes()).unwrap()
    }

    #[test]
    fn a_page_becomes_events() {
        let page = read(SAMPLE.as_bytes()).unwrap().into_page();
        let events: Vec<_> =
            page.events.iter().map(|event| (event.package.name(), &*event.key, event.change.clone())).collect();
        let document = |revision: &str| FeedChange::Document { revision: Some(revision.to_owned()) };
        assert_eq!(
            events,
            [
                (
                    "pino",
                    "89797387:37-492fb14479b1ae44c0150d53ab2ce6ba",
                    document("37-492fb14479b1ae44c0150d53ab2ce6ba")
                ),
                ("ng-create-all-project", "89797390:3-be3a", FeedChange::Removed),
                ("@scope/name", "89797392:1-bb", document("1-bb")),
            ]
        );
        assert_eq!((page.cursor, page.more, page.gap), (Cursor("89797392".to_owned()), false, None));
    }

    #[test]
    fn names_that_npm_does_not_allow_are_passed_over() {
        let changes = page(
            r#"{"seq":1,"id":"../x","changes":[]},{"seq":2,"id":"","changes":[]},{"seq":3,"id":"ok","changes":[]}"#,
            "3",
        );
        assert_eq!(changes.foreign_names, 2);
        let page = changes.into_page();
        assert_eq!((page.events.len(), page.gap), (1, None));
        assert_eq!(page.events[0].change, FeedChange::Document { revision: None });
    }

    #[test]
    fn a_row_that_cannot_be_read_is_a_gap_but_keeps_the_others() {
        for row in [
            "5",
            "null",
            "[]",
            r#"{"seq":1}"#,
            r#"{"id":"x"}"#,
            r#"{"seq":-1,"id":"x"}"#,
            r#"{"seq":1.5,"id":"x"}"#,
            r#"{"seq":"","id":"x"}"#,
            r#"{"seq":1,"id":7}"#,
            r#"{"seq":1,"id":"x","id":"y"}"#,
            r#"{"seq":1,"id":"x","changes":[{"rev":1}]}"#,
            r#"{"seq":1,"id":"x","deleted":"yes"}"#,
        ] {
            let page = page(&format!(r#"{row},{{"seq":2,"id":"ok","changes":[{{"rev":"1-a"}}]}}"#), "2").into_page();
            assert_eq!(page.events.len(), 1, "{row}");
            assert_eq!(page.cursor.0, "2", "{row}");
            assert!(page.gap.unwrap().why.starts_with("changes on the page that cannot be read: 1; "), "{row}");
        }
    }

    #[test]
    fn obnoxious_pages_are_refused() {
        let truncated = &SAMPLE[..SAMPLE.len() / 2];
        for body in [
            "",
            "null",
            "[]",
            "{}",
            truncated,
            r#"{"results":[]}"#,
            r#"{"last_seq":1}"#,
            r#"{"results":{},"last_seq":1}"#,
            r#"{"results":[],"last_seq":null}"#,
            r#"{"results":[],"last_seq":[1]}"#,
            r#"{"results":[],"last_seq":1,"last_seq":2}"#,
            r#"{"error":"bad_request","reason":"x"}"#,
        ] {
            assert!(matches!(read(body.as_bytes()), Err(RegistryError::Document { .. })), "{body}");
        }
    }

    #[test]
    fn sequences_are_numbers_or_texts() {
        assert_eq!(page("", "7").last_seq, Seq::Number(7));
        assert_eq!(page("", r#""7""#).last_seq, Seq::Number(7));
        assert_eq!(page("", r#""7-g1AAAA""#).last_seq, Seq::Opaque("7-g1AAAA".to_owned()));
        assert_eq!(read_tip(br#"{"doc_count":3,"update_seq":"12-x"}"#).unwrap().to_string(), "12-x");
        assert!(read_tip(b"{}").is_err());
    }

    #[test]
    fn a_page_that_cannot_come_after_the_cursor_is_a_reset() {
        let row = |seq: &str| format!(r#"{{"seq":{seq},"id":"x","changes":[{{"rev":"1-a"}}]}}"#);
        for (rows, last_seq, since, reset) in [
            (String::new(), "90", "90", None),
            (String::new(), "12", "90", Some("the sequence went back from 90 to 12")),
            (row("12"), "12", "90", Some("the sequence went back from 90 to 12")),
            (row("91"), "91", "90", None),
            (row("90"), "95", "90", Some("the page after sequence 90 holds sequence 90")),
            (format!("{},{}", row("93"), row("12")), "95", "90", Some("the page after sequence 90 holds sequence 12")),
            (row("91"), "90", "90", Some("the sequence does not advance from 90")),
            (row(r#""a""#), r#""a""#, "b", None),
            (row(r#""c""#), r#""b""#, "b", Some("the sequence does not advance from b")),
            (row(r#""b""#), r#""c""#, "b", Some("the page after sequence b holds sequence b")),
        ] {
            assert_eq!(page(&rows, last_seq).reset_since(&Seq::of(since)).as_deref(), reset, "{rows} {last_seq}");
        }
    }

    #[test]
    fn a_revision_that_no_document_has_is_not_waited_for() {
        for (revision, expected) in [
            ("37-492fb14479b1ae44c0150d53ab2ce6ba", true),
            ("opaque", true),
            ("999999999-a", true),
            ("1000000000-a", false),
            ("18446744073709551615-a", false),
            ("", true),
            ("1-\\u001b[2J", false),
            (&format!("1-{}", "a".repeat(200)), false),
        ] {
            let row = format!(r#"{{"seq":7,"id":"x","changes":[{{"rev":"{revision}"}}]}}"#);
            let events = page(&row, "7").into_page().events;
            assert_eq!(events.len(), 1, "the package is looked at all the same");
            let announced = FeedChange::Document { revision: Some(revision.to_owned()) };
            assert_eq!(events[0].change == announced, expected, "{revision}");
        }
    }

    #[test]
    fn a_full_page_goes_on_from_its_last_row() {
        let rows: Vec<_> = (1..=PAGE_ROWS).map(|seq| format!(r#"{{"seq":{seq},"id":"x"}}"#)).collect();
        let page = page(&rows.join(","), "99999999").into_page();
        assert_eq!((page.more, page.cursor.0.as_str(), page.events.len()), (true, "10000", PAGE_ROWS));
    }

    proptest! {
        #[test]
        fn no_mutation_of_a_page_panics(cut in 0..SAMPLE.len(), at in 0..SAMPLE.len(), byte: u8) {
            let mut body = SAMPLE.as_bytes().to_vec();
            body[at] = byte;
            _ = read(&body).map(Changes::into_page);
            _ = read(&body[..cut]).map(Changes::into_page);
        }
    }
}
