//! Secret values that cannot be printed by accident.

use std::fmt;

/// A password, key or secret URL. Its `Debug` form shows that there is one, never its value; it has no `Display` and
/// does not serialise.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one place that sends it or computes with it. Never log it, never put it into an
    /// error.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_shows() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(hidden)");
        assert_eq!(format!("{:#?}", Some(Secret::new("hunter2"))), "Some(\n    Secret(hidden),\n)");
    }
}
