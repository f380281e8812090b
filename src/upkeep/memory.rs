//! The process's memory of its own health. All of it can be lost.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::{
    clock::Clock,
    health::WriteFailure,
    progress::{Progress, Step},
    store::StoreError,
    text::with_causes,
    watchlist::Watchlist,
};

/// When a package of the queue was last checked.
type Moved = Arc<Mutex<Option<DateTime<Utc>>>>;

/// The remembered state.
#[derive(Debug, Default)]
pub struct Memory {
    moved: Moved,
    pass_began: Mutex<Option<DateTime<Utc>>>,
    write_failure: Mutex<Option<WriteFailure>>,
    configuration: Mutex<Option<String>>,
    watchlist: Mutex<Option<(Arc<Watchlist>, String)>>,
}

impl Memory {
    /// A memory that shares the last progress with this listener.
    pub fn of(moving: &Moving) -> Self {
        Self { moved: Arc::clone(&moving.moved), ..Self::default() }
    }

    pub fn moved_at(&self) -> Option<DateTime<Utc>> {
        *lock(&self.moved)
    }

    pub fn begin_pass(&self, now: DateTime<Utc>) {
        *lock(&self.pass_began) = Some(now);
    }

    pub fn pass_began(&self) -> Option<DateTime<Utc>> {
        *lock(&self.pass_began)
    }

    pub fn write_failed(&self, error: &StoreError, now: DateTime<Utc>) {
        let why = with_causes(error);
        tracing::error!(target: "provwatch::pipeline", "{why}");
        self.writes_fail(why, now);
    }

    /// Notes a failed write that its caller has already reported.
    pub fn writes_fail(&self, why: String, now: DateTime<Utc>) {
        *lock(&self.write_failure) = Some(WriteFailure { at: now, why });
    }

    pub fn write_failure(&self) -> Option<WriteFailure> {
        lock(&self.write_failure).clone()
    }

    pub fn goes_by(&self, configuration: String) {
        *lock(&self.configuration) = Some(configuration);
    }

    pub fn configuration(&self) -> Option<String> {
        lock(&self.configuration).clone()
    }

    /// The fingerprint of the watchlist in use, computed once for each.
    pub fn fingerprint(&self, watchlist: &Arc<Watchlist>) -> String {
        let mut known = lock(&self.watchlist);
        match &*known {
            Some((of, fingerprint)) if Arc::ptr_eq(of, watchlist) => fingerprint.clone(),
            _ => {
                let fingerprint = watchlist.fingerprint();
                *known = Some((Arc::clone(watchlist), fingerprint.clone()));
                fingerprint
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Passes progress on, and notes when a package of the queue was last checked.
#[derive(Debug)]
pub struct Moving {
    inner: Arc<dyn Progress>,
    clock: Arc<dyn Clock>,
    moved: Moved,
}

impl Moving {
    /// A listener that passes progress on to another one.
    pub fn over(inner: Arc<dyn Progress>, clock: Arc<dyn Clock>) -> Self {
        Self { inner, clock, moved: Moved::default() }
    }
}

impl Progress for Moving {
    fn report(&self, step: &Step<'_>) {
        let moves = matches!(
            step,
            Step::Examined { .. } | Step::Postponed { .. } | Step::Portion { .. } | Step::Recorded { .. }
        );
        if moves {
            *lock(&self.moved) = Some(self.clock.now());
        }
        self.inner.report(step);
    }
}
