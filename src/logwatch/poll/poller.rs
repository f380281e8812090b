//! Polls every log once, and recognises again those whose protocol turns out to be another.

use super::{
    heads::{Follower, Poll},
    mirrors::Mirrors,
};
use crate::{
    logwatch::{
        error::FollowError,
        log_list::{FollowedLog, LogList, Recognizer},
    },
    store::Store,
    upkeep::TrustKeeper,
};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};

/// Logs that are polled at the same time.
const CONCURRENT: usize = 8;

/// Polls logs.
#[derive(Debug)]
pub struct Poller {
    pub store: Arc<Store>,
    pub trust: Arc<TrustKeeper>,
    pub list: Arc<LogList>,
    pub recognizer: Arc<Recognizer>,
    pub follower: Arc<Follower>,
    pub mirrors: Mirrors,
}

impl Poller {
    /// Polls every log once, and again the logs that are recognised as another kind.
    ///
    /// # Errors
    /// The store failed.
    pub async fn poll_logs(&self) -> Result<Vec<(String, Poll)>, FollowError> {
        let mut polls = self.poll_all(self.list.followed()).await?;
        let mut others = self.list.followed();
        polls.retain(|(name, _)| others.iter().any(|log| log.name() == name));
        others.retain(|log| polls.iter().all(|(name, _)| log.name() != name));
        polls.extend(self.poll_all(others).await?);
        Ok(polls)
    }

    async fn poll_all(&self, logs: Vec<Arc<FollowedLog>>) -> Result<Vec<(String, Poll)>, FollowError> {
        let polls = stream::iter(logs).map(|followed| async move {
            let poll = self.poll_log(&followed).await?;
            Ok((followed.name().to_owned(), poll))
        });
        polls.buffered(CONCURRENT).try_collect().await
    }

    /// Polls a log once. An error of the log or of the network is recorded, and an error of one tree does not keep the
    /// others from being checked. Without a trust root the log waits: every signer would count as a forger.
    ///
    /// # Errors
    /// The store failed.
    pub async fn poll_log(&self, followed: &FollowedLog) -> Result<Poll, FollowError> {
        if !self.trust.is_ready() {
            return Ok(Poll::default());
        }
        if !followed.mirrors.is_empty() {
            return self.mirrors.poll(followed).await;
        }
        self.store.forget_mirrors(followed.name())?;
        let (other, heads) = self.recognizer.ask(followed).await;
        let Some(other) = other else { return self.follower.take_heads(followed, heads).await };
        if other.name() == followed.name() {
            return self.follower.take_heads(&other, heads).await;
        }
        // From now on it is followed under its own name; its placeholder row is removed.
        self.store.forget_log(followed.name())?;
        Ok(Poll::default())
    }
}

#[cfg(test)]
mod tests {
    use crate::logwatch::{lab::Lab, poll::Poll};

    #[tokio::test]
    async fn without_a_trust_root_no_log_is_asked() {
        let lab = Lab::new().without_trust_root();
        lab.log.grow(3, "one");
        let (listing, telling) = (lab.parts.listing(), lab.parts.telling());
        let (poller, _) = lab.parts.polling(&listing, &telling, &lab.parts.matching());
        assert_eq!(poller.poll_log(&lab.followed()).await.unwrap(), Poll::default());
        assert!(lab.log.asked().is_empty());
    }
}
