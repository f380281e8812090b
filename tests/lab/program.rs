//! Runs the real program in a folder, as a user does.

use std::{fmt, path::Path, process::Command};

use serde_json::Value;

use super::schema;

/// What a command said.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// The program with these arguments, in a folder that is its home too.
pub fn provwatch(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_provwatch"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs([("COLUMNS", "110"), ("PROVWATCH_LOG", "off")])
        .env("HOME", folder);
    command
}

impl Said {
    /// What it says, when it has ended.
    pub fn by(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// It, where a text stands for another.
    pub fn with(self, text: &str, instead: &str) -> Self {
        Self { out: self.out.replace(text, instead), err: self.err.replace(text, instead), ..self }
    }

    /// What was printed, as lines of JSON. What says of which form it is must be of that form.
    #[track_caller]
    pub fn json(&self) -> Vec<Value> {
        let read = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        let lines: Vec<Value> = self.out.lines().map(read).collect();
        lines.iter().filter(|line| line.get("form").is_some()).for_each(schema::hold);
        lines
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}\n--- out\n{}", self.code, self.out)?;
        if !self.err.is_empty() {
            write!(f, "--- err\n{}", self.err)?;
        }
        Ok(())
    }
}
