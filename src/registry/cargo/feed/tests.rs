//! Tests of reading the update feed of crates.io.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::{clock::ManualClock, http::ScriptedTransport};

fn item(name: &str, version: &str, time: &str) -> String {
    format!(
        "<item><title>New crate version published: {name} v{version}</title>\
         <link>https://crates.example/crates/{name}/{version}</link><description><![CDATA[a <b> c]]></description>\
         <guid>https://crates.example/crates/{name}/{version}</guid><pubDate>{time}</pubDate>\
         <crates:name>{name}</crates:name><crates:version>{version}</crates:version></item>"
    )
}

fn file(items: &[String]) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" \
         xmlns:crates=\"https://crates.example/\"><channel><title>crates.io: recent updates</title>\
         <link>https://crates.example/</link><atom:link href=\"https://x.example/rss/updates.xml\" rel=\"self\"/>{}\
         </channel></rss>",
        items.concat()
    )
}

fn at(minute: u32) -> String {
    format!("Fri, 20 Nov 2026 12:{minute:02}:00 +0000")
}

async fn poll(
    cursor: Option<&Cursor>,
    status: u16,
    body: String,
) -> (Result<FeedPage, RegistryError>, Arc<ScriptedTransport>) {
    let transport = Arc::new(ScriptedTransport::new());
    transport.answer("static.example/rss/updates.xml", status, &[("etag", "\"1\"")], body);
    let http = Client::new(transport.clone(), Arc::new(ManualClock::at_text("2026-11-20T12:00:00Z")));
    let feed = CargoFeed::new(Url::parse("https://static.example/").unwrap());
    (feed.poll(&http, cursor).await, transport)
}

async fn page(cursor: Option<&Cursor>, items: &[String]) -> FeedPage {
    poll(cursor, 200, file(items)).await.0.unwrap()
}

fn keys(page: &FeedPage) -> Vec<&str> {
    page.events.iter().map(named).collect()
}

/// The key without its time.
fn named(event: &Event) -> &str {
    event.key.split('|').next().unwrap()
}

#[tokio::test]
async fn what_was_not_in_the_last_window_is_new() {
    let first = page(None, &[item("b", "1.0.0", &at(2)), item("a", "1.0.0", &at(1))]).await;
    assert_eq!((keys(&first), &first.gap), (vec![], &None), "the first poll only learns");

    let late = item("late", "0.1.0", &at(1));
    let second = [item("serde_json", "1.0.1+x", &at(4)), item("c", "1.0.0", &at(3)), item("b", "1.0.0", &at(2)), late];
    let second = page(Some(&first.cursor), &second).await;
    assert_eq!(keys(&second), ["late@0.1.0", "c@1.0.0", "serde_json@1.0.1+x"], "oldest first, latecomers too");
    assert_eq!((second.more, &second.gap), (false, &None));
    let newest = &second.events[2];
    assert_eq!(newest.package.to_string(), "pkg:cargo/serde_json");
    assert_eq!(newest.change, FeedChange::Release { version: "1.0.1+x".to_owned() });
    assert_eq!(newest.at.unwrap().to_rfc3339(), "2026-11-20T12:04:00+00:00");

    let again = page(Some(&second.cursor), &[item("serde_json", "1.0.1+x", &at(4))]).await;
    assert_eq!(keys(&again), Vec::<&str>::new());
}

#[tokio::test]
async fn an_unchanged_file_keeps_the_cursor() {
    let first = page(None, &[item("a", "1.0.0", &at(1))]).await;
    let (second, transport) = poll(Some(&first.cursor), 304, String::new()).await;
    let asked = transport.requests()[0].validators.clone().unwrap();
    assert_eq!(asked.etag.as_deref(), Some("\"1\""));
    assert_eq!(
        second.unwrap(),
        FeedPage { events: vec![], cursor: first.cursor, more: false, gap: None, withheld: None }
    );
}

#[tokio::test]
async fn a_window_that_does_not_join_the_last_one_is_a_gap() {
    let first = page(None, &[item("a", "1.0.0", &at(1))]).await;
    let second = page(Some(&first.cursor), &[item("c", "1.0.0", &at(9)), item("b", "1.0.0", &at(8))]).await;
    assert_eq!(keys(&second), ["b@1.0.0", "c@1.0.0"], "what is there is still read");
    let why = second.gap.unwrap().why;
    assert_eq!(
        why,
        "the feed begins at 2026-11-20 12:08:00 UTC, the newest version seen before is of 2026-11-20 12:01:00 UTC"
    );

    let joined_by_key = page(Some(&first.cursor), &[item("b", "1.0.0", &at(8)), item("a", "1.0.0", &at(1))]).await;
    assert_eq!(joined_by_key.gap, None);
    let damaged = page(Some(&Cursor("{".to_owned())), &[item("b", "1.0.0", &at(8))]).await;
    assert_eq!(damaged.gap.unwrap().why, "the stored place in the feed is unreadable");
}

