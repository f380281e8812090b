//! Conditions on alerts, which subscriptions and silences share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Alert, AlertKind, Ecosystem, Package, Pattern, ReleaseId, Severity, Signal, Tier, UsedBy, fits};

/// Conditions on an alert. All that are given must hold; a list holds if one of its values does. None at all match every
/// alert.
///
/// Conditions on packages (`ecosystems`, `packages`, `tiers`, `used_by`, `used_by_owners`) hold for alerts about releases, campaigns, and packages;
/// `log_matches` and `logs` hold for alerts about transparency logs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertMatchers {
    /// The lowest severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<Severity>,
    /// The highest severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_severity: Option<Severity>,
    /// The kinds of alerts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<AlertKind>,
    /// The ecosystems of the packages: `npm`, `pypi`, `cargo`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>", extend("items" = {"type": "string", "format": "ecosystem"}))]
    pub ecosystems: Vec<Ecosystem>,
    /// The packages: purls without a version, or with stars, as in the watchlist.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>", extend("items" = {"type": "string", "format": "pattern"}))]
    pub packages: Vec<Pattern>,
    /// The tiers of the packages in the watchlist.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
    /// The teams that the watchlist or a `[[logs.match]]` names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// The projects of the inventory that use a package of the alert, by name; a star stands for any characters, `*` alone
    /// for any project.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<String>,
    /// The owners of such projects, as the inventory names them; stars as in `used_by`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub used_by_owners: Vec<String>,
    /// The detectors of the signals, by their ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub detectors: Vec<String>,
    /// The names of `[[logs.match]]` tables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log_matches: Vec<String>,
    /// The origins of the logs whose entries are behind the alert.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<String>,
}

/// The reason why matchers can never match an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The key that cannot hold.
    pub key: &'static str,
    /// The reason, and the values that would do.
    pub what: String,
}

/// How many of the parts of an alert (packages, detectors, logs) have to match.
#[derive(Clone, Copy)]
enum Share {
    One,
    Every,
}

impl Share {
    /// Whether a condition holds for the parts of an alert; it does not hold where there are none.
    fn holds<T>(self, parts: &[T], condition: impl Fn(&T) -> bool) -> bool {
        match self {
            Self::One => parts.iter().any(condition),
            Self::Every => !parts.is_empty() && parts.iter().all(condition),
        }
    }

    /// Whether the projects, or their owners, that use a package of the alert are among those of the globs. If an alert
    /// does not have the names of all, one of the others may be.
    fn is_used(self, alert: &Alert, names: fn(&UsedBy) -> &Vec<String>, globs: &[String]) -> bool {
        let Some(used) = &alert.used_by else { return false };
        let is_meant = |name: &String| globs.iter().any(|glob| glob == "*" || fits(glob, name));
        match (self, used.is_whole()) {
            (_, true) => self.holds(names(used), is_meant),
            (Self::One, false) => true,
            (Self::Every, false) => false,
        }
    }
}

impl AlertMatchers {
    /// Whether it has no conditions, and so matches every alert.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an alert has a part that matches: who wants to know of a package is told of a campaign with it.
    pub fn select(&self, alert: &Alert) -> bool {
        self.mismatch(alert, Share::One).is_none()
    }

    /// Whether all of an alert matches: a silence about one package or detector does not hide another.
    pub fn cover(&self, alert: &Alert) -> bool {
        self.mismatch(alert, Share::Every).is_none()
    }

