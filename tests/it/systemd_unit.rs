//! Tests of the systemd unit: hardening and liveness.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::{
    os::unix::{fs::PermissionsExt, net::UnixDatagram},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use provwatch::config::{Config, SecretSource, Subscription};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).expect("the folder holds it")
}

/// The values of a directive, in file order.
fn values<'a>(unit: &'a str, directive: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(directive)?.strip_prefix('=')).collect()
}

#[test]
fn the_unit_is_hardened() {
    let unit = read("provwatch.service");
    for (directive, expected) in [
        ("AmbientCapabilities", ""),
        ("CapabilityBoundingSet", ""),
        ("DevicePolicy", "closed"),
        ("DynamicUser", "yes"),
        ("KeyringMode", "private"),
        ("LimitCORE", "0"),
        ("LockPersonality", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("NoExecPaths", "/"),
        ("NoNewPrivileges", "yes"),
        ("PrivateDevices", "yes"),
        ("PrivateTmp", "yes"),
        ("PrivateUsers", "yes"),
        ("ProcSubset", "pid"),
        ("ProtectClock", "yes"),
        ("ProtectControlGroups", "yes"),
        ("ProtectHome", "yes"),
        ("ProtectHostname", "yes"),
        ("ProtectKernelLogs", "yes"),
        ("ProtectKernelModules", "yes"),
        ("ProtectKernelTunables", "yes"),
        ("ProtectProc", "invisible"),
        ("ProtectSystem", "strict"),
        ("RemoveIPC", "yes"),
        ("RestrictNamespaces", "yes"),
        ("RestrictRealtime", "yes"),
        ("RestrictSUIDSGID", "yes"),
        ("SocketBindDeny", "any"),
        ("SystemCallArchitectures", "native"),
        ("UMask", "0077"),
    ] {
        assert_eq!(values(&unit, directive), [expected], "{directive}");
    }
    assert_eq!(values(&unit, "SystemCallFilter"), ["@system-service", "~@privileged @resources"]);
    for limit in ["CPUQuota", "MemoryHigh", "MemoryMax", "TasksMax"] {
        assert_eq!(values(&unit, limit).len(), 1, "{limit}");
    }
}

#[test]
fn the_service_can_speak_with_systemd() {
    let unit = read("provwatch.service");
    // systemd 252 does not know `notify-reload`.
    assert_eq!(values(&unit, "Type"), ["notify"]);
    // It must need nothing that a small system lacks, such as /bin/kill, and no shell that the service could execute.
    assert_eq!(values(&unit, "ExecReload"), ["/usr/bin/provwatch reload --config /etc/provwatch/provwatch.toml"]);
    assert_eq!(values(&unit, "ExecPaths"), ["/usr/bin/provwatch /usr/lib -/lib -/lib64"]);
    assert_eq!(values(&unit, "WatchdogSec").len(), 1);
    assert_eq!(values(&unit, "StateDirectory"), ["provwatch"]);
    let families = values(&unit, "RestrictAddressFamilies");
    assert!(families[0].split(' ').any(|family| family == "AF_UNIX"), "the notify socket and the journal need it");
    assert!(unit.contains("LoadCredential=smtp-password:"), "an example shows how secrets are passed");
}

#[test]
fn the_drop_in_for_programs_loosens_nothing_else() {
    let drop_in = read("provwatch-command.conf");
    let says: Vec<&str> = drop_in.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(says, ["[Service]", "ExecPaths=-/usr/local/lib/provwatch", "ExecPaths=-/bin/sh"]);
    let readme = read("README.md");
    for step in [
        "systemd/provwatch-command.conf /etc/systemd/system/provwatch.service.d/command.conf",
        "/usr/local/lib/provwatch",
    ] {
        assert!(readme.contains(step), "{step}");
    }
    assert!(!read("provwatch.service").contains("/bin/sh "), "the unit itself lets no shell start");
}

#[test]
#[ignore = "needs systemd-analyze; .ci/run installs it and runs this"]
fn systemd_rates_the_exposure_at_most_1_5() {
    // `--threshold` counts in tenths.
    let output = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=15", "--no-pager"])
        .arg(path("provwatch.service"))
        .output()
        .expect("systemd-analyze runs: install systemd");
    let report = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(report.contains("Overall exposure level"), "systemd rates it; --offline needs systemd 250: {report}");
    assert!(output.status.success(), "{report}");
}

/// The example with every receiver that stands there as a comment.
fn uncommented(example: &str) -> String {
    let is_toml =
        |line: &str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let line = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if is_toml(rest) => rest.to_owned(),
        _ => line.to_owned(),
    };
    example.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn the_example_configuration_needs_no_secret_and_shows_where_each_would_come_from() {
    let example = read("provwatch.toml");
    let config = Config::parse(&example, &path("provwatch.toml")).unwrap();
    assert!(config.secrets().next().is_none());
    assert_eq!(config.subscriptions.iter().map(Subscription::sink_type).collect::<Vec<_>>(), ["stdout"]);

    let config = Config::parse(&uncommented(&example), &path("provwatch.toml")).unwrap();
    let (unit, readme) = (read("provwatch.service"), read("README.md"));
    assert_eq!(config.subscriptions.len(), 4);
    assert_eq!(config.secrets().count(), 4);
    for secret in config.secrets() {
        let SecretSource::Credential(name) = secret else { panic!("{secret}") };
        let line = ["LoadCredential", "LoadCredentialEncrypted"].map(|directive| format!("{directive}={name}:"));
        for text in [&unit, &example] {
            assert!(line.iter().any(|line| text.contains(line)), "{name}");
        }
        let (before, _) = example.split_once(&format!("_credential = \"{name}\"")).unwrap();
        let table = before.rsplit("\n#\n").next().unwrap();
        assert!(line.iter().any(|line| table.contains(line)), "{name} stands beside its line");
    }
    for key in ["password", "url", "secret"] {
        assert!(readme.contains(&format!("`{key}_credential`")), "{key}");
    }
}

/// The steps that README.md prints first.
fn printed_steps() -> String {
    let readme = read("README.md");
    let (_, rest) = readme.split_once("```sh\n").unwrap();
    rest.split_once("\n```").unwrap().0.to_owned()
}

/// A machine that is a folder: absolute paths of the steps lie below it, and `systemctl` keeps what it is asked.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        let systemctl = machine.0.path().join("systemctl");
        std::fs::write(&systemctl, "#!/bin/sh\necho \"$@\" >> \"$0.asked\"\n").unwrap();
        std::fs::set_permissions(&systemctl, std::fs::Permissions::from_mode(0o755)).unwrap();
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path.trim_start_matches('/'))
    }

    fn below(&self, text: &str) -> String {
        let root = self.0.path().display();
        let text = text.replace("target/release/provwatch", env!("CARGO_BIN_EXE_provwatch"));
        let words = text.split_inclusive([' ', '\n']).map(|word| match word.strip_prefix('/') {
            Some(_) if !word.starts_with(env!("CARGO_BIN_EXE_provwatch")) => format!("{root}{word}"),
            _ => word.to_owned(),
        });
        words.collect()
    }

    /// As root has it whose umask is strict.
    fn run(&self, steps: &str) {
        let path = format!("{}:{}", self.0.path().display(), std::env::var("PATH").unwrap());
        let script = format!("umask 077\n{}", self.below(steps));
        let output = Command::new("sh")
            .args(["-eu", "-c", &script])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("PATH", path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    }

    fn mode(&self, path: &str) -> u32 {
        std::fs::metadata(self.path(path)).unwrap().permissions().mode() & 0o7777
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }
}

