//! The releases that a project locks, and how it depends on each.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FileDigest, ReleaseId};

/// A release that a project locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// The release, as the file spells its version.
    pub release: ReleaseId,
    /// How the project depends on it.
    pub place: Place,
    /// The digests that the file demands of its artifacts.
    pub digests: Vec<FileDigest>,
    /// The worst that a VEX statement of the file says of it.
    pub vex: Option<Vex>,
    /// Whether another tool saw that the project's code uses it.
    pub reachability: Option<Reachability>,
}

/// The place of a release among the dependencies of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// What the project needs it for.
    pub scope: DependencyScope,
    /// The steps of the shortest path to it: 1 is a direct dependency. `None`: the file does not say.
    pub depth: Option<u32>,
    /// The direct dependency at the beginning of that path, if it is another release of a registry.
    pub through: Option<ReleaseId>,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$case_doc:meta])* $case:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$case_doc])* #[serde(rename = $word)] $case,)+
        }

        impl $name {
            /// Every case, the most important first.
            pub const ALL: &[Self] = &[$(Self::$case),+];

            /// The word of the JSON forms.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$case => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// What a project needs a dependency for. Ordered: the most important first, and an unknown purpose before those that
    /// are known to matter less.
    #[derive(Default)]
    DependencyScope {
        /// The project does not work without it.
        Required = "required",
        /// The file does not say.
        #[default]
        Unknown = "unknown",
        /// The project works without it.
        Optional = "optional",
        /// Only developers and builds need it.
        Dev = "dev",
    }
}

words! {
    /// What a VEX statement says about vulnerabilities of a release in a project
    /// (<https://cyclonedx.org/capabilities/vex/>). Ordered: the worst first.
    Vex {
        /// The project is exposed.
        Exploitable = "exploitable",
        /// It is not decided yet.
        InTriage = "in_triage",
        /// It was put right.
        Resolved = "resolved",
        /// The report was wrong.
        FalsePositive = "false_positive",
        /// The project is not exposed.
        NotAffected = "not_affected",
    }
}

words! {
    /// What another tool found out about the use of a release by the project's code. Ordered: the surest use first.
    Reachability {
        /// A call stack leads into it.
        Called = "called",
        /// It was found at places of the project.
        Found = "found",
    }
}

words! {
    /// The kind of a project of the inventory.
    ProjectKind {
        /// One of ours.
        Project = "project",
        /// A product of another company, whose bill of materials we have.
        Vendor = "vendor",
    }
}

impl FromStr for ProjectKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let kind = Self::ALL.iter().find(|kind| kind.as_str() == text);
        kind.copied().ok_or_else(|| format!("unknown kind {text:?}; expected project or vendor"))
    }
}

impl Place {
    /// How the project depends on it, for people: `directly`, `through express@4.18.2`, `indirectly`. `None`: unknown.
    pub fn way(&self) -> Option<String> {
        match (self.depth, &self.through) {
            (None, _) => None,
            (Some(0 | 1), _) => Some("directly".to_owned()),
            (Some(_), Some(first)) => Some(format!("through {}@{}", first.package().name(), first.version())),
            (Some(_), None) => Some("indirectly".to_owned()),
        }
    }

    /// The more important of two places of one release.
    #[must_use]
    pub fn or_better(self, other: Self) -> Self {
        // An unknown depth may be a direct one; of two known places the nearer one tells more.
        let key = |place: &Self| (place.scope, place.depth.unwrap_or(u32::MAX));
        if key(&other) < key(&self) { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(scope: DependencyScope, depth: Option<u32>) -> Place {
        Place { scope, depth, through: None }
    }

    #[test]
    fn words_are_those_of_the_json_forms() {
        for scope in DependencyScope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
        }
        for vex in Vex::ALL {
            assert_eq!(serde_json::to_value(vex).unwrap(), vex.as_str());
        }
        assert_eq!("vendor".parse(), Ok(ProjectKind::Vendor));
        assert!("Vendor".parse::<ProjectKind>().unwrap_err().contains("expected project or vendor"));
    }

    #[test]
    fn the_more_important_place_counts() {
        use DependencyScope::{Dev, Required, Unknown};
        let (far, near) = (place(Required, Some(3)), place(Dev, Some(1)));
        assert_eq!(near.clone().or_better(far.clone()), far, "what is required matters more than what is near");
        assert_eq!(far.clone().or_better(place(Required, Some(2))).depth, Some(2));
        assert_eq!(place(Required, None).or_better(far.clone()), far);
        assert_eq!(place(Dev, Some(1)).or_better(place(Unknown, None)).scope, Unknown);
    }

    #[test]
    fn the_way_to_a_dependency_is_told_in_words() {
        let through = "pkg:npm/express@4.18.2".parse().ok();
        let said = |depth, through: Option<ReleaseId>| Place { depth, through, ..Place::default() }.way();
        assert_eq!(said(None, None), None);
        assert_eq!(said(Some(1), None).as_deref(), Some("directly"));
        assert_eq!(said(Some(3), through).as_deref(), Some("through express@4.18.2"));
        assert_eq!(said(Some(2), None).as_deref(), Some("indirectly"));
    }
}
