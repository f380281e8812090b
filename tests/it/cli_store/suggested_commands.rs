//! Tests that every suggested command works as it stands there, pasted into a shell.

use std::{path::PathBuf, process::Command};

use provwatch::{deliver::accept_command, model::Severity};

use super::{ALERT, Desk, Ran, stolen};

/// provwatch's own commands under `next`, or under the stages of what to do about an alert, as they stand there. Those
/// of package managers have a test beside their rows.
fn suggested(screen: &str) -> Vec<String> {
    let lines = screen.lines().skip_while(|line| !["next", "contain", "find out"].contains(line)).skip(1);
    let commands = lines.filter_map(|line| Some(line.trim().split("  ").next()?.to_owned()));
    commands.filter(|line| line.starts_with("provwatch ")).collect()
}

/// Calls a command as whoever pastes it into a shell.
fn paste(desk: &Desk, command: &str) -> Ran {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_provwatch"));
    let path = format!("{}:/usr/bin:/bin", binary.parent().unwrap().display());
    let output = Command::new("/bin/sh")
        .env_clear()
        .envs([("PATH", path.as_str()), ("USER", "ada"), ("HOME", "/nonexistent")])
        .current_dir(desk.0.path())
        .args(["-c", command])
        .output()
        .unwrap();
    desk.ran(&output)
}

/// The command with a reason of one's own, as a user writes it where `…` stands.
fn with_reason(command: &str) -> String {
    command.replace("--reason '…'", "--reason 'they confirm it'")
}

#[test]
fn every_suggested_command_can_be_called_as_it_stands() {
    let screens = [
        &["alerts", "show", ALERT][..],
        &["lookup", "pkg:npm/axios@1.14.1"],
        &["lookup", "pkg:npm/left-pad"],
        &["baseline", "show", "pkg:npm/axios"],
        &["status"],
    ];
    for arguments in screens {
        let ran = Desk::with_story().run_within(400, arguments);
        let commands = suggested(&ran.out);
        assert!(!commands.is_empty(), "{arguments:?}: {}", ran.out);
        for command in commands.iter().filter(|command| !command.contains(" backfill ") && !command.ends_with("doctor"))
        {
            let ran = paste(&Desk::with_story(), &with_reason(command));
            assert!([0, 3, 4, 5].contains(&ran.code), "{command}: exit {}: {}", ran.code, ran.err);
        }
    }
}

#[test]
fn what_looks_like_a_takeover_is_suggested_with_a_reason() {
    for severity in [Severity::High, Severity::Critical] {
        let command =
            accept_command(&stolen().purl, Some(severity)).replace("provwatch ", "provwatch --config provwatch.toml ");
        assert_eq!(paste(&Desk::with_story(), &command).code, 2, "{command}: what stands for a reason is none");
        assert_eq!(paste(&Desk::with_story(), &with_reason(&command)).code, 0, "{command}");
    }
    assert_eq!(accept_command(&stolen().purl, None), "provwatch baseline accept pkg:npm/axios@1.14.1");
    assert_eq!(accept_command(&stolen().purl, Some(Severity::Medium)), accept_command(&stolen().purl, None));
}
