//! Handles the signals of the operating system: soft stop, immediate stop, and reload.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// SIGTERM or SIGINT.
    Stop,
    /// SIGHUP.
    Reload,
}

/// Sends SIGHUP to a daemon.
///
/// # Errors
/// The process does not exist, or it belongs to another user.
pub fn ask_to_reload(process: u32) -> std::io::Result<()> {
    let process = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    let process = process.ok_or(std::io::ErrorKind::NotFound)?;
    Ok(rustix::process::kill_process(process, rustix::process::Signal::HUP)?)
}

/// The signals that the daemon receives.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Starts to receive signals.
    ///
    /// # Errors
    /// The operating system refuses a handler.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for a request to stop.
    pub async fn stop(&mut self) {
        while self.next().await != Request::Stop {}
    }

    /// Waits for the next request.
    pub async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.terminate.recv() => Request::Stop,
            _ = self.interrupt.recv() => Request::Stop,
            _ = self.hang_up.recv() => Request::Reload,
        }
    }
}
