//! Watches package registries for takeovers. This is the map of its rooms; the rules of who may import whom stand in
//! `docs/ARCHITECTURE.md` and are held by `tests/it/layering.rs`.

pub mod app;
pub mod attest;
pub mod baseline;
mod bounded;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod deliver;
pub mod detect;
pub mod dispatch;
pub mod enrich;
mod evidence_bundle;
pub mod figures;
pub mod git;
pub mod health;
pub mod http;
mod incidents;
pub mod inventory;
pub mod logwatch;
pub mod model;
mod owner;
pub mod packages;
mod panic;
pub mod progress;
pub mod rdap;
pub mod registry;
pub mod store;
mod strict_json;
mod strict_toml;
mod telemetry;
pub mod text;
pub mod tlog;
mod tls;
pub mod upkeep;
pub mod watchlist;
