//! A followed log: its address, its protocol, and its trees.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use url::Url;

use super::instance::Instance;
use crate::{
    store::LogKind,
    tlog::{Log, checkpoint::tree_id},
};

/// A log that is followed.
#[derive(Debug)]
pub struct FollowedLog {
    /// The log.
    pub log: Log,
    /// Its kind.
    pub kind: LogKind,
    /// The URL at which it is read.
    pub url: Url,
    /// Its name in the configuration; for a log of the trust root the host of its URL.
    pub alias: String,
    /// Whether all of its entries are read.
    pub tailed: bool,
    /// The same log at other URLs.
    pub mirrors: Vec<Arc<FollowedLog>>,
    /// The start of its signing, if known.
    pub since: Option<DateTime<Utc>>,
    /// The time at which another log replaces it, if known.
    pub until: Option<DateTime<Utc>>,
    /// The description that it was made from.
    pub instance: Instance,
}

impl FollowedLog {
    /// Its name: its origin; for Rekor v1, which has several trees, the part that they share.
    pub fn name(&self) -> &str {
        self.log.name()
    }

    /// Whether a tree of this name is one of its own.
    pub fn has_tree(&self, name: &str) -> bool {
        self.name() == name || tree_id(self.name(), name).is_some()
    }

    /// Whether it has never answered: then kind, URL and name are a guess.
    pub fn is_guess(&self) -> bool {
        self.instance.guess.as_ref().is_some_and(|guess| !guess.is_confirmed)
    }

    /// Whether the operator names both as the same log at different URLs.
    pub fn is_mirror_of(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.instance, &other.instance);
        ours.guess.is_none()
            && theirs.guess.is_none()
            && (ours.kind, &ours.spki) == (theirs.kind, &theirs.spki)
            && ours.url != theirs.url
    }

    /// Whether the configuration names it.
    pub fn is_configured(&self) -> bool {
        self.instance.guess.is_none()
    }

    /// Whether another log has replaced it, according to the trust root.
    pub fn is_retired(&self, now: DateTime<Utc>) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}
