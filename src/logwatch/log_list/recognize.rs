//! Recognises the protocol of a log from its answers. A trust root names a key and a URL, but neither the protocol nor
//! the origin; a checkpoint signed with that key shows both.

use std::sync::Arc;

use futures::future::join_all;

use super::{
    followed::FollowedLog,
    instance::{Guess, Instance, origins, usual_url},
    list::LogList,
    making::LogMaker,
    recognized::Recognition,
    trusted::TrustedLogs,
};
use crate::{
    attest::TrustedLogHolds,
    store::LogKind,
    tlog::{CheckpointError, Head, ReadError, checkpoint::name_of_tree},
};

/// Recognises the protocols of logs from their answers.
#[derive(Debug)]
pub struct Recognizer {
    pub list: Arc<LogList>,
    pub maker: Arc<LogMaker>,
    pub trusted: Arc<TrustedLogs>,
    pub recognition: Arc<Recognition>,
}

impl Recognizer {
    /// The log of that name in the configuration or an attestation: by its origin, by one of its trees, or by its
    /// alias. It is recognised before it is returned.
    pub async fn named(&self, name: &str) -> Option<Arc<FollowedLog>> {
        if let Some(log) = called(self.list.followed(), name) {
            return Some(self.as_it_is(log).await);
        }
        // It may be a log whose own name is not known yet.
        join_all(self.list.followed().into_iter().map(|log| self.as_it_is(log))).await;
        called(self.list.followed(), name)
    }

    async fn as_it_is(&self, followed: Arc<FollowedLog>) -> Arc<FollowedLog> {
        if !followed.is_guess() {
            return followed;
        }
        let (other, _) = self.ask(&followed).await;
        let known = self.maker.make(&self.recognition.as_recognized(followed.instance.clone())).map(Arc::new);
        other.or(known.ok()).unwrap_or(followed)
    }

    /// The current answer of a log about its trees; before it the log itself, if its answer shows another protocol or
    /// name than expected.
    pub async fn ask(&self, followed: &FollowedLog) -> (Option<Arc<FollowedLog>>, Result<Vec<Head>, ReadError>) {
        let heads = followed.log.heads().await;
        if heads.as_ref().is_ok_and(|heads| heads.iter().any(|head| head.checkpoint.is_ok())) {
            if followed.is_guess() {
                self.recognition.remember(followed);
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

    /// The log that answers instead of the expected one: the same log with another protocol, or another log of the
    /// trust root at the same URL. A log that was read before keeps its kind, but may have moved.
    async fn recognize(&self, followed: &FollowedLog, is_silent: bool) -> Option<FollowedLog> {
        let instance = &followed.instance;
        let guess = instance.guess.as_ref()?;
        let may_be = |candidate: &Instance| {
            followed.is_guess() || (is_silent && candidate.kind == followed.kind && candidate.url != followed.url)
        };
        let mut all: Vec<Instance> = candidates(instance, guess).into_iter().filter(may_be).collect();
        for other in self.trusted.all() {
            let Some(beside) = other.guess.as_ref().filter(|_| other.spki != instance.spki) else { continue };
            if beside.place() == guess.place() && beside.holds == guess.holds {
                all.extend(candidates(&other, beside));
            }
        }
        for candidate in &all {
            if let Some(found) = self.try_as(candidate).await {
                self.recognition.remember(&found);
                return self.maker.make(&self.recognition.as_recognized(found.instance)).ok();
            }
        }
        None
    }

    /// The log as this candidate, if its answer is then signed; under the name in its checkpoint.
    async fn try_as(&self, candidate: &Instance) -> Option<FollowedLog> {
        let followed = self.maker.make(candidate).ok()?;
        let heads = followed.log.heads().await.ok()?;
        if heads.iter().any(|head| head.checkpoint.is_ok()) {
            return Some(followed);
        }
        let origin = heads.iter().find_map(|head| own_name(head, candidate.kind))?;
        let renamed = self.maker.make(&Instance { origin, ..candidate.clone() }).ok()?;
        let is_signed = |head: &Head| renamed.log.signer().verify(head.document.as_bytes()).is_ok();
        heads.iter().any(is_signed).then_some(renamed)
    }
}

fn called(logs: Vec<Arc<FollowedLog>>, name: &str) -> Option<Arc<FollowedLog>> {
    let mirrors = logs.iter().flat_map(|log| &log.mirrors);
    let by_alias = logs.iter().chain(mirrors).find(|log| log.alias == name).cloned();
    logs.into_iter().find(|log| log.has_tree(name)).or(by_alias)
}

/// The other possible protocols and names of a log.
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

/// The origin in a checkpoint whose name is not the expected one.
fn own_name(head: &Head, kind: LogKind) -> Option<String> {
    let Err(CheckpointError::Origin { found, .. }) = &head.checkpoint else { return None };
    match kind {
        LogKind::RekorV1 => name_of_tree(found).map(str::to_owned),
        _ => Some(found.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logwatch::{
        lab::{Lab, instance},
        settings::LogSettings,
    };

    #[test]
    fn a_log_may_be_read_in_each_way_that_fits_what_it_holds() {
        let lab = Lab::new();
        let instance = instance(&lab.log, "https://log.example/");
        let base = instance.url.clone();
        for (holds, fixed, expected) in [
            (TrustedLogHolds::Entries, None, vec!["api/v2/", "", ""]),
            (TrustedLogHolds::Entries, Some("https://mirror.example/"), vec!["", ""]),
            (TrustedLogHolds::Certificates, None, vec!["", ""]),
        ] {
            let fixed = fixed.map(|url| url.parse().unwrap());
            let guess = Guess { holds, base: base.clone(), fixed: fixed.clone(), is_confirmed: false };
            let read = candidates(&instance, &guess);
            let root = fixed.as_ref().unwrap_or(&base).to_string();
            let urls: Vec<_> = read.iter().map(|one| one.url.as_str().strip_prefix(&root).unwrap()).collect();
            assert_eq!(urls, expected, "{holds:?}");
        }
    }

    #[tokio::test]
    async fn a_log_is_found_by_the_name_of_a_mirror() {
        let lab = Lab::new().with(|settings, log| {
            let mirror = Instance { name: "second".to_owned(), ..instance(log, "https://mirror.example/") };
            let instances = settings.instances.into_iter().chain([mirror]).collect();
            LogSettings { instances, ..settings }
        });
        let recognizer = lab.parts.listing().recognizer;
        for (name, url) in [("log.example", "https://log.example/"), ("second", "https://mirror.example/")] {
            assert_eq!(recognizer.named(name).await.unwrap().url.as_str(), url);
        }
        assert!(recognizer.named("third").await.is_none() && lab.log.asked().is_empty());
    }
}
