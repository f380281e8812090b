//! Errors in building the program from the configuration.

/// The reason why the program cannot be built. It names the part of the configuration to change.
#[derive(Debug, thiserror::Error)]
#[error("setting up {what}")]
pub struct AssemblyError {
    what: String,
    #[source]
    source: Anything,
}

impl AssemblyError {
    pub(super) fn of<E: Into<Anything>>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        let what = what.into();
        move |source| Self { what, source: source.into() }
    }
}

/// Any error that becomes the cause of an [`AssemblyError`].
pub(super) type Anything = Box<dyn std::error::Error + Send + Sync>;
