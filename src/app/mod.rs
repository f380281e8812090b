//! Builds every service from its section of the configuration ([`assemble()`]), and runs them together as the program
//! ([`App`]).

mod assemble;
mod error;
mod forges;
mod health;
mod heartbeat;
mod http;
mod inventory;
mod keeping;
mod logs;
mod own;
mod parts;
mod pass;
mod program;
mod rdap;
mod registries;
mod reload;
mod reports;
mod settings;
mod setup;
mod sinks;
mod trust;

pub(crate) use assemble::assemble_for;
pub use assemble::{assemble, rehearse};
pub use error::AssemblyError;
pub(crate) use forges::{forge_list, forges};
pub(crate) use heartbeat::heartbeat;
pub(crate) use http::transport;
pub use http::{client, client_over};
pub(crate) use inventory::{inventory_folder, mirrors};
pub use keeping::head_signer;
pub(crate) use keeping::keeping;
pub use logs::log_keys;
pub(crate) use logs::log_settings;
pub use own::allow_folder;
pub use parts::Parts;
pub use pass::PassSummary;
pub use program::App;
pub(crate) use rdap::rdap;
pub use registries::sources;
pub(crate) use registries::{polled, registries};
pub(crate) use reload::LastReload;
pub use reload::ReloadError;
pub use reports::report_source;
pub(crate) use settings::settings;
pub use settings::tuning;
pub use setup::setup;
pub use sinks::subscription;
pub(crate) use sinks::{subscriptions, timing};
pub(crate) use trust::freshness;
pub use trust::{tuf_cache, verifier};

#[cfg(test)]
mod tests;
