//! The watchlist in use by a process, which a reload replaces as a whole.

use std::sync::{Arc, PoisonError, RwLock};

use super::Watchlist;

/// The watchlist in use.
#[derive(Debug)]
pub struct InUse(RwLock<Arc<Watchlist>>);

impl InUse {
    /// Begins with this watchlist.
    pub fn new(watchlist: Watchlist) -> Self {
        Self(RwLock::new(Arc::new(watchlist)))
    }

    /// The watchlist as it is now.
    pub fn now(&self) -> Arc<Watchlist> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Uses another watchlist from now on.
    pub fn replace(&self, watchlist: Watchlist) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(watchlist);
    }
}
