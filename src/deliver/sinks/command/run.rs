//! One run of a program: its input, the first line of its standard error, and its end within a time.

use std::{
    future::pending,
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::process::ExitStatusExt,
    },
    process::{Child, ChildStdin, Command, ExitStatus},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal as Kill, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::unix::pipe,
    signal::unix::{Signal, SignalKind, signal},
};

use crate::{deliver::shown::LINE, text::plain};

/// Most bytes of standard error that are kept; the rest is read and dropped.
const KEPT: usize = 4 * LINE;
/// Most reads of what is left in the pipe after the end: more than a pipe holds.
const LAST_READS: usize = 32;
/// How long a killed program has until provwatch no longer waits for its end.
const GRACE: Duration = Duration::from_secs(1);

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With this status.
    Exited(i32),
    /// By this signal, which provwatch did not send.
    Killed(i32),
    /// provwatch killed it.
    TooLong,
}

/// A run that ended.
#[derive(Debug)]
pub(super) struct Run {
    pub ending: Ending,
    /// The first line of its standard error, plain and bounded.
    pub said: String,
}

/// Starts a program, gives it the input, and waits for its end. The command must make a process group of its own, and have
/// pipes as standard input and standard error. Dropped early, it kills the group.
///
/// # Errors
/// The program could not be started, or its end not be observed.
pub(super) async fn run(mut command: Command, input: &[u8], time: Duration) -> io::Result<Run> {
    // Before the start, so that no end is missed.
    let mut ends = signal(SignalKind::child())?;
    let mut group = Group { child: command.spawn()?, is_reaped: false };
    let (input_pipe, error_pipe) = (group.child.stdin.take(), group.child.stderr.take());
    let pid = group.pid()?;
    let mut heard = Heard::on(error_pipe.map(OwnedFd::from).ok_or_else(no_pipe)?)?;
    let fed = feed(input_pipe.ok_or_else(no_pipe)?, input);
    let talk = async {
        tokio::join!(fed, heard.listen());
        pending().await
    };
    let end = async {
        tokio::select! {
            end = ended(pid, &mut ends) => end,
            never = talk => never,
        }
    };
    let in_time = tokio::time::timeout(time, end).await;
    group.kill();
    let ending = match in_time {
        Ok(end) => end.and_then(|()| group.reap()).map(ending)?,
        Err(_elapsed) => {
            // The program may wait for a disk; then it is reaped when the group is dropped.
            if let Ok(Ok(())) = tokio::time::timeout(GRACE, ended(pid, &mut ends)).await {
                group.reap()?;
            }
            Ending::TooLong
        }
    };
    heard.rest();
    Ok(Run { ending, said: heard.line() })
}

fn no_pipe() -> io::Error {
    io::Error::other("it has no pipe")
}

fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Killed(signal.unwrap_or_default()),
    }
}

/// A program that does not read its input, or not all of it, is not in the wrong.
async fn feed(pipe: ChildStdin, input: &[u8]) {
    let Ok(mut pipe) = pipe::Sender::from_owned_fd(pipe.into()) else { return };
    let _ = pipe.write_all(input).await;
}

/// Waits for the end of a program, and leaves it to be reaped: until then its number is not given to another.
async fn ended(pid: Pid, ends: &mut Signal) -> io::Result<()> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    while waitid(WaitId::Pid(pid), options)?.is_none() {
        ends.recv().await.ok_or_else(|| io::Error::other("no signal tells of the end of programs"))?;
    }
    Ok(())
}

/// A program with what it started.
struct Group {
    child: Child,
    is_reaped: bool,
}

impl Group {
    fn pid(&self) -> io::Result<Pid> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        pid.ok_or_else(|| io::Error::other("the program has no number"))
    }

    /// Kills the program, if it did not end, and the rest of its group. Only before it is reaped: then the number is its own.
    fn kill(&self) {
        if let (false, Ok(pid)) = (self.is_reaped, self.pid()) {
            let _ = kill_process_group(pid, Kill::KILL);
        }
    }

    /// The status of a program that ended.
    fn reap(&mut self) -> io::Result<ExitStatus> {
        self.is_reaped = true;
        self.child.wait()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.is_reaped {
            return;
        }
        self.kill();
        if let Ok(Some(_)) = self.child.try_wait() {
            return;
        }
        // A killed process ends when its disk lets it; the runtime does not wait for that.
        if let Ok(pid) = self.pid() {
            let wait = move || waitid(WaitId::Pid(pid), WaitIdOptions::EXITED);
            let _ = thread::Builder::new().name("reaper".to_owned()).spawn(wait);
        }
    }
}

/// The standard error of a program.
struct Heard {
    pipe: pipe::Receiver,
    kept: Vec<u8>,
}

impl Heard {
    fn on(pipe: OwnedFd) -> io::Result<Self> {
        Ok(Self { pipe: pipe::Receiver::from_owned_fd(pipe)?, kept: Vec::new() })
    }

    /// Reads until the end, so that the program is never blocked.
    async fn listen(&mut self) {
        let mut buffer = [0; 1024];
        while let Ok(length @ 1..) = self.pipe.read(&mut buffer).await {
            self.keep(&buffer[..length]);
        }
    }

    /// Reads what the pipe holds now; a process that left the group may keep it open.
    fn rest(&mut self) {
        let mut buffer = [0; 1024];
        for _ in 0..LAST_READS {
            match rustix::io::read(self.pipe.as_fd(), &mut buffer) {
                Ok(length @ 1..) => self.keep(&buffer[..length]),
                _ => return,
            }
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = KEPT.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn line(&self) -> String {
        let text = String::from_utf8_lossy(&self.kept);
        plain(text.lines().next().unwrap_or_default().trim(), LINE)
    }
}
