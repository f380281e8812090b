//! Walks a new user's path in a terminal of 80 columns. It runs the demo, then every command that README and OPERATIONS
//! show, on the demo's store, and the five steps that set a watch up, without a network.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail where they stand")]

use crate::lab;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use lab::program::Said;
use provwatch::model::RegistryId;
use tempfile::TempDir;

const README: &str = include_str!("../../README.md");
const OPERATIONS: &str = include_str!("../../docs/OPERATIONS.md");

/// Words that stand for something of the reader's own or that the demo does not watch, and what the demo has in their place.
const PLACEHOLDERS: [(&str, &str); 7] = [
    ("pkg:npm/axios", "pkg:npm/%40acme/widget"),
    ("ID", "2f10e7bb1b36"),
    ("PURL", "pkg:npm/%40acme/widget@2.7.3"),
    ("PACKAGE", "pkg:npm/%40acme/widget"),
    ("NAME", "log2026-1.rekor.lab.example"),
    ("N", "1"),
    ("…", "they confirm it"),
];

/// Commands that need the network, a daemon or a file that the demo does not make. `tests/it/documents.rs` holds that the program
/// understands them.
const ELSEWHERE: [&str; 25] = [
    "provwatch deliveries show",
    "provwatch deliveries retry",
    "provwatch store check --public-key",
    "provwatch store check /var/backups/provwatch.db",
    "provwatch store backup",
    "provwatch store restore",
    "provwatch run",
    "provwatch reload",
    "provwatch test-sinks",
    "provwatch drill",
    "provwatch doctor",
    "provwatch logs scan",
    "provwatch logs find",
    "provwatch logs start",
    "provwatch logs verify",
    "provwatch logs evidence ID",
    "provwatch init",
    "provwatch lookup --fetch",
    "provwatch incident open",
    "provwatch incident export",
    "provwatch incident inspect",
    "provwatch incident verify",
    "provwatch verify attestations.json",
    "provwatch verify --bundle",
    "provwatch verify pkg:npm/axios@1.14.1",
];

/// The demo's store, and a terminal.
struct Walk {
    folder: TempDir,
    config: PathBuf,
}

impl Walk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let demo = terminal(folder.path(), 80, &["demo"]);
        assert_eq!(demo.code, 0, "{demo}");
        let config = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path().join("provwatch.toml"));
        let config = config.into_iter().find(|path| path.exists()).unwrap();
        lock_files(folder.path());
        Self { folder, config }
    }

    fn run(&self, columns: u16, arguments: &[&str]) -> Said {
        let config = ["--config", self.config.to_str().unwrap()];
        terminal(self.folder.path(), columns, &[&config, arguments].concat())
    }

    /// With the configuration in the environment, as the demo says.
    fn exported(&self, columns: u16, line: &str) -> Said {
        let arguments = words(line);
        let arguments: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
        Said::by(command(self.folder.path(), columns).env("PROVWATCH_CONFIG", &self.config).args(arguments))
    }
}

fn command(folder: &Path, columns: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_provwatch"));
    command.current_dir(folder).env_clear().env("COLUMNS", columns.to_string()).env("PROVWATCH_LOG", "off");
    command.env("HOME", folder).env("TMPDIR", folder);
    command
}

fn terminal(folder: &Path, columns: u16, arguments: &[&str]) -> Said {
    Said::by(command(folder, columns).args(arguments))
}

/// The words of a line as a shell has them, up to a comment.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.into_iter().filter(|word| !word.is_empty()).take_while(|word| word != "#").collect()
}

/// Commands of a document: lines of its shell blocks, and what stands between backticks in its text.
fn commands(document: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut fence = None;
    let mut paragraph = String::new();
    for line in document.lines().map(str::trim).chain([""]) {
        if let Some(language) = line.strip_prefix("```") {
            fence = if fence.is_some() { None } else { Some(language) };
        } else if fence == Some("sh") {
            found.extend(line.starts_with("provwatch ").then(|| line.to_owned()));
        } else if line.is_empty() || line.starts_with(['|', '-']) {
            found.extend(spans(&paragraph));
            line.clone_into(&mut paragraph);
        } else {
            paragraph = format!("{paragraph} {line}");
        }
    }
    found
}

