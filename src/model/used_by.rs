//! Uses of releases by the projects of the inventory, ordered by importance, and their summary in an alert.

use std::{cmp::Reverse, collections::BTreeSet, fmt};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DependencyScope, ProjectKind, Reachability, ReleaseId, Vex, locked::Place};

/// Most uses that an alert describes.
const DESCRIBED: usize = 10;
/// Most names of projects, and of owners, that an alert has.
const NAMED: usize = 1_000;
/// Most uses that a sentence describes.
const SAID: usize = 3;
/// A dependency of unknown depth may be a direct one, and may not: it comes after those that are direct.
const UNKNOWN_DEPTH: u32 = 2;

/// The use of one release by one project: that the project locks it, how, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Use {
    /// The project.
    pub project: String,
    /// Its kind.
    pub kind: ProjectKind,
    /// The team that answers for the project.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<String>,
    /// The release that it locks.
    pub release: ReleaseId,
    /// What the project needs it for.
    pub scope: DependencyScope,
    /// The steps of the shortest path to it: 1 is a direct dependency. Missing: unknown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub depth: Option<u32>,
    /// The direct dependency at the beginning of that path.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub through: Option<ReleaseId>,
    /// When provwatch first saw it in the project; the project may have it for longer.
    pub since: DateTime<Utc>,
    /// When it was gone from the project.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<DateTime<Utc>>,
    /// The worst that a VEX statement of the project says of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub vex: Option<Vex>,
    /// Whether another tool saw that the project's code uses it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reachability: Option<Reachability>,
}

/// The projects of the inventory that locked a package when an alert about it was raised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UsedBy {
    /// How many projects lock a release of the package.
    pub projects: u64,
    /// How many of them lock the very release of the alert, or one of its releases.
    pub exact: u64,
    /// The most important uses, first those of the very release.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub uses: Vec<Use>,
    /// The names of the projects, at most 1000.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub names: Vec<String>,
    /// The owners of the projects, at most 1000.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub owners: Vec<String>,
    /// How many of the projects have no owner.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub unowned: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Use {
    /// The place in an order by importance: what is locked now, runs, and is near comes first. Reports of other tools only
    /// order, and hide nothing.
    pub fn importance(&self) -> impl Ord + use<> {
        let vex = match self.vex {
            Some(Vex::Exploitable) => 0,
            None | Some(Vex::InTriage) => 1,
            Some(Vex::Resolved) => 2,
            Some(Vex::FalsePositive | Vex::NotAffected) => 3,
        };
        let reached = u8::from(self.reachability != Some(Reachability::Called));
        let depth = self.depth.unwrap_or(UNKNOWN_DEPTH);
        // Of past uses the latest first.
        let ended = self.until.map(Reverse);
        (self.until.is_some(), vex, reached, self.scope, depth, self.kind, ended, self.project.clone())
    }

    /// How the project depends on it, for people.
    pub fn way(&self) -> Option<String> {
        Place { scope: self.scope, depth: self.depth, through: self.through.clone() }.way()
    }
}

/// `shop (payments) locks 1.14.1 directly (required, since 2026-03-01)`
impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = (self.kind == ProjectKind::Vendor).then_some(self.kind.as_str());
        let about: Vec<&str> = kind.into_iter().chain(self.owner.as_deref()).collect();
        let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
        let way = self.way().map(|way| format!(" {way}")).unwrap_or_default();
        let scope = if self.scope == DependencyScope::Unknown { String::new() } else { format!("{}, ", self.scope) };
        let (verb, version, since) = (self.verb(), self.release.version(), self.since.format("%Y-%m-%d"));
        let until = self.until.map(|until| format!(" until {}", until.format("%Y-%m-%d"))).unwrap_or_default();
        write!(f, "{}{about} {verb} {version}{way} ({scope}since {since}{until})", self.project)
    }
}

impl Use {
    const fn verb(&self) -> &'static str {
        if self.until.is_some() { "locked" } else { "locks" }
    }
}

