//! Tests of the daemon as a process of its own, beside registries on the loopback.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]
#![allow(clippy::disallowed_methods, reason = "the program under test is another process, in real time")]
#![allow(clippy::print_stdout, reason = "a failed test shows the log")]

mod addresses;
mod findings;
mod heartbeat;
mod history;
mod incidents;
mod reload;
mod reports;
mod restore;
mod supervision;

use crate::lab;

use std::{
    fs::{self, File},
    net::TcpListener,
    os::unix::{net::UnixDatagram, process::ExitStatusExt},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use lab::{
    World,
    rig::{by_ada, by_mallory, folder, rfc3339, write_trust},
    server::{Server, serve},
};
use provwatch::{
    clock::{Clock, SystemClock},
    store::Store,
};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A machine with provwatch on it, in a world.
struct Machine {
    world: World,
    server: Server,
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        let world = World::new();
        for package in ["widget", "gadget"] {
            publish_history(&world, package);
        }
        let server = serve(world.clone());
        let machine = Self { server, folder: folder(), world };
        write_trust(machine.world.lab(), machine.folder.path());
        machine.watch("packages = [\"pkg:npm/widget\"]\n");
        machine.configure(&machine.server.base("hooks.example"));
        machine
    }

    /// The configuration, with alerts sent to this receiver.
    fn configure(&self, receiver: &str) {
        let base = |host| self.server.base(host);
        let (registry, replicate) = (base("npm.example"), base("replicate.example"));
        let config = format!(
            r#"
[store]
path = "provwatch.db"
[watchlist]
files = ["watchlist.toml"]
[http]
contact = "tests@example.org"
allow_private = ["127.0.0.1"]
proxy_from_environment = false
max_attempts = 1
[http.hosts."127.0.0.1"]
requests_per_minute = 60000
concurrency = 64
[forges]
enabled = false
[logs]
enabled = false

[trust]
source = "file"
trusted_root = "trusted_root.json"
npm_keys = "keys.json"
[registries]
npm = {{ registry = "{registry}", replicate = "{replicate}", interval = "1s" }}
pypi = {{ enabled = false }}
cargo = {{ enabled = false }}
[daemon]
shutdown_grace = "2s"
[[subscriptions]]
name = "hook"
type = "webhook"
url = "{receiver}"
min_severity = "low"
"#
        );
        fs::write(self.path("provwatch.toml"), config).unwrap();
    }

    fn watch(&self, watchlist: &str) {
        fs::write(self.path("watchlist.toml"), watchlist).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provwatch"));
        command
            .args(["--config", "provwatch.toml"])
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// One check of `provwatch doctor`, by its name.
    fn doctor(&self, name: &str) -> Value {
        let output = self.run(&["doctor", "--offline", "--format", "json"]);
        let lines = String::from_utf8(output.stdout).unwrap();
        let mut checks = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        checks.find(|check| check["name"] == name).unwrap()
    }

    /// Starts the daemon and waits until it says that it is ready.
    fn start(&self) -> Daemon {
        let daemon = self.launch(&[]);
        daemon.hears("READY=1");
        daemon
    }

    fn launch(&self, environment: &[(&str, &str)]) -> Daemon {
        let manager = self.path("notify.sock");
        let _ = fs::remove_file(&manager);
        let notices = UnixDatagram::bind(&manager).unwrap();
        notices.set_read_timeout(Some(PATIENCE)).unwrap();
        let log = self.path("log");
        let child = self
            .command(&["run"])
            .env("NOTIFY_SOCKET", &manager)
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Daemon { child, notices, log }
    }

    /// A takeover. Each runs a script of its own: the same deviation again would only raise the count of an open alert.
    fn publish_badly(&self, package: &str, version: &str) {
        let now = rfc3339(SystemClock.now());
        let script = format!("node steal-{version}.js");
        self.world.publish_npm(package, version, &by_mallory().at(now.parse().unwrap()).install_script(&script));
    }

    /// Waits until the receiver has been told of these releases, each once: by itself, or as a member of a campaign.
    fn is_told(&self, releases: &[&str]) {
        let told = || -> Vec<String> {
            let mut told = Vec::new();
            for (_, body) in self.world.received() {
                let alert = &body["data"];
                told.extend(alert["purl"].as_str().map(str::to_owned));
                for member in alert["members"].as_array().into_iter().flatten().filter_map(|member| member.as_str()) {
                    if !told.iter().any(|known| known == member) {
                        told.push(member.to_owned());
                    }
                }
            }
            told
        };
        eventually(&format!("{releases:?} are told"), || told() == releases);
    }

    fn waiting_alerts(&self) -> u64 {
        let store = Store::open_read_only(&self.path("provwatch.db")).unwrap();
        store.delivery_summary().unwrap().iter().map(|subscription| subscription.pending).sum()
    }

    fn knows(&self, release: &str) -> bool {
        let Ok(store) = Store::open_read_only(&self.path("provwatch.db")) else { return false };
        store.release(&release.parse().unwrap()).unwrap().is_some()
    }
}

/// Releases of last year, each month one.
fn publish_history(world: &World, package: &str) {
    for month in 1..=8 {
        let at = format!("2025-{month:02}-03T10:00:00Z").parse().unwrap();
        world.publish_npm(package, &format!("1.0.{month}"), &by_ada().at(at));
    }
}

/// The daemon, seen from outside. It does not outlive its test.
struct Daemon {
    child: Child,
    notices: UnixDatagram,
    log: PathBuf,
}

impl Daemon {
    /// Waits for a notice to the service manager.
    fn hears(&self, wanted: &str) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let mut buffer = [0; 4096];
            let length =
                self.notices.recv(&mut buffer).unwrap_or_else(|_| panic!("no {wanted}; the log:\n{}", self.log()));
            let notice = String::from_utf8(buffer[..length].to_vec()).unwrap();
            let lines: Vec<String> = notice.lines().map(str::to_owned).collect();
            if lines.iter().any(|line| line == wanted) {
                return lines;
            }
        }
        panic!("no {wanted}; the log:\n{}", self.log());
    }

    /// Waits for a status that begins so.
    fn hears_status(&self, beginning: &str) -> String {
        let mut buffer = [0; 4096];
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let length = self.notices.recv(&mut buffer).unwrap_or_else(|_| panic!("no {beginning}\n{}", self.log()));
            let notice = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if let Some(line) = notice.lines().find(|line| line.starts_with(beginning)) {
                return line.to_owned();
            }
        }
        panic!("no {beginning}; the log:\n{}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    fn says(&self, words: &str) {
        eventually(&format!("the log has {words:?}"), || self.log().contains(words));
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end, and tells how long it took.
    fn end(&mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, began.elapsed());
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end; the log:\n{}", self.log());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            println!("the log:\n{}", self.log());
        }
    }
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A receiver that takes connections and never answers.
fn silence() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    (listener, url)
}

