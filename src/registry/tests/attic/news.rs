//! `news/<number>`: the changes after a number, `{"last": 7, "boxes": [["hat", "e9"]]}`.

use futures::future::BoxFuture;
use serde::Deserialize;
use url::Url;

use crate::{
    http::{Client, Request},
    model::{Ecosystem, Package, ecosystem_tests::attic::ATTIC},
    registry::{Cursor, Event, Feed, FeedChange, FeedPage, RegistryError, document, endpoint::endpoint, exchange::ask},
};

const WHAT: &str = "the news";

#[derive(Debug)]
pub(super) struct News(Url);

#[derive(Deserialize)]
struct Told {
    last: u64,
    boxes: Vec<(String, String)>,
}

impl News {
    pub(super) fn of(base: Url) -> Self {
        Self(base)
    }

    async fn after(&self, http: &Client, number: &str) -> Result<FeedPage, RegistryError> {
        let response = ask(ATTIC, http, Request::get(endpoint(&self.0, &["news", number])), WHAT).await?;
        let Told { last, boxes } = document::read(ATTIC, WHAT, &response.body)?;
        let event = |(name, version): (String, String)| {
            let package = Package::new(ATTIC, &name).ok()?;
            let key = format!("{name} {version}");
            Some(Event { package, change: FeedChange::Release { version }, key, at: None })
        };
        let events = boxes.into_iter().filter_map(event).collect();
        Ok(FeedPage { events, cursor: Cursor(last.to_string()), more: false, gap: None, withheld: None })
    }
}

impl Feed for News {
    fn name(&self) -> &'static str {
        ATTIC.row().feed.name
    }

    fn ecosystem(&self) -> Ecosystem {
        ATTIC
    }

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
        Box::pin(self.after(http, cursor.map_or("latest", |cursor| &cursor.0)))
    }
}
