//! `type = "webhook"`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::{SecretKeys, Section};
use crate::config::{Finding, Form, SecretSource, WebUrl, finding::warning};

/// The keys of `type = "webhook"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookSection {
    /// The URL to which provwatch posts alerts.
    pub url: WebUrl,
    /// A file with the signing secret, `whsec_…`. While you replace a secret, it has a line for each, the new
    /// one first, at most four: provwatch signs with all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// The systemd credential with the signing secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "credential"))]
    pub secret_credential: Option<String>,
    /// A file with the value of the header `Authorization`, for receivers that require one: `Bearer …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_file: Option<PathBuf>,
    /// The systemd credential with the value of the header `Authorization`, for receivers that require one: `Bearer …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "credential"))]
    pub authorization_credential: Option<String>,
    /// The form of the body.
    #[serde(default)]
    pub form: Form,
}

impl WebhookSection {
    /// The source of the signing secrets, one on each line.
    pub fn secret(&self) -> Option<SecretSource> {
        SecretSource::of(self.secret_file.as_ref(), self.secret_credential.as_ref())
    }

    /// The source of the header `Authorization`.
    pub fn authorization(&self) -> Option<SecretSource> {
        SecretSource::of(self.authorization_file.as_ref(), self.authorization_credential.as_ref())
    }
}

impl Section for WebhookSection {
    fn secrets(&self) -> Vec<SecretKeys<'_>> {
        let secret = SecretKeys::optional("secret", self.secret_file.as_ref(), self.secret_credential.as_ref());
        vec![
            SecretKeys { has_lines: true, ..secret },
            SecretKeys::optional(
                "authorization",
                self.authorization_file.as_ref(),
                self.authorization_credential.as_ref(),
            ),
        ]
    }

    fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        self.secret_file.iter_mut().chain(&mut self.authorization_file).collect()
    }

    fn findings(&self, key: &dyn Fn(&str) -> String) -> Vec<Finding> {
        let what = "missing (or secret_credential); the receiver cannot tell alerts from forgeries";
        let is_open = self.secret().is_none() && self.authorization().is_none();
        is_open.then(|| warning(key("secret_file"), what)).into_iter().collect()
    }
}
