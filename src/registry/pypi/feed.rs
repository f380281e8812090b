//! PyPI's changelog: the XML-RPC method `changelog_since_serial`, which mirrors use. Every row is one event of one
//! project, with a serial that only grows.

use chrono::DateTime;
use futures::future::BoxFuture;
use url::Url;

use super::xmlrpc::{self, Answer, Value};
use crate::{
    http::{Client, Request},
    model::{Ecosystem, Package, RegistryId},
    registry::{
        Change, Cursor, Event, Feed, Gap, Page, RegistryError,
        endpoint::endpoint,
        exchange::{ask, document_error, is_lasting},
        field::{is_version, plausible, shown},
    },
    text::with_causes,
};

/// Most rows of one answer, by the registry's own limit.
const MAX_ROWS: usize = 50_000;

/// Most bytes of one answer: 50,000 rows of about 350 bytes are 17 MiB.
const MAX_BODY: u64 = 64 * 1024 * 1024;

/// The changelog of PyPI. Its cursor is the serial of the last row that was read.
#[derive(Clone, Debug)]
pub struct PypiFeed {
    base: Url,
}

impl PypiFeed {
    /// Its name, the key of its place in the store.
    pub const NAME: &'static str = "pypi-changelog";

    /// The changelog of the registry at `base`.
    pub fn new(base: Url) -> Self {
        Self { base }
    }

    async fn page(&self, http: &Client, cursor: Option<&Cursor>) -> Result<Page, RegistryError> {
        let Some(cursor) = cursor else {
            return Ok(standing(self.last_serial(http).await?, None));
        };
        let Ok(since) = cursor.0.parse() else {
            let why = format!("the stored serial {:?} is not a number", shown(&cursor.0));
            return Ok(standing(self.last_serial(http).await?, Some(why)));
        };
        match self.page_since(http, since).await {
            Err(error) if is_lasting(&error) => self.past(http, since, error).await,
            page => page,
        }
    }

    async fn page_since(&self, http: &Client, since: u64) -> Result<Page, RegistryError> {
        let rows = self.rows(http, since).await?;
        if rows.is_empty() {
            return self.nothing_since(http, since).await;
        }
        read_rows(&rows, since).map_err(|why| document_error(Ecosystem::Pypi, &changelog_since(since), why))
    }

    /// Goes on from where the changelog stands, past a serial that the registry refuses or rows that cannot be read: what
    /// lies in between is found by comparing documents.
    async fn past(&self, http: &Client, since: u64, error: RegistryError) -> Result<Page, RegistryError> {
        match self.last_serial(http).await {
            Ok(last) if last != since => {
                let why = format!("{}; the changelog stands at serial {last}", with_causes(&error));
                Ok(standing(last, Some(why)))
            }
            _ => Err(error),
        }
    }

    /// The page after `since` is empty: either nothing happened, or the serials were reset below `since`.
    async fn nothing_since(&self, http: &Client, since: u64) -> Result<Page, RegistryError> {
        let last = self.last_serial(http).await?;
        let why = (last < since).then(|| format!("the serial went back from {since} to {last}"));
        let page = standing(if why.is_some() { last } else { since }, why);
        let withheld =
            (last > since).then(|| format!("the changelog stands at {last} and shows nothing after {since}"));
        Ok(Page { withheld, ..page })
    }

    async fn last_serial(&self, http: &Client) -> Result<u64, RegistryError> {
        const WHAT: &str = "the changelog's last serial";
        let value = self.call(http, WHAT, "changelog_last_serial", None).await?;
        let serial = value.number().and_then(|number| u64::try_from(number).ok());
        serial.ok_or_else(|| document_error(Ecosystem::Pypi, WHAT, "it is not a number"))
    }

    async fn rows(&self, http: &Client, since: u64) -> Result<Vec<Value>, RegistryError> {
        let what = changelog_since(since);
        match self.call(http, &what, "changelog_since_serial", Some(since)).await? {
            Value::Array(rows) => Ok(rows),
            _ => Err(document_error(Ecosystem::Pypi, &what, "it is not an array")),
        }
    }

