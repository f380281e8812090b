//! Accused releases that belong together are one campaign: one alert that lists its members, and spares the reader theirs,
//! but for the first few critical ones.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Pipeline, PipelineError};
use crate::{
    model::{Alert, AlertKind, Bond, Confidence, Observation, Package, ReleaseId, Severity},
    store::{Neighbour, Record},
    text::{counted, quoted, shell_word},
};

/// Members follow one another within this time.
const WINDOW: TimeDelta = TimeDelta::hours(1);

/// Longest time before or after a release in which members of its campaign are looked for.
const LONGEST: TimeDelta = TimeDelta::days(7);

/// How many releases that are no members an alert names.
const NAMED: usize = 10;

/// How many releases of one bond are looked at.
const LOOKED_AT: usize = 500;

/// Critical members of one campaign that are sent one by one as well.
const SINGLY: usize = 5;

/// Most members of a campaign. What comes after them begins another one, so that no message is without bounds.
pub(super) const MOST: usize = LOOKED_AT;

/// Most characters of a release's name within a sentence.
const NAME: usize = 80;

/// Fewest releases of one package that are a campaign. Of several packages two are enough.
pub(super) const FEWEST: usize = 3;

/// A release that raised an alert of medium or worse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accused {
    /// The release.
    pub purl: ReleaseId,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// How bad its alert is.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
}

impl Accused {
    /// The release of an alert, if it is one that counts.
    pub fn by(alert: &Alert) -> Option<Self> {
        let counts = alert.kind == AlertKind::Release && alert.severity >= Severity::Medium;
        let (purl, published_at) = (alert.purl.clone().filter(|_| counts)?, alert.published_at?);
        Some(Self { purl, published_at, severity: alert.severity, confidence: alert.confidence })
    }
}

/// The campaigns among accused releases of one bond: each member within the window of the next, the earliest first.
pub fn campaigns(mut all: Vec<Accused>) -> Vec<Vec<Accused>> {
    all.sort_by(|a, b| (a.published_at, &a.purl).cmp(&(b.published_at, &b.purl)));
    all.dedup_by(|a, b| a.purl == b.purl);
    let together = all.chunk_by(|a, b| b.published_at - a.published_at <= WINDOW);
    together.filter(|members| is_campaign(members)).map(<[Accused]>::to_vec).collect()
}

fn is_campaign(members: &[Accused]) -> bool {
    let packages: BTreeSet<&Package> = members.iter().map(|one| one.purl.package()).collect();
    packages.len() > 1 || members.len() >= FEWEST
}

/// The campaign that an accused release is part of. `None`: those around it are too few.
pub fn members(latest: &Accused, others: &[Accused]) -> Option<Vec<Accused>> {
    let mut all: Vec<Accused> = others.iter().filter(|other| other.purl != latest.purl).cloned().collect();
    all.push(latest.clone());
    campaigns(all).into_iter().find(|members| members.iter().any(|member| member.purl == latest.purl))
}

/// Of releases of the same bond, those that were published in the time of a campaign and are no members.
pub fn bystanders<'a>(
    members: &[Accused],
    releases: impl Iterator<Item = (&'a ReleaseId, DateTime<Utc>)>,
) -> BTreeSet<ReleaseId> {
    let (Some(first), Some(last)) = (members.first(), members.last()) else { return BTreeSet::new() };
    let time = first.published_at - WINDOW..=last.published_at + WINDOW;
    let others = releases.filter(|(purl, at)| time.contains(at) && members.iter().all(|member| member.purl != **purl));
    others.map(|(purl, _)| purl.clone()).collect()
}

