//! Tests of the receivers on this machine with the real program: `test-sinks` reaches each, and a full disk leaves no half
//! line.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use std::{
    fs,
    io::Read,
    net::{TcpListener, UdpSocket},
    os::unix::{fs::PermissionsExt, net::UnixDatagram},
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a configuration that has these receivers.
struct Home(TempDir);

impl Home {
    fn new(receivers: &[(&str, &str)]) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        let receiver =
            |(kind, keys): &(&str, &str)| format!("[[subscriptions]]\nname = \"{kind}\"\ntype = \"{kind}\"\n{keys}\n");
        let text: String = receivers.iter().map(receiver).collect();
        fs::write(home.0.path().join("provwatch.toml"), text).unwrap();
        home
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// The answers of all receivers, by their kind.
    fn answers(output: &Output) -> Vec<(String, bool, String)> {
        let text = String::from_utf8_lossy(&output.stdout);
        let answer = |line: &str| {
            let answer: Value = serde_json::from_str(line).unwrap();
            let word = |key: &str| answer[key].as_str().unwrap().to_owned();
            assert_eq!(word("kind"), word("subscription"), "the kind is the word of the configuration");
            (word("kind"), answer["ok"] == true, word("detail"))
        };
        text.lines().map(answer).collect()
    }

    /// `provwatch test-sinks`, after these words of a shell.
    fn test_sinks(&self, before: &str) -> Output {
        let script = format!("{before} exec \"$0\" test-sinks --format json --config \"$1/provwatch.toml\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_provwatch")]).arg(self.path());
        command.env("PROVWATCH_LOG", "off").output().unwrap()
    }
}

#[test]
fn a_test_message_reaches_each_receiver_on_this_machine() {
    let home = Home::new(&[]);
    let at = |name: &str| home.path().join(name).display().to_string();
    let program = home.path().join("program");
    fs::write(&program, "#!/bin/sh\ncat > \"$1\"\nexit 0\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let (journal, udp) = (UnixDatagram::bind(at("journal")).unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    journal.set_read_timeout(PATIENCE).and(udp.set_read_timeout(PATIENCE)).unwrap();
    let receivers = [
        ("file", "path = \"alerts.jsonl\"\nform = \"ocsf\"".to_owned()),
        ("command", format!("command = [{:?}, {:?}]\nform = \"cloudevents\"", program, at("document"))),
        ("journald", "socket = \"journal\"".to_owned()),
        ("syslog", format!("address = \"udp://{}\"", udp.local_addr().unwrap())),
    ];
    let receivers: Vec<(&str, &str)> = receivers.iter().map(|(kind, keys)| (*kind, keys.as_str())).collect();
    fs::copy(Home::new(&receivers).path().join("provwatch.toml"), home.path().join("provwatch.toml")).unwrap();

    let output = home.test_sinks("");
    let answers = Home::answers(&output);
    assert_eq!(output.status.code(), Some(0), "{answers:?} {}", String::from_utf8_lossy(&output.stderr));
    let kinds: Vec<&str> = answers.iter().map(|(kind, ..)| kind.as_str()).collect();
    assert_eq!(kinds, ["file", "command", "journald", "syslog"]);

    let line: Value = serde_json::from_str(&home.read("alerts.jsonl")).unwrap();
    assert_eq!((line["class_uid"].as_u64(), line["is_alert"].as_bool()), (Some(2004), Some(false)));
    assert_eq!(fs::metadata(home.path().join("alerts.jsonl")).unwrap().permissions().mode() & 0o777, 0o640);
    let document: Value = serde_json::from_str(&home.read("document")).unwrap();
    assert_eq!(document["type"], "dev.provwatch.alert.raised");
    let mut buffer = vec![0; 65_536];
    let length = journal.recv(&mut buffer).unwrap();
    let entry = String::from_utf8_lossy(&buffer[..length]).into_owned();
    assert!(entry.contains("MESSAGE=INFO This is a test of provwatch") && entry.contains("PRIORITY=6\n"), "{entry}");
    let length = udp.recv(&mut buffer).unwrap();
    let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
    assert!(message.starts_with("<30>1 ") && message.contains("[provwatch@32473 alert=\"test\""), "{message}");
}

const PATIENCE: Option<Duration> = Some(Duration::from_secs(20));

#[test]
fn a_syslog_server_with_connections_gets_the_length_first() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = Home::new(&[(
        "syslog",
        &format!("address = \"tcp://{}\"\nfacility = \"local3\"", server.local_addr().unwrap()),
    )]);
    assert_eq!(home.test_sinks("").status.code(), Some(0));
    let mut text = String::new();
    server.accept().unwrap().0.read_to_string(&mut text).unwrap();
    let (length, message) = text.split_once(' ').unwrap();
    assert_eq!(length.parse(), Ok(message.len()));
    assert!(message.starts_with("<158>1 "), "{message}");
}

/// `ulimit -f` is a disk of that many blocks; the program ignores the signal, as it has to report the error.
#[test]
fn a_full_disk_leaves_no_half_line() {
    let home = Home::new(&[("file", "path = \"alerts.jsonl\"")]);
    let line = format!("{}\n", "x".repeat(50));
    // 1,024 blocks of 512 or 1,024 bytes, as the shell counts them.
    for blocks in [512, 1_024] {
        let whole = line.repeat(blocks * 1_024 / line.len());
        let there = &whole[..whole.len() - line.len() * 3];
        fs::write(home.path().join("alerts.jsonl"), there).unwrap();
        let output = home.test_sinks("trap '' XFSZ; ulimit -f 1024;");
        let answers = Home::answers(&output);
        if answers[0].1 {
            continue;
        }
        assert!(answers[0].2.starts_with("appending to ") && answers[0].2.contains("File too large"), "{answers:?}");
        assert_eq!(home.read("alerts.jsonl"), there, "the file is as long as before");
        fs::write(home.path().join("alerts.jsonl"), format!("{there}{{\"half\":")).unwrap();
        assert!(Home::answers(&home.test_sinks(""))[0].1);
        let text = home.read("alerts.jsonl");
        let (before, last) = text.strip_suffix('\n').unwrap().rsplit_once('\n').unwrap();
        assert!(before.ends_with("{\"half\":") && serde_json::from_str::<Value>(last).is_ok());
        return;
    }
    panic!("the limit held for neither size of block");
}

#[test]
fn receivers_that_fail_say_why() {
    let home = Home::new(&[
        ("file", "path = \"missing/alerts.jsonl\""),
        ("command", "command = [\"/no/such/program\", \"hunter2\"]"),
        ("journald", "socket = \"no-journal\""),
        ("syslog", "address = \"unix:/no/such/socket\""),
    ]);
    let output = home.test_sinks("");
    assert_eq!(output.status.code(), Some(1));
    for (kind, ok, detail) in Home::answers(&output) {
        assert!(!ok && detail.contains("No such file or directory") && !detail.contains("hunter2"), "{kind}: {detail}");
    }
}
