//! Tests of help, examples, completions, manual pages, and the answers to wrong usage.

use super::Home;

#[test]
fn every_shell_gets_completions_and_man_a_page() {
    let home = Home::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let said = home.run(&["completions", shell]);
        assert!(said.code == 0 && said.out.contains("verify-bundle"), "{shell}");
    }
    let said = home.run(&["man"]);
    assert!(said.code == 0 && said.out.contains(".TH provwatch 1") && said.out.contains("Examples"), "{said}");
    assert_eq!(home.run(&["man", "--dir", "pages"]).code, 0);
    assert!(home.path("pages/provwatch-run.1").exists() && home.path("pages/provwatch-detectors-explain.1").exists());
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let home = Home::new();
    for arguments in [
        &["rum"][..],
        &[],
        &["replay"],
        &["run", "--fail-on", "grave"],
        &["run", "--format", "xml"],
        &["detectors"],
        &["completions", "tcl"],
        &["--config", "missing.toml", "run"],
        &["verify-bundle"],
    ] {
        let said = home.run(arguments);
        assert!(said.code == 2 && !said.err.is_empty() && said.out.is_empty(), "{arguments:?}: {said}");
    }
}

#[test]
fn every_command_has_help_with_an_example() {
    let home = Home::new();
    for command in
        ["run", "init", "doctor", "backfill", "replay", "verify-bundle", "test-sinks", "drill", "completions", "man"]
    {
        let said = home.run(&[command, "--help"]);
        assert!(said.code == 0 && said.out.contains("Example") && said.out.contains("provwatch "), "{said}");
    }
}

#[test]
fn examples_fit_the_narrowest_terminal() {
    let home = Home::new();
    for command in [
        "",
        "run",
        "init",
        "doctor",
        "status",
        "backfill",
        "lookup",
        "timeline",
        "replay",
        "verify-bundle",
        "watch add",
        "watch import",
        "baseline show",
        "baseline accept",
        "baseline reset",
        "baseline pin",
        "baseline list",
        "alerts list",
        "alerts ack",
        "expect add",
        "logs scan",
        "logs find",
        "logs start",
        "detectors explain",
    ] {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let said = home.run(&words);
        let wide = said.out.lines().find(|line| line.starts_with("  provwatch ") && line.chars().count() > 80);
        assert_eq!(wide, None, "{command}");
    }
}
