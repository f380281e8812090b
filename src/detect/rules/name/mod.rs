//! Detectors over the names of packages and of their versions, independent of any release. Each signal is an alert of its
//! own, not part of a release's verdict.

mod dist_tag_moved;
mod public_namesake;

pub use dist_tag_moved::{DIST_TAG, MovedTag, moved_tag};
pub use public_namesake::{NAMESAKE, Namesake, namesake};

use crate::detect::About;

/// Every detector over names, by id.
pub const NAME_DETECTORS: &[&About] = &[&dist_tag_moved::ABOUT, &public_namesake::ABOUT];
