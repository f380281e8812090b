//! What a log is comes from asking it. A trust root names a key and a URL, and neither tells how the log is read nor what it
//! calls itself; what a log signs with that key does.

use std::{collections::HashMap, sync::Arc};

use futures::future::join_all;
use url::Url;

use super::{
    FollowedLog, Guess, Instance,
    trusted::{origins, usual_url},
};
use crate::{
    attest::TrustedLogHolds,
    pipeline::Pipeline,
    store::{LogKind, LogRow},
    tlog::{CheckpointError, Head, ReadError, checkpoint::name_of_tree},
};

/// What a log turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recognized {
    kind: LogKind,
    origin: String,
    /// Where it was read.
    url: Option<Url>,
}

impl Pipeline {
    /// A log of the trust root as it was recognized before, by this process or the one before.
    pub(super) fn as_recognized(&self, instance: Instance) -> Instance {
        let Some(guess) = &instance.guess else { return instance };
        let Some(known) = self.recognized(|known| known.get(&instance.key_id()).cloned()) else { return instance };
        let url = guess.fixed.clone().unwrap_or_else(|| known.place(&guess.base));
        let guess = Some(Guess { is_confirmed: true, ..guess.clone() });
        Instance { kind: known.kind, origin: known.origin, url, guess, ..instance }
    }

    /// The log that the operator, or an attestation, calls so: by its origin, by one of its trees, or by its alias. It is
    /// asked what it is before it is given out.
    pub async fn log_named(&self, name: &str) -> Option<Arc<FollowedLog>> {
        if let Some(log) = called(self.followed_logs(), name) {
            return Some(self.as_it_is(log).await);
        }
        // It may be one whose own name is not known yet.
        join_all(self.followed_logs().into_iter().map(|log| self.as_it_is(log))).await;
        called(self.followed_logs(), name)
    }

    async fn as_it_is(&self, followed: Arc<FollowedLog>) -> Arc<FollowedLog> {
        if !followed.is_guess() {
            return followed;
        }
        let (other, _) = self.ask(&followed).await;
        let known = self.followed(&self.as_recognized(followed.instance.clone())).map(Arc::new);
        other.or(known.ok()).unwrap_or(followed)
    }

    /// What a log says of its trees now; before it the log as it is, where its answer shows that it was taken for something
    /// else.
    pub async fn ask(&self, followed: &FollowedLog) -> (Option<Arc<FollowedLog>>, Result<Vec<Head>, ReadError>) {
        let heads = followed.log.heads().await;
        if heads.as_ref().is_ok_and(|heads| heads.iter().any(|head| head.checkpoint.is_ok())) {
            if followed.is_guess() {
                self.remember(followed);
            }
            return (None, heads);
        }
        let Some(other) = self.recognize(followed, heads.is_err()).await else { return (None, heads) };
        if !followed.is_guess() && other.name() != followed.name() {
            return (None, Err(ReadError::Occupied { by: other.name().to_owned() }));
        }
        tracing::info!(log = other.name(), kind = %other.kind, "the log was recognized by its answer");
        let heads = other.log.heads().await;
        (Some(Arc::new(other)), heads)
    }

    /// What answers in the place of a log that is not what it was taken for: the log itself, read otherwise, or another log
    /// that the trust root has at the same URL. What was read before is of the kind that it was, and may have moved.
    async fn recognize(&self, followed: &FollowedLog, is_silent: bool) -> Option<FollowedLog> {
        let instance = &followed.instance;
        let guess = instance.guess.as_ref()?;
        let may_be = |candidate: &Instance| {
            followed.is_guess() || (is_silent && candidate.kind == followed.kind && candidate.url != followed.url)
        };
        let mut all: Vec<Instance> = candidates(instance, guess).into_iter().filter(may_be).collect();
        for other in self.all_trusted() {
            let Some(beside) = other.guess.as_ref().filter(|_| other.spki != instance.spki) else { continue };
            if beside.place() == guess.place() && beside.holds == guess.holds {
                all.extend(candidates(&other, beside));
            }
        }
        for candidate in &all {
            if let Some(found) = self.try_as(candidate).await {
                self.remember(&found);
                return self.followed(&self.as_recognized(found.instance)).ok();
            }
        }
        None
    }

