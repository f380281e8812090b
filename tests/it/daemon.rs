//! Tests of the daemon as a process of its own, beside registries on the loopback.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]
#![allow(clippy::disallowed_methods, reason = "the program under test is another process, in real time")]
#![allow(clippy::print_stdout, reason = "a failed test shows the log")]

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
    Fault, World,
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

    fn publish_badly(&self, package: &str, version: &str) {
        let now = rfc3339(SystemClock.now());
        self.world.publish_npm(
            package,
            version,
            &by_mallory().at(now.parse().unwrap()).install_script("node steal.js"),
        );
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
fn the_watchdog_feels_a_pulse() {
    let machine = Machine::new();
    // Without WATCHDOG_PID any process of the service may give it.
    let daemon = machine.launch(&[("WATCHDOG_USEC", "400000")]);
    let ready = daemon.hears("READY=1");
    assert!(ready.contains(&"STATUS=watching 1 package and 0 patterns".to_owned()), "{ready:?}");
    for _ in 0..3 {
        daemon.hears("WATCHDOG=1");
    }
}

#[test]
fn somebody_elses_watchdog_gets_none() {
    let machine = Machine::new();
    let daemon = machine.launch(&[("WATCHDOG_USEC", "100000"), ("WATCHDOG_PID", "1")]);
    daemon.hears("READY=1");
    // The first look at its own health is made at once; the next one has all the time that it usually has.
    thread::sleep(Duration::from_secs(2));
    daemon.notices.set_nonblocking(true).unwrap();
    let mut buffer = [0; 4096];
    let notices = std::iter::from_fn(|| daemon.notices.recv(&mut buffer).ok()).count();
    assert!(notices <= 2, "{notices} notices");
}

#[test]
fn a_watchlist_is_read_again_and_a_bad_one_is_not_taken() {
    let machine = Machine::new();
    let daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));

    machine.watch("packages = [\n  \"pkg:npm/widget\",\n  \"pkg:npm/\",\n]\n");
    daemon.signal("HUP");
    daemon.says("the watchlist stays as it was");
    daemon.says("watchlist.toml:3");
    machine.publish_badly("widget", "1.1.0");
    machine.is_told(&["pkg:npm/widget@1.1.0"]);

    machine.watch("packages = [\"pkg:npm/widget\", \"pkg:npm/gadget\"]\n");
    daemon.signal("HUP");
    daemon.hears("STATUS=watching 2 packages and 0 patterns");
    eventually("the new package is learned", || machine.knows("pkg:npm/gadget@1.0.8"));
    machine.publish_badly("gadget", "1.1.0");
    machine.is_told(&["pkg:npm/widget@1.1.0", "pkg:npm/gadget@1.1.0"]);
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
fn a_changed_configuration_is_taken_up_and_a_bad_one_is_not() {
    let machine = Machine::new();
    let daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    let good = fs::read_to_string(machine.path("provwatch.toml")).unwrap();

    fs::write(machine.path("provwatch.toml"), good.replace("[store]", "[stroe]")).unwrap();
    daemon.signal("HUP");
    daemon.says("the configuration stays as it was");
    daemon.says("stroe");
    let refused = "STATUS=watching 1 package and 0 patterns; the configuration stays as it was";
    assert!(daemon.hears_status(refused).contains("stroe"));
    machine.publish_badly("widget", "1.1.0");
    machine.is_told(&["pkg:npm/widget@1.1.0"]);

    // A receiver whose secret is missing is no less wrong, and what is not reloaded is not half taken.
    fs::write(machine.path("provwatch.toml"), good.clone() + "secret_file = \"lost\"\n").unwrap();
    daemon.signal("HUP");
    daemon.says("reading lost");
    eventually("status says so", || finds(&machine, "reload-refused"));

    let other = machine.server.base("hooks.example") + "second";
    let changed =
        good.replace(&machine.server.base("hooks.example"), &other) + "[log]\nlevel = \"debug\"\nformat = \"json\"\n";
    fs::write(machine.path("provwatch.toml"), changed).unwrap();
    daemon.signal("HUP");
    let ready = daemon.hears("READY=1");
    assert!(ready.iter().any(|line| line == "STATUS=watching 1 package and 0 patterns"), "{ready:?}");
    daemon.says("the changed configuration is in use");
    eventually("status says nothing of it", || {
        !finds(&machine, "reload-refused") && !finds(&machine, "configuration-changed")
    });
    daemon.says("[log] format was changed and counts from the next start");
    daemon.says("DEBUG");
    machine.publish_badly("widget", "1.1.1");
    machine.is_told(&["pkg:npm/widget@1.1.0", "pkg:npm/widget@1.1.1"]);
    let receivers: Vec<String> = machine.world.received().into_iter().map(|(receiver, _)| receiver).collect();
    assert!(receivers.last().unwrap().contains("second") && !receivers[0].contains("second"), "{receivers:?}");

    // What says the same in other words is the one in use.
    let text = fs::read_to_string(machine.path("provwatch.toml")).unwrap();
    fs::write(machine.path("provwatch.toml"), text.replace("shutdown_grace = \"2s\"", "shutdown_grace = \"2000ms\""))
        .unwrap();
    eventually("it is another text", || finds(&machine, "configuration-changed"));
    daemon.signal("HUP");
    eventually("it is the one in use", || !finds(&machine, "configuration-changed"));
}

