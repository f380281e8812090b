//! What an incident touches: the releases that have something in common with accused ones.

mod dependents;
mod radius;

pub(crate) use radius::{Circle, Radius, Related, Window, radius};