    async fn call(&self, http: &Client, what: &str, method: &str, number: Option<u64>) -> Result<Value, RegistryError> {
        let request = Request::post(endpoint(&self.base, &["pypi"]), "text/xml", xmlrpc::call(method, number));
        let response = ask(Ecosystem::Pypi, http, request.max_body(MAX_BODY), what).await?;
        match xmlrpc::answer(&response.body) {
            Ok(Answer::Value(value)) => Ok(value),
            Ok(Answer::Fault { code, text }) => Err(document_error(Ecosystem::Pypi, what, explain(code, &text))),
            Err(error) => Err(document_error(Ecosystem::Pypi, what, error)),
        }
    }
}

impl Feed for PypiFeed {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Pypi
    }

    fn is_busy(&self) -> bool {
        self.base.as_str() == RegistryId::PYPI.base_url()
    }

    fn poll<'a>(&'a self, http: &'a Client, cursor: Option<&'a Cursor>) -> BoxFuture<'a, Result<Page, RegistryError>> {
        Box::pin(self.page(http, cursor))
    }
}

fn changelog_since(serial: u64) -> String {
    format!("the changelog since serial {serial}")
}

/// A page without events.
fn standing(serial: u64, why: Option<String>) -> Page {
    Page {
        events: Vec::new(),
        cursor: Cursor(serial.to_string()),
        more: false,
        gap: why.map(|why| Gap { why }),
        withheld: None,
    }
}

/// The registry says in the text of the fault when the limit is reset: "Limit may reset in 42 seconds."
fn explain(code: Option<i64>, text: &str) -> String {
    let wait = text.split_once("Limit may reset in ").and_then(|(_, rest)| rest.split_once(" seconds"));
    match wait {
        Some((seconds, _)) if seconds.parse::<u32>().is_ok() => {
            format!("the registry's limit for these calls is used up; it resets in {seconds} seconds")
        }
        _ => format!("the registry answered with fault {}: {}", code.unwrap_or_default(), shown(text)),
    }
}

/// The events of the rows after `since`.
///
/// # Errors
/// No row has a readable serial after `since`: the cursor could never move on.
fn read_rows(rows: &[Value], since: u64) -> Result<Page, &'static str> {
    let more = rows.len() >= MAX_ROWS;
    let rows = &rows[..rows.len().min(MAX_ROWS)];
    let last = rows.iter().filter_map(|row| Row(row).serial()).max().filter(|last| *last > since);
    let last = last.ok_or("no row has a serial that is later")?;
    let events = rows.iter().enumerate().filter_map(|(place, row)| Row(row).event(since, place)).collect();
    Ok(Page { events, cursor: Cursor(last.to_string()), more, gap: None, withheld: None })
}

/// One row: name, version or nil, Unix time, action, serial.
struct Row<'a>(&'a Value);

impl Row<'_> {
    fn field(&self, place: usize) -> Option<&Value> {
        match self.0 {
            Value::Array(fields) => fields.get(place),
            _ => None,
        }
    }

    fn serial(&self) -> Option<u64> {
        self.field(4)?.number().and_then(|serial| serial.try_into().ok())
    }

    /// The event. A row whose fields are only partly readable still is one; without a package's name it concerns
    /// nobody.
    fn event(&self, since: u64, place: usize) -> Option<Event> {
        let name = self.field(0).and_then(Value::text).unwrap_or_default();
        let Ok(package) = Package::new(Ecosystem::Pypi, name) else {
            tracing::warn!(name = shown(name), since, place, "passing over a changelog row without a usable name");
            return None;
        };
        let serial = self.serial();
        let seconds = self.field(2).and_then(Value::number);
        Some(Event {
            package,
            change: self.change(serial),
            key: serial.map_or_else(|| format!("{since}+{place}"), |serial| serial.to_string()),
            at: seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).and_then(plausible),
        })
    }

    fn change(&self, serial: Option<u64>) -> Change {
        let version = self.field(1).and_then(Value::text).filter(|version| is_version(version)).map(str::to_owned);
        let action = self.field(3).and_then(Value::text).unwrap_or("unreadable action");
        match (Action::of(action), version) {
            (Action::Removal, _) => Change::Removed,
            (Action::Release, Some(version)) => Change::Release { version },
            (Action::File, Some(version)) => Change::File { version },
            (Action::Release | Action::File, None) => {
                Change::Document { revision: serial.map(|serial| serial.to_string()) }
            }
            (Action::Governance, version) => Change::Governance { version, action: shown(action) },
        }
    }
}

