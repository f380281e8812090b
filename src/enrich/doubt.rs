//! Why references of a repository say nothing about a package.

/// Why references say nothing about a package.
pub(super) enum Doubt {
    /// They could not be determined, with the reason.
    Unknown(String),
    /// The name belongs to another repository than the one that is meant, with the reason.
    Stranger(String),
}

impl Doubt {
    /// Why.
    pub fn reason(self) -> String {
        match self {
            Self::Unknown(why) | Self::Stranger(why) => why,
        }
    }
}
