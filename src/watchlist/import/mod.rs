//! Import of packages from lock files and bills of materials. The content of a file decides its kind, not its name.

mod foreign;
mod imported;
mod indexes;
mod lock;
mod mirrors;
mod npm;
mod reading;
mod requirements;
mod sbom;
mod source;

pub(crate) use imported::{Imported, Skipped};
pub use mirrors::Mirrors;
pub use reading::parse;
pub(crate) use reading::read;
pub(crate) use source::ImportError;

#[cfg(test)]
mod tests;