/// The commands between the backticks of a paragraph.
fn spans(paragraph: &str) -> BTreeSet<String> {
    let spans = paragraph.split('`').skip(1).step_by(2);
    spans.filter(|span| span.starts_with("provwatch ")).map(str::to_owned).collect()
}

/// The command with what the demo has.
fn with_what_there_is(line: &str) -> String {
    let word = |word: String| {
        let known = PLACEHOLDERS.iter().find(|(name, _)| *name == word);
        let word = known.map_or(word, |(_, value)| (*value).to_owned());
        if word.contains(' ') || word.is_empty() { format!("'{word}'") } else { word }
    };
    // What goes without saying, as in `provwatch baseline accept …`.
    let line = line.strip_suffix(" …").map_or(line.to_owned(), |line| format!("{line} {WHAT}"));
    words(&line).into_iter().map(word).collect::<Vec<_>>().join(" ")
}

const WHAT: &str = "pkg:npm/%40acme/widget@2.7.2 --reason honest";

fn is_elsewhere(line: &str) -> bool {
    ELSEWHERE.iter().any(|command| line == *command || line.starts_with(&format!("{command} ")))
}

#[test]
fn every_command_of_the_readme_and_of_the_operators_page_works() {
    let walk = Walk::new();
    let all: BTreeSet<String> = [README, OPERATIONS].into_iter().flat_map(commands).collect();
    assert!(all.len() > 30, "{all:#?}");
    for command in &ELSEWHERE {
        let is_it = |line: &String| line.starts_with(command);
        assert!(all.iter().any(is_it), "{command} is not shown any more");
    }
    // Those that take back what the others look at come last.
    let (last, first): (Vec<_>, Vec<_>) =
        all.iter().filter(|line| !is_elsewhere(line)).partition(|line| line.contains(" remove"));
    for line in first.into_iter().chain(last) {
        let said = walk.exported(80, &with_what_there_is(line));
        let is_bare =
            said.code == 2 && words(line).len() <= 3 && said.err.contains("required arguments were not provided");
        // A page that says `provwatch alerts ack` names the command, not all that it needs.
        let is_empty = said.code == 2
            && (said.err.contains("no [[logs.match]]")
                || (words(line).len() == 2 && said.err.contains("nothing to look for")));
        assert!(matches!(said.code, 0 | 3 | 4 | 5) || is_bare || is_empty, "{line}: {said}");
        assert!(!said.err.contains("panicked"), "{line}: {said}");
    }
}

/// What README shows after the demo is printed as it stands there, and works.
#[test]
fn the_readmes_commands_after_the_demo_work_as_printed() {
    let walk = Walk::new();
    let section = README.split("## Reading an alert").nth(1).unwrap().split("## During an incident").next().unwrap();
    let lines = commands(section);
    assert!(section.contains("PROVWATCH_CONFIG"), "how the demo's store is named");
    for line in lines.iter().filter(|line| words(line).len() > 2) {
        let said = walk.exported(80, line);
        assert!(matches!(said.code, 0 | 3), "{line}: {said}");
    }
    let again = walk.exported(80, "provwatch alerts ack 2f10e7bb1b36 7069042ec4eb --reason 'once more'");
    assert!(again.out.contains("2f10e7bb1b36 was already acknowledged"), "{again}");
    assert!(again.out.contains("7069042ec4eb is acknowledged"), "{again}");
}

