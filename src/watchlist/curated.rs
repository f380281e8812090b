//! The curated watchlists that ship with the program.

use crate::{model::Ecosystem, strict_toml::did_you_mean};

/// The lists that ship with provwatch, each by the type of its packages: `include = ["curated:npm"]`.
pub fn curated() -> impl Iterator<Item = (&'static str, &'static str)> {
    Ecosystem::all().filter_map(|ecosystem| Some((ecosystem.as_str(), ecosystem.row().curated?)))
}

pub(super) fn text(name: &str) -> Result<&'static str, String> {
    curated().find(|(known, _)| *known == name).map(|(_, text)| text).ok_or_else(|| {
        let names: Vec<_> = curated().map(|(known, _)| known).collect();
        let expected = names.join(", ");
        format!("unknown curated list {name:?}; expected one of {expected}{}", did_you_mean(name, names))
    })
}
