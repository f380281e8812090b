//! When two texts name one version.

use super::pypi;
use crate::model::Ecosystem;

/// Whether two texts name the same version, as the ecosystem writes versions.
pub fn same_version(ecosystem: Ecosystem, one: &str, other: &str) -> bool {
    one == other || (ecosystem == Ecosystem::Pypi && pypi::same_version(one, other))
}
