//! `type = "gitlab"`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::{SecretKeys, Section, issue_labels};
use crate::config::{Finding, SecretSource, WebUrl, finding::error};

/// The keys of `type = "gitlab"`: one issue for each alert, with notes on what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GitLabSection {
    /// The project, `group/name` with all groups, or its numeric id.
    pub project: String,
    /// A file with a project access token with the scope `api` and the role Reporter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// The systemd credential with a project access token with the scope `api` and the role Reporter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "credential"))]
    pub token_credential: Option<String>,
    /// The labels of the issues; the first one finds them again.
    #[serde(default = "labels")]
    #[schemars(length(min = 1))]
    pub labels: Vec<String>,
    /// Whether the issues are confidential: only members of the project see them.
    #[serde(default = "confidential")]
    pub confidential: bool,
    /// The URL of the API.
    #[serde(default = "api")]
    pub api: WebUrl,
}

fn labels() -> Vec<String> {
    vec!["provwatch".to_owned()]
}

const fn confidential() -> bool {
    true
}

fn api() -> WebUrl {
    WebUrl::known("https://gitlab.com/api/v4/")
}

impl GitLabSection {
    /// The source of the token.
    pub fn token(&self) -> Option<SecretSource> {
        SecretSource::of(self.token_file.as_ref(), self.token_credential.as_ref())
    }
}

impl Section for GitLabSection {
    fn secrets(&self) -> Vec<SecretKeys<'_>> {
        vec![SecretKeys::required("token", self.token_file.as_ref(), self.token_credential.as_ref())]
    }

    fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        self.token_file.iter_mut().collect()
    }

    fn keeps_open(&self) -> bool {
        true
    }

    fn findings(&self, key: &dyn Fn(&str) -> String) -> Vec<Finding> {
        let is_empty = self.project.split('/').any(str::is_empty) || self.project.contains(char::is_whitespace);
        let project = is_empty.then(|| error(key("project"), "not a project; expected group/name, or a number"));
        project.into_iter().chain(issue_labels(&self.labels, key)).collect()
    }
}