impl UsedBy {
    /// The summary of present uses for an alert about these releases; without releases, about a package. `None`: no project
    /// uses it.
    pub fn of(mut uses: Vec<Use>, about: &[ReleaseId]) -> Option<Self> {
        if uses.is_empty() {
            return None;
        }
        let is_exact = |one: &Use| about.iter().any(|release| is_same(release, &one.release));
        uses.sort_by_cached_key(|one| (!is_exact(one), one.importance()));
        let names: BTreeSet<&str> = uses.iter().map(|one| one.project.as_str()).collect();
        let exact: BTreeSet<&str> = uses.iter().filter(|one| is_exact(one)).map(|one| one.project.as_str()).collect();
        let owners: BTreeSet<&str> = uses.iter().filter_map(|one| one.owner.as_deref()).collect();
        let unowned: BTreeSet<&str> =
            uses.iter().filter(|one| one.owner.is_none()).map(|one| one.project.as_str()).collect();
        let first = |all: &BTreeSet<&str>| all.iter().take(NAMED).map(|name| (*name).to_owned()).collect();
        Some(Self {
            projects: names.len() as u64,
            exact: exact.len() as u64,
            unowned: unowned.len() as u64,
            names: first(&names),
            owners: first(&owners),
            uses: one_of_each(uses, DESCRIBED),
        })
    }

    /// Whether it names every project.
    pub fn is_whole(&self) -> bool {
        self.names.len() as u64 == self.projects
    }

    /// Without versions and paths, which publishers chose.
    #[must_use]
    pub fn without_uses(&self) -> Self {
        Self { uses: Vec::new(), ..self.clone() }
    }
}

/// The most important uses, one of each project.
fn one_of_each(uses: Vec<Use>, at_most: usize) -> Vec<Use> {
    let mut seen = BTreeSet::new();
    uses.into_iter().filter(|one| seen.insert(one.project.clone())).take(at_most).collect()
}

/// Whether two names are of one release: registries take several spellings of a version for one.
pub fn is_same(one: &ReleaseId, other: &ReleaseId) -> bool {
    let asked = one.package().ecosystem().row().versions.asked;
    let (version, spelled) = (one.version(), other.version());
    one.package() == other.package()
        && (version == spelled
            || asked(version) == spelled
            || asked(spelled) == version
            || one.parsed().is_some_and(|version| Some(version) == other.parsed()))
}