#[test]
fn the_printed_steps_end_with_a_service_that_runs() {
    let machine = Machine::new();
    machine.run(&printed_steps());
    assert_eq!(machine.text("systemctl.asked"), "daemon-reload\nenable --now provwatch\n");
    for (path, mode) in [
        ("/usr/bin/provwatch", 0o755),
        ("/etc/provwatch", 0o755),
        ("/etc/provwatch/provwatch.toml", 0o644),
        ("/etc/provwatch/watchlist.toml", 0o644),
        ("/etc/systemd/system/provwatch.service", 0o644),
    ] {
        assert_eq!(machine.mode(path), mode, "{path}: the service's user must get there");
    }
    let unit = machine.text("/etc/systemd/system/provwatch.service");
    let manager = machine.path("notify");
    let notices = UnixDatagram::bind(&manager).unwrap();
    notices.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    std::fs::create_dir(machine.path("state")).unwrap();
    let start = machine.below(values(&unit, "ExecStart")[0]);
    let words: Vec<&str> = start.split(' ').collect();
    let mut service = Command::new(words[0])
        .args(&words[1..])
        .env_clear()
        .env("NOTIFY_SOCKET", &manager)
        .env("STATE_DIRECTORY", machine.path("state"))
        // Nobody is asked: there is no such proxy.
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(machine.path("log")).unwrap())
        .spawn()
        .unwrap();
    let ready = wait_for(&notices, "READY=1");
    let reload = machine.below(values(&unit, "ExecReload")[0]);
    let asked =
        Command::new("sh").args(["-c", &reload]).env("STATE_DIRECTORY", machine.path("state")).output().unwrap();
    let reloaded = wait_for(&notices, "STATUS=watching 2 packages and 0 patterns");
    let _ = service.kill();
    let _ = service.wait();
    assert!(ready && reloaded, "the log:\n{}", machine.text("log"));
    assert_eq!(asked.status.code(), Some(0), "{}", String::from_utf8_lossy(&asked.stderr));
    assert!(machine.text("log").contains("read the watchlist again"), "{}", machine.text("log"));
}

fn wait_for(notices: &UnixDatagram, wanted: &str) -> bool {
    let mut buffer = [0; 4096];
    while let Ok(length) = notices.recv(&mut buffer) {
        if String::from_utf8_lossy(&buffer[..length]).lines().any(|line| line == wanted) {
            return true;
        }
    }
    false
}

#[test]
fn the_same_steps_install_a_new_version_and_overwrite_no_file_of_the_operators() {
    let machine = Machine::new();
    machine.run(&printed_steps());
    let files = ["/etc/provwatch/provwatch.toml", "/etc/provwatch/watchlist.toml"];
    for file in files {
        let own = machine.text(file) + "# mine\n";
        std::fs::write(machine.path(file), own).unwrap();
    }
    let before = files.map(|file| machine.text(file));
    machine.run(&printed_steps());
    assert_eq!(files.map(|file| machine.text(file)), before);
    std::fs::remove_file(machine.path(files[1])).unwrap();
    machine.run(&printed_steps());
    assert_eq!(machine.text(files[0]), before[0]);
    assert!(machine.text(files[1]).contains("pkg:npm/axios"), "what is missing is written");
}
