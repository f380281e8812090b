//! What an incident touches: the releases that have something in common with accused ones.

mod circle;
mod dependents;
mod radius;

pub(crate) use circle::{Circle, Related, Window};
pub(crate) use radius::radius;
