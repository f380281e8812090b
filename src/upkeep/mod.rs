//! Upkeep of provwatch itself: trust material, clock, damaged rows, heartbeat, and `operation` alerts.

mod allow_folder;
mod caretaker;
mod damage;
mod dead_mans_switch;
mod gather;
mod inventory_folder;
mod inventory_reader;
mod issues;
mod keeper;
mod memory;
mod reports;
mod setup;
mod trust;
mod wall_clock;

pub(crate) use allow_folder::{AllowFolder, AllowReader};
pub(crate) use caretaker::Caretaker;
pub(crate) use damage::Mender;
pub(crate) use dead_mans_switch::{Change, DeadMansSwitch, Ping, Watchdog};
pub use gather::{OnDisk, runner, snapshot};
pub(crate) use inventory_folder::InventoryFolder;
pub(crate) use inventory_reader::InventoryReader;
pub use issues::OperationalIssue;
pub(crate) use issues::{ACTOR, OperationalIssues, sink_gone};
pub(crate) use keeper::{Keeper, Keeping};
pub(crate) use memory::{Memory, Moving};
pub(crate) use reports::{ReadingState, ReportReader, ReportSource};
pub use setup::{Setup, TrustFrom, WithoutFeed};
pub(crate) use trust::{Freshness, RootFrom, TrustKeeper};
pub use trust::{NPM_KEYS, RefreshError, TRUST_ROOT};
pub(crate) use wall_clock::WallClock;