    /// The first condition that keeps the alert from being selected, by its key.
    pub fn refusing(&self, alert: &Alert) -> Option<&'static str> {
        self.mismatch(alert, Share::One)
    }

    /// The first condition that keeps the alert from being covered, by its key.
    pub fn uncovered(&self, alert: &Alert) -> Option<&'static str> {
        self.mismatch(alert, Share::Every)
    }

    fn mismatch(&self, alert: &Alert, share: Share) -> Option<&'static str> {
        let is_in = |list: &[String], value: Option<&String>| {
            list.is_empty() || value.is_some_and(|value| list.contains(value))
        };
        // Of a campaign the alert has the highest tier, and a team that may not be that of every release.
        let is_whole = alert.kind == AlertKind::Campaign && matches!(share, Share::Every);
        let tiers = if is_whole { &alert.member_tiers } else { alert.tier.as_slice() };
        let teams = if is_whole { &alert.member_teams } else { alert.team.as_slice() };
        let conditions = [
            ("min_severity", self.min_severity.is_none_or(|least| alert.severity >= least)),
            ("max_severity", self.max_severity.is_none_or(|most| alert.severity <= most)),
            ("kinds", self.kinds.is_empty() || self.kinds.contains(&alert.kind)),
            ("tiers", self.tiers.is_empty() || share.holds(tiers, |tier| self.tiers.contains(tier))),
            ("teams", self.teams.is_empty() || share.holds(teams, |team| self.teams.contains(team))),
            ("log_matches", is_in(&self.log_matches, alert.matched.as_ref())),
        ];
        let failed = conditions.into_iter().find(|(_, holds)| !holds).map(|(key, _)| key);
        failed.or_else(|| self.mismatch_of_parts(alert, share))
    }

    /// As [`Self::mismatch`], for the conditions on what an alert may have several of.
    fn mismatch_of_parts(&self, alert: &Alert, share: Share) -> Option<&'static str> {
        let packages = packages(alert);
        let fits = |package: &&Package| self.packages.iter().any(|pattern| pattern.fits(package));
        let is_of = |package: &&Package| self.ecosystems.contains(&package.ecosystem());
        let leading: Vec<&Signal> = alert.signals.iter().filter(|signal| !signal.corroborating).collect();
        let is_by = |signal: &&Signal| self.detectors.iter().any(|id| *id == *signal.detector);
        let logs: Vec<&str> = alert.entries.iter().flat_map(|all| &all.samples).map(|one| &*one.log).collect();
        let is_in = |log: &&str| self.logs.iter().any(|one| one == log);
        [
            ("packages", self.packages.is_empty() || share.holds(&packages, fits)),
            ("ecosystems", self.ecosystems.is_empty() || share.holds(&packages, is_of)),
            ("detectors", self.detectors.is_empty() || share.holds(&leading, is_by)),
            ("logs", self.logs.is_empty() || share.holds(&logs, is_in)),
            ("used_by", self.used_by.is_empty() || share.is_used(alert, |used| &used.names, &self.used_by)),
            ("used_by_owners", self.used_by_owners.is_empty() || self.is_of_owners(alert, share)),
        ]
        .into_iter()
        .find_map(|(key, holds)| (!holds).then_some(key))
    }

    /// Whether owners of projects that use a package of the alert are among those of the condition. A project without an
    /// owner is of none of them.
    fn is_of_owners(&self, alert: &Alert, share: Share) -> bool {
        let has_unowned = alert.used_by.as_ref().is_some_and(|used| used.unowned > 0);
        let is_whole = matches!(share, Share::One) || !has_unowned;
        is_whole && share.is_used(alert, |used| &used.owners, &self.used_by_owners)
    }

    /// The contradictions because of which no alert can ever match. `detectors` are the known ids.
    pub fn contradictions(&self, detectors: &[&str]) -> Vec<Contradiction> {
        let found = [self.of_severity(), self.of_kinds(), self.of_subjects(), self.of_ecosystems()];
        let unknown = self.detectors.iter().filter(|id| !detectors.contains(&id.as_str()));
        let unknown = unknown.map(|id| contradiction("detectors", format!("unknown detector {id:?}")));
        found.into_iter().flatten().chain(unknown).chain(self.of_names()).collect()
    }

    fn of_severity(&self) -> Option<Contradiction> {
        let (least, most) = (self.min_severity?, self.max_severity?);
        let what = format!("never matches: {most} is below min_severity = {:?}", least.as_str());
        (most < least).then(|| contradiction("max_severity", what))
    }

    /// A condition that no alert of the given kinds can meet.
    fn of_kinds(&self) -> Option<Contradiction> {
        if self.kinds.is_empty() {
            return None;
        }
        let of_packages = [AlertKind::Release, AlertKind::Campaign, AlertKind::Operation].as_slice();
        let wanted = [
            (self.about_packages(), of_packages, "release, campaign or operation"),
            (self.about_logs(), [AlertKind::Log].as_slice(), "log"),
        ];
        let never = wanted.into_iter().find_map(|(key, kinds, names)| {
            Some((key?, names)).filter(|_| !self.kinds.iter().any(|kind| kinds.contains(kind)))
        });
        never.map(|(key, names)| {
            contradiction(key, format!("never matches alerts of these kinds; expected the kind {names} too"))
        })
    }

    fn of_subjects(&self) -> Option<Contradiction> {
        let (packages, logs) = (self.about_packages()?, self.about_logs()?);
        Some(contradiction(packages, format!("never matches together with {logs}: no alert is about both")))
    }

    fn of_ecosystems(&self) -> Option<Contradiction> {
        let is_other = |pattern: &&Pattern| !self.ecosystems.contains(&pattern.ecosystem());
        let other = self.packages.iter().find(is_other).filter(|_| !self.ecosystems.is_empty())?;
        Some(contradiction("packages", format!("{other} is not of these ecosystems, and never matches")))
    }

    /// An empty name, which nothing has.
    fn of_names(&self) -> Option<Contradiction> {
        let lists = [
            ("teams", &self.teams),
            ("log_matches", &self.log_matches),
            ("logs", &self.logs),
            ("used_by", &self.used_by),
            ("used_by_owners", &self.used_by_owners),
        ];
        let (key, _) = lists.into_iter().find(|(_, list)| list.iter().any(|name| name.trim().is_empty()))?;
        Some(contradiction(key, "an empty name never matches".to_owned()))
    }

    /// The first condition that only alerts about packages meet.
    fn about_packages(&self) -> Option<&'static str> {
        let is_given = [
            ("packages", !self.packages.is_empty()),
            ("ecosystems", !self.ecosystems.is_empty()),
            ("tiers", !self.tiers.is_empty()),
            ("used_by", !self.used_by.is_empty()),
            ("used_by_owners", !self.used_by_owners.is_empty()),
        ];
        is_given.into_iter().find_map(|(key, is_given)| is_given.then_some(key))
    }

    /// The first condition that only alerts about logs meet.
    fn about_logs(&self) -> Option<&'static str> {
        let is_given = [("log_matches", !self.log_matches.is_empty()), ("logs", !self.logs.is_empty())];
        is_given.into_iter().find_map(|(key, is_given)| is_given.then_some(key))
    }
}

const fn contradiction(key: &'static str, what: String) -> Contradiction {
    Contradiction { key, what }
}

/// The packages that an alert is about. An alert about a log is about the log, whatever releases name its entry.
fn packages(alert: &Alert) -> Vec<&Package> {
    if alert.kind == AlertKind::Log {
        return Vec::new();
    }
    alert.of_package().into_iter().chain(alert.members.iter().map(ReleaseId::package)).collect()
}

#[cfg(test)]
mod tests;
