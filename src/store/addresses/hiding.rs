//! Replaces old addresses as they are written: another check of an old release stores what is there already.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::{
    aging::{age_baseline, age_release, age_text, has_old},
    key::AddressKey,
    state,
};
use crate::{
    model::{Baseline, Observation, Package},
    store::error::QueryFailure,
};

/// What of a package is stored without addresses. Without a retention, nothing is.
pub(in crate::store) struct Hiding(Option<(AddressKey, DateTime<Utc>)>);

impl Hiding {
    pub fn of(db: &Connection, package: &Package) -> Result<Self, QueryFailure> {
        let state = state::read(db)?;
        Ok(Self(state.map(|state| (AddressKey::of(&state.key), state.mark(&package.to_string())))))
    }

    /// A release as it may be stored.
    pub fn release<'a>(&self, release: &'a Observation) -> Cow<'a, Observation> {
        match &self.0 {
            Some((key, before)) if release.published_at < *before => {
                let mut aged = release.clone();
                age_release(&mut aged, key);
                Cow::Owned(aged)
            }
            _ => Cow::Borrowed(release),
        }
    }

    /// Sentences about a release of that time; `None`: its time is not known.
    pub fn sentences<'a>(&self, published_at: Option<DateTime<Utc>>, all: Vec<&'a str>) -> Vec<Cow<'a, str>> {
        let hides = |before: DateTime<Utc>| published_at.is_none_or(|at| at < before);
        let key = self.0.as_ref().filter(|(_, before)| hides(*before)).map(|(key, _)| key);
        all.into_iter().map(|text| key.map_or(Cow::Borrowed(text), |key| age_text(text, key))).collect()
    }

    /// A baseline as it may be stored.
    pub fn baseline<'a>(&self, baseline: &'a Baseline) -> Cow<'a, Baseline> {
        match &self.0 {
            Some((key, before)) if has_old(baseline, *before) => {
                let mut aged = baseline.clone();
                age_baseline(&mut aged, *before, key);
                Cow::Owned(aged)
            }
            _ => Cow::Borrowed(baseline),
        }
    }
}
