//! Reads the update feed of crates.io: an RSS file of the last hour's versions, at least a hundred. It is a window, not
//! a log: the cursor remembers the items that were seen.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use url::Url;

use super::index::is_version;
use crate::{
    clock::horizon,
    http::{Client, Fetched, Request, Validators},
    model::{Ecosystem, Package, RegistryId},
    registry::{
        Cursor, Event, Feed, FeedChange, FeedPage, Gap, RegistryError,
        document::document_error,
        endpoint::endpoint,
        exchange::{exchange_error, fresh},
        field::{plausible, shown},
        xml::{Tokens, XmlError},
    },
};

const WHAT: &str = "the update feed";

/// An RSS item nests 4 elements deep.
const MAX_DEPTH: usize = 16;

/// Most items of one window. An ordinary hour has a few hundred.
const MAX_ITEMS: usize = 20_000;

/// The largest difference between the registry's clock and the local one.
const AHEAD: TimeDelta = TimeDelta::days(1);

/// The update feed of crates.io.
#[derive(Clone, Debug)]
pub struct CargoFeed {
    static_base: Url,
}

impl CargoFeed {
    /// The feed among the static files at `static_base`.
    pub fn new(static_base: Url) -> Self {
        Self { static_base }
    }

    async fn page(&self, http: &Client, cursor: Option<&Cursor>) -> Result<FeedPage, RegistryError> {
        let (place, damage) = match cursor.map(|cursor| serde_json::from_str::<FeedPosition>(&cursor.0)) {
            None => (None, None),
            Some(Ok(place)) => (Some(place), None),
            Some(Err(_)) => (None, Some("the stored place in the feed is unreadable".to_owned())),
        };
        let url = endpoint(&self.static_base, &["rss", "updates.xml"]);
        let request = Request::get(url).unless(place.as_ref().and_then(|place| place.validators.clone()));
        let fetched = http.fetch(request).await.map_err(exchange_error(Ecosystem::CARGO))?;
        let response = match (fetched, cursor) {
            (Fetched::NotModified, Some(cursor)) => {
                return Ok(FeedPage {
                    events: Vec::new(),
                    cursor: cursor.clone(),
                    more: false,
                    gap: None,
                    withheld: None,
                });
            }
            (fetched, _) => fresh(Ecosystem::CARGO, WHAT, fetched)?,
        };
        let window = Window::read(&response.body).map_err(|why| document_error(Ecosystem::CARGO, WHAT, why))?;
        Ok(window.page_after(place.as_ref(), damage, response.validators(), http.now()))
    }
}

impl Feed for CargoFeed {
    fn name(&self) -> &'static str {
        Ecosystem::CARGO.row().feed.name
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::CARGO
    }

    fn is_busy(&self) -> bool {
        self.static_base.as_str() == RegistryId::CARGO_STATIC.base_url()
    }

    /// The version.
    fn awaited(&self, event: &Event) -> Option<String> {
        match &event.change {
            FeedChange::Release { version } => Some(version.clone()),
            _ => None,
        }
    }

    fn poll<'a>(
        &'a self,
        http: &'a Client,
        cursor: Option<&'a Cursor>,
    ) -> BoxFuture<'a, Result<FeedPage, RegistryError>> {
        Box::pin(self.page(http, cursor))
    }
}

/// The content of the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct FeedPosition {
    /// The newest time of the items seen so far, for people: an item may name any time, so no decision depends on it.
    newest: Option<DateTime<Utc>>,
    /// The keys of the items of the window that was seen last.
    seen: BTreeSet<String>,
    /// The validators of the last file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    validators: Option<Validators>,
}

impl FeedPosition {
    fn cursor(&self) -> Cursor {
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }

    /// Whether an item was in the window that was seen last. Before 0.2 keys had no time.
    fn has_seen(&self, event: &Event) -> bool {
        let without_time = event.key.split('|').next().unwrap_or_default();
        self.seen.contains(&event.key) || self.seen.contains(without_time)
    }
}

/// The items of the file, oldest first.
struct Window(Vec<Event>);

impl Window {
    fn read(body: &[u8]) -> Result<Self, XmlError> {
        let mut tokens = Tokens::new(body, MAX_DEPTH)?;
        tokens.expect("rss")?;
        tokens.expect("channel")?;
        let (mut events, mut count) = (Vec::new(), 0);
        while let Some(name) = tokens.child()? {
            if name != "item" {
                tokens.skip()?;
                continue;
            }
            count += 1;
            if count > MAX_ITEMS {
                return Err(XmlError::TooMany(MAX_ITEMS));
            }
            events.extend(Item::read(&mut tokens)?.event());
        }
        // The end must be there: a file that ends after some items hides the others.
        if tokens.child()?.is_some() {
            return Err(XmlError::Unexpected { found: "one element more".to_owned(), expected: "the end of rss" });
        }
        events.reverse();
        Ok(Self(events))
    }

