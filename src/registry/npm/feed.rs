//! Reads npm's change feed by sequence number.

use bytes::Bytes;
use futures::future::BoxFuture;
use url::Url;

use super::{
    address::Addresses,
    changes::{self, Changes, PAGE_ROWS, Seq},
};
use crate::{
    http::{Client, Request},
    model::{Ecosystem, RegistryId},
    registry::{
        Cursor, Feed, FeedPage, Gap, RegistryError,
        exchange::{ask, is_lasting},
        field::shown,
    },
    text::with_causes,
};

/// Most bytes of a page: 8 MiB. A full one has about 1, of the longest names 4.
const MAX_PAGE: u64 = 8 * 1024 * 1024;

/// npm's change feed: the changed package documents, by sequence. The service keeps only the latest change of a
/// document, so one event may represent several publishes.
#[derive(Clone, Debug)]
pub struct NpmFeed {
    addresses: Addresses,
}

impl NpmFeed {
    /// The feed of the replication service at `base`
    /// ([`RegistryId::NPM_REPLICATE`](crate::model::RegistryId::NPM_REPLICATE), or a mirror).
    pub fn new(base: Url) -> Self {
        Self { addresses: Addresses::below(base) }
    }

    async fn start(&self, http: &Client) -> Result<FeedPage, RegistryError> {
        Ok(empty_page(&self.tip(http).await?, None))
    }

    async fn after(&self, http: &Client, cursor: &Cursor) -> Result<FeedPage, RegistryError> {
        let since = Seq::of(&cursor.0);
        let changes = match self.changes(http, cursor).await {
            Err(error) if is_lasting(&error) => return self.past(http, &since, error).await,
            changes => changes?,
        };
        if let Some(why) = changes.reset_since(&since) {
            return Ok(empty_page(&self.tip(http).await?, Some(why)));
        }
        let mut withheld = None;
        if changes.is_empty() {
            let tip = self.tip(http).await?;
            if tip.is_before(&since) {
                return Ok(empty_page(&tip, Some(format!("the sequence went back from {since} to {tip}"))));
            }
            withheld = changes.withheld(&since, &tip);
        }
        let other_form = changes.other_form(&since);
        let page = changes.into_page();
        Ok(FeedPage { gap: page.gap.or(other_form), withheld, ..page })
    }

    async fn changes(&self, http: &Client, cursor: &Cursor) -> Result<Changes, RegistryError> {
        let request = Request::get(self.addresses.changes(&cursor.0, PAGE_ROWS)).max_body(MAX_PAGE);
        changes::read(&get(http, request).await?)
    }

    /// Goes on from the feed's current position, past a place that the server refuses or a page that cannot be read:
    /// changes in between are found by comparing documents.
    async fn past(&self, http: &Client, since: &Seq, error: RegistryError) -> Result<FeedPage, RegistryError> {
        match self.tip(http).await {
            Ok(tip) if tip != *since => {
                let (since, at) = (shown(&since.to_string()), shown(&tip.to_string()));
                let why = format!(
                    "the changes after sequence {since} cannot be read: {}; the feed is at {at}",
                    with_causes(&error)
                );
                Ok(empty_page(&tip, Some(why)))
            }
            _ => Err(error),
        }
    }

    /// The current position of the feed. A cached answer from before the cursor would look like a reset.
    async fn tip(&self, http: &Client) -> Result<Seq, RegistryError> {
        let request = Request::get(self.addresses.base()).header("cache-control", "no-cache");
        changes::read_tip(&get(http, request).await?)
    }
}

fn empty_page(tip: &Seq, lost: Option<String>) -> FeedPage {
    FeedPage { events: Vec::new(), cursor: tip.cursor(), more: false, gap: lost.map(|why| Gap { why }), withheld: None }
}

async fn get(http: &Client, request: Request) -> Result<Bytes, RegistryError> {
    let request = request.accept("application/json");
    ask(Ecosystem::NPM, http, request, "the change feed").await.map(|response| response.body)
}

