//! Packages: from a feed's announcement to a recorded release and, if need be, an alert.
//!
//! ```text
//! feeds ─► store (events, work) ─► queue ─► examine ─► verify ─► assess ─► judge ─► store (release, baseline, alert)
//! ```
//! Each arrow into the store is one transaction, and each step may be repeated without harm, so a crash anywhere only
//! repeats work. `replay` sends timelines through the same rules, `on_request` judges one release on request.

pub mod assess;
mod earlier;
mod error;
mod examination;
mod examine;
mod feeds;
mod judge;
mod on_request;
mod queue;
mod registries;
pub mod replay;
mod services;
mod settings;
#[cfg(test)]
mod tests;
mod turn;
mod verify;
mod waits;

pub use assess::release_context::release_context;
pub use error::LookError;
pub use examination::Examined;
pub use judge::{
    accusation::{accusation, raised},
    campaign, relearn,
};
pub use on_request::{Appraisal, Comparison, LookedAt};
pub use queue::worked::WorkPass;
pub(crate) use registries::Registries;
pub use registries::{Polled, Source};
pub(crate) use services::{PackageParts, Packages};
pub use settings::Settings;
