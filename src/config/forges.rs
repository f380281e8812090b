//! The section `[forges]`: the forges with facts about repositories, commits, tags and runs.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{SecretSource, WebUrl};

/// `[forges]`: the forges that provwatch asks about repositories, commits, tags and runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ForgesSection {
    /// Whether provwatch asks forges. For every new release it asks the forge's Git server about the tag of the version,
    /// which needs no token. Without a token the API of GitHub answers 60 requests an hour, so provwatch asks it about
    /// commits, runs and owners only for releases that differ from their baseline. With a token it asks for every new
    /// release.
    pub enabled: bool,
    /// A file with a token for github.com. The token needs no permissions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github_token_file: Option<PathBuf>,
    /// The systemd credential with a token for github.com.
    #[schemars(extend("format" = "credential"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github_token_credential: Option<String>,
    /// A file with a token for gitlab.com. The token needs the scope `read_api`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitlab_token_file: Option<PathBuf>,
    /// The systemd credential with a token for gitlab.com.
    #[schemars(extend("format" = "credential"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitlab_token_credential: Option<String>,
    /// Forges of your own: one `[[forges.instance]]` table for each.
    #[serde(rename = "instance")]
    pub instances: Vec<ForgeInstance>,
}

impl Default for ForgesSection {
    fn default() -> Self {
        Self {
            enabled: true,
            github_token_file: None,
            github_token_credential: None,
            gitlab_token_file: None,
            gitlab_token_credential: None,
            instances: Vec::new(),
        }
    }
}

impl ForgesSection {
    /// The source of the token for github.com.
    pub fn github_token(&self) -> Option<SecretSource> {
        SecretSource::of(self.github_token_file.as_ref(), self.github_token_credential.as_ref())
    }

    /// The source of the token for gitlab.com.
    pub fn gitlab_token(&self) -> Option<SecretSource> {
        SecretSource::of(self.gitlab_token_file.as_ref(), self.gitlab_token_credential.as_ref())
    }

    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let own = [self.github_token_file.as_mut(), self.gitlab_token_file.as_mut()].into_iter().flatten();
        own.chain(self.instances.iter_mut().filter_map(|instance| instance.token_file.as_mut()))
    }
}

/// The type of a forge's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ForgeKindName {
    /// GitHub Enterprise Server.
    Github,
    /// GitLab.
    Gitlab,
}

/// `[[forges.instance]]`: a forge of your own, or another address of a public one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgeInstance {
    /// The type of the forge's API.
    pub kind: ForgeKindName,
    /// The host of the repositories' web pages: `git.acme.example`.
    pub host: String,
    /// The base URL of the forge's API: `https://git.acme.example/api/v3/` (GitHub), `https://git.acme.example/api/v4/`
    /// (GitLab).
    pub api: WebUrl,
    /// A file with a token for this forge.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub token_file: Option<PathBuf>,
    /// The systemd credential with a token for this forge.
    #[schemars(extend("format" = "credential"))]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub token_credential: Option<String>,
}

impl ForgeInstance {
    /// The source of its token.
    pub fn token(&self) -> Option<SecretSource> {
        SecretSource::of(self.token_file.as_ref(), self.token_credential.as_ref())
    }
}
