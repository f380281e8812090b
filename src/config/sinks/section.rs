//! What every type of receiver tells of its keys, for the checks that are the same for all of them.

use std::path::PathBuf;

use crate::config::{Finding, SecretSource, finding::error};

/// Names of this machine, which no network lies before.
pub(super) const LOCAL: [&str; 4] = ["localhost", "127.0.0.1", "::1", "[::1]"];

/// The keys of one type of receiver.
pub trait Section {
    /// Its secrets, each a pair of keys `…_file`, `…_credential`.
    fn secrets(&self) -> Vec<SecretKeys<'_>> {
        Vec::new()
    }

    /// The files that it names; relative ones start at the folder of the configuration.
    fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        Vec::new()
    }

    /// Whether the receiver keeps an alert open until it is told of its end.
    fn keeps_open(&self) -> bool {
        false
    }

    /// Whether the receiver can show a digest.
    fn takes_digests(&self) -> bool {
        true
    }

    /// What is wrong with its keys together, or weak; `key` gives the whole name of one.
    fn findings(&self, _key: &dyn Fn(&str) -> String) -> Vec<Finding> {
        Vec::new()
    }
}

/// A secret that the configuration names in one of two ways.
#[derive(Clone, Copy, Debug)]
pub struct SecretKeys<'a> {
    /// The keys without `_file` and `_credential`: `token`.
    pub stem: &'static str,
    pub file: Option<&'a PathBuf>,
    pub credential: Option<&'a String>,
    /// Whether the receiver cannot be reached without it.
    pub is_required: bool,
    /// Whether it may have several lines.
    pub has_lines: bool,
}

impl<'a> SecretKeys<'a> {
    /// A secret of one line that may be left out.
    pub(in crate::config) fn optional(
        stem: &'static str,
        file: Option<&'a PathBuf>,
        credential: Option<&'a String>,
    ) -> Self {
        Self { stem, file, credential, is_required: false, has_lines: false }
    }

    /// A secret of one line without which the receiver cannot be reached.
    pub(super) fn required(stem: &'static str, file: Option<&'a PathBuf>, credential: Option<&'a String>) -> Self {
        Self { is_required: true, ..Self::optional(stem, file, credential) }
    }

    /// Where it is; the file comes first.
    pub fn source(&self) -> Option<SecretSource> {
        SecretSource::of(self.file, self.credential)
    }
}

/// A user name and a password, of which one is missing.
pub(in crate::config) fn login(
    username: Option<&String>,
    password: Option<&SecretSource>,
    key: &dyn Fn(&str) -> String,
) -> Option<Finding> {
    match (username, password) {
        (Some(_), None) => Some(error(key("password_file"), "missing; username needs it, or password_credential")),
        (None, Some(_)) => Some(error(key("username"), "missing; a password is set")),
        _ => None,
    }
}

/// The labels of issues, if a forge cannot tell them apart.
pub(super) fn issue_labels(labels: &[String], key: &dyn Fn(&str) -> String) -> Option<Finding> {
    let is_unusable = labels.iter().any(|label| label.contains(',') || label.trim().is_empty());
    is_unusable.then(|| error(key("labels"), "a label may not be empty, nor have a comma"))
}
