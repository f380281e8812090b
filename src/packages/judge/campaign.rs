//! Groups related releases with alerts into one campaign, with an alert that lists its members.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{
        Alert, AlertKind, Confidence, CorrelationKey, Fingerprint, Observation, Package, ReleaseId, Severity, Tier,
    },
    text::{counted, quoted, shell_word},
};

/// Consecutive members are at most this far apart.
const WINDOW: TimeDelta = TimeDelta::hours(1);

/// How many releases that are not members an alert names.
const NAMED: usize = 10;

/// How many releases of one correlation key are considered.
pub const LOOKED_AT: usize = 500;

/// Critical members of one campaign that are also sent individually.
pub const SINGLY: usize = 5;

/// Most members of a campaign. Later ones begin another campaign, so that no message is unbounded.
pub const MOST: usize = LOOKED_AT;

/// Most characters of a release's name within a sentence.
const NAME: usize = 80;

/// Fewest releases of one package that are a campaign. Of several packages two are enough.
pub const FEWEST: usize = 3;

/// A release that raised an alert of medium or worse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accused {
    /// The release.
    pub purl: ReleaseId,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// The severity of its alert.
    pub severity: Severity,
    /// The confidence of its alert.
    pub confidence: Confidence,
    /// Whether it repeats the deviation of an open alert.
    pub is_repetition: bool,
    /// The tier of its package.
    pub tier: Option<Tier>,
    /// The team that answers for its package.
    pub team: Option<String>,
}

impl Accused {
    /// The release of an alert, if the alert counts.
    pub fn by(alert: &Alert) -> Option<Self> {
        let counts = alert.kind == AlertKind::Release && alert.severity >= Severity::Medium;
        let (purl, published_at) = (alert.purl.clone().filter(|_| counts)?, alert.published_at?);
        let (severity, confidence, is_repetition) = (alert.severity, alert.confidence, alert.repeats.is_some());
        let (tier, team) = (alert.tier, alert.team.clone());
        Some(Self { purl, published_at, severity, confidence, is_repetition, tier, team })
    }
}

/// The campaigns among releases with alerts and one correlation key: each member within the window of the next, the
/// earliest first.
pub fn campaigns(mut all: Vec<Accused>) -> Vec<Vec<Accused>> {
    all.sort_by(|a, b| (a.published_at, &a.purl).cmp(&(b.published_at, &b.purl)));
    all.dedup_by(|a, b| a.purl == b.purl);
    let together = all.chunk_by(|a, b| b.published_at - a.published_at <= WINDOW);
    together.filter(|members| is_campaign(members)).map(<[Accused]>::to_vec).collect()
}

/// Repetitions belong to a campaign, and do not make one: their deviations are known.
fn is_campaign(members: &[Accused]) -> bool {
    let news = || members.iter().filter(|one| !one.is_repetition);
    let packages: BTreeSet<&Package> = news().map(|one| one.purl.package()).collect();
    packages.len() > 1 || news().count() >= FEWEST
}

/// The campaign that a release with an alert is part of. `None`: too few releases are around it.
pub fn members(latest: &Accused, others: &[Accused]) -> Option<Vec<Accused>> {
    let mut all: Vec<Accused> = others.iter().filter(|other| other.purl != latest.purl).cloned().collect();
    all.push(latest.clone());
    campaigns(all).into_iter().find(|members| members.iter().any(|member| member.purl == latest.purl))
}

/// The releases with the same correlation key that were published in the time of a campaign and are not members.
pub fn bystanders<'a>(
    members: &[Accused],
    releases: impl Iterator<Item = (&'a ReleaseId, DateTime<Utc>)>,
) -> BTreeSet<ReleaseId> {
    let (Some(first), Some(last)) = (members.first(), members.last()) else { return BTreeSet::new() };
    let time = first.published_at - WINDOW..=last.published_at + WINDOW;
    let others = releases.filter(|(purl, at)| time.contains(at) && members.iter().all(|member| member.purl != **purl));
    others.map(|(purl, _)| purl.clone()).collect()
}

/// The alert about a campaign of releases by `who`, who also published `bystanders`. It stays the same alert as long as
/// its first member does.
pub fn alert(
    correlation_key: &CorrelationKey,
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
    let subject = subject(correlation_key, &first.purl);
    Some(Alert {
        published_at: Some(last.published_at),
        argument: format!(
            "Each release differs from the baseline of its package; the worst is {} ({}). Each has an alert of its \
             own (`provwatch alerts show ID`). provwatch also sends at most {SINGLY} critical ones as single \
             messages.{}",
            quoted(&worst.purl, NAME),
            worst.severity,
            beside(bystanders, &first.purl)
        ),
        members: members.iter().map(|one| one.purl.clone()).collect(),
        tier: members.iter().filter_map(|one| one.tier).max(),
        team: team(members),
        member_tiers: of_each(members, |one| one.tier),
        member_teams: of_each(members, |one| one.team.clone()),
        ..Alert::about(AlertKind::Campaign, &subject, worst.severity, worst.confidence, title, raised_at)
    })
}

/// The team of a campaign, if all of its releases with a team have the same.
fn team(members: &[Accused]) -> Option<String> {
    let mut teams = members.iter().filter_map(|one| one.team.as_ref());
    let first = teams.next()?;
    teams.all(|team| team == first).then(|| first.clone())
}

/// A value of every release of a campaign, each once. Empty if one of them has none.
fn of_each<T: Ord>(members: &[Accused], value: impl Fn(&Accused) -> Option<T>) -> Vec<T> {
    let values: Option<BTreeSet<T>> = members.iter().map(value).collect();
    values.unwrap_or_default().into_iter().collect()
}

