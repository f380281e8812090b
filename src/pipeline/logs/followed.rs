//! Which logs are followed: those of the trust root as it is now, and those of the configuration.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use url::Url;

use super::Instance;
use crate::{
    pipeline::Pipeline,
    store::LogKind,
    tlog::{
        Log, LogKey, Protocol, Signer, checkpoint::tree_id, ct::CtLog, key::KeyError, rekor_v1::RekorV1,
        rekor_v2::TilesLog,
    },
};

/// A log that is followed.
#[derive(Debug)]
pub struct FollowedLog {
    /// The log.
    pub log: Log,
    /// Its kind.
    pub kind: LogKind,
    /// Where it is read.
    pub url: Url,
    /// What the configuration calls it; for a log of the trust root the host of its URL.
    pub alias: String,
    /// Whether all of its entries are read.
    pub tailed: bool,
    /// The same log at other URLs.
    pub mirrors: Vec<Arc<FollowedLog>>,
    /// When it began to sign, where that is known.
    pub since: Option<DateTime<Utc>>,
    /// When another log takes its place, where that is known.
    pub until: Option<DateTime<Utc>>,
    /// What it was made of.
    pub(super) instance: Instance,
}

impl FollowedLog {
    /// What it is called: its origin; for Rekor v1, which has several trees, the part that they share.
    pub fn name(&self) -> &str {
        self.log.name()
    }

    /// Whether a tree of this name is one of its own.
    pub fn has_tree(&self, name: &str) -> bool {
        self.name() == name || tree_id(self.name(), name).is_some()
    }

    /// Whether it has never answered: kind, URL and name are a guess then.
    pub fn is_guess(&self) -> bool {
        self.instance.guess.as_ref().is_some_and(|guess| !guess.is_confirmed)
    }

    /// Whether the operator names both as the same log at different URLs.
    fn is_mirror_of(&self, other: &Self) -> bool {
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

    /// Whether another log has taken its place, as the trust root says.
    pub fn is_retired(&self, now: DateTime<Utc>) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

impl Pipeline {
    /// The logs to follow now. Of two with the same name the configuration's counts, and what the configuration names twice
    /// is a log with a mirror; one whose key cannot be used is left out and said to be.
    pub fn followed_logs(&self) -> Vec<Arc<FollowedLog>> {
        let mut followed: Vec<FollowedLog> = Vec::new();
        for instance in self.logs.instances.iter().cloned().chain(self.trusted_instances()) {
            let log = match self.followed(&instance) {
                Ok(log) => log,
                Err(error) => {
                    tracing::error!("a log is not followed: {error}");
                    continue;
                }
            };
            match followed.iter_mut().find(|other| other.name() == log.name()) {
                None => followed.push(log),
                Some(first) if log.is_mirror_of(first) => first.mirrors.push(Arc::new(log)),
                Some(_) => {}
            }
        }
        followed.into_iter().map(Arc::new).collect()
    }

    /// The log of that name, or the one that a tree of that name belongs to, as far as names are known.
    /// [`Self::log_named`] asks.
    pub fn followed_log(&self, name: &str) -> Option<Arc<FollowedLog>> {
        self.followed_logs().into_iter().find(|log| log.has_tree(name))
    }

    pub(super) fn followed(&self, instance: &Instance) -> Result<FollowedLog, KeyError> {
        let Instance { name: alias, kind, url, origin, since, until, .. } = instance.clone();
        let (limits, budget) = self.logs.limits(instance);
        let (http, in_flight) = (self.http.limited(limits), self.logs.in_flight);
        let key = LogKey::from_spki(&instance.spki)?;
        let (signer, protocol) = match kind {
            LogKind::Tiles => {
                (Signer::Note { origin, key }, Protocol::Tiles(TilesLog::new(http, url.clone(), in_flight)))
            }
            LogKind::RekorV1 => (
                Signer::RekorV1 { name: origin, key },
                Protocol::RekorV1(RekorV1::new(http, url.clone(), Arc::clone(&self.clock), budget)),
            ),
            LogKind::Ct => (Signer::Ct { origin, key }, Protocol::Ct(CtLog::new(http, url.clone(), in_flight))),
            LogKind::StaticCt => {
                let log = TilesLog::of_certificates(http, url.clone(), in_flight);
                (Signer::StaticCt { origin, key }, Protocol::Tiles(log))
            }
        };
        let tailed = instance.tail.unwrap_or_else(|| self.logs.tail.contains(&kind));
        let instance = instance.clone();
        let (log, mirrors) = (Log::new(signer, protocol), Vec::new());
        Ok(FollowedLog { log, kind, url, alias, tailed, mirrors, since, until, instance })
    }
}
