//! The facts around a release that can be unknown for a reason.

use std::{borrow::Cow, cmp::Ordering, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const DEPENDENCIES: &str = "dependencies_first_published";
const EMAIL_DOMAINS: &str = "email_domains";

macro_rules! facts {
    ($($(#[$doc:meta])* $fact:ident = $place:expr, $words:literal;)+) => {
        /// A fact by its place in [`Facts`](super::Facts), which is its JSON form: keys with dots between them.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Fact {
            $($(#[$doc])* $fact,)+
            /// The time when this dependency was first published.
            Dependency(String),
            /// Whether this e-mail domain is registered.
            EmailDomain(String),
            /// A fact of another version of provwatch, by its place.
            Other(String),
        }

        impl Fact {
            /// The fact at a place.
            fn at(place: &str) -> Self {
                $(if place == $place { return Self::$fact; })+
                let below = |map: &str| Some(place.strip_prefix(map)?.strip_prefix('.')?.to_owned());
                let dependency = || below(DEPENDENCIES).map(Self::Dependency);
                let domain = || below(EMAIL_DOMAINS).map(Self::EmailDomain);
                dependency().or_else(domain).unwrap_or_else(|| Self::Other(place.to_owned()))
            }

            /// Its place.
            pub(super) fn place(&self) -> Cow<'_, str> {
                match self {
                    $(Self::$fact => $place.into(),)+
                    Self::Dependency(name) => format!("{DEPENDENCIES}.{name}").into(),
                    Self::EmailDomain(name) => format!("{EMAIL_DOMAINS}.{name}").into(),
                    Self::Other(place) => place.into(),
                }
            }

            /// The facts that every release has.
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$fact),+];
        }

        /// For people; the JSON form is its place.
        impl fmt::Display for Fact {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$fact => f.write_str($words),)+
                    Self::Dependency(name) => write!(f, "age of the dependency {name}"),
                    Self::EmailDomain(name) => write!(f, "registration of the e-mail domain {name}"),
                    Self::Other(place) => f.write_str(place),
                }
            }
        }
    };
}

facts! {
    /// The repository.
    Repository = "repository", "repository";
    /// The name that it had.
    FormerName = "repository.formerly", "former name of the repository";
    /// The repository's owner.
    Owner = "owner", "owner";
    /// The time when the owner joined the forge.
    OwnerAge = "owner.created_at", "age of the owner";
    /// The commit.
    Commit = "commit", "commit";
    /// Whether the default branch reaches it.
    OnDefaultBranch = "commit.on_default_branch", "commit on the default branch";
    /// Whether a release branch reaches it.
    OnReleaseBranch = "commit.on_release_branch", "commit on a release branch";
    /// Whether any branch has it.
    OnAnyBranch = "commit.on_any_branch", "commit on any branch";
    /// Whether it changes workflows.
    ChangedWorkflows = "commit.changes_workflows", "changes of the workflows";
    /// Whether its signature is verified.
    CommitSignature = "commit.verified", "signature of the commit";
    /// The version's tag.
    Tag = "tag", "tag";
    /// Whether the tag's commit comes after that of the version before.
    TagOrder = "tag.is_newer", "order of the tags";
    /// The forge's release.
    ForgeRelease = "release", "forge release";
    /// The workflow run.
    Run = "run", "workflow run";
    /// Of one's own packages: the runs of the release workflow.
    OwnRuns = "own_runs", "runs of the release workflow";
    /// The times when the new dependencies were first published.
    Dependencies = DEPENDENCIES, "age of the new dependencies";
    /// Whether the domains of the accounts' e-mail addresses are registered.
    EmailDomains = EMAIL_DOMAINS, "registration of the e-mail domains";
}

impl Ord for Fact {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

impl PartialOrd for Fact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for Fact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.place())
    }
}

impl<'de> Deserialize<'de> for Fact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::at(&<Cow<'de, str>>::deserialize(deserializer)?))
    }
}

impl JsonSchema for Fact {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Fact".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_read_as_it_was_written() {
        let others =
            ["dependencies_first_published.@s/left.pad", "email_domains.a.example", "email_domains.", "sky", ""];
        let places = Fact::ALL.iter().map(|fact| fact.place().into_owned()).chain(others.map(str::to_owned));
        for place in places {
            let json = serde_json::to_string(&place).unwrap();
            let fact: Fact = serde_json::from_str(&json).unwrap();
            assert_eq!((fact.place().into_owned(), serde_json::to_string(&fact).unwrap()), (place, json));
        }
        assert_eq!(Fact::at("dependencies_first_published.left-pad"), Fact::Dependency("left-pad".to_owned()));
        assert_eq!(Fact::at("sky"), Fact::Other("sky".to_owned()));
    }

    #[test]
    fn people_read_words_instead_of_keys() {
        for (place, words) in [
            ("dependencies_first_published.left-pad", "age of the dependency left-pad"),
            ("email_domains.example.org", "registration of the e-mail domain example.org"),
            ("commit.on_default_branch", "commit on the default branch"),
            ("sky", "sky"),
        ] {
            assert_eq!(Fact::at(place).to_string(), words);
        }
    }
}
