use std::sync::Arc;

use super::{Fetched, HttpError, Request, Transport};
use crate::clock::Clock;

/// The polite client.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Arc<dyn Transport>,
    _clock: Arc<dyn Clock>,
}

impl Client {
    /// A client over a transport.
    pub fn new(transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Self { transport, _clock: clock }
    }

    /// One exchange.
    ///
    /// # Errors
    /// No 2xx (or, if the request is conditional, 304) after all retries, or a forbidden host.
    pub async fn fetch(&self, request: Request) -> Result<Fetched, HttpError> {
        let url = request.url.clone();
        let response = self.transport.exchange(&request).await.map_err(|source| HttpError::Transport {
            url: url.clone(),
            attempts: 1,
            source,
        })?;
        match response.status {
            304 if request.validators.is_some() => Ok(Fetched::NotModified),
            200..=299 => Ok(Fetched::Fresh(response)),
            status => Err(HttpError::Status { url, status, attempts: 1, hint: String::new(), retry_after: None }),
        }
    }
}
