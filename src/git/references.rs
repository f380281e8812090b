//! The references of a repository as its server listed them at one moment.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{object_id::ObjectId, reference_list::ReferenceList, repository_url::RepositoryUrl};

/// What a server listed. Its JSON is compact enough to be kept: about 60 bytes for each reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct References {
    /// When.
    pub at: DateTime<Utc>,
    /// Where the repository is now, if its host redirected: it was renamed or transferred, and another repository can get
    /// the former name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub moved_to: Option<RepositoryUrl>,
    /// What `HEAD` points to; nothing in a repository without commits, and in an answer about tags.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub head: Option<Head>,
    /// The tags by their names without `refs/tags/`, each with the object that it names in the end: as a rule a commit, also
    /// where a tag object is in between.
    #[serde(skip_serializing_if = "ReferenceList::is_empty", default)]
    pub tags: ReferenceList,
    /// The branches by their names without `refs/heads/`, each with its commit.
    #[serde(skip_serializing_if = "ReferenceList::is_empty", default)]
    pub heads: ReferenceList,
    /// How many references have names that are not UTF-8, too long, or not allowed. They are not the ones that provwatch
    /// looks for: its own names are plain.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub left_out: usize,
}

/// What `HEAD` points to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The default branch, without `refs/heads/`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub branch: Option<String>,
    /// Its commit.
    pub id: ObjectId,
}

impl References {
    /// A list of nothing.
    pub(super) fn none(at: DateTime<Utc>) -> Self {
        let (tags, heads) = (ReferenceList::default(), ReferenceList::default());
        Self { at, moved_to: None, head: None, tags, heads, left_out: 0 }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_kept_as_json() {
        let digits = "0123456789abcdef0123456789abcdef01234567";
        let id: ObjectId = digits.parse().unwrap();
        let mut references = References::none("2026-06-01T12:00:00Z".parse().unwrap());
        let empty = r#"{"at":"2026-06-01T12:00:00Z"}"#;
        assert_eq!(serde_json::to_string(&references).unwrap(), empty);
        assert_eq!(serde_json::from_str::<References>(empty).unwrap(), references);
        references.moved_to = Some(RepositoryUrl::new("forge.example", "acme/gadget").unwrap());
        references.head = Some(Head { branch: Some("main".to_owned()), id });
        references.tags.push("v1.0.0", id).unwrap();
        references.heads.push("main", id).unwrap();
        references.left_out = 1;
        let json = serde_json::to_string(&references).unwrap();
        let rest = format!(
            r#""head":{{"branch":"main","id":"{digits}"}},"tags":{{"v1.0.0":"{digits}"}},"heads":{{"main":"{digits}"}},"left_out":1}}"#
        );
        assert!(json.ends_with(&rest), "{json}");
        assert!(json.contains(r#""moved_to":"https://forge.example/acme/gadget""#), "{json}");
        assert_eq!(serde_json::from_str::<References>(&json).unwrap(), references);
    }
}