const READING: [&[&str]; 27] = [
    &["alerts", "list"],
    &["alerts", "list", "--status", "all", "--min-severity", "info"],
    &["alerts", "show", "2f10e7bb1b36"],
    &["alerts", "show", "ddae3497517c"],
    &["lookup", "pkg:npm/%40acme/widget@2.7.3"],
    &["lookup", "pkg:pypi/acme-gauge@1.5.1"],
    &["lookup", "pkg:npm/left-pad"],
    &["lookup", "acme/widget", "--since", "2026-03-01"],
    &["lookup", "publisher:ada"],
    &["lookup", "2f10e7bb1b36"],
    &["lookup", "@nobody.example"],
    &["timeline", "pkg:npm/%40acme/widget"],
    &["timeline", "pkg:pypi/acme-gauge"],
    &["timeline", "pkg:npm/%40acme/widget@2.7.2"],
    &["timeline", "pkg:npm/%40acme/widget", "--at", "2026-03-15"],
    &["baseline", "list"],
    &["baseline", "show", "pkg:npm/%40acme/widget"],
    &["baseline", "history", "pkg:npm/%40acme/widget"],
    &["status"],
    &["doctor", "--offline"],
    &["watch", "list"],
    &["watch", "why", "pkg:npm/%40acme/widget"],
    &["expect", "list"],
    &["logs", "list"],
    &["logs", "status"],
    &["detectors", "list"],
    &["detectors", "explain", "odd-hours"],
];

/// A line may be longer than the terminal only where one word makes it so: an address, a digest. Commands are one word too.
fn is_too_long(line: &str, columns: usize) -> bool {
    let words = line.split_whitespace();
    let longest = words.map(|word| word.chars().count()).max().unwrap_or_default();
    let is_command = line.trim_start().starts_with("provwatch ") || line.contains("`provwatch ");
    line.chars().count() > columns && longest < columns / 2 && !is_command
}

fn all_words(text: &str) -> BTreeSet<String> {
    // Times that pass meanwhile are no words.
    text.split_whitespace().map(str::to_lowercase).filter(|word| !word.contains(':')).collect()
}

#[test]
fn every_table_fits_the_terminal_and_breaks_no_word() {
    let walk = Walk::new();
    let mut is_wide = 0;
    for arguments in READING {
        let (narrow, usual, wide) = (walk.run(80, arguments), walk.run(120, arguments), walk.run(400, arguments));
        for (columns, said) in [(80, &narrow), (120, &usual)] {
            let long: Vec<&str> = said.out.lines().filter(|line| is_too_long(line, columns)).collect();
            assert!(long.is_empty(), "{arguments:?} in {columns} columns: {long:#?}");
            let broken: Vec<_> = all_words(&said.out).difference(&all_words(&wide.out)).cloned().collect();
            assert!(broken.is_empty(), "{arguments:?} in {columns} columns breaks {broken:?}\n{said}");
        }
        is_wide += usize::from(usual.out.lines().any(|line| (81..=120).contains(&line.chars().count())));
    }
    assert!(is_wide >= 8, "{is_wide} make use of 120 columns");
}

#[test]
fn what_to_do_next_carries_the_configuration() {
    let walk = Walk::new();
    let config = walk.config.to_str().unwrap();
    for arguments in READING {
        let said = walk.run(80, arguments);
        for line in said.out.lines() {
            let commands = line.matches("`provwatch ").count()
                + usize::from(line.trim_start() != line && line.trim_start().starts_with("provwatch "));
            let named = line.matches(&format!("provwatch --config {config}")).count();
            // Only what is said of a process that is to be started elsewhere names none.
            let is_service = line.contains("systemctl") || line.contains("run --once` ended");
            assert!(named == commands || is_service, "{arguments:?}: {line}");
        }
        let exported = walk.exported(80, &format!("provwatch {}", arguments.join(" ")));
        assert!(!exported.out.contains("--config"), "{arguments:?}: the environment names it\n{exported}");
    }
}

