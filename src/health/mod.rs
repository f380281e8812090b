//! Health of provwatch itself: one judgement, from a [`Snapshot`] and the time to [`Finding`]s. Pure.
//!
//! The daemon raises and resolves the alerts of the kind `operation` that the findings carry, `provwatch status` prints
//! the findings, `provwatch doctor` those that it shares. All limits are in [`limits`]; there is no second set
//! anywhere.
//!
//! A finding has one of two levels. *Unhealthy*: the promise to tell of a takeover at once is not kept, or it is
//! unknown whether it is. *Limited*: it is kept within limits that the operator chose or that lie with others, and says
//! so.

mod about;
mod alarm;
mod finding;
mod heartbeat;
mod id;
mod judge;
mod level;
pub(crate) mod limits;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use about::About;
pub(crate) use alarm::Alarm;
pub use finding::Finding;
pub(crate) use finding::{Check, Verdict, level};
pub(crate) use heartbeat::{
    ComparedClock, Facts, FailingForge, Heartbeat, InUse, LeftBy, LeftLog, LogNotFollowed, Refused, Runner,
    WriteFailure,
};
pub use heartbeat::{Kind, LockState};
pub use id::Id;
pub(crate) use judge::checks;
pub use judge::judge;
pub use level::Level;
pub(crate) use snapshot::{
    Announced, Damage, DamagedRow, File, FirstSights, Forges, Log, LogMirror, Mirror, OpenAlert, Queue, Snapshot,
    Source, Storage, Subscription, Trust, Tuf, Unchecked,
};