#[tokio::test]
async fn no_time_that_an_item_names_hides_a_gap() {
    for odd in ["Fri, 01 Jan 9990 00:00:00 +0000", "Thu, 01 Jan 1998 00:00:00 +0000", "no time"] {
        let first = page(None, &[item("odd", "1.0.0", odd), item("a", "1.0.0", &at(1))]).await;
        let gone = page(Some(&first.cursor), &[item("c", "1.0.0", &at(9))]).await;
        assert!(gone.gap.is_some(), "{odd}");
        let late = page(Some(&first.cursor), &[item("c", "1.0.0", &at(9)), item("new", "1.0.0", odd)]).await;
        assert!(late.gap.is_some(), "{odd} in the window after");
        let place: FeedPosition = serde_json::from_str(&first.cursor.0).unwrap();
        assert!(place.newest.is_none_or(|newest| newest.to_rfc3339().as_str() < "2027"), "{odd}: {place:?}");
    }
    let poisoned = Cursor(r#"{"newest":"9990-01-01T00:00:00Z","seen":["odd@1.0.0"]}"#.to_owned());
    let healed = page(Some(&poisoned), &[item("c", "1.0.0", &at(9))]).await;
    assert!(healed.gap.is_some() && !healed.cursor.0.contains("9990"), "{healed:?}");
}

#[tokio::test]
async fn a_version_that_is_published_again_is_another_event() {
    let first = page(None, &[item("a", "1.0.0", &at(1)), item("b", "1.0.0", &at(1))]).await;
    let again = page(Some(&first.cursor), &[item("a", "1.0.0", &at(5)), item("b", "1.0.0", &at(1))]).await;
    assert_eq!((keys(&again), &again.gap), (vec!["a@1.0.0"], &None));
    let older = Cursor(r#"{"newest":null,"seen":["a@1.0.0"]}"#.to_owned());
    let known = page(Some(&older), &[item("a", "1.0.0", &at(1))]).await;
    assert_eq!((keys(&known), &known.gap), (vec![], &None), "keys of a cursor that an older version wrote");
}

#[tokio::test]
async fn an_empty_window_forgets_nothing() {
    let first = page(None, &[]).await;
    let second = page(Some(&first.cursor), &[item("a", "1.0.0", &at(1))]).await;
    assert_eq!((keys(&second), &second.gap), (vec!["a@1.0.0"], &None));
    let third = page(Some(&second.cursor), &[]).await;
    let fourth = page(Some(&third.cursor), &[item("b", "1.0.0", &at(9))]).await;
    assert!(fourth.gap.is_some(), "the newest time is kept");
}

#[tokio::test]
async fn a_bad_item_spoils_only_itself() {
    let first = page(None, &[]).await;
    let link = |path: &str| format!("<item><link>https://crates.example/crates/{path}</link></item>");
    let items = [
        item("not a crate", "1.0.0", &at(1)).replace("/crates/not a crate", "/nowhere"),
        item("bad-time", "1.0.0", "Fri, 99 Nov"),
        item("bad-version", "one", &at(1)),
        link("from-link/2.0.0"),
        link("no-version"),
        "<item/>".to_owned(),
    ];
    let page = page(Some(&first.cursor), &items).await;
    let seen: Vec<_> = page.events.iter().map(|event| (named(event), &event.change, event.at.is_some())).collect();
    let release = |version: &str| FeedChange::Release { version: version.to_owned() };
    assert_eq!(
        seen,
        [
            ("from-link@2.0.0", &release("2.0.0"), false),
            ("bad-version@one", &FeedChange::Document { revision: None }, true),
            ("bad-time@1.0.0", &release("1.0.0"), false),
        ]
    );
}

#[tokio::test]
async fn files_that_cannot_be_read_are_errors() {
    let whole = file(&[item("a", "1.0.0", &at(1))]);
    for (body, why) in [
        (String::new(), "truncated"),
        ("<html/>".to_owned(), "answered text/html"),
        (whole[..whole.find("</channel>").unwrap()].to_owned(), "truncated"),
        (whole[..whole.find("</rss>").unwrap()].to_owned(), "truncated"),
        (whole.replace("<channel>", "<channel><channel>"), "malformed"),
        (whole.replace("<title>", &"<x>".repeat(99)), "nested deeper"),
        (file(&vec!["<item/>".to_owned(); MAX_ITEMS + 1]), "more than 20000"),
    ] {
        let error = poll(None, 200, body).await.0.unwrap_err().to_string();
        assert!(error.contains("the update feed of crates.io") && error.contains(why), "{error}");
    }
}

proptest! {
    #[test]
    fn mutated_files_never_panic(place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut body = file(&[item("a", "1.0.0", &at(1)), item("b", "1.0.0", &at(2))]).into_bytes();
        let place = place.index(body.len());
        body[place] = byte;
        if cut {
            body.truncate(place);
        }
        let _ = Window::read(&body).map(|window| window.page_after(Some(&FeedPosition::default()), None, None, DateTime::<Utc>::MAX_UTC));
    }
}
