//! Adds developments of a release to its alert and to its campaigns, and queues a follow-up to whoever was told of it. Severity
//! and status stay.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::{
    alerts::{Stored, stored, update},
    announcing::{announce_growth, follow_up, told},
    error::QueryFailure,
    reading::known,
};
use crate::model::{Development, Fingerprint, ReleaseId};

/// Most developments of one alert; the earliest are left out.
const MOST: usize = 100;

/// Adds what is new of these developments to the alert of a release, if it has one.
pub(super) fn develop(
    db: &Connection,
    release: &ReleaseId,
    developments: &[Development],
    now: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    let fingerprint = Fingerprint::of_release(release);
    if developments.is_empty() {
        return Ok(());
    }
    let Some(mut own) = stored(db, &fingerprint)? else { return Ok(()) };
    let news = add(&mut own, developments);
    if news.is_empty() {
        return Ok(());
    }
    // A repetition was never announced; the open alert counts it.
    if own.alert.repeats.is_none() {
        own.raises += i64::from(follow_up(db, &own.alert, own.raises + 1, now)? > 0);
    }
    update(db, &own.alert, own.peak, own.raises, now)?;
    let told: BTreeSet<String> = told(db, &fingerprint)?.into_iter().collect();
    let named = |development: Development| Development { purl: Some(release.clone()), ..development };
    let news: Vec<Development> = news.into_iter().map(named).collect();
    campaigns_of(db, release)?.iter().try_for_each(|campaign| join(db, campaign, &news, &told, now))
}

/// Adds what is new, and returns it.
fn add(to: &mut Stored, developments: &[Development]) -> Vec<Development> {
    let known = &mut to.alert.developments;
    let mut news = Vec::new();
    for development in developments {
        if development.is_news(known) {
            known.push(development.clone());
            news.push(development.clone());
        }
    }
    known.drain(..known.len().saturating_sub(MOST));
    news
}

/// Adds news of a release to a campaign. Those who were told of the release itself get no second message; the others get one
/// about all news of a while.
fn join(
    db: &Connection,
    campaign: &Fingerprint,
    news: &[Development],
    told_before: &BTreeSet<String>,
    now: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    let Some(mut of) = stored(db, campaign)? else { return Ok(()) };
    if add(&mut of, news).is_empty() {
        return Ok(());
    }
    let mut told = told(db, campaign)?;
    told.retain(|subscription| !told_before.contains(subscription));
    of.raises += i64::from(announce_growth(db, &of.alert, of.raises + 1, &told, now)? > 0);
    update(db, &of.alert, of.peak, of.raises, now)
}

fn campaigns_of(db: &Connection, release: &ReleaseId) -> Result<Vec<Fingerprint>, QueryFailure> {
    let mut query = db.prepare_cached("SELECT campaign FROM campaign_members WHERE member = ?1 ORDER BY campaign")?;
    Ok(query.query_map([release.to_string()], |row| row.get(0))?.filter_map(known).collect::<Result<_, _>>()?)
}
