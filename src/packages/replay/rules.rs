//! What releases are judged by during a replay, besides their baselines.

use crate::{model::ExpectedChange, watchlist::Watchlist};

/// The rules for judging releases during a replay, besides the learned baselines. Empty by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules<'a> {
    /// The watchlist, for its policies; packages that it does not watch are judged too.
    pub watchlist: Option<&'a Watchlist>,
    /// Changes that were announced.
    pub expected: &'a [ExpectedChange],
}
