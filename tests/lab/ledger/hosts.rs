//! A transport to several simulated logs and the simulated registries.

use futures::future::BoxFuture;
use provwatch::http::{Method, Request, Response, Transport, TransportError};

use super::Ledger;
use crate::lab::World;

/// Ledgers by their hosts, and the world for all other hosts.
#[derive(Clone)]
pub struct Hosts {
    pub ledgers: Vec<Ledger>,
    pub world: World,
}

impl std::fmt::Debug for Hosts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hosts")
    }
}

impl Transport for Hosts {
    fn exchange<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let host = request.url.host_str().unwrap_or_default();
        let Some(ledger) = self.ledgers.iter().find(|ledger| ledger.served_at() == host) else {
            return self.world.exchange(request);
        };
        let path = match request.url.query() {
            Some(query) => format!("{}?{query}", request.url.path()),
            None => request.url.path().to_owned(),
        };
        assert!(request.method == Method::Get || path.contains("retrieve"));
        let answer = ledger.respond(&path, request.body.as_deref().unwrap_or_default());
        if ledger.stalls() {
            return Box::pin(async { Err(TransportError::Failed("timed out".to_owned())) });
        }
        let limit = request.max_body;
        Box::pin(async move {
            if answer.body.len() as u64 > limit { Err(TransportError::TooLarge { limit }) } else { Ok(answer) }
        })
    }
}
