//! The real program as benches run it: its commands, the running daemon, and figures beside promises.

use std::{
    fs,
    os::unix::net::UnixDatagram,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The program with the configuration of a folder, silent, and with the memory settings of systemd/provwatch.service.
pub fn provwatch(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_provwatch"));
    command.arg("--config").arg(folder.join("provwatch.toml")).env_remove("PROVWATCH_CONFIG");
    command.env("MIMALLOC_PURGE_DELAY", "10");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// A running daemon; dropping it kills it as `kill -9` does.
pub struct Daemon(pub Child);

impl Daemon {
    /// Starts the command, which is `run`, and waits for READY=1.
    pub fn start(command: &mut Command, folder: &Path) -> (Self, Duration) {
        let socket = folder.join("notify");
        let _ = fs::remove_file(&socket);
        let notifications = UnixDatagram::bind(&socket).unwrap();
        notifications.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let started = Instant::now();
        let daemon = Self(command.env("NOTIFY_SOCKET", socket).spawn().unwrap());
        let mut message = [0; 4096];
        loop {
            let length = notifications.recv(&mut message).expect("the daemon says READY=1 within a minute");
            if message[..length].split(|byte| *byte == b'\n').any(|line| line == b"READY=1") {
                return (daemon, started.elapsed());
            }
        }
    }

    /// Stops it as a service manager does.
    pub fn stop(mut self) {
        Command::new("kill").arg(self.0.id().to_string()).status().unwrap();
        assert!(self.0.wait().unwrap().success(), "the daemon stops cleanly");
    }

    /// A field of `/proc/<pid>/status` in KiB.
    pub fn memory(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Prints a figure and tells whether the promise is kept.
#[allow(clippy::print_stdout, reason = "figures are the output of a bench")]
pub fn report(what: &str, figure: u128, unit: &str, promise: u128) -> bool {
    let kept = figure <= promise;
    println!("{what:<60} {figure:>6} {unit} (at most {promise}){}", if kept { "" } else { "  MISSED" });
    kept
}
