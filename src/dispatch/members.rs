//! Collects the details of a campaign's members at the time when a message is sent or shown.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::{Alert, AlertKind, Fingerprint, Manifest, Member, Observation, ReleaseId, Severity, leading},
    store::{Store, StoreError},
};

/// Most new scripts or dependencies of one release that are named.
const NAMED: usize = 100;

/// The members of a campaign: first those that no earlier message to the subscription named, then the severest. Empty
/// for another alert. Without a subscription none is new.
///
/// # Errors
/// The store failed. An unreadable member is listed by its name.
pub fn member_details(store: &Store, campaign: &Alert, subscription: Option<&str>) -> Result<Vec<Member>, StoreError> {
    if campaign.kind != AlertKind::Campaign {
        return Ok(Vec::new());
    }
    let told = subscription.map(|name| store.told_members(&campaign.fingerprint, name)).transpose()?;
    let is_new = |release: &ReleaseId| told.as_ref().is_some_and(|told| !told.contains(&release.to_string()));
    let details = campaign.members.iter().map(|release| Member { new: is_new(release), ..detail(store, release) });
    let mut details: Vec<Member> = details.collect();
    details.sort_by_key(|member| (!member.new, std::cmp::Reverse(member.severity)));
    Ok(details)
}

/// One member. Its unreadable parts are left out: the message about the others matters more.
fn detail(store: &Store, release: &ReleaseId) -> Member {
    let fingerprint = Fingerprint::of_release(release);
    let alert = store.alert(&fingerprint).ok().flatten();
    let observation = store.release(release).ok().flatten().and_then(|row| row.observation);
    let signal = alert.as_ref().and_then(|alert| leading(&alert.signals).or_else(|| alert.signals.first()));
    let (new_scripts, new_dependencies) = observation.as_ref().map(|now| added(store, now)).unwrap_or_default();
    Member {
        purl: release.clone(),
        alert: fingerprint.id(),
        severity: alert.as_ref().map_or(Severity::Medium, |alert| alert.severity),
        reason: alert.as_ref().map_or_else(|| "its own alert follows".to_owned(), |alert| reason(alert, release)),
        expected: signal.map(|signal| signal.expected.clone()).unwrap_or_default(),
        seen: signal.map(|signal| signal.seen.clone()).unwrap_or_default(),
        published_at: alert.as_ref().and_then(|alert| alert.published_at),
        publisher: observation.and_then(|release| release.publisher).map(|person| person.name),
        new_scripts,
        new_dependencies,
        links: alert.map(|alert| alert.links).unwrap_or_default(),
        new: false,
    }
}

/// The title of a release's alert without the release's name.
fn reason(alert: &Alert, release: &ReleaseId) -> String {
    let name = format!("{} {}: ", release.package().name(), release.version());
    alert.title.strip_prefix(&name).unwrap_or(&alert.title).to_owned()
}

/// The install-time scripts and the dependencies that the last normal release before did not have. Without an earlier
/// normal release, all are new; if either is unknown, none is called new.
fn added(store: &Store, release: &Observation) -> (Vec<String>, Vec<String>) {
    let Some(manifest) = &release.manifest else { return Default::default() };
    let Ok(before) = store.normal_before(&release.purl, release.published_at) else { return Default::default() };
    let before = match before.and_then(|row| row.observation) {
        None => None,
        Some(Observation { manifest: None, .. }) => return Default::default(),
        Some(Observation { manifest, .. }) => manifest,
    };
    let new = |names: Names| new_names(manifest, before.as_ref(), names);
    (new(scripts), new(dependencies))
}

/// Reads one kind of names from a manifest.
type Names = fn(&Manifest) -> Option<BTreeSet<&str>>;

/// The names that are known now and known to have been absent before.
fn new_names(now: &Manifest, before: Option<&Manifest>, names: Names) -> Vec<String> {
    let known = match before {
        Some(before) => names(before),
        None => Some(BTreeSet::new()),
    };
    let (Some(now), Some(known)) = (names(now), known) else { return Vec::new() };
    now.difference(&known).take(NAMED).map(|name| (*name).to_owned()).collect()
}

fn scripts(manifest: &Manifest) -> Option<BTreeSet<&str>> {
    Some(manifest.install_scripts.as_ref()?.iter().map(String::as_str).collect())
}

fn dependencies(manifest: &Manifest) -> Option<BTreeSet<&str>> {
    let all = [&manifest.dependencies, &manifest.optional_dependencies];
    if all.iter().all(|map| map.is_none()) {
        return None;
    }
    Some(all.into_iter().flatten().flat_map(BTreeMap::keys).map(String::as_str).collect())
}
