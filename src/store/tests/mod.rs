//! Tests of the store.

mod addresses;
mod alerting;
mod damage;
mod delivering;
mod developing;
mod digesting;
mod durability;
pub(super) mod faults;
mod feeding;
mod following;
mod history;
mod interleaving;
pub(in crate::store) mod lab;
mod life_cycle;
mod logs;
mod naming;
mod opening;
mod outbox;
mod portable;
mod pruning;
mod recording;
mod repetitions;
mod schema;
mod silencing;
mod standing;
mod tampering;
mod vitals;
