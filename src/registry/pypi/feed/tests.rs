//! Tests of reading PyPI's changelog.

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

/// Polls with these answers; returns the page and the bodies of the requests.
async fn poll(cursor: Option<&str>, answers: &[String]) -> (Result<FeedPage, RegistryError>, Vec<String>) {
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

fn changes(page: &FeedPage) -> Vec<(String, &FeedChange)> {
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
    assert_eq!(page.events[0].change, FeedChange::Release { version: "0.4.33.dev3".to_owned() });
    assert_eq!(page.events[1].change, FeedChange::File { version: "0.4.33.dev3".to_owned() });
    let owner = FeedChange::Governance { version: None, action: "add Owner mallory".to_owned() };
    assert_eq!(page.events[2].change, owner);
}

#[test]
fn every_action_is_told_as_what_it_is() {
    let release = || FeedChange::Release { version: "1.0".to_owned() };
    let file = || FeedChange::File { version: "1.0".to_owned() };
    let governance =
        |action: &str| FeedChange::Governance { version: Some("1.0".to_owned()), action: action.to_owned() };
    let mut cases = vec![
        ("create", release()),
        ("new release", release()),
        ("add py3 file a-1.0-py3-none-any.whl", file()),
        ("add source file a-1.0.tar.gz", file()),
        ("remove project", FeedChange::Removed),
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
    let release = FeedChange::Release { version: "1".to_owned() };
    let document = |revision: &str| FeedChange::Document { revision: Some(revision.to_owned()) };
    let unreadable = FeedChange::Governance { version: None, action: "unreadable action".to_owned() };
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
        assert!(why.ends_with(&format!("; the changelog is at serial {last}")), "{why}");
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
        (response("<value><string>x</string></value>"), "not an array"),
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
        if let Ok(RpcAnswer::Value(Value::Array(rows))) = xmlrpc::answer(&body)
            && let Ok(page) = read_rows(&rows, 10)
        {
            prop_assert!(page.cursor.0.parse::<u64>().unwrap() > 10);
        }
    }
}
