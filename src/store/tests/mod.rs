mod alerting;
mod durability;
pub(super) mod faults;
mod feeding;
mod interleaving;
mod lab;
mod opening;
mod recording;
mod schema;
