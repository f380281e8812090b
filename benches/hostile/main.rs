//! Benchmark of the alert delay for takeovers while something else misbehaves, in real time and over loopback. It also
//! measures the memory that the first reading of large documents takes, and the time that the first reading of very
//! many packages takes.
//!
//! `cargo bench --bench hostile` prints all three; `-- told`, `-- memory`, `-- sight` one of them. Does nothing unless
//! `cargo bench` runs it.

#![allow(clippy::unwrap_used, reason = "a bench may fail where it stands")]
#![allow(clippy::print_stdout, reason = "figures are its output")]

mod cases;
#[path = "../../tests/lab/mod.rs"]
mod lab;
mod scene;
mod sight;
mod web;

use std::thread;

use cases::CASES;
use provwatch::model::Ecosystem;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let wanted = |part: &str| {
        let parts: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
        parts.is_empty() || parts.iter().any(|one| one == part)
    };
    if wanted("told") {
        told();
    }
    if wanted("memory") {
        sight::of_large_documents();
    }
    if wanted("sight") {
        sight::of_many_packages();
    }
}

/// Every case has a world, a web and a daemon of its own; they wait most of the time, so they run beside each other.
fn told() {
    println!("{:<48} {:>8} {:>8} {:>8}", "told after … while", "npm", "PyPI", "crates");
    thread::scope(|scope| {
        let running: Vec<_> = CASES.iter().map(|case| scope.spawn(|| scene::play(case))).collect();
        for (case, thread) in CASES.iter().zip(running) {
            let delays = thread.join().unwrap();
            let told = Ecosystem::ALL.map(|ecosystem| match delays[ecosystem.index()] {
                _ if !case.takes_over(ecosystem) => "-".to_owned(),
                None => "never".to_owned(),
                Some(delay) => format!("{delay:.1} s"),
            });
            println!("{:<48} {:>8} {:>8} {:>8}", case.name, told[0], told[1], told[2]);
        }
    });
}
