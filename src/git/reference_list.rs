//! Names and ids of references, compact in memory: one text with all names, and a sorted row for each.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
};

use super::object_id::ObjectId;

/// Most references of a list; the largest public repositories have about a hundred thousand.
pub const MAX_REFERENCES: usize = 200_000;

/// References of one kind by their names, sorted. In JSON it is an object with the ids by the names.
#[derive(Clone, Default)]
pub struct ReferenceList {
    names: String,
    rows: Vec<Row>,
}

/// A reference: where its name stands among the names, and what it points to.
#[derive(Clone, Copy)]
struct Row {
    from: u32,
    to: u32,
    id: ObjectId,
}

/// Why a list cannot take all references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unlistable {
    /// Two references have this name.
    Twice(String),
    /// There are more than [`MAX_REFERENCES`].
    TooMany,
}

impl ReferenceList {
    /// The object that a reference points to.
    pub fn get(&self, name: &str) -> Option<ObjectId> {
        let place = self.rows.binary_search_by(|row| self.name(row).cmp(name)).ok()?;
        self.rows.get(place).map(|row| row.id)
    }

    /// All references by their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, ObjectId)> {
        self.rows.iter().map(|row| (self.name(row), row.id))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn name(&self, row: &Row) -> &str {
        self.names.get(row.from as usize..row.to as usize).unwrap_or_default()
    }

    /// Adds a reference; [`ReferenceList::close`] follows the last one.
    pub(super) fn push(&mut self, name: &str, id: ObjectId) -> Result<(), Unlistable> {
        let place = |at: usize| u32::try_from(at).map_err(|_| Unlistable::TooMany);
        if self.rows.len() >= MAX_REFERENCES {
            return Err(Unlistable::TooMany);
        }
        let row = Row { from: place(self.names.len())?, to: place(self.names.len() + name.len())?, id };
        self.names.push_str(name);
        self.rows.push(row);
        Ok(())
    }

    /// Sorts the list, and gives spare memory back. Servers send references in order, so there is little to do.
    pub(super) fn close(&mut self) -> Result<(), Unlistable> {
        let Self { names, rows } = self;
        let name = |row: &Row| names.get(row.from as usize..row.to as usize).unwrap_or_default();
        if !rows.is_sorted_by(|one, next| name(one) <= name(next)) {
            rows.sort_unstable_by(|one, other| name(one).cmp(name(other)));
        }
        let pairs = rows.iter().zip(rows.iter().skip(1));
        if let Some((twice, _)) = pairs.into_iter().find(|(row, next)| name(row) == name(next)) {
            return Err(Unlistable::Twice(name(twice).to_owned()));
        }
        names.shrink_to_fit();
        rows.shrink_to_fit();
        Ok(())
    }
}

impl PartialEq for ReferenceList {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for ReferenceList {}

impl fmt::Debug for ReferenceList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl fmt::Display for Unlistable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twice(_) => f.write_str("two references have the same name"),
            Self::TooMany => write!(f, "more than {MAX_REFERENCES} references"),
        }
    }
}

impl Serialize for ReferenceList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for ReferenceList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Listing)
    }
}

/// Reads an object of ids by names without another copy of it.
struct Listing;

impl<'de> Visitor<'de> for Listing {
    type Value = ReferenceList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ids of objects by the names of references")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut list = ReferenceList::default();
        while let Some((name, id)) = map.next_entry::<String, ObjectId>()? {
            list.push(&name, id).map_err(M::Error::custom)?;
        }
        list.close().map_err(M::Error::custom)?;
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn id(byte: u8) -> ObjectId {
        ObjectId::Sha1([byte; 20])
    }

    fn list(names: &[&str]) -> Result<ReferenceList, Unlistable> {
        let mut list = ReferenceList::default();
        for (name, byte) in names.iter().zip(0..) {
            list.push(name, id(byte))?;
        }
        list.close()?;
        Ok(list)
    }

    #[test]
    fn references_are_found_by_their_whole_name() {
        let list = list(&["v2", "v1", "v10", "ü"]).unwrap();
        assert_eq!(list.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["v1", "v10", "v2", "ü"]);
        for (name, found) in
            [("v1", Some(1)), ("v10", Some(2)), ("v2", Some(0)), ("ü", Some(3)), ("v", None), ("", None)]
        {
            assert_eq!(list.get(name), found.map(id), "{name}");
        }
    }

    #[test]
    fn a_name_that_comes_twice_is_an_error_wherever_it_stands() {
        assert_eq!(list(&["v1", "v2", "v1"]).unwrap_err(), Unlistable::Twice("v1".to_owned()));
        let json = format!(r#"{{"v1":"{0}","v1":"{0}"}}"#, id(1));
        let error = serde_json::from_str::<ReferenceList>(&json).unwrap_err();
        assert!(error.to_string().starts_with("two references have the same name"), "{error}");
    }

    #[test]
    fn there_is_a_largest_list() {
        let mut list = ReferenceList::default();
        for _ in 0..MAX_REFERENCES {
            list.push("", id(0)).unwrap();
        }
        assert_eq!(list.push("", id(0)), Err(Unlistable::TooMany));
    }

    proptest! {
        #[test]
        fn a_list_is_a_map_in_json_too(expected: BTreeMap<String, u8>, seed: u64) {
            let mut names: Vec<_> = expected.iter().collect();
            fastrand::Rng::with_seed(seed).shuffle(&mut names);
            let mut list = ReferenceList::default();
            for (name, byte) in names {
                list.push(name, id(*byte)).unwrap();
            }
            list.close().unwrap();
            let found: BTreeMap<String, ObjectId> = list.iter().map(|(name, id)| (name.to_owned(), id)).collect();
            let expected: BTreeMap<String, ObjectId> = expected.into_iter().map(|(name, byte)| (name, id(byte))).collect();
            prop_assert_eq!(&found, &expected);
            prop_assert!(expected.iter().all(|(name, id)| list.get(name) == Some(*id)));
            let json = serde_json::to_string(&list).unwrap();
            prop_assert_eq!(serde_json::from_str::<BTreeMap<String, ObjectId>>(&json).unwrap(), expected);
            prop_assert_eq!(serde_json::from_str::<ReferenceList>(&json).unwrap(), list);
        }
    }
}
