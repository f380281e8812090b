//! Stores the members of campaigns, and the subscriptions that were notified of each.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Delivery, DeliveryStatus, ReleaseRow, Store, StoreError,
    columns::{Micros, Rank, Text, Word, limit, time},
    error::QueryFailure,
    reading::known,
    releases::release_row,
};
use crate::model::{Alert, AlertId, AlertKind, Fingerprint, ReleaseId, ReleaseLine, ReleaseStatus, Severity};

/// A member of a campaign, with no more than what tells where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    pub member: ReleaseId,
    /// When it was published, if its release is stored.
    pub published_at: Option<DateTime<Utc>>,
    /// How bad its own alert is, if that is stored.
    pub severity: Option<Severity>,
    /// The first delivery of its own alert, if anybody was or is to be sent that.
    pub first_delivery: Option<i64>,
}

/// A message about a campaign that reports, or will report, one of its releases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Telling {
    /// The id of the campaign's alert.
    pub campaign: AlertId,
    /// The subscription's name.
    pub subscription: String,
    /// Where the message stands.
    pub state: DeliveryStatus,
    /// When it was put into the outbox.
    pub created_at: DateTime<Utc>,
    /// When it got through or was given up.
    pub settled_at: Option<DateTime<Utc>>,
}

impl Store {
    /// The members of a campaign.
    pub(crate) fn campaign_members(&self, fingerprint: &Fingerprint) -> Result<Vec<MemberRow>, StoreError> {
        self.read("reading the members of a campaign", |db| {
            let mut query = db.prepare_cached(
                "SELECT members.member, releases.published_at, alerts.severity,
                     (SELECT min(id) FROM deliveries WHERE deliveries.alert = members.alert) AS first_delivery
                 FROM campaign_members AS members
                 LEFT JOIN releases ON releases.purl = members.member
                 LEFT JOIN alerts ON alerts.fingerprint = members.alert
                 WHERE members.campaign = ?1 ORDER BY releases.published_at, members.member",
            )?;
            Ok(query.query_map([fingerprint], member_row)?.collect::<Result<_, _>>()?)
        })
    }

    /// The fingerprints of the campaigns that a release belongs to, the latest first.
    pub(crate) fn campaigns_of(&self, member: &ReleaseId) -> Result<Vec<Fingerprint>, StoreError> {
        self.read("looking for the campaigns of a release", |db| {
            let mut query = db.prepare_cached(
                "SELECT campaign FROM campaign_members JOIN alerts ON alerts.fingerprint = campaign
                 WHERE member = ?1 ORDER BY alerts.raised_at DESC, campaign",
            )?;
            Ok(query.query_map([member.to_string()], |row| row.get(0))?.filter_map(known).collect::<Result<_, _>>()?)
        })
    }

