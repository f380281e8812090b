//! Parts of the program that do not come from the configuration: store, watchlist, transport and clock.

use std::sync::Arc;

use crate::{attest::Verifier, clock::Clock, http::Client, progress::Progress, store::Store, watchlist::Watchlist};

/// The parts that the configuration does not make: where to keep, what to watch, how to reach the world, what time it is.
#[derive(Debug)]
pub struct Parts {
    /// The store.
    pub store: Arc<Store>,
    /// The watchlist.
    pub watchlist: Watchlist,
    /// The client.
    pub http: Client,
    /// What signatures are verified with.
    pub verifier: Verifier,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Who is told.
    pub progress: Arc<dyn Progress>,
}
