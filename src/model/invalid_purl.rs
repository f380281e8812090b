//! Errors for texts that are not supported purls.

use std::fmt;

use super::name;

/// The reason why a text is not a supported purl.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{text:?} is not a usable package URL: {why}; expected for example pkg:npm/%40scope/name or pkg:pypi/requests@2.32.0"
)]
pub struct InvalidPurl {
    text: String,
    why: String,
}

impl InvalidPurl {
    pub(super) fn new(text: &str, why: impl fmt::Display) -> Self {
        Self { text: text.chars().take(name::MAX_LENGTH).collect(), why: why.to_string() }
    }

    /// The error in the text.
    pub(super) fn why(&self) -> &str {
        &self.why
    }
}
