//! Tests of the store.

mod alerting;
mod damage;
mod durability;
pub(super) mod faults;
mod feeding;
mod history;
mod interleaving;
pub(in crate::store) mod lab;
mod logs;
mod naming;
mod opening;
mod outbox;
mod portable;
mod pruning;
mod recording;
mod repetitions;
mod schema;
mod tampering;
mod vitals;