    /// The members of all campaigns that have at least so many.
    pub(crate) fn members_of_full_campaigns(&self, fewest: usize) -> Result<BTreeSet<ReleaseId>, StoreError> {
        self.read("looking for full campaigns", |db| {
            let mut query = db.prepare_cached(
                "SELECT member FROM campaign_members WHERE campaign IN (
                     SELECT campaign FROM campaign_members GROUP BY campaign HAVING count(*) >= ?1
                 )",
            )?;
            let members = query.query_map([limit(fewest)], |row| Ok(row.get::<_, Text<ReleaseId>>(0)?.0))?;
            Ok(members.collect::<Result<_, _>>()?)
        })
    }

    /// The members of a campaign that a subscription was told of.
    pub(crate) fn told_members(
        &self,
        fingerprint: &Fingerprint,
        subscription: &str,
    ) -> Result<BTreeSet<String>, StoreError> {
        self.read("reading the deliveries of a campaign", |db| {
            let mut query =
                db.prepare_cached("SELECT member FROM told_members WHERE campaign = ?1 AND subscription = ?2")?;
            Ok(query.query_map((fingerprint, subscription), |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
    }

    /// The messages about campaigns that told of a release, and those that will; the latest first.
    ///
    /// # Errors
    /// As every read.
    pub fn tellings_of(&self, member: &ReleaseId, at_most: usize) -> Result<Vec<Telling>, StoreError> {
        self.read("reading how a release was told", |db| {
            let mut query = db.prepare_cached(
                "SELECT deliveries.alert, deliveries.subscription, state, created_at, settled_at, deliveries.id AS id
                 FROM told_members JOIN deliveries ON deliveries.id = delivery WHERE member = :member
                 UNION
                 SELECT deliveries.alert, deliveries.subscription, state, created_at, settled_at, deliveries.id AS id
                 FROM campaign_members JOIN deliveries ON deliveries.alert = campaign
                 WHERE member = :member AND state = 'pending' AND NOT EXISTS (
                     SELECT 1 FROM told_members WHERE told_members.member = campaign_members.member
                         AND told_members.campaign = campaign_members.campaign
                         AND told_members.subscription = deliveries.subscription
                 )
                 ORDER BY id DESC LIMIT :at_most",
            )?;
            let wanted = named_params! { ":member": member.to_string(), ":at_most": limit(at_most) };
            Ok(query.query_map(wanted, telling)?.filter_map(known).collect::<Result<_, _>>()?)
        })
    }

    /// The latest release of a package, published before a time, that the baseline learned from.
    pub(crate) fn normal_before(
        &self,
        release: &ReleaseId,
        until: DateTime<Utc>,
    ) -> Result<Option<ReleaseRow>, StoreError> {
        self.read("looking for the release before", |db| {
            let mut query = db.prepare_cached(
                "SELECT * FROM releases WHERE package = ?1 AND published_at < ?2 AND teaches = 1
                 ORDER BY published_at DESC, id DESC LIMIT 1",
            )?;
            Ok(query.query_row((release.package().to_string(), Micros(until)), release_row).optional()?)
        })
    }

    /// The latest other release of a release line, published before a time, that the baseline learned from and that can
    /// still be downloaded.
    pub(crate) fn normal_of_line_before(
        &self,
        release: &ReleaseId,
        line: &ReleaseLine,
        until: DateTime<Utc>,
    ) -> Result<Option<ReleaseId>, StoreError> {
        self.read("looking for the release before in a line", |db| {
            let mut query = db.prepare_cached(
                "SELECT purl FROM releases WHERE package = ?1 AND line = ?2 AND published_at < ?3 AND teaches = 1
                     AND purl <> ?4 AND status IN (?5, ?6) ORDER BY published_at DESC, id DESC LIMIT 1",
            )?;
            let (package, purl) = (release.package().to_string(), release.to_string());
            let (published, yanked) = (Word(ReleaseStatus::Published), Word(ReleaseStatus::Yanked));
            let values = (package, line.as_str(), Micros(until), purl, published, yanked);
            Ok(query.query_row(values, |row| row.get::<_, Text<ReleaseId>>(0)).optional()?.map(|Text(purl)| purl))
        })
    }
}

/// Notes the members of a campaign that was recorded.
pub(super) fn join(db: &Connection, alert: &Alert) -> Result<(), QueryFailure> {
    if alert.kind != AlertKind::Campaign {
        return Ok(());
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO campaign_members (campaign, member, alert) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?;
    for member in &alert.members {
        let own = Fingerprint::of_release(member);
        insert.execute((&alert.fingerprint, member.to_string(), own))?;
    }
    Ok(())
}

/// Notes whom a message told of, which got through.
pub(super) fn tell(db: &Connection, sent: &Delivery, named: &[ReleaseId]) -> Result<(), QueryFailure> {
    if sent.alert.kind != AlertKind::Campaign {
        return Ok(());
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO told_members (campaign, subscription, member, delivery) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?;
    for member in named {
        insert.execute((&sent.alert.fingerprint, &sent.subscription, member.to_string(), sent.id))?;
    }
    Ok(())
}

fn member_row(row: &Row<'_>) -> rusqlite::Result<MemberRow> {
    Ok(MemberRow {
        member: row.get::<_, Text<_>>("member")?.0,
        published_at: time(row.get("published_at")?),
        severity: row.get::<_, Option<Rank>>("severity")?.map(|rank| rank.0),
        first_delivery: row.get("first_delivery")?,
    })
}

fn telling(row: &Row<'_>) -> rusqlite::Result<Telling> {
    Ok(Telling {
        campaign: row.get::<_, Fingerprint>("alert")?.id(),
        subscription: row.get("subscription")?,
        state: row.get::<_, Word<_>>("state")?.0,
        created_at: row.get::<_, Micros>("created_at")?.0,
        settled_at: time(row.get("settled_at")?),
    })
}
