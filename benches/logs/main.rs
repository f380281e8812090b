//! Benchmarks of reading transparency logs over loopback, with every leaf hashed and the root checked. They run the
//! real program with default settings, and the client inside it. The server is a process of its own, so that the memory
//! that is measured is the reader's.
//!
//! `cargo bench --bench logs` reads 200,000 entries; `cargo bench --bench logs -- 1000000` as many as that. `-- serve
//! 1000000` only serves them, below `/v2/`, `/ct/` and, 50 ms away, `/far/`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may fail where it stands")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "small numbers, and figures for people"
)]

mod client;
mod program;
mod served;
mod server;

use server::Server;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|argument| argument == "serve") {
        return server::serve(arguments[2].parse().unwrap());
    }
    let entries = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(200_000);
    let server = Server::start(entries);
    program::scans(&server, entries);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(client::scan_tiles(&server, entries));
    runtime.block_on(client::scan_v1(&server, 4000));
    runtime.block_on(client::tail(&server));
}

/// The most memory that a process had so far, in KiB; `None`: it is gone.
fn peak(process: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
