//! Reads the optional file in which a project's folder says what the project is: `project.toml`.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    model::{Owner, ProjectKind},
    strict_toml::{self, Format, Problems},
};

/// What a project says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectFile {
    /// Whether it is one of ours (`project`), or the product of a `vendor`. Default: as it was, else `project`.
    pub kind: Option<ProjectKind>,
    /// The team that answers for it. Default: as it was.
    pub owner: Option<Owner>,
}

/// The string formats that have a check of their own.
const FORMATS: &[Format] =
    &[Format { name: "owner", check: |text| text.parse::<Owner>().map(drop).map_err(|why| why.to_string()) }];

impl ProjectFile {
    /// The name of the file.
    pub const NAME: &str = "project.toml";

    /// Reads it; `origin` is the file that messages name.
    ///
    /// # Errors
    /// All problems of the file.
    pub fn parse(text: &str, origin: &Path) -> Result<Self, Problems> {
        strict_toml::parse(text, origin, FORMATS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_says_what_it_is_or_nothing() {
        let read =
            |text: &str| ProjectFile::parse(text, Path::new("project.toml")).map_err(|problems| problems.to_string());
        assert_eq!(read(""), Ok(ProjectFile::default()));
        let whole = read("kind = \"vendor\"\nowner = \"payments\"\n").unwrap();
        assert_eq!((whole.kind, whole.owner.unwrap().as_str()), (Some(ProjectKind::Vendor), "payments"));
        for (text, said) in [
            ("kind = \"Vendor\"", "project.toml:1:8: kind: "),
            (
                "\nowner = \"ada@example.org\"",
                "project.toml:2:9: owner: found \"ada@example.org\", not the name of a team but an address",
            ),
            ("owner = \"\"", "not the name of a team"),
            ("name = \"x\"", "project.toml:1:1: name"),
            ("owner = ", "project.toml:1:"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
