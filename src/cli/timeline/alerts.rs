//! The alerts of a timeline: raised, joined in campaigns, developed, and handled by people.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    as_of::At,
    entry::{Entry, Raised, What},
};
use crate::{
    model::{Alert, AlertAction, AlertKind, Fingerprint, Package, ReleaseId},
    store::{AlertFilter, Store, StoreError},
};

/// Most actions of one alert, and most alerts of a package that are not about a release.
const MOST: usize = 200;

/// The alerts of some releases and of their package.
#[derive(Default)]
pub(super) struct Alerts {
    known: BTreeMap<Fingerprint, (Alert, Vec<AlertAction>)>,
}

impl Alerts {
    /// The alerts of releases, of their campaigns, and of the package itself.
    pub fn of<'a>(
        store: &Store,
        package: &Package,
        releases: impl Iterator<Item = &'a ReleaseId>,
    ) -> Result<Self, StoreError> {
        let mut all = Self::default();
        for release in releases {
            let Some(alert) = store.alert(&Fingerprint::of_release(release))? else { continue };
            all.add(store, alert)?;
            for campaign in store.campaigns_of(release)? {
                if let Some(alert) = store.alert(&campaign)? {
                    all.add(store, alert)?;
                }
            }
        }
        let filter = AlertFilter { package: Some(package.clone()), limit: MOST, ..AlertFilter::default() };
        for alert in store.alerts(&filter)?.into_iter().filter(|alert| alert.purl.is_none()) {
            all.add(store, alert)?;
        }
        Ok(all)
    }

    fn add(&mut self, store: &Store, alert: Alert) -> Result<(), StoreError> {
        if let std::collections::btree_map::Entry::Vacant(place) = self.known.entry(alert.fingerprint) {
            let actions = store.alert_actions(&alert, MOST)?;
            place.insert((alert, actions));
        }
        Ok(())
    }

    /// The alert of a release, as far as it was known.
    pub fn raised(&self, release: &ReleaseId, at: At, now: DateTime<Utc>) -> Option<Raised> {
        let (alert, actions) = self.known.get(&Fingerprint::of_release(release))?;
        let status = at.status(alert, actions, now);
        at.knows(alert.raised_at).then_some(Raised { id: alert.id, severity: alert.severity, status })
    }

    /// All that happened to them.
    pub fn entries(&self, at: At, now: DateTime<Utc>) -> Vec<Entry> {
        self.known.values().flat_map(|(alert, actions)| of_alert(alert, actions, at, now)).collect()
    }
}

fn of_alert(alert: &Alert, actions: &[AlertAction], at: At, now: DateTime<Utc>) -> Vec<Entry> {
    let raised = What::Alert {
        id: alert.id,
        kind: alert.kind,
        severity: alert.severity,
        status: at.status(alert, actions, now),
        title: alert.title.clone(),
        purl: alert.purl.clone(),
        members: alert.members.clone(),
        repeats: alert.repeats,
    };
    // Those of a campaign stand with the alerts of its releases.
    let is_own = alert.kind != AlertKind::Campaign;
    let developed = alert.developments.iter().filter(|_| is_own).map(|development| {
        let purl = development.purl.clone().or_else(|| alert.purl.clone());
        let (kind, text) = (development.kind, development.text.clone());
        (development.at, What::Development { id: alert.id, kind, text, purl })
    });
    let handled = actions.iter().map(|action| (action.at, handled(alert, action)));
    let all = [(alert.raised_at, raised)].into_iter().chain(developed).chain(handled);
    all.filter(|(learned_at, _)| at.knows(*learned_at)).map(|(at, what)| Entry { at, marked: false, what }).collect()
}

fn handled(alert: &Alert, action: &AlertAction) -> What {
    What::AlertAction {
        id: alert.id,
        status: action.status,
        by: action.by.clone(),
        reason: action.reason.clone(),
        until: action.until,
        category: action.category,
        purl: alert.purl.clone(),
    }
}