impl Feed for NpmFeed {
    fn name(&self) -> &'static str {
        Ecosystem::NPM.row().feed.name
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NPM
    }

    fn is_busy(&self) -> bool {
        self.addresses.base().as_str() == RegistryId::NPM_REPLICATE.base_url()
    }

    fn poll<'a>(
        &'a self,
        http: &'a Client,
        cursor: Option<&'a Cursor>,
    ) -> BoxFuture<'a, Result<FeedPage, RegistryError>> {
        Box::pin(async move {
            match cursor {
                None => self.start(http).await,
                Some(cursor) => self.after(http, cursor).await,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{clock::ManualClock, http::ScriptedTransport};

    /// Polls with this answer to the page and this tip.
    async fn poll(cursor: &str, page: (u16, &str), tip: (u16, &str)) -> Result<FeedPage, RegistryError> {
        let transport = Arc::new(ScriptedTransport::new());
        let json = [("content-type", "application/json")];
        transport.answer(&format!("/registry/_changes?since={cursor}&limit=10000"), page.0, &json, page.1.to_owned());
        transport.answer("replicate.example/", tip.0, &json, tip.1.to_owned());
        let http = Client::new(transport, Arc::new(ManualClock::at_text("2026-11-20T12:00:00Z")));
        let feed = NpmFeed::new(Url::parse("https://replicate.example/").unwrap());
        feed.poll(&http, Some(&Cursor(cursor.to_owned()))).await
    }

    fn tip(seq: &str) -> String {
        format!(r#"{{"update_seq":{seq}}}"#)
    }

    #[tokio::test]
    async fn a_place_that_is_refused_or_cannot_be_read_is_passed_over_as_a_gap() {
        for (cursor, status, body) in [
            ("zzz-g1AAA", 400, r#"{"error":"bad_request"}"#),
            ("18446744073709551615", 404, "{}"),
            ("80", 200, "<html>"),
            ("80", 200, r#"{"results":[{"seq":81},"#),
            ("80", 200, r#"{"results":[],"last_seq":1180591620717411303424}"#),
            ("80", 200, r#"{"results":[],"last_seq":-5}"#),
        ] {
            let page = poll(cursor, (status, body), (200, &tip("90"))).await.unwrap();
            assert_eq!((page.cursor.0.as_str(), page.events.len()), ("90", 0), "{body}");
            let why = page.gap.unwrap().why;
            assert!(why.starts_with("the changes after sequence ") && why.ends_with("; the feed is at 90"), "{why}");
        }
    }

    #[tokio::test]
    async fn where_nothing_can_be_passed_over_the_error_stays() {
        for (status, body, tip) in [
            (400, "{}", (200, tip("80"))),
            (200, "<html>", (200, "<html>".to_owned())),
            (401, "{}", (200, tip("90"))),
            (404, "{}", (404, "{}".to_owned())),
        ] {
            assert!(poll("80", (status, body), (tip.0, &tip.1)).await.is_err(), "{status} {body}");
        }
    }

    #[tokio::test]
    async fn sequences_of_another_form_are_a_gap_and_are_gone_on_with() {
        for (cursor, last) in [("80", r#""zzz-g1AAA""#), ("zzz-g1AAA", "90")] {
            let body = format!(r#"{{"results":[],"last_seq":{last}}}"#);
            let page = poll(cursor, (200, &body), (200, &tip("80"))).await.unwrap();
            assert_eq!(page.cursor.0, last.trim_matches('"'));
            assert!(page.gap.unwrap().why.starts_with("the sequence changed its form from "));
        }
    }

    #[tokio::test]
    async fn a_sequence_that_is_never_reached_heals_with_the_next_page() {
        let ahead = r#"{"results":[],"last_seq":18446744073709551615}"#;
        let page = poll("80", (200, ahead), (200, &tip("81"))).await.unwrap();
        let body = r#"{"results":[],"last_seq":90}"#;
        let page = poll(&page.cursor.0, (200, body), (200, &tip("90"))).await.unwrap();
        assert_eq!(page.cursor.0, "90");
        assert_eq!(page.gap.unwrap().why, "the sequence went back from 18446744073709551615 to 90");
    }
}
