//! A tally of any trait: the types that the values of traits may have.

use serde::{Serialize, Serializer};

use super::{
    EvidenceRank,
    tally::{Seen, Tally, Value},
    words::{
        Attempt, CommitPlace, CommitSignature, DependencySource, Gap, ManifestRepository, OrNone, Pause, ReleaseSeal,
        TagName, TagPresence, Text, TokenPolicy,
    },
};

/// A type of values that a trait may have.
pub trait Kind: Value {
    /// The tally of such values, if it is one.
    fn of_any(any: &AnyTally) -> Option<&Tally<Self>>;
    /// The same, for counting.
    fn of_any_mut(any: &mut AnyTally) -> Option<&mut Tally<Self>>;
    /// Wraps a tally of such values.
    fn any(tally: Tally<Self>) -> AnyTally;
}

macro_rules! kinds {
    ($($kind:ident($value:ty),)+) => {
        /// The tally of any trait.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum AnyTally {
            $(
                #[doc = concat!("Of values of the type `", stringify!($value), "`.")]
                $kind(Tally<$value>),
            )+
        }

        $(impl Kind for $value {
            fn of_any(any: &AnyTally) -> Option<&Tally<Self>> {
                match any { AnyTally::$kind(tally) => Some(tally), _ => None }
            }

            fn of_any_mut(any: &mut AnyTally) -> Option<&mut Tally<Self>> {
                match any { AnyTally::$kind(tally) => Some(tally), _ => None }
            }

            fn any(tally: Tally<Self>) -> AnyTally {
                AnyTally::$kind(tally)
            }
        })+

        impl AnyTally {
            /// Whether it has no values.
            pub fn is_empty(&self) -> bool {
                match self { $(Self::$kind(tally) => tally.is_empty(),)+ }
            }

            /// The words of the values with how often and when, in their order.
            pub fn words(&self) -> Vec<(&str, &Seen)> {
                match self { $(Self::$kind(tally) => tally.iter().map(|(value, seen)| (value.word(), seen)).collect(),)+ }
            }
        }

        impl Serialize for AnyTally {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$kind(tally) => tally.serialize(serializer),)+ }
            }
        }
    };
}

kinds! {
    Attempt(Attempt),
    CommitPlace(CommitPlace),
    CommitSignature(CommitSignature),
    DependencySource(DependencySource),
    EvidenceRank(EvidenceRank),
    Gap(Gap),
    ManifestRepository(ManifestRepository),
    OrNone(OrNone<Text>),
    Pause(Pause),
    ReleaseSeal(ReleaseSeal),
    TagName(TagName),
    TagPresence(TagPresence),
    Text(Text),
    TokenPolicy(TokenPolicy),
}
