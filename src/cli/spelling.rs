//! Finds packages and releases in every spelling that their registry takes for the same.

use std::collections::BTreeSet;

use crate::{
    model::{Package, ReleaseId},
    registry::is_asked,
    store::{Store, StoreError},
};

/// Most places of a name where another character may stand.
const PLACES: u32 = 6;

/// The package as it is stored, if it is stored in another spelling.
pub fn package(store: &Store, asked: &Package) -> Result<Package, StoreError> {
    if store.package(asked)?.is_some() {
        return Ok(asked.clone());
    }
    for other in spellings(asked) {
        if store.package(&other)?.is_some() {
            return Ok(other);
        }
    }
    Ok(asked.clone())
}

/// Other spellings of a name that its registry takes for the same: in lower case, and with `-` for `_`.
fn spellings(asked: &Package) -> BTreeSet<Package> {
    let mut all = BTreeSet::new();
    for name in [asked.name().to_owned(), asked.name().to_lowercase()] {
        let places: Vec<usize> = name.match_indices(['-', '_']).map(|(place, _)| place).collect();
        if places.len() > PLACES as usize {
            continue;
        }
        for chosen in 0..2_u32.pow(u32::try_from(places.len()).unwrap_or(PLACES)) {
            let mut name = name.clone();
            for (number, place) in places.iter().enumerate() {
                let separator = if chosen & (1 << number) == 0 { "-" } else { "_" };
                name.replace_range(*place..=*place, separator);
            }
            let other = Package::new(asked.ecosystem(), &name).ok().map(|other| other.of(&asked.registry()));
            all.extend(other.filter(|other| other != asked && other.distinct_name() == asked.distinct_name()));
        }
    }
    all
}

/// The stored releases of a version: the one in this spelling, or else all that its registry takes for the same.
pub fn releases(store: &Store, asked: &ReleaseId) -> Result<Vec<ReleaseId>, StoreError> {
    if store.release(asked)?.is_some() {
        return Ok(vec![asked.clone()]);
    }
    let ecosystem = asked.package().ecosystem();
    store.spelled(asked.package(), |version| is_asked(ecosystem, version, asked.version()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_their_registry_takes_them_for_the_same() {
        let others = |purl: &str| {
            let package: Package = purl.parse().unwrap();
            spellings(&package).into_iter().map(|package| package.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            others("pkg:cargo/Serde-JSON"),
            ["pkg:cargo/Serde_JSON", "pkg:cargo/serde-json", "pkg:cargo/serde_json"]
        );
        assert_eq!(others("pkg:npm/JSONStream"), [""; 0], "npm tells capitals apart");
        assert_eq!(others("pkg:npm/a-b_c"), [""; 0]);
        assert_eq!(others("pkg:pypi/Foo.Bar"), [""; 0], "it is normalised already");
        assert_eq!(others(&format!("pkg:cargo/{}", "a-".repeat(40))), [""; 0], "bounded");
    }
}
