//! What a log is comes from asking it. A trust root names a key and a URL, and neither tells how the log is read nor what it
//! calls itself; what a log signs with that key does.

use std::{collections::HashMap, sync::Arc};

use super::{
    FollowedLog, Guess, Instance,
    trusted::{origins, usual_url},
};
use crate::{
    attest::TrustedLogHolds,
    pipeline::{Pipeline, PipelineError},
    store::{LogKind, LogRow},
    tlog::{CheckpointError, Head, checkpoint::name_of_tree},
};

/// What a log turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recognized {
    kind: LogKind,
    origin: String,
    /// Where it is read; `None`: at the usual place of its kind.
    url: Option<url::Url>,
}

impl Pipeline {
    /// A log of the trust root as it was recognized before, by this process or the one before.
    pub(super) fn as_recognized(&self, instance: Instance) -> Instance {
        let Some(guess) = &instance.guess else { return instance };
        let key = instance.key_id();
        let known = self.recognized(|known| known.get(&key).cloned());
        let Some(Recognized { kind, origin, url }) = known else { return instance };
        let url = guess.fixed.clone().or(url).unwrap_or_else(|| usual_url(&guess.base, kind));
        Instance { kind, name: origin.clone(), origin, url, ..instance }
    }

    /// The log as it should be asked, where its own answer shows that it was taken for something else. A log that was read
    /// before is what it was.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn recognize(&self, followed: &FollowedLog) -> Result<Option<Arc<FollowedLog>>, PipelineError> {
        let Some(guess) = &followed.instance.guess else { return Ok(None) };
        if self.rows_of(followed)?.iter().any(|row| row.checkpoint.is_some()) {
            return Ok(None);
        }
        for candidate in candidates(&followed.instance, guess) {
            if let Some(found) = self.try_as(&candidate).await {
                let known = Recognized {
                    kind: found.kind,
                    origin: found.instance.origin.clone(),
                    url: Some(found.url.clone()),
                };
                tracing::info!(log = found.name(), kind = %found.kind, "the log was recognized by its answer");
                self.recognized(|all| all.insert(candidate.key_id(), known));
                self.store.forget_log(followed.name())?;
                return Ok(Some(Arc::new(found)));
            }
        }
        Ok(None)
    }

    /// The log as this candidate, if what it answers then is signed; under the name that it gives itself.
    async fn try_as(&self, candidate: &Instance) -> Option<FollowedLog> {
        let followed = self.followed(candidate).ok()?;
        let heads = followed.log.heads().await.ok()?;
        if heads.iter().any(|head| head.checkpoint.is_ok()) {
            return Some(followed);
        }
        let origin = heads.iter().find_map(|head| own_name(head, candidate.kind))?;
        let renamed = self.followed(&Instance { name: origin.clone(), origin, ..candidate.clone() }).ok()?;
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
            let candidate = Instance { kind, url, name: origin.clone(), origin, ..instance.clone() };
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