/// Waits until somebody has connected, and keeps the connection.
fn caught(listener: &TcpListener) -> std::net::TcpStream {
    listener.accept().unwrap().0
}

#[test]
fn a_release_becomes_an_alert_within_seconds() {
    let machine = Machine::new();
    let mut daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    let published = Instant::now();
    machine.publish_badly("widget", "1.1.0");
    machine.is_told(&["pkg:npm/widget@1.1.0"]);
    assert!(published.elapsed() < Duration::from_secs(20), "{:?}", published.elapsed());
    daemon.signal("TERM");
    daemon.hears("STOPPING=1");
    let (status, took) = daemon.end();
    assert_eq!(status.code(), Some(0), "{}", daemon.log());
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(daemon.log().contains("stopped"), "{}", daemon.log());
}

#[test]
fn a_dead_sink_delays_only_itself() {
    let (listener, dead) = silence();
    let machine = Machine::new();
    machine.configure(&dead);
    let quick = format!(
        "[[subscriptions]]\nname = \"quick\"\ntype = \"webhook\"\nurl = \"{}\"\nmin_severity = \"low\"\n",
        machine.server.base("hooks.example")
    );
    let config = fs::read_to_string(machine.path("provwatch.toml")).unwrap();
    fs::write(machine.path("provwatch.toml"), config + &quick).unwrap();
    let _daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    machine.publish_badly("widget", "1.1.0");
    let _connection = caught(&listener);
    machine.is_told(&["pkg:npm/widget@1.1.0"]);
    let published = Instant::now();
    machine.publish_badly("widget", "1.1.1");
    machine.is_told(&["pkg:npm/widget@1.1.0", "pkg:npm/widget@1.1.1"]);
    assert!(published.elapsed() < Duration::from_secs(20), "{:?}", published.elapsed());
}

#[test]
fn after_a_kill_it_goes_on_where_it_stood() {
    let machine = Machine::new();
    let mut daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    machine.publish_badly("widget", "1.1.0");
    machine.is_told(&["pkg:npm/widget@1.1.0"]);
    // Killed before it has noted that it told somebody, it would tell again.
    eventually("the delivery is noted", || machine.waiting_alerts() == 0);
    daemon.signal("KILL");
    assert_eq!(daemon.end().0.signal(), Some(9));
    machine.publish_badly("widget", "1.1.1");
    let before = machine.world.requests().len();
    let _daemon = machine.start();
    machine.is_told(&["pkg:npm/widget@1.1.0", "pkg:npm/widget@1.1.1"]);
    let requests = machine.world.requests().split_off(before);
    let feed = requests.iter().find(|request| request.contains("_changes")).unwrap();
    assert!(!feed.contains("since=0") && !feed.contains("since=now"), "{feed}");
}

#[test]
fn two_daemons_do_not_share_a_database() {
    let machine = Machine::new();
    let mut daemon = machine.start();
    for arguments in [&["run"][..], &["run", "--once"]] {
        let second = machine.run(arguments);
        let said = String::from_utf8(second.stderr).unwrap();
        assert_eq!(second.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("(process {})", daemon.child.id())), "{said}");
        assert!(said.contains("stop the other one first"), "{said}");
    }
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    for arguments in [&["status"][..], &["lookup", "pkg:npm/widget@1.0.8"], &["backfill", "pkg:npm/gadget"]] {
        let beside = machine.run(arguments);
        let said = String::from_utf8(beside.stderr).unwrap();
        assert_eq!(beside.status.code(), Some(0), "{arguments:?}: {said}");
    }
    daemon.signal("KILL");
    daemon.end();
    assert_eq!(machine.run(&["run", "--once"]).status.code(), Some(0), "nothing is left of a lock whose owner is gone");
}

/// What `status` says: the exit code, the findings that are not mere limits, the whole report.
fn status(machine: &Machine) -> (i32, Vec<String>, Value) {
    let ran = machine.run(&["status", "--format", "json"]);
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let unhealthy = findings.filter(|finding| finding["level"] == "unhealthy");
    let ids = unhealthy.map(|finding| finding["id"].as_str().unwrap().to_owned()).collect();
    (ran.status.code().unwrap(), ids, report)
}
