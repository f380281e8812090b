//! The list of registries: one line for each folder.

use super::{cargo, maker::Maker, npm, pypi};
use crate::model::Ecosystem;

/// Every registry.
const MAKERS: &[&Maker] = &[
    &npm::MAKER,
    &pypi::MAKER,
    &cargo::MAKER,
    #[cfg(test)]
    &super::tests::attic::MAKER,
];

/// The constructors of a registry's feed and readers.
pub fn maker_of(ecosystem: Ecosystem) -> &'static Maker {
    let maker = MAKERS.iter().find(|maker| maker.ecosystem == ecosystem);
    maker.expect("every row has a folder, which a test holds")
}

/// Whether two texts name the same version, as the ecosystem writes versions.
pub fn same_version(ecosystem: Ecosystem, one: &str, other: &str) -> bool {
    one == other || (maker_of(ecosystem).is_same_version)(one, other)
}

/// Whether a version is the one that a person asks for: the same, or one with more than they need to say.
pub fn is_asked(ecosystem: Ecosystem, version: &str, asked: &str) -> bool {
    same_version(ecosystem, version, asked) || (ecosystem.row().versions.asked)(version) == asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_folder() {
        for ecosystem in Ecosystem::ALL {
            let base = |id: crate::model::RegistryId| id.base_url().parse().unwrap();
            assert_eq!(maker_of(ecosystem).ecosystem, ecosystem);
            let feed = (maker_of(ecosystem).feed)(&base);
            assert_eq!((feed.ecosystem(), feed.name()), (ecosystem, ecosystem.row().feed.name));
            assert!(feed.is_busy(), "{ecosystem}: the public one is never quiet");
            assert_eq!((maker_of(ecosystem).public)(&base, 1).ecosystem(), ecosystem);
            let acme = "https://acme.example/".parse().unwrap();
            assert_eq!((maker_of(ecosystem).other)(acme, 1).ecosystem(), ecosystem);
        }
        assert_eq!(MAKERS.len(), Ecosystem::ALL.len() + 1);
    }

    #[test]
    fn a_version_is_asked_for_in_every_equal_spelling() {
        let (npm, pypi, cargo) = (Ecosystem::NPM, Ecosystem::PYPI, Ecosystem::CARGO);
        for (ecosystem, version, asked, is_it) in [
            (pypi, "306", "306.0.0", true),
            (pypi, "1.0.post1", "1.0-1", true),
            (pypi, "1.0", "1.0+local", false),
            (pypi, "1.0rc1", "1.0", false),
            (cargo, "1.0.0+build.7", "1.0.0", true),
            (cargo, "1.0.0+build.7", "1.0.0+build.8", false),
            (cargo, "1.0.0-rc.1", "1.0.0", false),
            (npm, "1.0.0", "1.0", false),
            (npm, "1.0.0", "v1.0.0", false),
            (npm, "1.0.0+build", "1.0.0", false),
        ] {
            assert_eq!(is_asked(ecosystem, version, asked), is_it, "{ecosystem} {version} {asked}");
        }
    }
}
