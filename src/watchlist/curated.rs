use crate::strict_toml::did_you_mean;

/// The lists that ship with provwatch: `include = ["curated:npm"]`.
pub const CURATED: [(&str, &str); 3] = [
    ("npm", include_str!("../../watchlists/npm.toml")),
    ("pypi", include_str!("../../watchlists/pypi.toml")),
    ("cargo", include_str!("../../watchlists/cargo.toml")),
];

pub(super) fn text(name: &str) -> Result<&'static str, String> {
    CURATED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text).ok_or_else(|| {
        let names = CURATED.map(|(known, _)| known);
        format!("there is no curated list {name:?}; expected one of {}{}", names.join(", "), did_you_mean(name, names))
    })
}
