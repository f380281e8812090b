//! The daemon: supervisor, lifecycle, health, systemd.

mod health;
mod supervisor;
mod systemd;

pub use health::Health;
pub use supervisor::{Supervisor, TaskError, TaskFactory};