#[test]
fn what_is_shown_is_what_a_tired_operator_needs() {
    let walk = Walk::new();
    let said = |arguments: &[&str]| walk.run(100, arguments);
    let place = |text: &str, part: &str| text.find(part).unwrap_or_else(|| panic!("{part:?} is not in {text}"));

    let timeline = said(&["timeline", "pkg:npm/%40acme/widget"]);
    assert!(timeline.out.contains("critical 2f10e7bb1b36"), "{timeline}");
    let unknown = said(&["timeline", "pkg:npm/left-pad"]);
    assert!(unknown.code == 4 && unknown.err.contains("Nothing is stored"), "{unknown}");

    let held = said(&["baseline", "show", "pkg:npm/%40acme/widget"]).out;
    let next = &held[place(&held, "\nnext\n")..];
    assert!(place(next, "alerts show") < place(next, "baseline accept"), "look before you accept: {next}");
    let alert = said(&["alerts", "show", "ddae3497517c"]).out;
    let next = &alert[place(&alert, "\ncontain\n")..];
    let order = ["npm install", "\nfind out\n", "lookup", "\ndecide\n", "alerts ack", "baseline accept", "\ntell\n"];
    assert!(order.map(|part| place(next, part)).is_sorted(), "{next}");
    assert!(alert.contains("last good") && alert.contains("pin 2.7.1"), "{alert}");

    let shown = said(&["lookup", "pkg:npm/%40acme/widget@2.7.3"]).out;
    assert!(shown.contains("postinstall: node setup.js"), "{shown}");
    assert!(shown.lines().any(|line| line.contains("sha512-") && line.trim_end().ends_with("==")), "{shown}");
    let alert = said(&["alerts", "show", "2f10e7bb1b36"]).out;
    assert!(alert.contains("postinstall: node setup.js"), "{alert}");

    let expected = said(&["expect", "add", "pkg:npm/left-pad", "--publisher", "ada", "--for", "2d", "--reason", "x"]);
    assert!(expected.code == 0 && expected.err.contains("not watched"), "{expected}");
    let missing = said(&["alerts", "ack", "2f10e7bb1b36", "ffff", "--reason", "x"]);
    assert!(missing.code == 1 && missing.err.contains("no alert was changed"), "{missing}");
    let open = said(&["alerts", "list", "--status", "open"]);
    assert!(open.out.contains("2f10e7bb1b36"), "one of several is mistyped: none is acknowledged\n{open}");
}

/// That nothing is known is never told like that nothing is wrong: docs of the exit codes, `provwatch --help`.
#[test]
fn what_is_asked_of_an_unknown_package_is_never_clean() {
    let walk = Walk::new();
    for unknown in ["pkg:npm/left-pad", "pkg:pypi/nobody", "pkg:cargo/nobody"] {
        for command in [
            &["lookup", unknown][..],
            &["timeline", unknown],
            &["baseline", "show", unknown],
            &["baseline", "history", unknown],
            &["alerts", "list", "--package", unknown],
        ] {
            for format in ["table", "json"] {
                let said = walk.run(80, &[command, &["--format", format]].concat());
                assert_eq!(said.code, 4, "{command:?}: {said}");
            }
        }
    }
    for command in [&["timeline"][..], &["baseline", "show"], &["baseline", "history"]] {
        let said = walk.run(80, &[command, &["pkg:pypi/acme-gauge"]].concat());
        assert_eq!(said.code, 0, "{command:?}: {said}");
    }
    let other = walk.run(80, &["verify", "sha256:0000000000000000000000000000000000000000000000000000000000000000"]);
    assert_eq!(other.code, 4, "{other}");
    for command in [&["alerts", "show", "ffff"][..], &["logs", "evidence", "ffff"], &["logs", "status", "--log", "x"]] {
        let said = walk.run(80, command);
        assert!(matches!(said.code, 1 | 2) && said.err.contains("next:"), "{command:?}: {said}");
    }
}

/// Half of a digest proves nothing.
#[test]
fn an_alert_shows_what_it_compares_whole() {
    let walk = Walk::new();
    let alert = walk.run(80, &["alerts", "show", "7069042ec4eb"]).out;
    let seen = walk.run(400, &["lookup", "pkg:pypi/acme-gauge@1.5.1"]).out;
    let digests = |text: &str| -> BTreeSet<String> {
        let is_digest = |word: &&str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        text.split_whitespace().map(|word| word.trim_end_matches(',')).filter(is_digest).map(str::to_owned).collect()
    };
    assert_eq!(digests(&alert).len(), 2, "what is served and what was attested: {alert}");
    assert!(digests(&alert).is_subset(&digests(&seen)), "{seen}");
}

/// What README looks for by a name is described there by that name.
#[test]
fn the_match_of_the_readme_is_shown_with_its_table() {
    let walk = Walk::new();
    let shown = commands(README).into_iter().find(|line| line.contains("logs matches --match")).unwrap();
    let tables = README.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let table = tables.into_iter().find(|table| table.contains("[[logs.match]]")).expect("README shows its table");
    let config = fs::read_to_string(&walk.config).unwrap();
    fs::write(&walk.config, format!("{config}\n{table}")).unwrap();
    let said = walk.exported(80, &shown);
    assert_eq!(said.code, 0, "{shown}: {said}");
}

