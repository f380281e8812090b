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
mod tests;
