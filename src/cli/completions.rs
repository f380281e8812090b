use clap::{Args, CommandFactory};

use super::{
    args::Arguments,
    exit::{Exit, Outcome},
};

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  provwatch completions bash > /etc/bash_completion.d/provwatch")]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

impl Completions {
    pub fn run(&self) -> Outcome {
        clap_complete::generate(self.shell, &mut Arguments::command(), "provwatch", &mut std::io::stdout());
        Ok(Exit::Clean)
    }
}

/// Print the manual page
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  provwatch man > /usr/local/share/man/man1/provwatch.1")]
pub struct Man {}

impl Man {
    #[expect(clippy::unused_self, reason = "every command is run the same way")]
    pub fn run(&self) -> Outcome {
        clap_mangen::Man::new(Arguments::command()).render(&mut std::io::stdout())?;
        Ok(Exit::Clean)
    }
}
