//! Traces: the keys by which releases are found.
//!
//! A row of `traces` has eight bytes of a hash in place of the value. So a key costs little, whatever its length, and the
//! value itself is compared with the observation of the release that is found. The table only grows: a trace that an
//! observation lost leads to a release that does not have it any more, and is passed over.

mod found;
mod names;
mod of_release;
mod patterns;
mod places;
mod search;
mod trace;
mod writing;

pub(crate) use found::Neighbour;
pub use names::{KnownName, NamedThing};
pub(crate) use of_release::Traced;
pub(super) use of_release::identity_traces;
pub use patterns::{Fitting, Listed};
pub use search::{Clue, FoundRelease, Search, Searched};
pub use trace::{OwnedTrace, Trace};
pub(super) use writing::{fill, list_workflows, trace};
