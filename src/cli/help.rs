//! Help texts: wrapped to 80 columns, with examples that can be pasted.

use clap::{Command, CommandFactory};

use super::args::Arguments;

/// The narrowest terminal for which help is written.
const COLUMNS: usize = 80;

/// Every command with its full name: `provwatch logs scan`.
fn every_command() -> Vec<(String, Command)> {
    let mut root = Arguments::command().term_width(COLUMNS);
    root.build();
    let (mut found, mut left) = (Vec::new(), vec![("provwatch".to_owned(), root)]);
    while let Some((name, command)) = left.pop() {
        left.extend(command.get_subcommands().map(|sub| (format!("{name} {}", sub.get_name()), sub.clone())));
        found.push((name, command));
    }
    found
}

/// The text below the options, as it is written.
fn text(command: &Command) -> String {
    command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string).unwrap_or_default()
}

/// The lines of each example: the first begins with the program's name, those after a backslash go on with it.
fn examples(text: &str) -> Vec<Vec<&str>> {
    let mut found: Vec<Vec<&str>> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        match found.last_mut() {
            Some(example) if goes_on => example.push(line),
            _ if line.trim_start().starts_with("provwatch ") => found.push(vec![line]),
            _ => continue,
        }
        goes_on = line.ends_with('\\');
    }
    found
}

/// The words as a shell splits them, up to the parts for the shell: a comment, a pipe, a redirection.
fn words(example: &[&str]) -> Vec<String> {
    let line: String = example.iter().map(|line| line.trim_end_matches('\\')).collect();
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("it has one").push(c),
        }
    }
    let words = words.into_iter().filter(|word| !word.is_empty());
    words.take_while(|word| !["#", "|", ">"].contains(&word.as_str())).collect()
}

#[test]
fn no_help_is_wider_than_a_terminal() {
    let mut wide = Vec::new();
    for (_, mut command) in every_command() {
        for help in [command.render_long_help(), command.render_help()] {
            let help = help.to_string();
            wide.extend(help.lines().filter(|line| line.chars().count() > COLUMNS).map(str::to_owned));
        }
    }
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn every_example_of_a_help_can_be_pasted() {
    let mut seen = 0;
    for (name, mut command) in every_command() {
        let (text, shown) = (text(&command), command.render_long_help().to_string());
        for example in examples(&text) {
            for line in &example {
                assert!(shown.lines().any(|shown| shown == *line), "{name}: this line is broken anew: {line}");
            }
            assert!(!example.last().is_some_and(|line| line.ends_with('\\')), "{name}: {example:?} goes on nowhere");
            let parsed = Arguments::command().try_get_matches_from(words(&example));
            assert!(parsed.is_ok(), "{name}: {example:?}: {}", parsed.unwrap_err());
            seen += 1;
        }
    }
    assert!(seen > 80, "{seen} examples");
}

/// A line that is broken by hand is broken again by a narrower terminal, in the middle.
#[test]
fn a_paragraph_of_a_help_is_one_line() {
    for (name, command) in every_command() {
        let text = text(&command);
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2) {
            let [line, next] = pair else { continue };
            let flows = |line: &str| !line.is_empty() && !line.starts_with(' ');
            assert!(!(flows(line) && flows(next)), "{name}: a paragraph is broken by hand: {line}");
        }
        for line in lines.iter().filter(|line| line.starts_with(' ')) {
            assert!(line.chars().count() <= COLUMNS, "{name}: {line}");
        }
    }
}