/// The alert about a campaign of releases by `who`, who published those of `bystanders` too. It is the same one as long as
/// its first member is.
pub fn alert(
    bond: &Bond,
    who: &str,
    members: &[Accused],
    bystanders: &BTreeSet<ReleaseId>,
    raised_at: DateTime<Utc>,
) -> Option<Alert> {
    let (first, last) = (members.first()?, members.last()?);
    let worst = members.iter().max_by_key(|one| (one.severity, one.confidence))?;
    let packages: BTreeSet<&Package> = members.iter().map(|one| one.purl.package()).collect();
    let minutes = counted((last.published_at - first.published_at).num_minutes().unsigned_abs().max(1), "minute");
    let packages = counted(packages.len(), "package");
    let releases = format!("{} releases of {packages}", members.len());
    let title = format!("{releases} by {who} raised alerts within {minutes}");
    let subject = subject(bond, &first.purl);
    Some(Alert {
        published_at: Some(last.published_at),
        argument: format!(
            "Each differs from its own package's baseline; the worst is {} ({}). Each has an alert of its own \
             (`provwatch alerts show ID`). Of those at most {SINGLY} critical ones are sent by themselves as well.{}",
            quoted(&worst.purl, NAME),
            worst.severity,
            beside(bystanders, &first.purl)
        ),
        members: members.iter().map(|one| one.purl.clone()).collect(),
        ..Alert::about(AlertKind::Campaign, &subject, worst.severity, worst.confidence, title, raised_at)
    })
}

/// Whoever looks into a campaign wants to know all that came from the same hand.
fn beside(bystanders: &BTreeSet<ReleaseId>, first: &ReleaseId) -> String {
    let named: Vec<String> = bystanders.iter().take(NAMED).map(|one| quoted(one, NAME)).collect();
    match bystanders.len().checked_sub(NAMED) {
        _ if named.is_empty() => String::new(),
        Some(more @ 1..) => {
            let all = format!("`provwatch lookup {} --related {LOOKED_AT}`", shell_word(&first.to_string()));
            format!(" Published in that time without such an alert: {} and {more} more ({all}).", named.join(", "))
        }
        _ => format!(" Published in that time without such an alert: {}.", named.join(", ")),
    }
}

/// Whom a bond stands for, as people name them, by one of its releases.
pub fn who(bond: &Bond, release: &Observation) -> String {
    let claims = release.identities().into_iter().map(|identity| &identity.claims).next();
    let web = |url: Option<&String>| url.map(|url| url.trim_start_matches("https://").to_owned());
    match bond {
        Bond::Publisher(name) => {
            format!("the account {}", name.split_once('/').map_or(name.as_str(), |(_, name)| name))
        }
        Bond::Repository(id) => {
            let url = web(claims.and_then(|claims| claims.source_repository_uri.as_ref()));
            format!("the repository {}", url.unwrap_or_else(|| id.clone()))
        }
        Bond::Owner(id) => {
            let url = web(claims.and_then(|claims| claims.source_repository_owner_uri.as_ref()));
            format!("the owner {}", url.unwrap_or_else(|| id.clone()))
        }
    }
}

/// Whether a campaign was begun under this bond, by whichever member.
fn is_of(campaign: &Alert, bond: &Bond) -> bool {
    let begins = |member| Alert::identify(AlertKind::Campaign, &subject(bond, member)).0 == campaign.fingerprint;
    campaign.members.iter().any(begins)
}

fn subject(bond: &Bond, first: &ReleaseId) -> String {
    format!("{bond} {first}")
}

