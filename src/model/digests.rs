//! Digests of a file, compared and parsed as lock files write them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Ecosystem;

/// Digests of a file, lower-case hex. SHA-1 proves nothing and is only compared: with what it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Digests {
    /// SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// SHA-512.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha512: Option<String>,
    /// SHA-1, as npm states it beside or instead of SHA-512.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha1: Option<String>,
}

impl Digests {
    /// Whether any is known.
    pub const fn is_known(&self) -> bool {
        self.sha256.is_some() || self.sha512.is_some() || self.sha1.is_some()
    }

    /// These, and for the kinds that they lack, the earlier ones.
    #[must_use]
    pub fn or(self, before: Self) -> Self {
        Self {
            sha256: self.sha256.or(before.sha256),
            sha512: self.sha512.or(before.sha512),
            sha1: self.sha1.or(before.sha1),
        }
    }

    /// The digests of a kind that `others` lack.
    #[must_use]
    pub fn besides(self, others: &Self) -> Self {
        Self {
            sha256: self.sha256.filter(|_| others.sha256.is_none()),
            sha512: self.sha512.filter(|_| others.sha512.is_none()),
            sha1: self.sha1.filter(|_| others.sha1.is_none()),
        }
    }

    /// The strongest of them in the form of the ecosystem's lock files: `sha512-<base64>` at npm, `sha256:<hex>` at
    /// PyPI, bare hex at crates.io.
    pub fn in_lock_form(&self, ecosystem: Ecosystem) -> Option<String> {
        let all = [("SHA-512", &self.sha512), ("SHA-256", &self.sha256), ("SHA-1", &self.sha1)];
        let strongest = all.into_iter().find_map(|(kind, digest)| Some((kind, digest.as_deref()?)));
        strongest.map(|(kind, digest)| lock_form(ecosystem, kind, digest))
    }

    /// Whether both have a digest in common, and no two differ.
    pub fn agree(&self, other: &Self) -> bool {
        let pairs = [(&self.sha256, &other.sha256), (&self.sha512, &other.sha512)];
        let mut both = pairs.into_iter().filter_map(|(one, other)| Some((one.as_ref()?, other.as_ref()?)));
        both.next().is_some() && self.contradiction(other).is_none()
    }

    /// A digest that both have with different values: its name, this value and the other.
    pub fn contradiction<'a>(&'a self, other: &'a Self) -> Option<(&'static str, &'a str, &'a str)> {
        let pairs = [
            ("SHA-256", &self.sha256, &other.sha256),
            ("SHA-512", &self.sha512, &other.sha512),
            ("SHA-1", &self.sha1, &other.sha1),
        ];
        let both = pairs.into_iter().filter_map(|(kind, one, other)| Some((kind, one.as_deref()?, other.as_deref()?)));
        both.into_iter().find(|(_, one, other)| one != other)
    }
}

/// A digest, by the name of its algorithm and in hex, as a lock file of the ecosystem has it.
pub fn lock_form(ecosystem: Ecosystem, kind: &str, digest: &str) -> String {
    (ecosystem.row().files.lock_form)(&kind.replace('-', "").to_lowercase(), digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_stand_as_in_lock_files() {
        let all =
            Digests { sha256: Some("00ff".to_owned()), sha512: Some("00ff10".to_owned()), sha1: Some("ff".to_owned()) };
        assert_eq!(all.in_lock_form(Ecosystem::NPM).unwrap(), "sha512-AP8Q");
        let weak = Digests { sha1: Some("ff".to_owned()), ..Digests::default() };
        assert_eq!(weak.in_lock_form(Ecosystem::NPM).unwrap(), "sha1-/w==");
        let one = Digests { sha512: None, ..all };
        assert_eq!(one.in_lock_form(Ecosystem::PYPI).unwrap(), "sha256:00ff");
        assert_eq!(one.in_lock_form(Ecosystem::CARGO).unwrap(), "00ff");
        assert_eq!(Digests::default().in_lock_form(Ecosystem::NPM), None);
        let odd = Digests { sha512: Some("not hex".to_owned()), ..Digests::default() };
        assert_eq!(odd.in_lock_form(Ecosystem::NPM).unwrap(), "sha512:not hex");
    }
}
