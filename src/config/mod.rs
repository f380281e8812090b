//! The configuration file, one file a section.
//!
//! TOML, compared with its own JSON schema before serde sees it (`strict_toml`), so that a message names everything
//! that is wrong at once; `docs/CONFIGURATION.md` and `schema/config.schema.json` are made from the same schema.
//! These are plain values: other rooms turn them into clients, trust roots and sinks.

mod check;
mod daemon;
mod detectors;
mod docs;
mod exposure;
mod finding;
mod forges;
mod formats;
mod http;
mod log;
mod logs;
mod mirrors;
mod paths;
mod period;
mod registries;
mod registry_lists;
mod secret;
mod store;
mod subscription;
mod trust;
mod url;
mod watchlist;
mod whole;

pub use daemon::DaemonSection;
pub use detectors::DetectorSection;
pub use docs::{json_schema, markdown};
pub use exposure::Exposure;
pub use finding::{Finding, Gravity};
pub use forges::{ForgeInstance, ForgeKindName, ForgesSection};
pub use http::{HostLimit, HttpSection};
pub use log::{LogFormat, LogSection};
pub use logs::{LogInstance, LogKindName, LogMatch, LogWitness, LogsSection, RekorV1Section};
pub use period::Period;
pub use registries::{CargoSection, NpmSection, PypiSection, RegistriesSection};
pub use registry_lists::{RegistryInstance, RegistryList};
pub use secret::{SecretError, SecretSource};
pub use store::StoreSection;
pub use subscription::{EmailSection, Security, Sink, SlackSection, Subscription, WebhookSection};
pub use trust::{TrustSection, TrustSource};
pub use url::WebUrl;
pub use watchlist::WatchlistSection;
pub use whole::{Config, ConfigError, SERVICE_TEMPLATE, TEMPLATE};

#[cfg(test)]
mod tests;
