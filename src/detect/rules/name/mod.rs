//! Detectors over the names of packages, independent of any release. Each signal is an alert of its own, not part of a
//! release's verdict.

mod public_namesake;

pub use public_namesake::{NAMESAKE, Namesake, namesake};

use crate::detect::About;

/// Every detector over names, by id.
pub const NAME_DETECTORS: &[&About] = &[&public_namesake::ABOUT];
