//! The configuration file, with one file for each section.
//!
//! TOML, compared with its own JSON schema before serde sees it (`strict_toml`), so that a message names all errors at
//! once; `docs/CONFIGURATION.md` and `schema/config.schema.json` are made from the same schema. These are plain values:
//! other modules turn them into clients, trust roots and sinks.

mod check;
mod daemon;
mod detectors;
#[cfg(test)]
mod docs;
mod exposure;
mod finding;
mod forges;
mod formats;
mod heartbeat;
mod http;
mod inventory;
mod log;
mod logs;
mod mirrors;
mod osv;
mod own;
mod paths;
mod period;
mod public_registry;
mod rdap;
mod registries;
mod registry_instance;
mod registry_lists;
mod retention;
mod routing;
mod secret;
mod sinks;
mod store;
mod subscription;
mod timing;
mod trust;
mod url;
mod watchlist;
mod whole;

pub(crate) use daemon::DaemonSection;
pub(crate) use detectors::DetectorSection;
#[cfg(test)]
pub(crate) use docs::markdown;
pub(crate) use exposure::Exposure;
pub(crate) use finding::{Finding, FindingLevel};
pub(crate) use forges::{ForgeInstance, ForgeKindName, ForgesSection};
pub(crate) use heartbeat::{HeartbeatMethod, HeartbeatSection};
pub(crate) use http::{HostLimit, HttpSection};
pub(crate) use inventory::InventorySection;
pub(crate) use log::{LogFormat, LogSection};
pub(crate) use logs::{LogInstance, LogKindName, LogMatch, LogsSection};
pub(crate) use osv::OsvSection;
pub(crate) use own::OwnSection;
pub(crate) use period::Period;
pub(crate) use rdap::RdapSection;
pub(crate) use registries::RegistriesSection;
pub(crate) use registry_instance::RegistryInstance;
pub use secret::SecretSource;
pub(crate) use sinks::{
    AlertmanagerSection, CommandSection, EmailSection, FileSection, Form, GitHubSection, GitLabSection,
    JournaldSection, NtfySection, PagerDutySection, SecretKeys, Security, Sink, SlackSection, SyslogAddress,
    SyslogSection, TeamsSection, WebhookSection,
};
pub(crate) use store::StoreSection;
pub use subscription::Subscription;
pub(crate) use timing::{Digest, Escalate, QuietHours};
pub(crate) use trust::{TrustSection, TrustSource};
pub(crate) use url::WebUrl;
pub(crate) use watchlist::WatchlistSection;
pub use whole::{Config, TEMPLATE};
pub(crate) use whole::{SERVICE_TEMPLATE, json_schema};

#[cfg(test)]
mod tests;
