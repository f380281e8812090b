//! The sink that hands messages to a program of the operator's.

mod run;

use std::{
    env,
    io::ErrorKind,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use futures::future::BoxFuture;

use self::run::{Ending, Run, run};
use crate::deliver::{Form, Message, Receipt, Sink, SinkError, event::Event};

/// The exit status of a program that never accepts the message (`EX_DATAERR` of sysexits.h).
const REFUSED: i32 = 65;

/// The variables that the program receives from provwatch's own environment. No other: a credential may stand there.
const KEPT: [&str; 3] = ["PATH", "LANG", "HOME"];

/// The program and how it is called.
#[derive(Clone, Debug)]
pub struct CommandSettings {
    /// The program, an absolute path.
    pub program: PathBuf,
    /// Its arguments, as they are: no shell reads them.
    pub arguments: Vec<String>,
    /// How long it may take.
    pub timeout: Duration,
    /// The form of the document on its standard input.
    pub form: Form,
}

/// Starts a program for each message, with the document on its standard input.
///
/// Exit status 0 accepts the message, 65 refuses it for good, and every other one asks for another attempt. What the
/// program leaves behind in its process group is killed when it ends.
#[derive(Debug)]
pub struct CommandSink {
    settings: CommandSettings,
}

impl CommandSink {
    /// A sink that starts this program. It starts nothing yet.
    pub fn new(settings: CommandSettings) -> Self {
        Self { settings }
    }

    async fn hand_over(&self, message: &Message) -> Result<Receipt, SinkError> {
        let document = self.settings.form.document(message)?;
        let run = run(self.command(message), &document, self.settings.timeout).await;
        self.judge(run.map_err(|error| self.not_started(error))?)
    }

    fn command(&self, message: &Message) -> Command {
        let mut command = Command::new(&self.settings.program);
        command
            .args(&self.settings.arguments)
            .env_clear()
            .envs(KEPT.iter().filter_map(|name| Some((name, env::var_os(name)?))))
            .env("PROVWATCH_EVENT", Event::of(message).as_str())
            .env("PROVWATCH_ALERT", message.alert.id.to_string())
            .env("PROVWATCH_SEVERITY", message.alert.severity.as_str())
            .env("PROVWATCH_ID", &message.idempotency_key)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    fn judge(&self, Run { ending, said }: Run) -> Result<Receipt, SinkError> {
        let said = if said.is_empty() { said } else { format!(": {said}") };
        let what = match ending {
            Ending::Exited(0) => return Ok(Receipt::of(format!("ended with status 0{said}"))),
            Ending::Exited(status) => format!("{} ended with status {status}{said}", self.name()),
            Ending::Killed(signal) => format!("{} was killed by signal {signal}{said}", self.name()),
            Ending::TooLong => {
                let seconds = self.settings.timeout.as_secs_f64();
                format!("{} took longer than {seconds} s, and provwatch killed it{said}", self.name())
            }
        };
        Err(match ending {
            Ending::Exited(REFUSED) => SinkError::permanent(what),
            _ => SinkError::temporary(what),
        })
    }

    fn not_started(&self, error: std::io::Error) -> SinkError {
        let hint = match error.kind() {
            ErrorKind::PermissionDenied => {
                "; the sandbox of the service forbids programs: install systemd/provwatch-command.conf"
            }
            _ => "",
        };
        SinkError::temporary(format!("running {}{hint}", self.name())).because(error)
    }

    /// Without its arguments, among which a secret may be.
    fn name(&self) -> String {
        format!("the program {}", self.settings.program.display())
    }
}

impl Sink for CommandSink {
    fn kind(&self) -> &'static str {
        "command"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(self.hand_over(message))
    }
}

#[cfg(test)]
mod tests;