impl Pipeline {
    /// The campaign that a release is part of with its alert, which it may have had before, by the bond that ties most of its
    /// members together.
    ///
    /// # Errors
    /// The store failed.
    fn campaign(
        &self,
        release: &Observation,
        of: &Alert,
        before: Option<&Alert>,
    ) -> Result<Option<Alert>, PipelineError> {
        // An earlier look may have seen worse, which is not taken back.
        let worst = before.filter(|before| before.severity > of.severity).unwrap_or(of);
        let Some(latest) = Accused::by(worst) else { return Ok(None) };
        let now = self.clock.now();
        let mut full = self.store.members_of_full_campaigns(MOST)?;
        full.remove(&latest.purl);
        let mut largest: Option<(Bond, Vec<Accused>, Vec<Neighbour>)> = None;
        for bond in Bond::of(release) {
            let neighbours = self.store.bound(&bond, now, LOOKED_AT)?;
            let mut accused = self.accused(&neighbours, latest.published_at)?;
            accused.retain(|one| !full.contains(&one.purl));
            let Some(members) = members(&latest, &accused) else { continue };
            if largest.as_ref().is_none_or(|(_, most, _)| members.len() > most.len()) {
                largest = Some((bond, members, neighbours));
            }
        }
        let Some((bond, members, neighbours)) = largest else { return Ok(None) };
        let known = self.known_campaign(&bond, &members)?;
        let members = match &known {
            Some(known) => self.with_earlier(known, members)?,
            None => members,
        };
        let beside = bystanders(&members, neighbours.iter().map(|one| (&one.purl, one.published_at)));
        let Some(mut alert) = alert(&bond, &who(&bond, release), &members, &beside, now) else { return Ok(None) };
        if let Some(known) = known {
            (alert.id, alert.fingerprint, alert.raised_at) = (known.id, known.fingerprint, known.raised_at);
            if alert.severity == known.severity {
                alert.confidence = alert.confidence.max(known.confidence);
            }
        }
        Ok(Some(alert))
    }

    /// The campaign that some of these belong to already. A member that is found late may be earlier than the first; it joins
    /// the campaign that there is.
    fn known_campaign(&self, bond: &Bond, members: &[Accused]) -> Result<Option<Alert>, PipelineError> {
        for member in members {
            let (mut fingerprints, subject) = (self.store.campaigns_of(&member.purl)?, subject(bond, &member.purl));
            fingerprints.push(Alert::identify(AlertKind::Campaign, &subject).0);
            for fingerprint in fingerprints {
                // Whoever has something to do with several accounts and repositories has several campaigns.
                if let Some(known) = self.store.alert(&fingerprint)?.filter(|known| is_of(known, bond)) {
                    return Ok(Some(known));
                }
            }
        }
        Ok(None)
    }

    /// These and those that the campaign had before, of which a long one has more than are looked at now.
    fn with_earlier(&self, known: &Alert, mut members: Vec<Accused>) -> Result<Vec<Accused>, PipelineError> {
        let here: BTreeSet<ReleaseId> = members.iter().map(|member| member.purl.clone()).collect();
        for row in self.store.campaign_members(&known.fingerprint)? {
            let (Some(published_at), Some(severity)) = (row.published_at, row.severity) else { continue };
            if !here.contains(&row.member) {
                members.push(Accused { purl: row.member, published_at, severity, confidence: Confidence::Low });
            }
        }
        members.sort_by(|a, b| (a.published_at, &a.purl).cmp(&(b.published_at, &b.purl)));
        Ok(members)
    }