    /// The newest plausible time.
    fn newest(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.0.iter().filter_map(|event| event.at).filter(|at| *at <= horizon(now, AHEAD)).max()
    }

    fn oldest(&self) -> Option<DateTime<Utc>> {
        self.0.iter().filter_map(|event| event.at).min()
    }

    /// The new items since `place`; at the first sight of the feed there are none.
    fn page_after(
        self,
        place: Option<&FeedPosition>,
        damage: Option<String>,
        validators: Option<Validators>,
        now: DateTime<Utc>,
    ) -> FeedPage {
        let why = damage.or_else(|| place.and_then(|place| self.lost(place)));
        let before = place.and_then(|place| place.newest).filter(|newest| *newest <= horizon(now, AHEAD));
        let seen: BTreeSet<_> = self.0.iter().map(|event| event.key.clone()).collect();
        let after = FeedPosition { newest: before.max(self.newest(now)), seen, validators };
        let is_new = |event: &Event| place.is_some_and(|place| !place.has_seen(event));
        let events = self.0.into_iter().filter(is_new).collect();
        FeedPage { events, cursor: after.cursor(), more: false, gap: why.map(|why| Gap { why }), withheld: None }
    }

    /// The reason why no item in the window joins it to the seen ones, if so. Two windows of one feed share items
    /// unless too much was published between them; their times do not count.
    fn lost(&self, place: &FeedPosition) -> Option<String> {
        let knew_anything = place.newest.is_some() || !place.seen.is_empty();
        if !knew_anything || self.0.is_empty() || self.0.iter().any(|event| place.has_seen(event)) {
            return None;
        }
        let time = |at: Option<DateTime<Utc>>| at.map_or("an unknown time".to_owned(), |at| at.to_string());
        let (oldest, newest) = (time(self.oldest()), time(place.newest));
        Some(format!("the feed begins at {oldest}, the newest version seen before is of {newest}"))
    }
}

/// One item as it is sent.
#[derive(Default)]
struct Item {
    name: String,
    version: String,
    link: String,
    guid: String,
    published: String,
}

impl Item {
    fn read(tokens: &mut Tokens<'_>) -> Result<Self, XmlError> {
        let mut item = Self::default();
        while let Some(name) = tokens.child()? {
            let text = tokens.text()?;
            let field = match name.as_str() {
                "crates:name" => &mut item.name,
                "crates:version" => &mut item.version,
                "link" => &mut item.link,
                "guid" => &mut item.guid,
                "pubDate" => &mut item.published,
                _ => continue,
            };
            text.trim().clone_into(field);
        }
        Ok(item)
    }

    /// The event; none if not even the crate is recognisable.
    fn event(&self) -> Option<Event> {
        let addressed = [&self.link, &self.guid].into_iter().find_map(|link| crate_and_version(link));
        let (linked_name, linked_version) = addressed.unwrap_or_default();
        let package =
            [self.name.as_str(), linked_name].into_iter().find_map(|name| Package::new(Ecosystem::CARGO, name).ok());
        let Some(package) = package else {
            tracing::warn!(
                name = shown(&self.name),
                link = shown(&self.link),
                "passing over an item that names no crate"
            );
            return None;
        };
        let version = [self.version.as_str(), linked_version].into_iter().find(|version| is_version(version));
        let named = version.map_or_else(|| shown(&self.version), str::to_owned);
        let change = match version {
            Some(version) => FeedChange::Release { version: version.to_owned() },
            None => FeedChange::Document { revision: None },
        };
        let at = DateTime::parse_from_rfc2822(&self.published).ok().and_then(|time| plausible(time.to_utc()));
        // A crate that was deleted and published again may have the same versions: only the time distinguishes them.
        let key = format!("{}@{named}|{}", package.name(), at.map_or(0, |at| at.timestamp()));
        Some(Event { package, change, key, at })
    }
}

/// `https://…/crates/<name>/<version>` → its last two segments.
fn crate_and_version(link: &str) -> Option<(&str, &str)> {
    let (_, path) = link.split_once("/crates/")?;
    path.trim_end_matches('/').split_once('/')
}

#[cfg(test)]
mod tests {
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
        let second =
            [item("serde_json", "1.0.1+x", &at(4)), item("c", "1.0.0", &at(3)), item("b", "1.0.0", &at(2)), late];
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
}
