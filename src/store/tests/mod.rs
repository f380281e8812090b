//! Tests of the store.

mod alerting;
mod damage;
mod digesting;
mod durability;
pub(super) mod faults;
mod feeding;
mod following;
mod interleaving;
pub(in crate::store) mod lab;
mod logs;
mod naming;
mod opening;
mod outbox;
mod portable;
mod recording;
mod repetitions;
mod schema;
mod silencing;
mod vitals;