#[test]
fn a_secret_that_was_rotated_is_taken_up_by_a_reload() {
    let machine = Machine::new();
    let config = fs::read_to_string(machine.path("provwatch.toml")).unwrap();
    fs::write(machine.path("provwatch.toml"), config + "secret_file = \"secret\"\n").unwrap();
    let write = |byte: &str| fs::write(machine.path("secret"), format!("whsec_{}=", byte.repeat(43))).unwrap();
    write("A");
    let daemon = machine.start();
    let reload = machine.run(&["reload"]);
    assert_eq!(reload.status.code(), Some(0), "{}", String::from_utf8_lossy(&reload.stderr));
    daemon.says("read the watchlist again");
    write("E");
    assert_eq!(machine.run(&["reload"]).status.code(), Some(0));
    daemon.says("the changed configuration is in use");
}

#[test]
fn a_trust_root_that_was_changed_is_taken_up_and_a_damaged_one_is_not() {
    let machine = Machine::new();
    let config = fs::read_to_string(machine.path("provwatch.toml")).unwrap();
    let often = "npm_keys = \"keys.json\"\nrefresh_interval = \"1s\"\n";
    fs::write(machine.path("provwatch.toml"), config.replace("npm_keys = \"keys.json\"\n", often)).unwrap();
    let daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    let good = fs::read_to_string(machine.path("trusted_root.json")).unwrap();

    fs::write(machine.path("trusted_root.json"), &good[..good.len() / 2]).unwrap();
    daemon.says("the trust root stays as it was");
    eventually("status says so", || finds(&machine, "trust-files-unusable"));
    daemon.signal("HUP");
    daemon.says("the configuration stays as it was");
    machine.publish_badly("widget", "1.1.0");
    machine.is_told(&["pkg:npm/widget@1.1.0"]);

    fs::write(machine.path("trusted_root.json"), format!("{good}\n")).unwrap();
    daemon.says("the trust root is refreshed again");
    eventually("status says nothing of it", || !finds(&machine, "trust-files-unusable"));
    daemon.signal("HUP");
    daemon.says("the changed configuration is in use");
    eventually("nor of the reload", || !finds(&machine, "reload-refused"));
}

