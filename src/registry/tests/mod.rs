//! The folder of the registry that unit tests make up.

pub(super) mod attic;
