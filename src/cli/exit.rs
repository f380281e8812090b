//! The exit codes of commands, the flag that decides about one of them, and the error message of a failed command.

use std::{error::Error, fmt, process::ExitCode};

use clap::Args;

use crate::model::Severity;

/// The exit codes of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Nothing to report.
    Clean = 0,
    /// The command failed.
    Failed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Findings at or above `--fail-on`, or expectations missed.
    Findings = 3,
    /// A part of the request could not be checked.
    Unchecked = 4,
    /// Unhealthy (`status`).
    Unhealthy = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// From which severity on findings make the exit code 3.
#[derive(Clone, Copy, Debug, Args)]
pub struct FailOn {
    /// Exit with 3 if there are findings of this severity or worse
    #[arg(long, value_name = "SEVERITY", default_value_t = Severity::High)]
    pub fail_on: Severity,
}

/// The reason why a command failed: the code, the failed operation with its causes, and the next step.
#[derive(Debug)]
pub struct CliError {
    exit: Exit,
    error: Box<dyn Error + Send + Sync>,
    next: Option<String>,
}

/// The outcome of a command.
pub type Outcome = Result<Exit, CliError>;

impl CliError {
    /// The command failed.
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { exit: Exit::Failed, error: error.into(), next: None }
    }

    /// The user's input is wrong.
    pub fn usage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { exit: Exit::Usage, error: error.into(), next: None }
    }

    /// Adds the next step.
    #[must_use]
    pub fn next(mut self, step: impl Into<String>) -> Self {
        self.next = Some(step.into());
        self
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Whether the output is closed, as when it is piped to `head`; this does not deserve a message.
    pub fn is_closed_pipe(&self) -> bool {
        let io = self.error.downcast_ref::<std::io::Error>();
        io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    }

    pub fn next_step(&self) -> Option<&str> {
        self.next.as_deref()
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        let mut causes = std::iter::successors(self.error.source(), |cause| (*cause).source());
        causes.try_for_each(|cause| write!(f, "\n  because: {cause}"))
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for CliError {
    fn from(error: E) -> Self {
        Self::failed(error)
    }
}
