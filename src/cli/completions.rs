//! `provwatch completions` and `provwatch man`: print shell completions and the manual page for packagers.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, Command};

use super::{
    exit::{CliError, Exit, Outcome},
    output,
};

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  provwatch completions bash > /etc/bash_completion.d/provwatch
  provwatch completions zsh > ~/.zfunc/_provwatch
  provwatch completions fish > ~/.config/fish/completions/provwatch.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

impl Completions {
    pub fn run(&self, mut command: Command) -> Outcome {
        // Into memory first: the generator would panic if standard output is closed.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "provwatch", &mut script);
        output::bytes(&script)?;
        Ok(Exit::Clean)
    }
}

/// Print the manual page
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  provwatch man | man -l -
  provwatch man --dir /usr/local/share/man/man1  # a page for every command")]
pub struct Man {
    /// Write the manual pages of all commands to this folder, instead of printing the main page
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

impl Man {
    pub fn run(&self, command: Command) -> Outcome {
        match &self.dir {
            Some(folder) => write_all(command, folder).map_err(|error| {
                CliError::failed(format!("cannot write the manual pages to {}: {error}", folder.display()))
            })?,
            None => print_first(command)?,
        }
        Ok(Exit::Clean)
    }
}

fn write_all(command: Command, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command.disable_help_subcommand(true), folder)
}

fn print_first(command: Command) -> io::Result<()> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    output::bytes(&page)
}
