//! The delivery queue of one sink. Sinks are independent: each has a worker of its own, which selects the next message
//! again after every attempt. So a slow or dead sink does not delay the others, a backlog of mild alerts does not delay
//! a severe one, and one message that its receiver cannot accept does not delay the rest.

mod noting;
mod outbox;
mod pace;
mod schedule;
mod summary;
mod worker;

pub use outbox::{Due, Ending, Outbox, OutboxError};
pub use schedule::Limits;
pub use summary::Summary;
pub use worker::{Queue, Step, Worker};

#[cfg(test)]
mod tests;