/// `3 projects, 1 of them this release: shop locks 1.14.1 directly (…); … and 1 more`
impl fmt::Display for UsedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let described: Vec<String> = self.uses.iter().take(SAID).map(ToString::to_string).collect();
        let named = || self.names.iter().take(SAID).cloned().collect();
        let shown = if described.is_empty() { named() } else { described };
        let s = if self.projects == 1 { "" } else { "s" };
        write!(f, "{} project{s}", self.projects)?;
        if self.exact > 0 && self.exact < self.projects {
            write!(f, ", {} of them this release", self.exact)?;
        }
        write!(f, ": {}", shown.join("; "))?;
        match self.projects.saturating_sub(shown.len() as u64) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u32) -> DateTime<Utc> {
        format!("2026-03-{day:02}T12:00:00Z").parse().unwrap()
    }

    fn by(project: &str, release: &str) -> Use {
        Use {
            project: project.to_owned(),
            kind: ProjectKind::Project,
            owner: None,
            release: release.parse().unwrap(),
            scope: DependencyScope::Required,
            depth: Some(1),
            through: None,
            since: at(1),
            until: None,
            vex: None,
            reachability: None,
        }
    }

    const AXIOS: &str = "pkg:npm/axios@1.14.1";

    #[test]
    fn what_runs_and_is_near_comes_first() {
        let of = |project: &str| by(project, AXIOS);
        let rising = [
            Use { vex: Some(Vex::Exploitable), scope: DependencyScope::Dev, ..of("z") },
            Use { reachability: Some(Reachability::Called), depth: Some(9), ..of("y") },
            of("a"),
            Use { kind: ProjectKind::Vendor, ..of("a") },
            Use { depth: None, ..of("b") },
            Use { depth: Some(3), ..of("a") },
            Use { scope: DependencyScope::Unknown, ..of("a") },
            Use { scope: DependencyScope::Optional, ..of("a") },
            Use { scope: DependencyScope::Dev, ..of("a") },
            Use { vex: Some(Vex::NotAffected), reachability: Some(Reachability::Called), ..of("a") },
            Use { until: Some(at(9)), ..of("a") },
            Use { until: Some(at(8)), ..of("a") },
        ];
        assert!(rising.iter().map(Use::importance).is_sorted_by(|high, low| high < low));
    }

    #[test]
    fn the_very_release_comes_first_and_everything_is_counted() {
        let release: ReleaseId = AXIOS.parse().unwrap();
        let dev = Use { scope: DependencyScope::Dev, ..by("tool", AXIOS) };
        let owned = Use { owner: Some("payments".to_owned()), ..by("shop", "pkg:npm/axios@1.14.0") };
        let twice = by("shop", "pkg:npm/axios@1.13.0");
        let used = UsedBy::of(vec![owned, twice, dev], std::slice::from_ref(&release)).unwrap();
        assert_eq!((used.projects, used.exact), (2, 1));
        let shown: Vec<&str> = used.uses.iter().map(|one| one.project.as_str()).collect();
        assert_eq!(
            (shown, used.names.join(","), used.owners.join(",")),
            (vec!["tool", "shop"], "shop,tool".into(), "payments".into())
        );
        assert_eq!(
            used.to_string(),
            "2 projects, 1 of them this release: tool locks 1.14.1 directly (dev, since 2026-03-01); shop (payments) locks \
             1.14.0 directly (required, since 2026-03-01)"
        );
        assert_eq!(used.without_uses().to_string(), "2 projects, 1 of them this release: shop; tool");
        assert_eq!(UsedBy::of(Vec::new(), &[release]), None);
    }

    #[test]
    fn a_summary_is_bounded_and_says_how_many_there_are() {
        let many = (0..2_500).map(|number| by(&format!("project-{number:04}"), AXIOS)).collect();
        let used = UsedBy::of(many, &[]).unwrap();
        assert_eq!((used.projects, used.uses.len(), used.names.len(), used.is_whole()), (2_500, 10, 1_000, false));
        assert!(used.to_string().ends_with("; and 2497 more"), "{used}");
    }

    #[test]
    fn a_use_is_told_in_words() {
        let through = "pkg:npm/express@4.18.2".parse().ok();
        let past = Use {
            kind: ProjectKind::Vendor,
            owner: Some("web".to_owned()),
            depth: Some(4),
            through,
            until: Some(at(9)),
            ..by("acme-desk", AXIOS)
        };
        assert_eq!(
            past.to_string(),
            "acme-desk (vendor, web) locked 1.14.1 through express@4.18.2 (required, since 2026-03-01 until 2026-03-09)"
        );
        let unknown = Use { scope: DependencyScope::Unknown, depth: None, ..by("list", "pkg:pypi/requests@2.0") };
        assert_eq!(unknown.to_string(), "list locks 2.0 (since 2026-03-01)");
    }

    #[test]
    fn several_spellings_are_one_release() {
        for (one, other, same) in [
            ("pkg:pypi/a@1.0", "pkg:pypi/a@1.0.0", true),
            ("pkg:pypi/a@1.0-1", "pkg:pypi/a@1.0.post1", true),
            ("pkg:pypi/a@1.0", "pkg:pypi/b@1.0", false),
            ("pkg:npm/a@1.0.0", "pkg:npm/a@1.0.1", false),
            ("pkg:cargo/a@1.0.0", "pkg:cargo/a@1.0.0+spec-1.1.0", true),
            ("pkg:cargo/a@1.0.0+spec-1.1.0", "pkg:cargo/a@1.0.0", true),
            ("pkg:npm/a@odd", "pkg:npm/a@odd", true),
            ("pkg:npm/a@odd", "pkg:npm/a@strange", false),
        ] {
            assert_eq!(is_same(&one.parse().unwrap(), &other.parse().unwrap()), same, "{one} {other}");
        }
    }
}
