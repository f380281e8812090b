//! The daemon: supervisor, lifecycle, health and systemd.

mod damage;
mod describe;
mod folders;
mod health;
mod heartbeat;
mod lock;
mod loops;
mod options;
mod reload;
mod reports;
mod run;
mod said;
mod signals;
mod supervisor;
mod systemd;

pub use health::{Health, HealthProgress};
pub use lock::Lock;
pub(crate) use lock::{LockError, lock_state};
pub(crate) use loops::OnDiskNow;
pub(crate) use options::Renewed;
pub use options::{Options, Renewal};
pub use run::run;
pub(crate) use signals::ask_to_reload;
pub(crate) use supervisor::{Supervisor, TaskError, TaskFactory};
