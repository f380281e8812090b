//! Parts of the program that do not come from the configuration: store, watchlist, transport and clock.

use std::sync::Arc;

use crate::{attest::Verifier, clock::Clock, http::Client, progress::Progress, store::Store, watchlist::Watchlist};

/// The parts that do not come from the configuration: the store, the watchlist, the network and the time.
#[derive(Debug)]
pub struct Parts {
    /// The store.
    pub store: Arc<Store>,
    /// The watchlist.
    pub watchlist: Watchlist,
    /// The client.
    pub http: Client,
    /// The verifier of signatures.
    pub verifier: Verifier,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Receives progress.
    pub progress: Arc<dyn Progress>,
}
