//! Finds the campaigns of a release, and decides which subscriptions receive its alert. A campaign's alert replaces
//! those of its members, except the first few critical ones.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};

use super::campaign::{self, Accused, LOOKED_AT, MOST, SINGLY};
use crate::{
    clock::Clock,
    deliver::Subscriptions,
    model::{Alert, AlertKind, Confidence, CorrelationKey, Fingerprint, Observation, ReleaseId, Severity},
    store::{Neighbour, Record, Store, StoreError, Subject},
};

/// Longest time before or after a release in which members of its campaign are searched for.
const LONGEST: TimeDelta = TimeDelta::days(7);

/// Finds the campaigns of releases with alerts, and reports them.
#[derive(Debug)]
pub struct Campaigns {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub subscriptions: Arc<Subscriptions>,
}

impl Campaigns {
    /// The campaign that a release with its alert, possibly an earlier one, is part of, by the correlation key with the
    /// most members.
    ///
    /// # Errors
    /// The store failed.
    fn campaign(&self, release: &Observation, of: &Alert, before: Option<&Alert>) -> Result<Option<Alert>, StoreError> {
        // An earlier check may have found a higher severity, which stays.
        let worst = before.filter(|before| before.severity > of.severity).unwrap_or(of);
        let Some(latest) = Accused::by(worst) else { return Ok(None) };
        let now = self.clock.now();
        let mut full = self.store.members_of_full_campaigns(MOST)?;
        full.remove(&latest.purl);
        let mut largest: Option<(CorrelationKey, Vec<Accused>, Vec<Neighbour>)> = None;
        for correlation_key in CorrelationKey::of(release) {
            let neighbours = self.store.bound(&correlation_key, now, LOOKED_AT)?;
            let mut accused = self.accused(&neighbours, latest.published_at)?;
            accused.retain(|one| !full.contains(&one.purl));
            let Some(members) = campaign::members(&latest, &accused) else { continue };
            if largest.as_ref().is_none_or(|(_, most, _)| members.len() > most.len()) {
                largest = Some((correlation_key, members, neighbours));
            }
        }
        let Some((correlation_key, members, neighbours)) = largest else { return Ok(None) };
        let known = self.known_campaign(&correlation_key, &members)?;
        let members = match &known {
            Some(known) => self.with_earlier(known, members)?,
            None => members,
        };
        let beside = campaign::bystanders(&members, neighbours.iter().map(|one| (&one.purl, one.published_at)));
        let Some(mut alert) =
            campaign::alert(&correlation_key, &campaign::who(&correlation_key, release), &members, &beside, now)
        else {
            return Ok(None);
        };
        if let Some(known) = known {
            (alert.id, alert.fingerprint, alert.raised_at) = (known.id, known.fingerprint, known.raised_at);
            if alert.severity == known.severity {
                alert.confidence = alert.confidence.max(known.confidence);
            }
            alert.member_tiers = campaign::with_earlier(alert.member_tiers, known.member_tiers);
            alert.member_teams = campaign::with_earlier(alert.member_teams, known.member_teams);
        }
        Ok(Some(self.store.with_uses(alert)?))
    }

    /// The campaign that some of these already belong to. A member that is found late may be earlier than the first; it
    /// joins the existing campaign.
    fn known_campaign(
        &self,
        correlation_key: &CorrelationKey,
        members: &[Accused],
    ) -> Result<Option<Alert>, StoreError> {
        for member in members {
            let (mut fingerprints, subject) =
                (self.store.campaigns_of(&member.purl)?, campaign::subject(correlation_key, &member.purl));
            fingerprints.push(Fingerprint::of(AlertKind::Campaign, &subject));
            for fingerprint in fingerprints {
                // An attacker with several accounts and repositories has several campaigns.
                if let Some(known) =
                    self.store.alert(&fingerprint)?.filter(|known| campaign::is_of(known, correlation_key))
                {
                    return Ok(Some(known));
                }
            }
        }
        Ok(None)
    }

