//! Each service by itself: built from its parts, over a store in a folder of its own and a registry that answers what the
//! test says.

mod doubting;
mod judging;
mod lab;
mod looking;
mod queueing;
