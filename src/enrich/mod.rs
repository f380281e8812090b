//! Facts that the forges know about a release: age and origin of its repository, its tag, its commit, and its run.
//!
//! Nothing here fails: a fact that could not be determined is unknown, with the reason, and never "no". Only the forges
//! of the configuration are queried, whatever a document names.

mod ask;
mod branches;
mod doubt;
mod finder;
mod forge;
mod forges;
mod former_names;
mod github;
mod gitlab;
mod name;
mod own_runs;
mod place;
mod rate_limit;
mod references;
mod run_list;
mod tags;

pub(crate) use ask::ForgeAnswer;
pub use ask::{Cache, Remembered};
pub(crate) use finder::Found;
pub use finder::{Depth, Question};
pub(crate) use forge::Failing;
pub use forge::{Forge, ForgeKind};
pub use forges::Forges;
pub use place::ForgeRepository;
pub(crate) use rate_limit::Standing;
pub use run_list::UnderWay;
