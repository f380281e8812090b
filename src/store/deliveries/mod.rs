//! The outbox: the deliveries of alerts to subscriptions, and their state.

mod actions;
mod again;
mod attempts;
mod dead;
mod endpoints;
mod giving_up;
mod listing;
mod outbox;
mod recipients;
mod renewal;
mod rows;
mod standing;
mod threads;
mod untold;

pub use actions::{Acting, DeliveryAction};
pub use again::Retried;
pub use attempts::Acceptance;
pub use endpoints::{Disabled, EndpointState};
pub use listing::{DeliveryFilter, ListedDelivery, MadeAttempt, WholeDelivery};
pub use outbox::LONGEST_DELIVERY_WAIT;
pub use recipients::{Reception, Recipient, RefusedRecipient};
pub(super) use renewal::renew;
pub(super) use rows::undelivered;
pub use rows::{Delivery, DeliveryState, DeliveryStatus, SubscriptionState};
pub use standing::Refresh;
pub use untold::Untold;
