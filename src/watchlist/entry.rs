//! An entry of a watchlist with its position, tier and note.

use std::{path::Path, sync::Arc};

use super::Tier;
use crate::model::Policy;

/// The position of a pattern, and its settings there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The tier that it sets itself.
    pub said_tier: Option<Tier>,
    /// The tier of its file's entries that set none.
    pub default_tier: Tier,
    /// The operator's remark.
    pub note: Option<Box<str>>,
    /// The team that answers for it.
    pub team: Option<Box<str>>,
    /// Whether it is the operator's own.
    pub own: Option<bool>,
    /// The operator's policy for it.
    pub policy: Option<Arc<Policy>>,
    /// The file, or `curated:npm`.
    pub file: Arc<Path>,
    /// The line, from 1.
    pub line: u32,
}

impl Entry {
    /// This entry in place of another one of the same name, whose tier and policy apply where this one has none.
    pub(super) fn over(self, replaced: Option<Self>) -> Self {
        let Some(replaced) = replaced else { return self };
        let policy = match (self.policy, replaced.policy) {
            (Some(own), Some(other)) => Some(Arc::new(Policy::clone(&own).or(&other))),
            (own, other) => own.or(other),
        };
        Self {
            said_tier: self.said_tier.or(replaced.said_tier),
            default_tier: self.default_tier.max(replaced.default_tier),
            team: self.team.or(replaced.team),
            own: self.own.or(replaced.own),
            policy,
            ..self
        }
    }

    /// The tier from this entry alone.
    pub(super) fn own_tier(&self) -> Tier {
        self.said_tier.unwrap_or(self.default_tier)
    }
}
