//! Tests of the effects on the host: files on the disk, their permissions, and printed text.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a configuration that asks nobody.
struct Host(TempDir);

impl Host {
    fn with(more: &str) -> Self {
        let host = Self(tempfile::tempdir().unwrap());
        let config = format!(
            "[store]\npath = \"state/provwatch.db\"\n[watchlist]\nfiles = [\"watchlist.toml\"]\n\
             [http]\ncontact = \"tests@example.org\"\nmax_attempts = 1\nproxy_from_environment = false\n\
             allow_private = [\"127.0.0.1\"]\n[trust]\nsource = \"embedded\"\n[forges]\nenabled = false\n[logs]\nenabled = false\n\
             [registries]\nnpm = {{ registry = \"http://127.0.0.1:1\", replicate = \"http://127.0.0.1:1\" }}\n\
             pypi = {{ enabled = false }}\ncargo = {{ enabled = false }}\n{more}"
        );
        host.write("provwatch.toml", &config, 0o644);
        host.write("watchlist.toml", "packages = []\n", 0o644);
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        fs::write(self.path(name), text).unwrap();
        set_mode(&self.path(name), mode);
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provwatch"));
        command.args(["--config", "provwatch.toml"]).args(arguments);
        command.current_dir(self.0.path()).env_clear().env("HOME", self.0.path()).output().unwrap()
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_configuration_that_cannot_work_leaves_the_disk_as_it_was() {
    let hook = |key: &str| {
        format!("[[subscriptions]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"https://hook.example\"\n{key}\n")
    };
    for (more, watchlist, why) in [
        (hook("secret_file = \"lost\""), "packages = []", "reading lost"),
        (hook("secret_file = \"weak\""), "packages = []", "subscription"),
        (hook("secret_credential = \"hook\""), "packages = []", "CREDENTIALS_DIRECTORY"),
        (String::new(), "packages = [7]", "watchlist"),
    ] {
        let host = Host::with(&more);
        host.write("watchlist.toml", watchlist, 0o644);
        host.write("weak", "hunter2", 0o600);
        for arguments in
            [&["run", "--once"][..], &["run"], &["backfill"], &["logs", "start", "--log", "x", "--from-index", "1"]]
        {
            let output = host.run(arguments);
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
            assert!(said.contains(why), "{arguments:?} {why}: {said}");
            assert!(!said.contains("hunter2"), "{said}");
            assert!(!host.path("state").exists(), "{arguments:?}: {why}");
        }
    }
}

#[test]
fn a_link_in_the_place_of_the_lock_is_refused() {
    let host = Host::with("");
    fs::create_dir(host.path("state")).unwrap();
    host.write("precious", "precious", 0o600);
    symlink(host.path("precious"), host.path("state/provwatch.db.lock")).unwrap();
    let output = host.run(&["run", "--once"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("provwatch.db.lock: it is a symbolic link"), "{said}");
    assert_eq!(fs::read_to_string(host.path("precious")).unwrap(), "precious");
    assert!(!host.path("state/provwatch.db").exists(), "nothing is made without the lock");
}

#[test]
fn what_others_may_change_or_read_is_said_by_doctor_and_in_the_log() {
    let host = Host::with(
        "[[subscriptions]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"https://hook.example\"\nsecret_file = \"secret\"\n",
    );
    host.write("secret", "whsec_U1NTU1NTU1NTU1NTU1NTU1NTU1NTU1NTU1NTU1NTU1M=", 0o640);
    host.run(&["run", "--once"]);
    for (name, mode) in
        [("provwatch.toml", 0o666), ("watchlist.toml", 0o664), ("state/provwatch.db", 0o606), ("state", 0o777)]
    {
        set_mode(&host.path(name), mode);
    }
    let doctor = host.run(&["doctor", "--offline"]);
    let (log, doctor) = (text(&host.run(&["run", "--once"]).stderr), (doctor.status.code(), text(&doctor.stdout)));
    assert_eq!(doctor.0, Some(0), "a warning, not a refusal: {}", doctor.1);
    for mend in ["chmod go-w provwatch.toml", "chmod g-w ", "chmod o-w ", "chmod go-w ", "chmod 600 "] {
        assert!(doctor.1.contains(mend), "{mend}: {}", doctor.1);
        assert!(log.contains(mend), "{mend}: {log}");
    }
    let lines = host.run(&["doctor", "--offline", "--format", "json"]);
    let warned = |name: &str| {
        let lines = text(&lines.stdout);
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["state"] == "warning").any(|line| line["name"].as_str().unwrap().ends_with(name))
    };
    for name in ["provwatch.toml", "watchlist.toml", "provwatch.db", "state", "secret"] {
        assert!(warned(name), "{name}");
    }
}

#[test]
fn doctor_makes_no_store() {
    let host = Host::with("");
    host.run(&["doctor"]);
    assert!(!host.path("state").exists());
}

#[test]
fn json_that_is_shown_on_a_terminal_cannot_garble_it() {
    let host = Host::with("");
    let watchlist = r#"package = [{ purl = "pkg:npm/widget", note = "a\u009b2J\u202eb\u200b" }]"#;
    host.write("watchlist.toml", watchlist, 0o644);
    for arguments in
        [&["watch", "list", "--format", "json"][..], &["watch", "why", "pkg:npm/widget", "--format", "json"]]
    {
        let output = host.run(arguments);
        let line = text(&output.stdout);
        assert!(line.contains("widget") && !line.trim_end().contains(provwatch::text::misleads), "{line:?}");
        if line.contains("2J") {
            assert!(line.contains(r"a\u009b2J\u202eb\u200b"), "{line}");
            assert!(serde_json::from_str::<Value>(&line).unwrap().to_string().contains('\u{9b}'), "{line}");
            return;
        }
    }
    panic!("neither shows the note");
}
