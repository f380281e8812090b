use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, CommandFactory};

use super::{
    args::Arguments,
    exit::{Exit, Failure, Outcome},
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
    pub fn run(&self) -> Outcome {
        // Into memory first: the generator would panic where nobody reads standard output any more.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "provwatch", &mut script);
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
    /// Write the pages of all commands to this folder instead of printing the first
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

impl Man {
    pub fn run(&self) -> Outcome {
        match &self.dir {
            Some(folder) => write_all(folder).map_err(|error| {
                Failure::failed(format!("cannot write the manual pages to {}: {error}", folder.display()))
            })?,
            None => print_first()?,
        }
        Ok(Exit::Clean)
    }
}

fn write_all(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Arguments::command().disable_help_subcommand(true), folder)
}

fn print_first() -> io::Result<()> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
    output::bytes(&page)
}
