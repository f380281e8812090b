//! The values of a trait, each with its count and its first and last time.

use std::{borrow::Cow, cmp::Ordering, collections::BTreeMap, fmt, marker::PhantomData};

use chrono::{DateTime, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};

/// Most values that one tally keeps; beyond it the value seen longest ago is forgotten.
const MAX_VALUES: usize = 200;

/// How often and when a value was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    /// How often.
    pub count: u32,
    /// First publish time.
    pub first: DateTime<Utc>,
    /// Last publish time.
    pub last: DateTime<Utc>,
}

impl Seen {
    fn once(at: DateTime<Utc>) -> Self {
        Self { count: 1, first: at, last: at }
    }

    fn again(&mut self, at: DateTime<Utc>) {
        self.count = self.count.saturating_add(1);
        self.first = self.first.min(at);
        self.last = self.last.max(at);
    }

    /// Adds the observations of another value.
    fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// A value of a trait. Its order is that of the JSON form.
pub trait Value: Clone + Ord + fmt::Debug + 'static {
    /// The value as a search key, without a copy of its text.
    type Asked<'a>: Copy;

    /// The value itself.
    fn of(asked: Self::Asked<'_>) -> Self;
    /// Compares it with a search key.
    fn order(&self, asked: Self::Asked<'_>) -> Ordering;
    /// Its word in the JSON form.
    fn word(&self) -> &str;
    /// The value of a word; `None`: it has no such value.
    fn read(word: &str) -> Option<Self>;
}

/// The values of one trait, each with how often and when it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally<V>(Vec<(V, Seen)>);

impl<V> Default for Tally<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V: Value> Tally<V> {
    /// An empty tally.
    pub(super) const EMPTY: &'static Self = &Self(Vec::new());

    /// Whether it has no values.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The count and times of a value.
    pub fn get(&self, asked: V::Asked<'_>) -> Option<&Seen> {
        self.place(asked).ok().map(|at| &self.0[at].1)
    }

    /// Whether a value was seen.
    pub fn contains(&self, asked: V::Asked<'_>) -> bool {
        self.place(asked).is_ok()
    }

    /// The values with their counts and times, in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&V, &Seen)> + Clone {
        self.0.iter().map(|(value, seen)| (value, seen))
    }

    /// The values, in their order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone {
        self.0.iter().map(|(value, _)| value)
    }

    /// The counts and times of all values.
    pub fn seen(&self) -> impl Iterator<Item = &Seen> + Clone {
        self.0.iter().map(|(_, seen)| seen)
    }

    /// The number of observations of all values together.
    pub fn total(&self) -> u32 {
        self.seen().fold(0, |sum, seen| sum.saturating_add(seen.count))
    }

    /// The time at which the first of all values was first seen.
    pub fn since(&self) -> Option<DateTime<Utc>> {
        self.seen().map(|seen| seen.first).min()
    }

    /// Counts a value. If there are too many, the one seen longest ago is forgotten.
    pub(super) fn count(&mut self, asked: V::Asked<'_>, at: DateTime<Utc>) {
        let place = match self.place(asked) {
            Ok(place) => return self.0[place].1.again(at),
            Err(place) => place,
        };
        let oldest = self.0.iter().enumerate().min_by_key(|(_, (_, seen))| seen.last).map(|(oldest, _)| oldest);
        let place = match oldest.filter(|_| self.len() >= MAX_VALUES) {
            Some(oldest) => {
                self.0.remove(oldest);
                place - usize::from(oldest < place)
            }
            None => place,
        };
        self.0.insert(place, (V::of(asked), Seen::once(at)));
    }

    /// Takes a value from elsewhere, in place of the known one.
    pub(super) fn insert(&mut self, value: V, seen: Seen) {
        match self.0.binary_search_by(|(known, _)| known.cmp(&value)) {
            Ok(place) => self.0[place].1 = seen,
            Err(place) => self.0.insert(place, (value, seen)),
        }
    }

    /// Replaces values; `None` forgets one. Values that become one are counted together.
    pub(super) fn replace(&mut self, mut by: impl FnMut(&V, &Seen) -> Option<V>) {
        for (value, seen) in std::mem::take(&mut self.0) {
            let Some(value) = by(&value, &seen) else { continue };
            match self.0.binary_search_by(|(known, _)| known.cmp(&value)) {
                Ok(place) => self.0[place].1.add(seen),
                Err(place) => self.0.insert(place, (value, seen)),
            }
        }
    }