    /// These members and those that the campaign had before; a long one has more than are considered now.
    fn with_earlier(&self, known: &Alert, mut members: Vec<Accused>) -> Result<Vec<Accused>, StoreError> {
        let here: BTreeSet<ReleaseId> = members.iter().map(|member| member.purl.clone()).collect();
        for row in self.store.campaign_members(&known.fingerprint)? {
            let (Some(published_at), Some(severity)) = (row.published_at, row.severity) else { continue };
            if !here.contains(&row.member) {
                let (purl, confidence) = (row.member, Confidence::Low);
                let (tier, team) = (known.tier, known.team.clone());
                members.push(Accused { purl, published_at, severity, confidence, is_repetition: false, tier, team });
            }
        }
        members.sort_by(|a, b| (a.published_at, &a.purl).cmp(&(b.published_at, &b.purl)));
        Ok(members)
    }

    /// The members that are sent individually: the first critical ones. Each is already in the outbox, except the
    /// latest, which is about to be added.
    fn sent_singly(&self, campaign: &Alert, latest: &Alert) -> Result<BTreeSet<ReleaseId>, StoreError> {
        let mut critical: Vec<(i64, ReleaseId)> = Vec::new();
        for row in self.store.campaign_members(&campaign.fingerprint)? {
            let is_latest = latest.purl.as_ref() == Some(&row.member);
            let severity = if is_latest { row.severity.max(Some(latest.severity)) } else { row.severity };
            let place = row.first_delivery.or_else(|| is_latest.then_some(i64::MAX));
            if let (Some(Severity::Critical), Some(place)) = (severity, place) {
                critical.push((place, row.member));
            }
        }
        critical.sort();
        Ok(critical.into_iter().take(SINGLY).map(|(_, member)| member).collect())
    }

    /// The receivers of a release's alert: all matching subscriptions, except those that receive its campaign, unless
    /// the release is among the first critical members. The campaign is recorded first, so that after a crash at any
    /// point one of the two is sent; unsent deliveries of its other members are withdrawn. While a silence holds the
    /// campaign back, its members are sent as if there were none: the silence may not cover them.
    pub fn audience(&self, record: &Record, alert: &Alert) -> Result<Vec<String>, StoreError> {
        let mut audience = self.subscriptions.matching(alert);
        let Subject::Observed(observation) = &record.subject else { return Ok(audience) };
        let before = self.store.alert(&Fingerprint::of_release(&observation.purl))?;
        let Some(campaign) = self.campaign(observation, alert, before.as_ref())? else { return Ok(audience) };
        let told = self.subscriptions.matching(&campaign);
        let recorded = self.store.record_alert(&campaign, &told, self.clock.now())?;
        if recorded.silenced || (before.is_some() && recorded.deliveries == 0) {
            // The campaign is not sent, or has been; a change of this member is sent individually.
            return Ok(audience);
        }
        let singly = self.sent_singly(&campaign, alert)?;
        let others = campaign.members.iter().filter(|member| !singly.contains(member));
        let others: Vec<Fingerprint> = others.map(Fingerprint::of_release).collect();
        self.store.withdraw_deliveries(&others, &told)?;
        if !singly.contains(&observation.purl) {
            audience.retain(|subscription| !told.contains(subscription));
        }
        Ok(audience)
    }

    /// The releases in the time of one campaign with an alert that counts.
    fn accused(&self, neighbours: &[Neighbour], at: DateTime<Utc>) -> Result<Vec<Accused>, StoreError> {
        let near = |one: &&Neighbour| !one.in_baseline && (one.published_at - at).abs() <= LONGEST;
        let mut accused = Vec::new();
        for one in neighbours.iter().filter(near) {
            accused.extend(self.store.alert(&Fingerprint::of_release(&one.purl))?.as_ref().and_then(Accused::by));
        }
        Ok(accused)
    }
}