    /// Keeps in memory what a log turned out to be; the store learns it with the first checkpoint.
    fn remember(&self, log: &FollowedLog) {
        let known = Recognized { kind: log.kind, origin: log.instance.origin.clone(), url: Some(log.url.clone()) };
        self.recognized(|all| all.insert(log.instance.key_id(), known));
    }

    /// The log as this candidate, if what it answers then is signed; under the name that it gives itself.
    async fn try_as(&self, candidate: &Instance) -> Option<FollowedLog> {
        let followed = self.followed(candidate).ok()?;
        let heads = followed.log.heads().await.ok()?;
        if heads.iter().any(|head| head.checkpoint.is_ok()) {
            return Some(followed);
        }
        let origin = heads.iter().find_map(|head| own_name(head, candidate.kind))?;
        let renamed = self.followed(&Instance { origin, ..candidate.clone() }).ok()?;
        let is_signed = |head: &Head| renamed.log.signer().verify(head.document.as_bytes()).is_ok();
        heads.iter().any(is_signed).then_some(renamed)
    }

    /// Works on what is known of logs, which is read from the store the first time.
    fn recognized<T>(&self, work: impl FnOnce(&mut HashMap<String, Recognized>) -> T) -> T {
        let mut known = self.log_memory.recognized.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = known.get_or_insert_with(|| {
            let rows =
                self.store.logs().inspect_err(|error| tracing::warn!("what logs are is not remembered: {error}"));
            rows.unwrap_or_default().into_iter().filter_map(as_stored).collect()
        });
        work(known)
    }
}

impl Recognized {
    /// Where a log of the trust root is read: at the usual place, or at its URL itself. Any other place was a mirror's, and
    /// counts only while the operator names it.
    fn place(&self, base: &Url) -> Url {
        if self.url.as_ref() == Some(base) { base.clone() } else { usual_url(base, self.kind) }
    }
}

fn called(logs: Vec<Arc<FollowedLog>>, name: &str) -> Option<Arc<FollowedLog>> {
    let mirrors = logs.iter().flat_map(|log| &log.mirrors);
    let by_alias = logs.iter().chain(mirrors).find(|log| log.alias == name).cloned();
    logs.into_iter().find(|log| log.has_tree(name)).or(by_alias)
}

/// A log whose checkpoint was verified once.
fn as_stored(row: LogRow) -> Option<(String, Recognized)> {
    row.checkpoint?;
    let origin = match row.kind {
        LogKind::RekorV1 => name_of_tree(&row.name)?.to_owned(),
        _ => row.name,
    };
    Some((row.key_id, Recognized { kind: row.kind, origin, url: row.url.parse().ok() }))
}

/// What else a log may be than what it is taken for.
fn candidates(instance: &Instance, guess: &Guess) -> Vec<Instance> {
    let kinds = match guess.holds {
        TrustedLogHolds::Entries => [LogKind::Tiles, LogKind::RekorV1],
        TrustedLogHolds::Certificates => [LogKind::Ct, LogKind::StaticCt],
    };
    let mut candidates = Vec::new();
    for kind in kinds {
        let urls = match &guess.fixed {
            Some(fixed) => vec![fixed.clone()],
            None => vec![usual_url(&guess.base, kind), guess.base.clone()],
        };
        for url in urls {
            let origin = origins(&guess.base).into_iter().next().unwrap_or_default();
            let candidate = Instance { kind, url, origin, ..instance.clone() };
            if candidates.iter().all(|other: &Instance| (other.kind, &other.url) != (kind, &candidate.url)) {
                candidates.push(candidate);
            }
        }
    }
    candidates
}

/// What a log calls itself in a checkpoint that is not in the name that was expected.
fn own_name(head: &Head, kind: LogKind) -> Option<String> {
    let Err(CheckpointError::Origin { found, .. }) = &head.checkpoint else { return None };
    match kind {
        LogKind::RekorV1 => name_of_tree(found).map(str::to_owned),
        _ => Some(found.clone()),
    }
}
