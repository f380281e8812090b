//! Gives up registries that do not answer during one pass, for all their packages at once.

use crate::{
    http::{HttpError, TransportError},
    model::RegistryKey,
    packages::error::LookError,
    registry::RegistryError,
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A pass gives a registry up after this many consecutive turns without any answer; after more where some only took too
/// long, and after even more where it answered before.
const DEAD: u32 = 3;
const SLOW: u32 = 4;
const SLOW_LATELY: u32 = 8;

/// The registries that do not answer during one pass.
#[derive(Debug, Default)]
pub struct Silent(Mutex<BTreeMap<RegistryKey, Silence>>);

/// Consecutive turns in which a registry gave no answer.
#[derive(Debug, Default)]
struct Silence {
    dead: u32,
    slow: u32,
    /// Whether it answered during the pass.
    answered: bool,
    given_up: Option<String>,
}

/// The reason why a turn got no answer at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// Whether the answer might have come later.
    is_slow: bool,
    /// For people, with causes.
    why: String,
}

impl NoAnswer {
    /// The error as a missing answer, if it is one.
    pub fn of(error: &LookError, why: &str) -> Option<Self> {
        let LookError::Registry(RegistryError::Http { source, .. }) = error else { return None };
        let HttpError::Transport { source, .. } = source.as_ref() else { return None };
        let is_slow = match source {
            TransportError::Failed(_) => false,
            TransportError::Slow { .. } => true,
            _ => return None,
        };
        Some(Self { is_slow, why: why.to_owned() })
    }
}

impl Silent {
    /// The reason why a registry was given up, if it was.
    pub fn given_up(&self, registry: &RegistryKey) -> Option<String> {
        self.lock().get(registry)?.given_up.clone()
    }

    /// Notes how a turn ended. Returns the reason if the registry is given up from now on.
    pub fn note(&self, registry: &RegistryKey, outcome: Option<&NoAnswer>) -> Option<String> {
        let mut all = self.lock();
        let silence = all.entry(registry.clone()).or_default();
        let Some(NoAnswer { is_slow, why }) = outcome else {
            (silence.dead, silence.slow, silence.answered) = (0, 0, true);
            return None;
        };
        if *is_slow {
            silence.slow += 1;
        } else {
            silence.dead += 1;
        }
        let slow = if silence.answered { SLOW_LATELY } else { SLOW };
        let is_dead = silence.dead >= DEAD || silence.dead + silence.slow >= slow;
        if !is_dead || silence.given_up.is_some() {
            return None;
        }
        silence.given_up = Some(why.clone());
        Some(why.clone())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RegistryKey, Silence>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ecosystem;

    #[test]
    fn a_registry_is_given_up_once_and_only_where_nothing_answers() {
        let [npm, pypi, cargo] = &Ecosystem::ALL.map(RegistryKey::from);
        let silent = Silent::default();
        let dead = NoAnswer { is_slow: false, why: "refused".to_owned() };
        let slow = NoAnswer { is_slow: true, why: "slow".to_owned() };
        assert_eq!([&dead, &dead].map(|one| silent.note(npm, Some(one))), [None, None]);
        assert_eq!(silent.note(npm, None), None, "it answers");
        assert_eq!([&dead, &slow, &dead].map(|one| silent.note(npm, Some(one))), [None, None, None]);
        assert_eq!(silent.note(npm, Some(&dead)), Some("refused".to_owned()));
        assert_eq!((silent.note(npm, Some(&dead)), silent.given_up(npm)), (None, Some("refused".to_owned())));
        assert_eq!(silent.given_up(pypi), None);
        let said: Vec<_> = (0..9).map(|_| silent.note(cargo, Some(&slow)).is_some()).collect();
        assert_eq!(said, [false, false, false, true, false, false, false, false, false]);
        silent.note(pypi, None);
        let said: Vec<_> = (0..9).map(|_| silent.note(pypi, Some(&slow)).is_some()).collect();
        assert_eq!(said, [false, false, false, false, false, false, false, true, false]);
    }
}
