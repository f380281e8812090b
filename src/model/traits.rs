//! The traits of a release that a baseline counts: one row of the table below for each. A row has the trait's key in
//! JSON, its name, and the type of its values; `crate::baseline` has one `match` that reads each from a release.
//!
//! The name of a trait is also a type, which identifies its tally: `profile.tally(Tags).get(TagPresence::Present)`
//! compiles, and a value of another trait does not.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};

use super::{
    EvidenceRank,
    any_tally::{AnyTally, Kind},
    tally::{Seen, Tally, Value},
    words::{
        Attempt, CommitPlace, CommitSignature, DependencySource, Gap, ManifestRepository, OrNone, Pause, ReleaseSeal,
        TagName, TagPresence, Text, TokenPolicy,
    },
};

/// The name of a trait, which knows the type of its values.
pub trait Key: Copy {
    /// The type of its values.
    type Value: Kind;
    /// The trait.
    const TRAIT: Trait;
}

/// A search key for a value of a trait.
pub type Asked<'a, K> = <<K as Key>::Value as Value>::Asked<'a>;

macro_rules! traits {
    ($($(#[doc = $doc:literal])+ $key:ident: $name:ident($value:ty),)+) => {
        /// The traits that a baseline counts of every release, in the order of the JSON form.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Trait { $($(#[doc = $doc])+ $name,)+ }

        impl Trait {
            /// Every trait.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its key in the JSON form of a profile.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($key),)+ }
            }

            /// The trait that has this key.
            pub(super) fn of_key(key: &str) -> Option<Self> {
                match key { $(stringify!($key) => Some(Self::$name),)+ _ => None }
            }

            /// Reads a tally of its values.
            fn read<'de, D: Deserializer<'de>>(self, deserializer: D) -> Result<AnyTally, D::Error> {
                match self { $(Self::$name => Tally::<$value>::deserialize(deserializer).map(Kind::any),)+ }
            }
        }

        $($(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Key for $name {
            type Value = $value;
            const TRAIT: Trait = Trait::$name;
        })+

        /// The JSON form, every trait with its key.
        #[derive(Default, JsonSchema)]
        #[schemars(default)]
        struct Form { $($(#[doc = $doc])+ $key: Tally<$value>,)+ }
    };
}

traits! {
    /// Evidence ranks.
    evidence: EvidenceRanks(EvidenceRank),
    /// OIDC issuers.
    issuers: Issuers(Text),
    /// Repository numeric ids.
    repository_ids: RepositoryIds(Text),
    /// Repository URLs, and under which id each was last seen.
    repositories: Repositories(Text),
    /// Owner numeric ids.
    owner_ids: OwnerIds(Text),
    /// Owner URLs.
    owners: Owners(Text),
    /// Workflow files without ref, relative to the repository (`.github/workflows/release.yml`).
    workflows: Workflows(Text),
    /// Refs by kind: `tag`, `branch main`, `branch release/#` with numbers left out.
    refs: Refs(Text),
    /// Triggers.
    triggers: Triggers(Text),
    /// Deployment environments; the empty text stands for a certificate that could carry one and does not.
    environments: Environments(OrNone<Text>),
    /// Runner environments.
    runners: Runners(Text),
    /// Names of the accounts that published themselves, not by way of a trusted publisher.
    publishers: Publishers(Text),
    /// The e-mail addresses of those who published.
    emails: Emails(Text),
    /// Accounts that the registry named as maintainers, whether they published or not.
    maintainers: Maintainers(Text),
    /// Trusted-publisher registrations.
    config_ids: ConfigIds(Text),
    /// Repositories that the registry names as the trusted publisher's, `host/owner/name`: its word, where nothing is
    /// certified.
    registered_repositories: RegisteredRepositories(Text),
    /// Whether the version's tag existed, `present` or `absent`, counted where it was found out.
    tags: Tags(TagPresence),
    /// Whether the forge had a release of the version, `present` or `absent`, counted where it was found out.
    forge_releases: ForgeReleases(TagPresence),
    /// Whether the forge's release of the version can be changed, `immutable` or `mutable`, counted where the forge
    /// states it.
    release_seals: ReleaseSeals(ReleaseSeal),
    /// Whether the default branch had the commit, `merged` or `unmerged`, counted where it was found out.
    commits: Commits(CommitPlace),
    /// Refs by kind together with where the commit was: `branch release/# merged`, counted where both are known.
    ref_places: RefPlaces(Text),
    /// Reusable workflows that did the building, without their ref; the empty text stands for the workflow itself.
    builders: Builders(OrNone<Text>),
    /// Visibilities of the repository at the time of signing.
    visibilities: Visibilities(Text),
    /// Whether the tag that was built names the version, `matching` or `differing`.
    tag_names: TagNames(TagName),
    /// Whether the forge vouches for the commit's signature, `verified` or `unverified`.
    signatures: Signatures(CommitSignature),
    /// How the run that built it ended.
    conclusions: Conclusions(Text),
    /// Accounts that started the runs, people and bots.
    actors: Actors(Text),
    /// Whether the run's first attempt built it, `first` or `again`.
    attempts: Attempts(Attempt),
    /// How long after the signing it was published: `minutes`, `hours` or `days`.
    gaps: Gaps(Gap),
    /// Whether the manifest names the repository that built it, `same` or `another`.
    manifests: Manifests(ManifestRepository),
    /// Repositories that manifests name, `host/owner/name`: the word of the publisher.
    named_repositories: NamedRepositories(Text),
    /// How soon a release followed the one before: `minutes` (a quarter of an hour at most) or `longer`.
    pauses: Pauses(Pause),
    /// Whether the registry took tokens at all, `tokens` or `trusted publishers only`.
    token_policies: TokenPolicies(TokenPolicy),
    /// Where dependencies come from: `registry`, `git` or `url`.
    dependency_sources: DependencySources(DependencySource),
    /// Names of dependencies, optional ones too.
    dependencies: Dependencies(OrNone<Text>),
    /// Install-time script hooks; the empty text stands for a release known to have none.
    install_scripts: InstallScripts(OrNone<Text>),
}

/// The tallies of a profile by trait, in the order of the traits. A trait without values has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tallies(Vec<(Trait, AnyTally)>);

impl Tallies {
    /// The tally of a trait.
    pub fn of<K: Key>(&self) -> &Tally<K::Value> {
        self.any(K::TRAIT).and_then(K::Value::of_any).unwrap_or(Tally::EMPTY)
    }

    /// The tally of a trait that is only known at run time; `None`: it has no values.
    pub fn any(&self, one: Trait) -> Option<&AnyTally> {
        self.place(one).ok().map(|at| &self.0[at].1)
    }

    /// Counts a value of a trait.
    pub fn count<K: Key>(&mut self, asked: Asked<'_, K>, at: DateTime<Utc>) {
        if let Some(tally) = self.tally_mut::<K>() {
            tally.count(asked, at);
        }
    }

    /// Takes a value of a trait from elsewhere, in place of the known one.
    pub fn insert<K: Key>(&mut self, value: K::Value, seen: Seen) {
        if let Some(tally) = self.tally_mut::<K>() {
            tally.insert(value, seen);
        }
    }

    /// Replaces values of a trait; `None` forgets one.
    pub fn replace<K: Key>(&mut self, by: impl FnMut(&K::Value, &Seen) -> Option<K::Value>) {
        let Ok(place) = self.place(K::TRAIT) else { return };
        if let Some(tally) = K::Value::of_any_mut(&mut self.0[place].1) {
            tally.replace(by);
        }
        if self.0[place].1.is_empty() {
            self.0.remove(place);
        }
    }

    /// Reads the tally of a trait.
    pub fn read<'de, D: Deserializer<'de>>(&mut self, one: Trait, deserializer: D) -> Result<(), D::Error> {
        let tally = one.read(deserializer)?;
        match self.place(one) {
            Ok(place) => self.0[place].1 = tally,
            Err(_) if tally.is_empty() => {}
            Err(place) => self.0.insert(place, (one, tally)),
        }
        Ok(())
    }

    /// Never `None`: the value at the place of a trait is a tally of its values.
    fn tally_mut<K: Key>(&mut self) -> Option<&mut Tally<K::Value>> {
        let place = self.place(K::TRAIT).unwrap_or_else(|place| {
            self.0.insert(place, (K::TRAIT, K::Value::any(Tally::default())));
            place
        });
        K::Value::of_any_mut(&mut self.0[place].1)
    }

    fn place(&self, one: Trait) -> Result<usize, usize> {
        self.0.binary_search_by_key(&one, |(known, _)| *known)
    }
}

impl JsonSchema for Tallies {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Tallies".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Form::json_schema(generator)
    }
}