/// The commands to go on with want a reason of the user's own; pasted as they are, they record nothing.
#[test]
fn a_printed_command_takes_a_reason_and_not_what_stands_for_one() {
    let walk = Walk::new();
    let shown: Vec<String> =
        READING.iter().flat_map(|of| walk.run(80, of).out.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let lines: BTreeSet<&str> = shown.iter().map(|line| line.trim()).filter(|line| line.contains("'…'")).collect();
    let lines: Vec<&str> = lines.into_iter().filter(|line| line.starts_with("provwatch ")).collect();
    let kinds = ["alerts ack", "baseline accept"];
    assert!(kinds.iter().all(|kind| lines.iter().any(|line| line.contains(kind))), "{lines:#?}");
    for line in lines {
        for instead in ["…", "...", " ", "?!"] {
            let pasted = walk.exported(80, &line.replace('…', instead));
            assert!(pasted.code == 2 && pasted.err.contains("give the reason in words"), "{line}: {pasted}");
        }
        let said = walk.exported(80, &with_what_there_is(line));
        assert_eq!(said.code, 0, "{line}: {said}");
    }
}

/// Lock files as a project has them.
fn lock_files(folder: &Path) {
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    write(
        "package-lock.json",
        r#"{"name":"x","lockfileVersion":3,"packages":{"":{},"node_modules/axios":{"version":"1.0.0"}}}"#,
    );
    write("sbom.cdx.json", r#"{"bomFormat":"CycloneDX","components":[{"name":"axios","purl":"pkg:npm/axios@1.0.0"}]}"#);
    let (pypi, cargo) = (RegistryId::PYPI.base_url(), RegistryId::CARGO_INDEX.base_url());
    write(
        "uv.lock",
        &format!(
            "version = 1\n[[package]]\nname = \"requests\"\nversion = \"2\"\nsource = {{ registry = \"{pypi}simple\" }}\n"
        ),
    );
    write(
        "Cargo.lock",
        &format!("version = 4\n[[package]]\nname = \"serde\"\nversion = \"1.0.0\"\nsource = \"sparse+{cargo}\"\n"),
    );
}

/// The five steps of README, as far as they need no network.
#[test]
fn a_watch_is_set_up_in_the_steps_of_the_readme() {
    let home = tempfile::tempdir().unwrap();
    lock_files(home.path());
    let section = README.split("## A working watch in five steps").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut lines: Vec<String> =
        section.lines().map(str::trim).filter(|line| line.starts_with("provwatch ")).map(str::to_owned).collect();
    lines.retain(|line| !line.contains(" run"));
    assert!(lines[0].starts_with("provwatch init"), "{lines:?}");
    let (folder, config) = (home.path().to_str().unwrap(), home.path().join("provwatch.toml"));
    for line in &lines {
        let mut arguments = words(line);
        // Nothing of this machine is touched, whoever runs the test.
        if arguments[1] == "init" {
            arguments.extend(["--dir".to_owned(), folder.to_owned()]);
        }
        if arguments[1] == "doctor" {
            arguments.push("--offline".to_owned());
        }
        let mut program = command(home.path(), 80);
        program.env("PROVWATCH_CONFIG", &config).env("STATE_DIRECTORY", folder);
        let said = Said::by(program.args(arguments.iter().skip(1)));
        let expected = i32::from(line.contains("status"));
        assert_eq!(said.code, expected, "{line}: {said}");
        let long: Vec<&str> = said.out.lines().filter(|line| is_too_long(line, 80)).collect();
        assert!(long.is_empty(), "{line}: {long:#?}");
    }
    let config = config.to_str().unwrap();
    let listed = terminal(home.path(), 80, &["--config", config, "watch", "list", "--format", "json"]);
    for package in ["pkg:npm/axios", "pkg:pypi/requests", "pkg:cargo/serde", "pkg:npm/@angular/*"] {
        assert!(listed.out.contains(package), "{package}: {listed}");
    }
}
