//! Facts: what the forges know around a release. Whether its repository is young or a fork, its version tagged, its commit
//! merged and signed, its run successful.
//!
//! Nothing here fails: what could not be found out is unknown, with the reason, and never "no". Only the forges of the
//! configuration are asked, whatever a document names.

mod ask;
mod branches;
mod finder;
mod forge;
mod forges;
mod former;
mod github;
mod gitlab;
mod place;
mod standing;
mod tags;

pub use ask::{Answer, Cache, Remembered};
pub use finder::{Found, Question};
pub use forge::{Failing, Forge, ForgeKind};
pub use forges::Forges;
pub use place::Place;
pub use standing::Standing;