/// What the words of an action mean here. The words are those of the registry's source, `action=…`.
enum Action {
    Release,
    File,
    Removal,
    Governance,
}

impl Action {
    fn of(words: &str) -> Self {
        let words: Vec<_> = words.split_ascii_whitespace().collect();
        match words.as_slice() {
            ["create"] | ["new", "release"] => Self::Release,
            ["add", _, "file", ..] => Self::File,
            ["remove", "project"] => Self::Removal,
            // Roles, invitations, teams, yanks, removed files and releases, quarantine, and whatever comes next.
            _ => Self::Governance,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::{clock::ManualClock, http::ScriptedTransport};

    fn row(name: &str, version: &str, time: &str, action: &str, serial: &str) -> String {
        format!(
            "<value><array><data>\n<value><string>{name}</string></value>\n<value>{version}</value>\n\
             <value><int>{time}</int></value>\n<value><string>{action}</string></value>\n\
             <value><int>{serial}</int></value>\n</data></array></value>\n"
        )
    }

    fn version(version: &str) -> String {
        format!("<string>{version}</string>")
    }

    fn response(value: &str) -> String {
        format!(
            "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n{value}</param>\n</params>\n</methodResponse>\n"
        )
    }

    fn rows(rows: &[String]) -> String {
        response(&format!("<value><array><data>\n{}</data></array></value>\n", rows.concat()))
    }

    fn number(number: u64) -> String {
        response(&format!("<value><int>{number}</int></value>\n"))
    }

    /// Polls with these answers; gives the page and the bodies of the requests.
    async fn poll(cursor: Option<&str>, answers: &[String]) -> (Result<Page, RegistryError>, Vec<String>) {
        let transport = Arc::new(ScriptedTransport::new());
        for answer in answers {
            transport.answer("pypi.example/pypi", 200, &[("content-type", "text/xml")], answer.clone());
        }
        let http = Client::new(transport.clone(), Arc::new(ManualClock::at_text("2026-11-20T12:00:00Z")));
        let feed = PypiFeed::new(Url::parse("https://pypi.example/").unwrap());
        let cursor = cursor.map(|cursor| Cursor(cursor.to_owned()));
        let page = feed.poll(&http, cursor.as_ref()).await;
        let bodies = transport.requests().into_iter().filter_map(|request| request.body);
        (page, bodies.map(|body| String::from_utf8(body.to_vec()).unwrap()).collect())
    }

    fn changes(page: &Page) -> Vec<(String, &Change)> {
        page.events.iter().map(|event| (event.package.to_string(), &event.change)).collect()
    }

    #[tokio::test]
    async fn the_first_poll_only_learns_where_the_changelog_stands() {
        let (page, bodies) = poll(None, &[number(4_601_225)]).await;
        assert_eq!(page.unwrap(), standing(4_601_225, None));
        assert!(bodies[0].contains("<methodName>changelog_last_serial</methodName><params></params>"), "{bodies:?}");
    }

    #[tokio::test]
    async fn rows_become_events_in_feed_order() {
        let page = rows(&[
            row("openllm", &version("0.4.33.dev3"), "1701280908", "new release", "4601225"),
            row("OpenLLM", &version("0.4.33.dev3"), "1701280908", "add py3 file openllm-0.4.33.dev3.whl", "4601226"),
            row("openllm", "<nil/>", "1701280909", "add Owner mallory", "4601228"),
        ]);
        let (page, bodies) = poll(Some("4601224"), &[page]).await;
        let page = page.unwrap();
        assert!(bodies[0].contains("<methodName>changelog_since_serial</methodName>"), "{bodies:?}");
        assert!(bodies[0].contains("<int>4601224</int>"), "{bodies:?}");
        assert_eq!((page.cursor.0.as_str(), page.more, page.gap), ("4601228", false, None));
        assert_eq!(page.events[1].package.to_string(), "pkg:pypi/openllm");
        assert_eq!(page.events[1].key, "4601226");
        assert_eq!(page.events[1].at.unwrap().to_rfc3339(), "2023-11-29T18:01:48+00:00");
        assert_eq!(page.events[0].change, Change::Release { version: "0.4.33.dev3".to_owned() });
        assert_eq!(page.events[1].change, Change::File { version: "0.4.33.dev3".to_owned() });
        let owner = Change::Governance { version: None, action: "add Owner mallory".to_owned() };
        assert_eq!(page.events[2].change, owner);
    }

    #[test]
    fn every_action_is_told_as_what_it_is() {
        let release = || Change::Release { version: "1.0".to_owned() };
        let file = || Change::File { version: "1.0".to_owned() };
        let governance =
            |action: &str| Change::Governance { version: Some("1.0".to_owned()), action: action.to_owned() };
        let mut cases = vec![
            ("create", release()),
            ("new release", release()),
            ("add py3 file a-1.0-py3-none-any.whl", file()),
            ("add source file a-1.0.tar.gz", file()),
            ("remove project", Change::Removed),
        ];
        for action in [
            "remove file a-1.0.tar.gz",
            "remove release",
            "yank release",
            "unyank release",
            "add Owner mallory",
            "remove Maintainer alice",
            "invite Owner mallory",
            "accepted Owner mallory",
            "revoke_invite Owner mallory",
            "add Owner a-team",
            "project quarantined",
            "project quarantine cleared",
            "release quarantined",
            "add",
            "",
            "a word of the future",
        ] {
            cases.push((action, governance(action)));
        }
        for (action, expected) in cases {
            let fields = ["a", "1.0"].map(|text| Value::Text(text.to_owned()));
            let tail = [Value::Number("0".into()), Value::Text(action.into()), Value::Number("7".into())];
            let row = Value::Array(fields.into_iter().chain(tail).collect());
            assert_eq!(Row(&row).change(Some(7)), expected, "{action}");
        }
    }

    #[tokio::test]
    async fn a_bad_row_spoils_only_itself() {
        let long = version(&"9".repeat(400));
        let page = rows(&[
            row("not a name", &version("1"), "1701280908", "new release", "11"),
            row("b", &version("1"), "99999999999999999999", "new release", "12"),
            row("c", &version("1"), "1701280908", "new release", "twelve"),
            row("d", &long, "1701280908", "new release", "13"),
            "<value><string>no row</string></value>".to_owned(),
            "<value><array><data><value>e</value></data></array></value>".to_owned(),
            row("f", "<nil/>", "-1", "create", "14"),
        ]);
        let page = poll(Some("10"), &[page]).await.0.unwrap();
        let release = Change::Release { version: "1".to_owned() };
        let document = |revision: &str| Change::Document { revision: Some(revision.to_owned()) };
        let unreadable = Change::Governance { version: None, action: "unreadable action".to_owned() };
        let expected = [
            ("pkg:pypi/b".to_owned(), &release),
            ("pkg:pypi/c".to_owned(), &release),
            ("pkg:pypi/d".to_owned(), &document("13")),
            ("pkg:pypi/e".to_owned(), &unreadable),
            ("pkg:pypi/f".to_owned(), &document("14")),
        ];
        assert_eq!(changes(&page), expected);
        assert_eq!(page.cursor.0, "14");
        let keys: Vec<_> = page.events.iter().map(|event| event.key.as_str()).collect();
        assert_eq!(keys, ["12", "10+2", "13", "10+5", "14"]);
        assert_eq!((page.events[0].at, page.events[4].at), (None, None));
    }

    #[tokio::test]
    async fn a_reset_of_the_serials_is_a_gap() {
        let (page, _) = poll(Some("90"), &[rows(&[]), number(12)]).await;
        assert_eq!(page.unwrap(), standing(12, Some("the serial went back from 90 to 12".to_owned())));
        let (page, _) = poll(Some("90"), &[rows(&[]), number(90)]).await;
        assert_eq!(page.unwrap(), standing(90, None));
        let (page, _) = poll(Some("ninety"), &[number(12)]).await;
        assert_eq!(page.unwrap(), standing(12, Some("the stored serial \"ninety\" is not a number".to_owned())));
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_passed_over_as_a_gap() {
        let row = |serial: &str| row("a", &version("1"), "1701280908", "new release", serial);
        let fault = "<methodResponse><fault><value><struct><member><name>faultString</name><value><string>OverflowError\
                     </string></value></member></struct></value></fault></methodResponse>";
        for (since, answer, last) in [
            ("4611686018427387904", fault.to_owned(), 90),
            ("80", "<methodResponse><params><param><value><array><data>\u{1}".to_owned(), 90),
            ("80", rows(&[row("5")]), 90),
            ("80", rows(&[row("-5")]), 90),
            ("80", rows(&[row("5")]), 12),
            ("80", response("<value><nil/></value>"), 81),
        ] {
            let (page, _) = poll(Some(since), &[answer.clone(), number(last)]).await;
            let page = page.unwrap();
            assert_eq!((page.cursor.0, page.events.len()), (last.to_string(), 0), "{answer}");
            let why = page.gap.unwrap().why;
            assert!(why.ends_with(&format!("; the changelog stands at serial {last}")), "{why}");
        }
        let (page, _) = poll(Some("90"), &[rows(&[row("5")]), number(90)]).await;
        assert!(page.is_err(), "there is nothing to pass over");
    }

    #[tokio::test]
    async fn a_serial_that_is_never_reached_heals_with_the_next_page() {
        let ahead = u64::MAX / 2;
        let rows_ahead = rows(&[row("a", &version("1"), "1", "new release", &ahead.to_string())]);
        let page = poll(Some("80"), &[rows_ahead]).await.0.unwrap();
        assert_eq!(page.cursor.0, ahead.to_string());
        let page = poll(Some(&page.cursor.0), &[rows(&[]), number(90)]).await.0.unwrap();
        assert_eq!(page, standing(90, Some(format!("the serial went back from {ahead} to 90"))));
    }

    #[test]
    fn a_full_page_says_that_there_is_more() {
        let row = |serial: usize| {
            let number = |n: usize| Value::Number(n.to_string());
            let text = |text: &str| Value::Text(text.to_owned());
            Value::Array(vec![text("a"), text("1"), number(1), text("new release"), number(serial)])
        };
        let rows: Vec<_> = (1..=MAX_ROWS + 5).map(row).collect();
        let page = read_rows(&rows, 0).unwrap();
        assert_eq!((page.events.len(), page.cursor.0.as_str(), page.more), (MAX_ROWS, "50000", true));
        assert!(!read_rows(&rows[..MAX_ROWS - 1], 0).unwrap().more);
    }

    #[tokio::test]
    async fn answers_that_cannot_be_used_are_errors_that_say_why() {
        let fault = |text: &str| {
            format!(
                "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>-32500</int></value>\
                 </member><member><name>faultString</name><value><string>{text}</string></value></member></struct>\
                 </value></fault></methodResponse>"
            )
        };
        let limit = fault(
            "HTTPTooManyRequests: The action could not be performed because there were too many requests by the \
             client. Limit may reset in 42 seconds.",
        );
        let cases = [
            (limit, "is used up; it resets in 42 seconds"),
            (fault("RuntimeError: broken"), "fault -32500: RuntimeError: broken"),
            ("<html>".to_owned(), "answered text/html"),
            ("<htm>".to_owned(), "methodResponse"),
            (response("<value><string>x</string></value>"), "it is not an array"),
            (rows(&[row("a", &version("1"), "1", "new release", "five")]), "no row has a serial that is later"),
            (rows(&[row("a", &version("1"), "1", "new release", "5")]), "no row has a serial that is later"),
        ];
        for (answer, why) in cases {
            let error = poll(Some("5"), &[answer]).await.0.unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("the changelog since serial 5 of PyPI"), "{error}");
        }
        assert!(poll(None, &[number(1).replace('1', "-1")]).await.0.is_err());
    }

    proptest! {
        #[test]
        fn mutated_answers_never_panic_and_never_move_the_cursor_back(
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            end in any::<prop::sample::Index>(),
            cut in any::<bool>(),
        ) {
            let row = |name, serial| row(name, &version("1.0"), "1701280908", "new release", serial);
            let mut body = rows(&[row("a", "11"), row("b", "12")]).into_bytes();
            for (place, byte) in edits {
                let place = place.index(body.len());
                body[place] = byte;
            }
            if cut {
                body.truncate(end.index(body.len()));
            }
            if let Ok(Answer::Value(Value::Array(rows))) = xmlrpc::answer(&body)
                && let Ok(page) = read_rows(&rows, 10)
            {
                prop_assert!(page.cursor.0.parse::<u64>().unwrap() > 10);
            }
        }
    }
}
