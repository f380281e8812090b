//! Checks whether the forges answer, and how many requests they still allow.

use futures::future::join_all;

use super::{
    Forges,
    forge::{Forge, ForgeKind, limit_header},
};
use crate::http::{Fetched, HttpError};

/// Most bytes of an answer.
const MAX_ANSWER: u64 = 256 * 1024;

/// The state of a forge.
#[derive(Debug)]
pub struct Standing {
    /// The forge.
    pub host: String,
    /// Whether requests carry a token.
    pub has_token: bool,
    /// The number of remaining requests, if it reports it.
    pub left: Result<Option<u64>, HttpError>,
}

impl Forges {
    /// Queries every forge once.
    pub async fn statuses_of_forges(&self) -> Vec<Standing> {
        join_all(self.known.iter().map(|forge| async {
            let left = self.left(forge).await;
            Standing { host: forge.host.clone(), has_token: forge.has_token(), left }
        }))
        .await
    }

    async fn left(&self, forge: &Forge) -> Result<Option<u64>, HttpError> {
        // GitHub does not count this request.
        let path = match forge.kind {
            ForgeKind::Github => "rate_limit",
            ForgeKind::Gitlab => "projects?per_page=1&simple=true",
        };
        let Ok(url) = forge.api.join(path) else { return Ok(None) };
        let request = forge.request(url).max_body(MAX_ANSWER).max_attempts(1);
        match self.http.fetch(request).await {
            Ok(Fetched::Fresh(response)) => {
                Ok(limit_header(&|name: &str| response.header(name)?.parse().ok(), "remaining"))
            }
            Ok(Fetched::NotModified) => Ok(None),
            // An enterprise server without limits has no such page.
            Err(error) if error.is_not_found() && forge.kind == ForgeKind::Github => Ok(None),
            Err(error) => Err(error),
        }
    }
}