    fn place(&self, asked: V::Asked<'_>) -> Result<usize, usize> {
        self.0.binary_search_by(|(value, _)| value.order(asked))
    }
}

impl<V: Value> FromIterator<(V, Seen)> for Tally<V> {
    fn from_iter<I: IntoIterator<Item = (V, Seen)>>(values: I) -> Self {
        let mut tally = Self::default();
        for (value, seen) in values {
            tally.insert(value, seen);
        }
        tally
    }
}

impl<V: Value> Serialize for Tally<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(value, seen)| (value.word(), seen)))
    }
}

impl<'de, V: Value> Deserialize<'de> for Tally<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfTally(PhantomData))
    }
}

/// Reads a tally.
struct OfTally<V>(PhantomData<V>);

impl<'de, V: Value> Visitor<'de> for OfTally<V> {
    type Value = Tally<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("values, each with how often and when it was seen")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut tally = Tally::default();
        while let Some(value) = map.next_key_seed(OfWord(PhantomData))? {
            tally.insert(value, map.next_value()?);
        }
        Ok(tally)
    }
}

/// Reads a value.
struct OfWord<V>(PhantomData<V>);

impl<'de, V: Value> DeserializeSeed<'de> for OfWord<V> {
    type Value = V;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<V: Value> Visitor<'_> for OfWord<V> {
    type Value = V;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of the trait")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<V, E> {
        V::read(word).ok_or_else(|| E::custom(format_args!("the trait has no value {word:?}")))
    }
}

impl<V> JsonSchema for Tally<V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Tally".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        <BTreeMap<String, Seen>>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Text, words::Gap};

    fn day(day: usize) -> DateTime<Utc> {
        let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        start + chrono::Duration::days(i64::try_from(day).unwrap())
    }

    #[test]
    fn a_tally_forgets_what_is_oldest() {
        let mut tally = Tally::<Text>::default();
        for number in (0..MAX_VALUES).chain([7, MAX_VALUES, 999]) {
            tally.count(&number.to_string(), day(number));
        }
        assert_eq!(tally.len(), MAX_VALUES);
        assert!(!tally.contains("0") && !tally.contains("1") && tally.contains("2"));
        assert_eq!(tally.get("7").map(|seen| seen.count), Some(2));
        assert!(tally.values().is_sorted(), "{tally:?}");
    }

    #[test]
    fn the_first_and_the_last_time_do_not_depend_on_the_order() {
        let mut tally = Tally::<Gap>::default();
        for number in [5, 3, 9] {
            tally.count(Gap::Hours, day(number));
        }
        assert_eq!(tally.get(Gap::Hours), Some(&Seen { count: 3, first: day(3), last: day(9) }));
        assert_eq!((tally.total(), tally.since(), tally.contains(Gap::Days)), (3, Some(day(3)), false));
    }

    #[test]
    fn values_that_become_one_are_counted_together() {
        let mut tally = Tally::<Text>::default();
        for (value, number) in [("a", 1), ("a", 2), ("b", 5), ("c", 3), ("d", 4)] {
            tally.count(value, day(number));
        }
        tally.replace(|value, _| match &**value {
            "a" => Some("z".into()),
            "b" => Some("c".into()),
            "d" => None,
            _ => Some(value.clone()),
        });
        let together = (Seen { count: 2, first: day(3), last: day(5) }, Seen { count: 2, first: day(1), last: day(2) });
        assert_eq!(tally, Tally::from_iter([("c".into(), together.0), ("z".into(), together.1)]));
    }

    #[test]
    fn a_word_that_a_trait_does_not_have_is_no_value() {
        let seen = r#"{"count": 1, "first": "2026-01-01T00:00:00Z", "last": "2026-01-01T00:00:00Z"}"#;
        let read = |word: &str| serde_json::from_str::<Tally<Gap>>(&format!(r#"{{"{word}": {seen}}}"#));
        assert!(read("hours").unwrap().contains(Gap::Hours));
        assert!(read("weeks").unwrap_err().to_string().starts_with("the trait has no value \"weeks\""));
    }
}
