//! What depends on accused releases.

use std::cmp::Reverse;

use super::circle::{Circle, Related};
use crate::{
    model::{Observation, ReleaseId, Tie},
    store::{ReleaseRow, Store, StoreError, dependencies},
};

/// How many of the newest releases of a dependent package are looked at.
const NEWEST: usize = 10;

/// The newest release of each package that names the package of a seed, with the range that it names. Where the range can
/// be read, one that does not take the accused version is left out.
///
/// # Errors
/// As every read of the store.
pub(super) fn dependents(store: &Store, seeds: &[ReleaseRow], at_most: usize) -> Result<Circle, StoreError> {
    let mut circle = Circle { tie: Tie::DependsOn, releases: Vec::new(), has_more: false };
    for seed in seeds {
        let packages = store.dependents(seed.purl.package(), at_most + 1)?;
        circle.has_more |= packages.len() > at_most;
        for package in packages.into_iter().take(at_most) {
            let newest = store.releases(&package, NEWEST)?;
            let mut naming = newest.into_iter().filter_map(|row| {
                let range = range_of(row.observation.as_ref()?, &seed.purl)?;
                (takes(&range, &seed.purl) != Some(false)).then(|| related(row, &seed.purl, &range))
            });
            circle.releases.extend(naming.next());
        }
    }
    circle.releases.sort_by_key(|one| Reverse(one.row.published_at));
    circle.releases.dedup_by(|one, other| one.row.purl == other.row.purl);
    Ok(circle)
}

fn related(row: ReleaseRow, seed: &ReleaseId, range: &str) -> Related {
    let takes = match takes(range, seed) {
        Some(_) => format!("its range {range:?} takes {}", seed.version()),
        None => format!("it names the range {range:?}"),
    };
    Related { row, why: format!("depends on {}; {takes}", seed.package().name()) }
}

fn range_of(release: &Observation, seed: &ReleaseId) -> Option<String> {
    let mut named = dependencies(release).filter(|(package, _)| package == seed.package());
    named.next().map(|(_, range)| range.to_owned())
}

/// Whether a range takes a version; `None`: it cannot be told.
fn takes(range: &str, seed: &ReleaseId) -> Option<bool> {
    (seed.package().ecosystem().row().versions.takes)(range, seed.version())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_where_they_can_be() {
        for (range, purl, expected) in [
            ("^1.14.0", "pkg:npm/axios@1.14.1", Some(true)),
            ("1.14.0", "pkg:npm/axios@1.14.1", Some(false)),
            ("^0.30.0 || ^1.0.0", "pkg:npm/axios@1.14.1", Some(true)),
            ("~1.13", "pkg:npm/axios@1.14.1", Some(false)),
            ("latest", "pkg:npm/axios@1.14.1", None),
            ("npm:other@^1", "pkg:npm/axios@1.14.1", None),
            ("1.0.0", "pkg:cargo/serde@1.0.9", Some(true)),
            ("requests>=2,<3", "pkg:pypi/requests@2.32.0", Some(true)),
            ("requests[socks] (<2) ; python_version < '3.9'", "pkg:pypi/requests@2.32.0", Some(false)),
            ("", "pkg:pypi/requests@2.32.0", None),
        ] {
            assert_eq!(takes(range, &purl.parse().unwrap()), expected, "{range} {purl}");
        }
    }
}
