//! The JSON form of a profile. The form for people has every key; the stored one leaves out traits without values. Both
//! can be read.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor},
    ser::SerializeMap,
};

use super::{
    Baseline, LineBaseline, ReleaseLine,
    traits::{Tallies, Trait},
};

/// A baseline as it is stored.
#[derive(Clone, Copy, Debug)]
pub struct StoredForm<'a>(pub &'a Baseline);

impl Serialize for StoredForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Baseline { package, lines } = self.0;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("package", package)?;
        map.serialize_entry("lines", &StoredLines(lines))?;
        map.end()
    }
}

struct StoredLines<'a>(&'a BTreeMap<ReleaseLine, LineBaseline>);

impl Serialize for StoredLines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(line, profile)| (line, Form { profile, is_whole: false })))
    }
}

impl Serialize for LineBaseline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Form { profile: self, is_whole: true }.serialize(serializer)
    }
}

/// A profile as it is written.
struct Form<'a> {
    profile: &'a LineBaseline,
    /// Whether traits without values have their keys.
    is_whole: bool,
}

impl Serialize for Form<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let profile = self.profile;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("releases", &profile.releases)?;
        map.serialize_entry("first_at", &profile.first_at)?;
        map.serialize_entry("last_at", &profile.last_at)?;
        for one in Trait::ALL {
            self.write(*one, &mut map)?;
        }
        map.serialize_entry("minutes", &profile.minutes)?;
        map.serialize_entry("longest_pause", &profile.longest_pause)?;
        if self.is_whole || !profile.accepted.is_empty() {
            map.serialize_entry("accepted", &profile.accepted)?;
        }
        if self.is_whole || profile.resumed.is_some() {
            map.serialize_entry("resumed", &profile.resumed)?;
        }
        map.serialize_entry("highest", &profile.highest)?;
        map.end()
    }
}

impl Form<'_> {
    /// Writes a trait, and after the names of repositories and owners their ids.
    fn write<M: SerializeMap>(&self, one: Trait, map: &mut M) -> Result<(), M::Error> {
        match self.profile.tallies.any(one) {
            Some(tally) => map.serialize_entry(one.as_str(), tally)?,
            None if self.is_whole => map.serialize_entry(one.as_str(), &Nothing)?,
            None => {}
        }
        let (key, ids) = match one {
            Trait::Repositories => ("id_of_repository", &self.profile.id_of_repository),
            Trait::Owners => ("id_of_owner", &self.profile.id_of_owner),
            _ => return Ok(()),
        };
        if self.is_whole || !ids.is_empty() { map.serialize_entry(key, ids) } else { Ok(()) }
    }
}

/// `{}`
struct Nothing;

impl Serialize for Nothing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0))?.end()
    }
}

impl<'de> Deserialize<'de> for LineBaseline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfPortrait)
    }
}

/// Reads a profile. A missing key means that nothing was learned, and an unknown key is ignored.
struct OfPortrait;

impl<'de> Visitor<'de> for OfPortrait {
    type Value = LineBaseline;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the profile of a release line")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<LineBaseline, A::Error> {
        let mut profile = LineBaseline::default();
        while let Some(place) = map.next_key()? {
            match place {
                ProfileKey::Trait(one) => map.next_value_seed(OfTrait(one, &mut profile.tallies))?,
                ProfileKey::Releases => profile.releases = map.next_value()?,
                ProfileKey::FirstAt => profile.first_at = map.next_value()?,
                ProfileKey::LastAt => profile.last_at = map.next_value()?,
                ProfileKey::IdOfRepository => profile.id_of_repository = map.next_value()?,
                ProfileKey::IdOfOwner => profile.id_of_owner = map.next_value()?,
                ProfileKey::Minutes => profile.minutes = map.next_value()?,
                ProfileKey::LongestPause => profile.longest_pause = map.next_value()?,
                ProfileKey::Accepted => profile.accepted = map.next_value()?,
                ProfileKey::Resumed => profile.resumed = map.next_value()?,
                ProfileKey::Highest => profile.highest = map.next_value()?,
                ProfileKey::Unknown => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(profile)
    }
}

/// The meaning of a key of a profile.
#[derive(Clone, Copy)]
enum ProfileKey {
    Releases,
    FirstAt,
    LastAt,
    Trait(Trait),
    IdOfRepository,
    IdOfOwner,
    Minutes,
    LongestPause,
    Accepted,
    Resumed,
    Highest,
    Unknown,
}

impl<'de> Deserialize<'de> for ProfileKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(OfKey)
    }
}

