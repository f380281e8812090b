//! The types of trait values: plain texts, texts or explicitly none, and enums of a few cases. Each word is written
//! here only.

use std::cmp::Ordering;

use super::{EvidenceRank, tally::Value};

/// A text from outside.
pub type Text = Box<str>;

impl Value for Text {
    type Asked<'a> = &'a str;

    fn of(asked: &str) -> Self {
        asked.into()
    }

    fn order(&self, asked: &str) -> Ordering {
        (**self).cmp(asked)
    }

    fn word(&self) -> &str {
        self
    }

    fn read(word: &str) -> Option<Self> {
        Some(word.into())
    }
}

/// A name, or the known absence of one. Its word is then empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrNone<T> {
    /// No name.
    Nothing,
    /// The name.
    Name(T),
}

impl<T: AsRef<str>> OrNone<T> {
    /// The same without a copy of the name.
    pub fn asked(&self) -> OrNone<&str> {
        match self {
            Self::Nothing => OrNone::Nothing,
            Self::Name(name) => OrNone::Name(name.as_ref()),
        }
    }

    /// The name; none is empty.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Nothing => "",
            Self::Name(name) => name.as_ref(),
        }
    }
}

impl<'a> OrNone<&'a str> {
    /// The value of a word: an empty one means absence.
    pub const fn of_word(word: &'a str) -> Self {
        if word.is_empty() { Self::Nothing } else { Self::Name(word) }
    }
}

impl Value for OrNone<Text> {
    type Asked<'a> = OrNone<&'a str>;

    fn of(asked: OrNone<&str>) -> Self {
        match asked {
            OrNone::Nothing => Self::Nothing,
            OrNone::Name(name) => Self::Name(name.into()),
        }
    }

    fn order(&self, asked: OrNone<&str>) -> Ordering {
        self.as_str().cmp(asked.as_str())
    }

    fn word(&self) -> &str {
        self.as_str()
    }

    fn read(word: &str) -> Option<Self> {
        Some(Self::of(OrNone::of_word(word)))
    }
}

/// Values that are one of a few words each, in the order of their words.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $case:ident = $word:literal,)+ })+) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$of])* $case,)+ }

        few!($name { $($case = $word,)+ });)+

        #[cfg(test)]
        const WORDS: &[&[&str]] = &[$(&[$($word),+]),+];
    };
}

/// Makes the cases of an enum values of a trait.
macro_rules! few {
    ($name:ident { $($case:ident = $word:literal,)+ }) => {
        impl $name {
            /// The word of the JSON form.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$case => $word,)+ }
            }
        }

        impl Value for $name {
            type Asked<'a> = Self;

            fn of(asked: Self) -> Self {
                asked
            }

            fn order(&self, asked: Self) -> Ordering {
                self.cmp(&asked)
            }

            fn word(&self) -> &str {
                self.as_str()
            }

            fn read(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$case),)+ _ => None }
            }
        }
    };
}

few! {
    EvidenceRank {
        None = "none",
        Provenance = "provenance",
        TrustedPublisher = "trusted-publisher",
        Approved = "approved",
    }
}

words! {
    /// Whether the first attempt of the run built it.
    Attempt {
        /// A later one.
        Again = "again",
        /// The first.
        First = "first",
    }
    /// Whether a maintained branch had the commit that was built.
    CommitPlace {
        /// One had it.
        Merged = "merged",
        /// None had it.
        Unmerged = "unmerged",
    }
    /// Whether the forge vouches for the signature of the commit that was built.
    CommitSignature {
        /// It does not.
        Unverified = "unverified",
        /// It does.
        Verified = "verified",
    }
    /// The source of a dependency.
    DependencySource {
        /// A repository.
        Git = "git",
        /// The release depends on nothing.
        Nowhere = "nowhere",
        /// The registry.
        Registry = "registry",
        /// A file on the web.
        Url = "url",
    }
    /// The time from signing to publishing.
    Gap {
        /// A day or more.
        Days = "days",
        /// From an hour to a day.
        Hours = "hours",
        /// Less than an hour.
        Minutes = "minutes",
    }
    /// Whether the manifest names the repository that built it.
    ManifestRepository {
        /// It names another one.
        Another = "another",
        /// It does.
        Same = "same",
    }
    /// The time since the release before.
    Pause {
        /// Later than that.
        Longer = "longer",
        /// Within a quarter of an hour.
        Minutes = "minutes",
    }
    /// Whether the forge's release of a version can be changed.
    ReleaseSeal {
        /// Its tag and files are fixed.
        Immutable = "immutable",
        /// They can be replaced.
        Mutable = "mutable",
    }
    /// Whether the tag that was built names the version.
    TagName {
        /// It does not.
        Differing = "differing",
        /// It does.
        Matching = "matching",
    }
    /// Whether there was a tag for the version.
    TagPresence {
        /// There was none.
        Absent = "absent",
        /// There was one.
        Present = "present",
    }
    /// The registry's rule for tokens.
    TokenPolicy {
        /// Tokens, besides other methods.
        Tokens = "tokens",
        /// No tokens.
        TrustedPublishersOnly = "trusted publishers only",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_cases_is_that_of_their_words() {
        assert!(WORDS.iter().all(|words| words.is_sorted()), "the JSON form has them in this order: {WORDS:?}");
    }

    #[test]
    fn an_empty_word_is_none_at_all() {
        for word in ["", "release"] {
            let value = <OrNone<Text>>::read(word).unwrap();
            assert_eq!((value.word(), value == OrNone::Nothing), (word, word.is_empty()));
            assert_eq!(value.order(OrNone::of_word(word)), Ordering::Equal);
        }
        assert!(<OrNone<Text>>::Nothing < OrNone::Name("a".into()));
    }
}
