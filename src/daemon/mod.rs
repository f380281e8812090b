//! The daemon: supervisor, lifecycle, health, systemd.

mod damage;
mod describe;
mod health;
mod lifecycle;
mod lock;
mod loops;
mod options;
mod reload;
mod run;
mod said;
mod supervisor;
mod systemd;

pub use health::{Health, HealthProgress};
pub use lifecycle::ask_to_reload;
pub use lock::{Lock, LockError, lock_state};
pub use loops::OnDiskNow;
pub use options::{Options, Renewal, Renewed};
pub use run::run;
pub use supervisor::{Supervisor, TaskError, TaskFactory};
