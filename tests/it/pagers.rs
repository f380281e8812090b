//! Tests of the sinks of pagers, phones and Teams against servers on the loopback interface that behave as the real
//! services do, faults included.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "pagers/alertmanager.rs"]
mod alertmanager;
#[path = "pagers/desk.rs"]
mod desk;
#[path = "pagers/faults.rs"]
mod faults;
#[path = "pagers/ntfy.rs"]
mod ntfy;
#[path = "pagers/pagerduty.rs"]
mod pagerduty;
#[path = "pagers/teams.rs"]
mod teams;
#[path = "pagers/trials.rs"]
mod trials;
