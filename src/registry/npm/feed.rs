use bytes::Bytes;
use futures::future::BoxFuture;
use url::Url;

use super::{
    address::Addresses,
    changes::{self, PAGE_ROWS, Seq},
};
use crate::{
    http::{Client, Request},
    model::Ecosystem,
    registry::{Cursor, Feed, Gap, Page, RegistryError, exchange::ask},
};

/// Most bytes of a page: 8 MiB. A full one has about 1, of the longest names 4.
const MAX_PAGE: u64 = 8 * 1024 * 1024;

/// npm's change feed: which package documents changed, by sequence. The service keeps only the latest change of a
/// document, so that one event may stand for several publishes.
#[derive(Clone, Debug)]
pub struct NpmFeed {
    addresses: Addresses,
}

impl NpmFeed {
    /// Its name, the key of its place in the store.
    pub const NAME: &'static str = "npm-changes";

    /// The feed of the replication service at `base`
    /// ([`RegistryId::NPM_REPLICATE`](crate::model::RegistryId::NPM_REPLICATE), or a mirror).
    pub fn new(base: Url) -> Self {
        Self { addresses: Addresses::below(base) }
    }

    async fn start(&self, http: &Client) -> Result<Page, RegistryError> {
        Ok(empty_page(&self.tip(http).await?, None))
    }

    async fn after(&self, http: &Client, cursor: &Cursor) -> Result<Page, RegistryError> {
        let since = Seq::of(&cursor.0);
        let request = Request::get(self.addresses.changes(&cursor.0, PAGE_ROWS)).max_body(MAX_PAGE);
        let changes = changes::read(&get(http, request).await?)?;
        if let Some(why) = changes.reset_since(&since) {
            return Ok(empty_page(&self.tip(http).await?, Some(why)));
        }
        if changes.is_empty() {
            let tip = self.tip(http).await?;
            if tip.is_before(&since) {
                return Ok(empty_page(&tip, Some(format!("the sequence went back from {since} to {tip}"))));
            }
        }
        Ok(changes.into_page())
    }

    /// Where the feed stands now. A cached answer from before the cursor would look like a reset.
    async fn tip(&self, http: &Client) -> Result<Seq, RegistryError> {
        let request = Request::get(self.addresses.base()).header("cache-control", "no-cache");
        changes::read_tip(&get(http, request).await?)
    }
}

fn empty_page(tip: &Seq, lost: Option<String>) -> Page {
    Page { events: Vec::new(), cursor: tip.cursor(), more: false, gap: lost.map(|why| Gap { why }) }
}

async fn get(http: &Client, request: Request) -> Result<Bytes, RegistryError> {
    let request = request.accept("application/json");
    ask(Ecosystem::Npm, http, request, "the change feed").await.map(|response| response.body)
}

impl Feed for NpmFeed {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::Npm
    }

    fn poll<'a>(&'a self, http: &'a Client, cursor: Option<&'a Cursor>) -> BoxFuture<'a, Result<Page, RegistryError>> {
        Box::pin(async move {
            match cursor {
                None => self.start(http).await,
                Some(cursor) => self.after(http, cursor).await,
            }
        })
    }
}
