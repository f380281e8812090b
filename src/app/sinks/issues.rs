//! Builds the sinks of issues.

use super::{Built, Site};
use crate::config::{GitHubSection, GitLabSection};

pub(super) fn github(_site: Site<'_>, _github: &GitHubSection) -> Built {
    Err("PLACEHOLDER".into())
}

pub(super) fn gitlab(_site: Site<'_>, _gitlab: &GitLabSection) -> Built {
    Err("PLACEHOLDER".into())
}
