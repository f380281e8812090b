use clap::{Args, CommandFactory};

use super::{
    args::Arguments,
    exit::{Exit, Outcome},
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
  provwatch man > /usr/local/share/man/man1/provwatch.1")]
pub struct Man {}

impl Man {
    #[expect(clippy::unused_self, reason = "every command is run the same way")]
    pub fn run(&self) -> Outcome {
        let mut page = Vec::new();
        clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
        output::bytes(&page)?;
        Ok(Exit::Clean)
    }
}
