//! The outbox: the deliveries of alerts to subscriptions, and their state.

mod attempts;
mod outbox;
mod renewal;
mod rows;
mod standing;
mod threads;

pub use attempts::Acceptance;
pub use outbox::LONGEST_DELIVERY_WAIT;
pub(super) use renewal::renew;
pub(super) use rows::undelivered;
pub use rows::{Delivery, DeliveryState, DeliveryStatus, SubscriptionState};