    /// The members that are sent by themselves: the first critical ones. Each was put into the outbox before, but for the
    /// latest, which is about to be.
    fn sent_singly(&self, campaign: &Alert, latest: &Alert) -> Result<BTreeSet<ReleaseId>, PipelineError> {
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

    /// Who is told of a release's alert: all who want to know of it, but not those who are told of its campaign, unless it is
    /// among the first critical members. The campaign is recorded first, so that whenever this process ends people are told
    /// of either; and what nobody was sent yet of its other members is not sent any more.
    pub(super) fn audience(&self, record: &Record, alert: &Alert) -> Result<Vec<String>, PipelineError> {
        let mut audience = self.subscriptions.matching(alert);
        let crate::store::Subject::Observed(observation) = &record.subject else { return Ok(audience) };
        let (fingerprint, _) = Alert::identify_release(&observation.purl);
        let before = self.store.alert(&fingerprint)?;
        let Some(campaign) = self.campaign(observation, alert, before.as_ref())? else { return Ok(audience) };
        let told = self.subscriptions.matching(&campaign);
        let recorded = self.store.record_alert(&campaign, &told, self.clock.now())?;
        if before.is_some() && recorded.deliveries == 0 {
            // The campaign has been told; what is new of this member is told of itself.
            return Ok(audience);
        }
        let singly = self.sent_singly(&campaign, alert)?;
        let others = campaign.members.iter().filter(|member| !singly.contains(member));
        let others: Vec<String> = others.map(|member| Alert::identify_release(member).0).collect();
        self.store.withdraw_deliveries(&others, &told)?;
        if !singly.contains(&observation.purl) {
            audience.retain(|subscription| !told.contains(subscription));
        }
        Ok(audience)
    }

    /// Those that raised an alert that counts, of the releases in the time of one campaign.
    fn accused(&self, neighbours: &[Neighbour], at: DateTime<Utc>) -> Result<Vec<Accused>, PipelineError> {
        let near = |one: &&Neighbour| !one.teaches && (one.published_at - at).abs() <= LONGEST;
        let mut accused = Vec::new();
        for one in neighbours.iter().filter(near) {
            let (fingerprint, _) = Alert::identify_release(&one.purl);
            accused.extend(self.store.alert(&fingerprint)?.as_ref().and_then(Accused::by));
        }
        Ok(accused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accused(package: &str, version: u32, minute: i64) -> Accused {
        let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        Accused {
            purl: format!("pkg:npm/{package}@{version}.0.0").parse().unwrap(),
            published_at: start + TimeDelta::minutes(minute),
            severity: Severity::High,
            confidence: Confidence::Medium,
        }
    }

    fn named(latest: &Accused, others: &[Accused]) -> Option<Vec<String>> {
        members(latest, others).map(|members| members.iter().map(|one| one.purl.to_string()).collect())
    }

    #[test]
    fn two_packages_or_three_releases_are_a_campaign() {
        let a = |version, minute| accused("a", version, minute);
        assert_eq!(named(&a(1, 0), &[]), None);
        assert_eq!(named(&a(2, 5), &[a(1, 0)]), None);
        assert_eq!(named(&a(3, 9), &[a(1, 0), a(2, 5)]).unwrap().len(), 3);
        assert_eq!(named(&accused("b", 1, 5), &[a(1, 0)]).unwrap(), ["pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0"]);
    }

    #[test]
    fn it_goes_on_while_members_follow_one_another() {
        let others = [accused("a", 1, 0), accused("b", 1, 50), accused("c", 1, 100), accused("z", 1, 300)];
        assert_eq!(named(&accused("d", 1, 150), &others).unwrap().len(), 4);
        assert_eq!(named(&others[3], &others[..3]), None, "two hours later");
        let late = named(&accused("y", 1, 20), &others).unwrap();
        assert_eq!(late.len(), 4, "one that is found late stands where it belongs: {late:?}");
    }

    #[test]
    fn the_alert_is_the_same_while_it_grows() {
        let bond = Bond::Publisher("npm/qix".to_owned());
        let raised = "2026-01-01T03:00:00Z".parse().unwrap();
        let tell = |members: &[Accused]| alert(&bond, "the account qix", members, &BTreeSet::new(), raised).unwrap();
        let two = tell(&[accused("a", 1, 0), accused("b", 1, 3)]);
        let three = tell(&[accused("a", 1, 0), accused("b", 1, 3), accused("c", 1, 9)]);
        assert_eq!((&two.id, two.members.len(), three.members.len()), (&three.id, 2, 3));
        assert_eq!(three.title, "3 releases of 3 packages by the account qix raised alerts within 9 minutes");
        assert_eq!((three.kind, three.severity), (AlertKind::Campaign, Severity::High));
    }

    #[test]
    fn it_names_what_else_came_from_the_same_hand() {
        let members = [accused("a", 1, 0), accused("b", 1, 3)];
        let all = [accused("a", 1, 0), accused("c", 1, 2), accused("d", 1, 200)];
        let beside = bystanders(&members, all.iter().map(|one| (&one.purl, one.published_at)));
        let bond = Bond::Publisher("npm/qix".to_owned());
        let alert = alert(&bond, "the account qix", &members, &beside, members[1].published_at).unwrap();
        assert!(alert.argument.ends_with("without such an alert: pkg:npm/c@1.0.0."), "{}", alert.argument);
    }
}
