//! Benchmarks of the daemon on a store of 100,000 releases and a watchlist of 10,000 packages. They measure the time
//! until it is ready, its memory when idle, and how long `lookup` takes beside it. The registries are a closed port of
//! this machine.
//!
//! Ends with an error when a promise of `docs/PERFORMANCE.md` is not kept. Does nothing unless `cargo bench` runs it.

#![allow(clippy::unwrap_used, reason = "a bench may fail where it stands")]
#![allow(clippy::print_stdout, reason = "figures are its output")]

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

mod support;

use support::{
    filled, history,
    program::{Daemon, provwatch, report},
};

/// How long the daemon is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(20);
/// How often everything that takes milliseconds is repeated; the median counts.
const TIMES: usize = 9;

/// Where everything is: store, watchlist, configuration, notification socket.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        drop(filled::store(folder.path()));
        filled::watchlist(folder.path());
        fs::write(folder.path().join("provwatch.toml"), configuration(closed_port())).unwrap();
        Self { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the daemon and waits for READY=1.
    fn start(&self) -> (Daemon, Duration) {
        Daemon::start(provwatch(self.folder.path()).arg("run"), self.folder.path())
    }

    fn look_up(&self, number: usize) -> Duration {
        let purl = history::release(number * 997, number).purl.to_string();
        let started = Instant::now();
        let status = provwatch(self.folder.path()).args(["lookup", &purl]).status().unwrap();
        assert!(status.success(), "lookup {purl}: {status}");
        started.elapsed()
    }
}

fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn configuration(port: u16) -> String {
    let url = format!("\"http://127.0.0.1:{port}/\"");
    format!(
        "[store]\npath = \"provwatch.db\"\n[watchlist]\nfiles = [\"watchlist.toml\"]\n[forges]\nenabled = false\n[logs]\nenabled = false\n[trust]\nsource = \"embedded\"\n\
         [http]\ncontact = \"bench@example.org\"\nallow_private = [\"127.0.0.1\"]\n\
         [registries.npm]\nregistry = {url}\nreplicate = {url}\n[registries.pypi]\nindex = {url}\n\
         [registries.cargo]\napi = {url}\nindex = {url}\nfiles = {url}\n\
         [[subscriptions]]\nname = \"terminal\"\ntype = \"stdout\"\n"
    )
}

fn median(measure: impl FnMut(usize) -> Duration) -> Duration {
    let mut times: Vec<_> = (0..TIMES).map(measure).collect();
    times.sort();
    times[TIMES / 2]
}

fn file_size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len() >> 20)
}

fn main() -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let place = Place::new();
    println!("a store of {} MiB", file_size(&place.file("provwatch.db")));
    let mut kept = Vec::new();

    let start = median(|_| {
        let (daemon, took) = place.start();
        daemon.stop();
        took
    });
    kept.push(report("start to READY", start.as_millis(), "ms", 1000));
    let after_kill = median(|_| {
        drop(place.start().0);
        place.start().1
    });
    kept.push(report("start to READY after kill -9", after_kill.as_millis(), "ms", 1000));

    let (daemon, _) = place.start();
    thread::sleep(SETTLE);
    kept.push(report("resident memory, idle", u128::from(daemon.memory("VmRSS") >> 10), "MiB", 80));
    println!("    of it not backed by files: {} MiB", daemon.memory("RssAnon") >> 10);
    println!("    at most since the start: {} MiB", daemon.memory("VmHWM") >> 10);
    let look_up = median(|number| place.look_up(number));
    kept.push(report("provwatch lookup, the whole process", look_up.as_millis(), "ms", 50));
    daemon.stop();

    if kept.contains(&false) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
