//! The integration tests: one program with a module for each subject, so that the library and the lab are linked once.
//! `cargo test --test it demo::` runs one subject.
//!
//! What measures or changes the whole process that it runs in is a program of its own beside this folder, and says so
//! in its first lines.

#[path = "../lab/mod.rs"]
mod lab;

mod attacks;
mod attest_agreement;
mod attest_fixtures;
mod attest_forms;
mod attest_lab;
mod bad_input;
mod cli_logs;
mod cli_registries;
mod cli_setups;
mod cli_store;
mod cli_work;
mod conformance;
mod daemon;
mod damage;
mod deliver_real;
mod demo;
mod detection;
mod detectors;
mod documents;
mod drill;
mod enrich;
mod forms;
mod fuzz_seeds;
mod git;
mod git_real;
mod health;
mod host;
mod hostile_bytes;
mod http_real;
mod kill;
mod lab_selfcheck;
mod language;
mod layering;
mod logs;
mod logs_floods;
mod logs_matches;
mod logs_mirrors;
mod logs_patience;
mod logs_real;
mod logs_recognized;
mod logs_releases;
mod logs_speed;
mod logs_static_ct;
mod malformed;
mod mirrors;
mod own_packages;
mod own_signatures;
mod packages;
mod packages_baseline;
mod packages_campaign;
mod packages_developments;
mod packages_dist_tags;
mod packages_domains;
mod packages_facts;
mod packages_laundering;
mod packages_provenance;
mod packages_queue;
mod packages_replaced;
mod packages_tags;
mod packages_time;
mod packages_withdrawn;
mod pagers;
mod policies;
mod registries;
mod repeats;
mod replay;
mod replay_peers;
mod routing;
mod schemas;
mod shapes;
mod stored;
mod systemd_unit;
mod trust;
mod unknown;
mod verify;
mod walk;
mod watchlists;
