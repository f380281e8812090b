//! `type = "github"`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::{SecretKeys, Section, issue_labels};
use crate::config::{Finding, SecretSource, WebUrl, finding::error};

/// The keys of `type = "github"`: one issue for each alert, with comments on what becomes of it. Everybody who can read the
/// repository can read the alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GitHubSection {
    /// The repository, `owner/name`.
    pub repository: String,
    /// A file with a token that may write issues of that repository only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// The systemd credential with a token that may write issues of that repository only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "credential"))]
    pub token_credential: Option<String>,
    /// The labels of the issues; the first one finds them again.
    #[serde(default = "labels")]
    #[schemars(length(min = 1))]
    pub labels: Vec<String>,
    /// The accounts to which provwatch assigns the issues.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assignees: Vec<String>,
    /// The URL of the API; of a GitHub Enterprise Server `https://HOST/api/v3/`.
    #[serde(default = "api")]
    pub api: WebUrl,
}

fn labels() -> Vec<String> {
    vec!["provwatch".to_owned()]
}

fn api() -> WebUrl {
    WebUrl::known("https://api.github.com/")
}

impl GitHubSection {
    /// The source of the token.
    pub fn token(&self) -> Option<SecretSource> {
        SecretSource::of(self.token_file.as_ref(), self.token_credential.as_ref())
    }
}

impl Section for GitHubSection {
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
        let parts: Vec<&str> = self.repository.split('/').collect();
        let is_name = |part: &&str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        let fits = parts.len() == 2 && parts.iter().all(is_name);
        let what = "not a repository; expected owner/name";
        let repository = (!fits).then(|| error(key("repository"), what));
        repository.into_iter().chain(issue_labels(&self.labels, key)).collect()
    }
}
