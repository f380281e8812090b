//! Dispatch of due messages from the store to the sinks, with the current members of a campaign.

mod dispatcher;
mod error;
mod follow_ups;
mod members;
mod outbox;
mod refresh;

pub(crate) use dispatcher::{Dispatcher, Queues};
pub use error::DispatchError;
pub(crate) use follow_ups::FollowUps;
pub use members::member_details;
pub(crate) use refresh::Refreshes;
