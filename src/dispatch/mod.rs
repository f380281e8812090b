//! Telling people: what is due goes to each subscription at its own pace, with the members of a campaign as they stand then.

mod dispatcher;
mod error;
mod members;
mod outbox;

pub(crate) use dispatcher::{Dispatcher, Queues};
pub use error::DispatchError;
pub use members::member_details;
