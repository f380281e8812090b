//! The baseline of a package: one profile for each release line.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Package, ReleaseLine,
    any_tally::AnyTally,
    tally::{Seen, Tally},
    traits::{Asked, Key, Owners, Repositories, RepositoryIds, Tallies, Trait},
};

/// How one package is normally released: one profile for each release line, learned by `crate::baseline`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Baseline {
    /// The package.
    pub package: Package,
    /// The profiles.
    pub lines: BTreeMap<ReleaseLine, LineBaseline>,
}

impl Baseline {
    /// A baseline without any release.
    pub fn empty(package: Package) -> Self {
        Self { package, lines: BTreeMap::new() }
    }
}

/// How one line of a package is normally released. Only releases that taught it are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(default)]
pub struct LineBaseline {
    /// Releases learned.
    pub releases: u32,
    /// The first one's publish time.
    pub first_at: Option<DateTime<Utc>>,
    /// The last one's publish time.
    pub last_at: Option<DateTime<Utc>>,
    /// What was seen of each trait.
    #[schemars(flatten)]
    pub(super) tallies: Tallies,
    /// Which id a repository URL had.
    pub id_of_repository: BTreeMap<String, String>,
    /// Which id an owner URL had.
    pub id_of_owner: BTreeMap<String, String>,
    /// Publish times in minutes of the UTC day, the latest last; at most 200.
    pub minutes: VecDeque<u16>,
    /// The longest time between two releases of the line that follow one another, in days.
    pub longest_pause: u32,
    /// When the releases that the operator accepted were published, the latest last; at most 20. Their values are known at
    /// once.
    pub accepted: VecDeque<DateTime<Utc>>,
    /// The last long pause of the line, and when a release ended it.
    pub resumed: Option<Resumed>,
    /// The highest version.
    pub highest: Option<String>,
}

/// The end of a long pause: what was known before the release that ended it, which the releases just after are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resumed {
    /// When the release that ended it was published.
    pub at: DateTime<Utc>,
    /// When the release before it was published.
    pub last_before: DateTime<Utc>,
    /// The longest pause before it, in days.
    pub longest_before: u32,
}

impl LineBaseline {
    /// The tally of a trait.
    pub fn tally<K: Key>(&self, _: K) -> &Tally<K::Value> {
        self.tallies.of::<K>()
    }

    /// The words of a trait's values with how often and when, in their order.
    pub fn words(&self, one: Trait) -> Vec<(&str, &Seen)> {
        self.tallies.any(one).map(AnyTally::words).unwrap_or_default()
    }

    /// Counts values of a trait.
    pub fn count<'a, K: Key>(&mut self, _: K, values: impl IntoIterator<Item = Asked<'a, K>>, at: DateTime<Utc>) {
        for value in values {
            self.tallies.count::<K>(value, at);
        }
    }

    /// Takes a value of a trait from elsewhere, in place of the known one.
    pub fn insert<K: Key>(&mut self, _: K, value: K::Value, seen: Seen) {
        self.tallies.insert::<K>(value, seen);
    }

    /// Replaces values of a trait; `None` forgets one. Values that become one are counted together.
    pub fn replace<K: Key>(&mut self, _: K, by: impl FnMut(&K::Value, &Seen) -> Option<K::Value>) {
        self.tallies.replace::<K>(by);
    }

    /// Notes the id of a repository, as long as the repository is counted.
    pub fn note_repository(&mut self, url: &str, id: &str) {
        self.id_of_repository.insert(url.to_owned(), id.to_owned());
        let known = self.tallies.of::<Repositories>();
        self.id_of_repository.retain(|url, _| known.contains(url));
    }

    /// Notes the id of an owner, as long as the owner is counted.
    pub fn note_owner(&mut self, url: &str, id: &str) {
        self.id_of_owner.insert(url.to_owned(), id.to_owned());
        let known = self.tallies.of::<Owners>();
        self.id_of_owner.retain(|url, _| known.contains(url));
    }

    /// Whether releases were built from a repository, by its URL, or under any URL by its numeric id.
    pub fn has_repository(&self, url: &str, id: Option<&str>) -> bool {
        self.tally(Repositories).contains(url) || id.is_some_and(|id| self.tally(RepositoryIds).contains(id))
    }
}

/// Why a baseline got a new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BaselineReason {
    /// A release without findings, or one that enough clean ones followed.
    Learned,
    /// The operator accepted a release.
    Accepted,
    /// The operator reset the baseline.
    Reset,
    /// A release in the baseline was withdrawn soon after its publication.
    Unlearned,
    /// The operator undid the acceptance of a release.
    Unaccepted,
}

impl BaselineReason {
    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Learned => "learned",
            Self::Accepted => "accepted",
            Self::Reset => "reset",
            Self::Unlearned => "unlearned",
            Self::Unaccepted => "unaccepted",
        }
    }
}