/// The values of a campaign that grew: those that are known now, and the earlier ones. None, if one is not known.
pub fn with_earlier<T: Ord>(now: Vec<T>, earlier: Vec<T>) -> Vec<T> {
    if now.is_empty() || earlier.is_empty() {
        return Vec::new();
    }
    now.into_iter().chain(earlier).collect::<BTreeSet<T>>().into_iter().collect()
}

/// An operator who investigates a campaign needs to know all releases of the same publisher.
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

/// The name of a correlation key's account, repository or owner for people, by one of its releases.
pub fn who(correlation_key: &CorrelationKey, release: &Observation) -> String {
    let claims = release.identities().into_iter().map(|identity| &identity.claims).next();
    let web = |url: Option<&String>| url.map(|url| url.trim_start_matches("https://").to_owned());
    match correlation_key {
        CorrelationKey::Publisher(name) => {
            format!("the account {}", name.split_once('/').map_or(name.as_str(), |(_, name)| name))
        }
        CorrelationKey::Repository(id) => {
            let url = web(claims.and_then(|claims| claims.source_repository_uri.as_ref()));
            format!("the repository {}", url.unwrap_or_else(|| id.clone()))
        }
        CorrelationKey::Owner(id) => {
            let url = web(claims.and_then(|claims| claims.source_repository_owner_uri.as_ref()));
            format!("the owner {}", url.unwrap_or_else(|| id.clone()))
        }
    }
}

/// Whether a campaign began with this correlation key, with any member.
pub fn is_of(campaign: &Alert, correlation_key: &CorrelationKey) -> bool {
    let begins =
        |member| Fingerprint::of(AlertKind::Campaign, &subject(correlation_key, member)) == campaign.fingerprint;
    campaign.members.iter().any(begins)
}

/// The identity of a campaign: its correlation key and its first member.
pub fn subject(correlation_key: &CorrelationKey, first: &ReleaseId) -> String {
    format!("{correlation_key} {first}")
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
            is_repetition: false,
            tier: None,
            team: None,
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
    fn repetitions_are_members_of_a_campaign_and_make_none() {
        let repetition =
            |package, version, minute| Accused { is_repetition: true, ..accused(package, version, minute) };
        let known = accused("a", 1, 0);
        assert_eq!(named(&repetition("a", 3, 9), &[known.clone(), repetition("a", 2, 5)]), None);
        assert_eq!(named(&repetition("b", 3, 9), &[known.clone(), repetition("a", 2, 5)]), None, "its own is older");
        let both = [known, accused("b", 1, 5)];
        assert_eq!(named(&repetition("a", 2, 9), &both).unwrap().len(), 3);
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
        let correlation_key = CorrelationKey::Publisher("npm/qix".to_owned());
        let raised = "2026-01-01T03:00:00Z".parse().unwrap();
        let tell = |members: &[Accused]| {
            alert(&correlation_key, "the account qix", members, &BTreeSet::new(), raised).unwrap()
        };
        let two = tell(&[accused("a", 1, 0), accused("b", 1, 3)]);
        let three = tell(&[accused("a", 1, 0), accused("b", 1, 3), accused("c", 1, 9)]);
        assert_eq!((&two.id, two.members.len(), three.members.len()), (&three.id, 2, 3));
        assert_eq!(three.title, "3 releases of 3 packages by the account qix raised alerts within 9 minutes");
        assert_eq!((three.kind, three.severity), (AlertKind::Campaign, Severity::High));
    }

    #[test]
    fn it_has_the_tiers_and_teams_of_all_its_releases_or_none() {
        let of = |tier, team: Option<&str>| Accused { tier, team: team.map(str::to_owned), ..accused("a", 1, 0) };
        for (members, tiers, teams) in [
            (vec![of(Some(Tier::Critical), Some("web")), of(Some(Tier::Normal), Some("web"))], 2, 1),
            (vec![of(Some(Tier::Critical), Some("web")), of(Some(Tier::Critical), None)], 1, 0),
            (vec![of(None, Some("web")), of(Some(Tier::Critical), Some("data"))], 0, 2),
        ] {
            let at = members[0].published_at;
            let alert = alert(&CorrelationKey::Publisher("npm/qix".to_owned()), "x", &members, &BTreeSet::new(), at);
            let Alert { member_tiers, member_teams, .. } = alert.unwrap();
            assert_eq!((member_tiers.len(), member_teams.len()), (tiers, teams), "{members:?}");
        }
        assert_eq!(with_earlier(vec![2], vec![1, 2]), [1, 2]);
        assert_eq!((with_earlier(vec![2], vec![]), with_earlier(vec![], vec![1])), (vec![], vec![]), "one is unknown");
    }

    #[test]
    fn it_names_what_else_came_from_the_same_hand() {
        let members = [accused("a", 1, 0), accused("b", 1, 3)];
        let all = [accused("a", 1, 0), accused("c", 1, 2), accused("d", 1, 200)];
        let beside = bystanders(&members, all.iter().map(|one| (&one.purl, one.published_at)));
        let correlation_key = CorrelationKey::Publisher("npm/qix".to_owned());
        let alert = alert(&correlation_key, "the account qix", &members, &beside, members[1].published_at).unwrap();
        assert!(alert.argument.ends_with("without such an alert: pkg:npm/c@1.0.0."), "{}", alert.argument);
    }
}