/// Reads a key.
struct OfKey;

impl Visitor<'_> for OfKey {
    type Value = ProfileKey;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key of a profile")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<ProfileKey, E> {
        Ok(match key {
            "releases" => ProfileKey::Releases,
            "first_at" => ProfileKey::FirstAt,
            "last_at" => ProfileKey::LastAt,
            "id_of_repository" => ProfileKey::IdOfRepository,
            "id_of_owner" => ProfileKey::IdOfOwner,
            "minutes" => ProfileKey::Minutes,
            "longest_pause" => ProfileKey::LongestPause,
            "accepted" => ProfileKey::Accepted,
            "resumed" => ProfileKey::Resumed,
            "highest" => ProfileKey::Highest,
            _ => Trait::of_key(key).map_or(ProfileKey::Unknown, ProfileKey::Trait),
        })
    }
}

/// Reads the tally of a trait.
struct OfTrait<'a>(Trait, &'a mut Tallies);

impl<'de> DeserializeSeed<'de> for OfTrait<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.1.read(self.0, deserializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;
    use crate::model::{
        EvidenceRank, OrNone,
        traits::{Environments, EvidenceRanks, Gaps, Publishers},
        words::Gap,
    };

    fn profile(seen: &[(u8, String, i64)]) -> LineBaseline {
        let mut profile = LineBaseline::default();
        for (kind, text, at) in seen {
            let at = chrono::DateTime::from_timestamp_nanos(*at);
            match kind {
                0 => profile.count(Environments, [OrNone::of_word(text)], at),
                1 => profile.count(Publishers, [text.as_str()], at),
                2 => profile.count(Gaps, [if text.len() > 2 { Gap::Days } else { Gap::Minutes }], at),
                3 => profile.count(EvidenceRanks, [EvidenceRank::Approved, EvidenceRank::None], at),
                _ => _ = profile.id_of_owner.insert(text.clone(), "7".to_owned()),
            }
            profile.first_at = Some(at);
            profile.releases += 1;
            profile.minutes.push_back(u16::from(*kind));
        }
        profile
    }

    proptest! {
        #[test]
        fn a_profile_that_is_written_reads_the_same(
            seen in vec((select(vec![0_u8, 1, 2, 3, 4]), ".{0,4}", 0_i64..4_000_000_000_000_000_000), 0..40)
        ) {
            let profile = profile(&seen);
            let shown = serde_json::to_string(&profile).unwrap();
            prop_assert_eq!(&serde_json::from_str::<LineBaseline>(&shown).unwrap(), &profile);
            let stored = serde_json::to_string(&Form { profile: &profile, is_whole: false }).unwrap();
            prop_assert!(stored.len() < shown.len());
            prop_assert_eq!(&serde_json::from_str::<LineBaseline>(&stored).unwrap(), &profile);
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap().as_object().unwrap().len(), 46);
        }
    }

    #[test]
    fn evidence_stands_in_the_order_of_its_strength() {
        let form = serde_json::to_string(&profile(&[(3, String::new(), 0)])).unwrap();
        assert!(form.contains(r#""evidence":{"none":{"count":1"#), "{form}");
    }

    #[test]
    fn what_a_profile_does_not_have_was_not_learned() {
        let read = |text: &str| serde_json::from_str::<LineBaseline>(text);
        let empty = r#"{"tags": {}, "of_tomorrow": {"x": [1]}, "releases": 0}"#;
        assert_eq!(read(empty).unwrap(), LineBaseline::default());
        for wrong in ["[]", r#"{"tags": []}"#, r#"{"tags": {"gone": 1}}"#, r#"{"releases": -1}"#] {
            read(wrong).unwrap_err();
        }
    }
}
