//! Keeps the recognised protocols of logs, in memory and in the store.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use url::Url;

use super::{
    followed::FollowedLog,
    instance::{Guess, Instance, usual_url},
};
use crate::{
    store::{LogKind, LogRow, Store},
    tlog::checkpoint::name_of_tree,
};

/// The recognised protocol and name of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Recognized {
    kind: LogKind,
    origin: String,
    /// The URL at which it was read.
    url: Option<Url>,
}

impl Recognized {
    /// The URL of a log of the trust root: the usual one, or its base URL. Any other URL was a mirror's, and counts
    /// only while the configuration names it.
    fn place(&self, base: &Url) -> Url {
        if self.url.as_ref() == Some(base) { base.clone() } else { usual_url(base, self.kind) }
    }
}

/// The recognised logs of a trust root. All of it can be lost.
#[derive(Debug)]
pub struct Recognition {
    store: Arc<Store>,
    /// By the ids of their keys. `None`: not read from the store yet.
    known: Mutex<Option<HashMap<String, Recognized>>>,
}

impl Recognition {
    /// Begins with the content of this store.
    pub fn new(store: Arc<Store>) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// A log of the trust root as it was recognised before, by this process or the one before.
    pub fn as_recognized(&self, instance: Instance) -> Instance {
        let Some(guess) = &instance.guess else { return instance };
        let Some(known) = self.with(|known| known.get(&instance.key_id()).cloned()) else { return instance };
        let url = guess.fixed.clone().unwrap_or_else(|| known.place(&guess.base));
        let guess = Some(Guess { is_confirmed: true, ..guess.clone() });
        Instance { kind: known.kind, origin: known.origin, url, guess, ..instance }
    }

    /// Keeps a recognised log in memory; the store receives it with the first checkpoint.
    pub fn remember(&self, log: &FollowedLog) {
        let known = Recognized { kind: log.kind, origin: log.instance.origin.clone(), url: Some(log.url.clone()) };
        self.with(|all| all.insert(log.instance.key_id(), known));
    }

    /// Works on the recognised logs, which are read from the store the first time.
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<String, Recognized>) -> T) -> T {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_with(|| {
            let rows =
                self.store.logs().inspect_err(|error| tracing::warn!("the recognized logs cannot be read: {error}"));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        attest::TrustedLogHolds,
        logwatch::{
            audit::Auditor,
            lab::{Lab, instance},
        },
    };

    #[tokio::test]
    async fn what_a_log_is_outlives_the_process_once_a_checkpoint_was_verified() {
        let lab = Lab::new();
        lab.log.grow(3, "one");
        let guessed = || {
            let base: Url = "https://log.example/".parse().unwrap();
            let guess = Guess { holds: TrustedLogHolds::Entries, base: base.clone(), fixed: None, is_confirmed: false };
            let (kind, origin) = (LogKind::RekorV1, "guessed".to_owned());
            Instance { kind, origin, guess: Some(guess), ..instance(&lab.log, base.as_str()) }
        };
        let recognize = || Recognition::new(Arc::clone(&lab.parts.store)).as_recognized(guessed());
        let look = lab.look().await;
        assert_eq!(recognize().kind, LogKind::RekorV1, "nothing was verified yet");
        let auditor = Auditor { store: Arc::clone(&lab.parts.store), reporter: lab.reporter() };
        assert!(auditor.audit(look.shown()).await.unwrap());
        let known = recognize();
        assert_eq!((known.kind, &*known.origin), (LogKind::Tiles, "log.example"));
        assert!(known.guess.unwrap().is_confirmed);
    }
}
