//! Health of provwatch itself: one judgement, from a [`Snapshot`] and the time to [`Finding`]s. Pure.
//!
//! The daemon raises and resolves the alerts of the kind `operation` that the findings carry, `provwatch status` prints
//! the findings, `provwatch doctor` those that it shares. All limits are in [`limits`]; there are no others.
//!
//! A finding has one of two levels. *Unhealthy*: provwatch does not report a takeover at once, or it is unknown whether
//! it does. *Limited*: it does so within limits that the operator chose or that others set, and the finding names them.

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
pub(crate) use alarm::{Alarm, gone_sink};
pub use finding::Finding;
pub(crate) use finding::{Check, Verdict, level};
pub(crate) use heartbeat::{
    ComparedClock, Facts, FailingForge, Heartbeat, InUse, LeftBy, LeftLog, LogNotFollowed, Refused, Runner, Told,
    WriteFailure,
};
pub use heartbeat::{Kind, LockState};
pub use id::Id;
pub(crate) use judge::checks;
pub use judge::judge;
pub use level::Level;
pub(crate) use snapshot::{
    Announced, BroadSilence, Damage, DamagedRow, File, FirstSights, Forges, Log, LogMirror, Mirror, OpenAlert, Queue,
    RefusedRecipient, Snapshot, Source, Storage, Subscription, Trust, Tuf, Unchecked,
};
