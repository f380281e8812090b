//! Three ways of knowing a release, by the access to forges: with a token, without one, and from the registry only.

use provwatch::model::{Facts, Observation, TagFacts};

/// How much of the facts is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Knowing {
    /// The forge's API answers with a token: all facts.
    Token,
    /// git's `ls-refs` alone: which tags exist.
    NoToken,
    /// No forge answers. Registry and certificates tell all that is known.
    RegistryOnly,
}

impl Knowing {
    pub const ALL: [Self; 3] = [Self::Token, Self::NoToken, Self::RegistryOnly];

    /// The words of a table.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::NoToken => "no token",
            Self::RegistryOnly => "registry only",
        }
    }

    /// The releases as they are known this way.
    pub fn strip(self, mut releases: Vec<Observation>) -> Vec<Observation> {
        for release in &mut releases {
            let facts = std::mem::take(&mut release.facts);
            release.facts = match self {
                Self::Token => facts,
                Self::NoToken => Facts { tag: facts.tag.clone().map(listed), ..told_by_registry(facts) },
                Self::RegistryOnly => told_by_registry(facts),
            };
        }
        releases
    }
}

/// The list of refs names the tag's commit, and says nothing of the order of commits.
fn listed(tag: TagFacts) -> TagFacts {
    TagFacts { is_newer: None, ..tag }
}

/// The facts that no forge has to be asked for.
fn told_by_registry(facts: Facts) -> Facts {
    Facts {
        publisher_account: facts.publisher_account,
        publishing: facts.publishing,
        dependencies_first_published: facts.dependencies_first_published,
        own_dependencies: facts.own_dependencies,
        replaced: facts.replaced,
        former_digests: facts.former_digests,
        ..Facts::default()
    }
}
