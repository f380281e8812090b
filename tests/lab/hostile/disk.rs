//! Simulates a full disk: this process may not make any file longer than a few pages.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGXFSZ; by default it ends a process that writes too much.
const TOO_LONG: i32 = 25;
const FULL: u64 = 8192;

/// Lets a write that is too long fail instead of ending the process.
pub fn survive() -> Signal {
    signal(SignalKind::from_raw(TOO_LONG)).unwrap()
}

pub fn fill() {
    limit(Some(FULL));
}

pub fn empty() {
    limit(getrlimit(Resource::Fsize).maximum);
}

fn limit(current: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current, maximum }).unwrap();
}
