//! Names of the inventory's projects, and of the teams that answer for them, as operators and a CI choose them.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest name, in characters.
const LONGEST: usize = 100;

/// The name of a project or vendor in the inventory: letters, digits, `.`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectName(String);

/// The team that answers for a project. It is a name, never an address: the inventory has no personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("format" = "owner"))]
pub struct Owner(String);

/// The reason why a text is not such a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Not the name of a project.
    #[error(
        "not the name of a project; expected at most 100 letters, digits, \".\", \"_\" and \"-\", a letter or digit first"
    )]
    Project,
    /// Not the name of a team.
    #[error("not the name of a team; expected 1 to 100 characters without line breaks")]
    Owner,
    /// An address in place of a team.
    #[error("not the name of a team but an address; name the team, since the inventory keeps no personal data")]
    Address,
}

impl ProjectName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Owner {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProjectName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let begins_well = text.starts_with(|first: char| first.is_ascii_alphanumeric());
        let is_name = begins_well && text.len() <= LONGEST && text.bytes().all(is_plain);
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidName::Project) }
    }
}

impl FromStr for Owner {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.contains('@') {
            return Err(InvalidName::Address);
        }
        let is_name = !text.is_empty() && text.chars().count() <= LONGEST && !text.contains(char::is_control);
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidName::Owner) }
    }
}

impl TryFrom<String> for Owner {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.0
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_plain_word() {
        for text in ["shop", "Shop-2", "a", "acme.shop_api", &"x".repeat(100)] {
            assert_eq!(text.parse::<ProjectName>().unwrap().as_str(), text);
        }
        for text in ["", ".", "..", ".hidden", "-x", "a b", "a/b", "a\\b", "a\n", "é", "a@b.example", &"x".repeat(101)]
        {
            assert_eq!(text.parse::<ProjectName>(), Err(InvalidName::Project), "{text}");
        }
    }

    #[test]
    fn an_owner_is_a_team_and_not_an_address() {
        for (text, expected) in [
            ("payments", Ok("payments")),
            (" Web & Mobile ", Ok("Web & Mobile")),
            ("ada@example.org", Err(InvalidName::Address)),
            ("", Err(InvalidName::Owner)),
            ("a\u{1b}[2J", Err(InvalidName::Owner)),
            (&"x".repeat(101), Err(InvalidName::Owner)),
        ] {
            let read = text.parse::<Owner>();
            assert_eq!(read.as_ref().map(Owner::as_str).map_err(|error| *error), expected, "{text}");
        }
    }
}