#[test]
fn a_reload_says_what_is_wrong_and_whether_there_is_a_daemon() {
    let machine = Machine::new();
    let nobody = machine.run(&["reload"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("no daemon runs"));
    let daemon = machine.start();
    machine.watch("packages = [7]\n");
    let wrong = machine.run(&["reload"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", String::from_utf8_lossy(&wrong.stderr));
    daemon.says("the watchlist stays as it was");
    drop(daemon);
    // The number of a process that is gone is nobody's.
    machine.watch("packages = []\n");
    assert_eq!(machine.run(&["reload"]).status.code(), Some(1));
}

#[test]
fn the_grace_is_for_what_is_under_way_and_ends() {
    let (listener, receiver) = silence();
    let machine = Machine::new();
    machine.configure(&receiver);
    let mut daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    machine.publish_badly("widget", "1.1.0");
    let _connection = caught(&listener);
    daemon.signal("TERM");
    let (status, took) = daemon.end();
    assert_eq!(status.code(), Some(0), "{}", daemon.log());
    assert!(took > Duration::from_millis(1500), "an attempt under way is waited for: {took:?}");
    assert!(daemon.log().contains("stopped before it had finished"), "{}", daemon.log());

    machine.configure(&machine.server.base("hooks.example"));
    let _daemon = machine.start();
    machine.is_told(&["pkg:npm/widget@1.1.0"]);
}

#[test]
fn a_second_request_to_stop_is_obeyed_at_once() {
    let (listener, receiver) = silence();
    let machine = Machine::new();
    machine.configure(&receiver);
    let config = fs::read_to_string(machine.path("provwatch.toml")).unwrap();
    fs::write(machine.path("provwatch.toml"), config.replace("\"2s\"", "\"10m\"")).unwrap();
    let mut daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    machine.publish_badly("widget", "1.1.0");
    let _connection = caught(&listener);
    daemon.signal("TERM");
    daemon.hears("STOPPING=1");
    daemon.signal("HUP");
    thread::sleep(Duration::from_secs(1));
    assert!(daemon.child.try_wait().unwrap().is_none(), "to read the watchlist again is no request to stop");
    daemon.signal("TERM");
    let (status, took) = daemon.end();
    assert_eq!(status.code(), Some(0), "{}", daemon.log());
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(daemon.log().contains("stopped at once"), "{}", daemon.log());
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

/// Whether `provwatch status` has this finding.
fn finds(machine: &Machine, id: &str) -> bool {
    status(machine).1.iter().any(|found| found == id)
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

#[test]
fn a_daemon_that_lives_is_told_from_one_that_is_dead_or_hangs() {
    let machine = Machine::new();
    let mut daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    let (code, ids, report) = status(&machine);
    assert_eq!((code, &*ids, &report["healthy"]), (0, &[][..], &Value::Bool(true)), "{report}");
    assert_eq!(report["runner"]["pid"], daemon.child.id());
    assert_eq!((&report["lock"], &report["runner"]["kind"]), (&"held".into(), &"daemon".into()));
    assert!(!report["limited"].as_array().unwrap().is_empty(), "logs and forges are switched off: {report}");

    daemon.signal("STOP");
    let store = Store::open(&machine.path("provwatch.db")).unwrap();
    let mut beat = store.runner().unwrap().unwrap();
    beat.beat_at -= chrono::TimeDelta::minutes(4);
    store.beat(&beat).unwrap();
    drop(store);
    assert_eq!(status(&machine).1, ["daemon-silent"]);
    daemon.signal("KILL");
    daemon.end();
    let (code, ids, report) = status(&machine);
    assert_eq!((code, &*ids), (5, &["no-daemon".to_owned()][..]), "{report}");

    let _daemon = machine.start();
    assert_eq!(status(&machine).0, 0, "another one lives");
}

#[test]
fn a_pass_leaves_word_that_it_was_made() {
    let machine = Machine::new();
    assert_eq!(machine.run(&["run", "--once"]).status.code(), Some(0));
    let (code, _, report) = status(&machine);
    assert_eq!((code, &report["runner"]["kind"], &report["lock"]), (0, &"once".into(), &"free".into()), "{report}");
    assert_eq!(machine.run(&["run", "--once"]).status.code(), Some(0));
    assert_eq!(status(&machine).2["runner"]["facts"]["passes"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_on_disk_and_not_in_use_is_said() {
    let machine = Machine::new();
    let daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    machine.watch("packages = [\"pkg:npm/widget\", \"pkg:npm/gadget\"]\n");
    assert_eq!(status(&machine).1, ["watchlist-changed"]);
    daemon.signal("HUP");
    daemon.hears("STATUS=watching 2 packages and 0 patterns");
    eventually("the new list is in use", || status(&machine).0 == 0);
    machine.watch("packages = [\"pkg:npm/\"]\n");
    assert_eq!(status(&machine).1, ["watchlist-unusable"]);
    machine.watch("packages = [\"pkg:npm/widget\", \"pkg:npm/gadget\"]\n");
    let config = fs::read_to_string(machine.path("provwatch.toml")).unwrap();
    fs::write(machine.path("provwatch.toml"), config.replace("\"2s\"", "\"3s\"")).unwrap();
    assert_eq!(status(&machine).1, ["configuration-changed"]);
    fs::write(machine.path("provwatch.toml"), format!("# a remark\n{config}")).unwrap();
    assert_eq!(status(&machine).0, 0);
}

#[test]
fn a_server_that_answers_500_is_a_warning_after_the_second_time_and_said_when_it_is_over() {
    let machine = Machine::new();
    let names: Vec<String> = (0..12).map(|number| format!("part-{number}")).collect();
    for name in &names {
        publish_history(&machine.world, name);
    }
    let purls: Vec<String> = names.iter().map(|name| format!("pkg:npm/{name}")).collect();
    machine.watch(&format!("packages = {purls:?}\n"));
    machine.world.break_down("npm.example/part-", Fault::Status(500, Vec::new()));
    let daemon = machine.start();
    daemon.says("documents cannot be fetched");
    daemon.says("500");
    let failing = || Store::open_read_only(&machine.path("provwatch.db")).unwrap().failing_work(20).unwrap().len();
    eventually("all have failed", || failing() == 12);
    let log = daemon.log();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("WARN") && line.contains("500")).collect();
    assert_eq!(warnings.len(), 1, "one for the registry, not one for each package: {warnings:#?}");
    let pulse = || daemon.log().contains("provwatch is healthy, but limited");
    eventually("the verdict is in the log", pulse);
    machine.world.mend("npm.example/part-");
    // What failed a moment ago is not called well at the first success.
    thread::sleep(Duration::from_secs(16));
    machine.publish_badly("part-11", "1.1.0");
    daemon.says("documents are there again after");
    eventually("it is learned", || machine.knows("pkg:npm/part-11@1.0.8"));
}

#[test]
fn a_registry_that_refuses_connections_is_said_and_survived() {
    let machine = Machine::new();
    let (listener, nobody) = silence();
    drop(listener);
    let config = fs::read_to_string(machine.path("provwatch.toml")).unwrap();
    let deaf = config.replace(&machine.server.base("replicate.example"), &nobody);
    fs::write(machine.path("provwatch.toml"), deaf).unwrap();
    let mut daemon = machine.start();
    eventually("what can be read is read", || machine.knows("pkg:npm/widget@1.0.8"));
    thread::sleep(Duration::from_secs(3));
    assert!(daemon.child.try_wait().unwrap().is_none(), "{}", daemon.log());
    assert_eq!(daemon.log().matches("source=\"npm-changes\"").count(), 1, "said once: {}", daemon.log());
    let status = machine.run(&["status", "--format", "json"]);
    assert_eq!(status.status.code(), Some(5));
    let report: Value = serde_json::from_slice(&status.stdout).unwrap();
    let reason = report["reasons"][0].as_str().unwrap();
    assert_eq!(report["findings"][0]["id"], "source-silent");
    assert!(reason.starts_with("npm-changes was never read; asking npm"), "{reason}");
    assert!(report["sources"][0]["state"]["last_error"].as_str().unwrap().contains("refused"), "{report}");
}
