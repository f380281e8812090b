//! Notifications to systemd: READY, STATUS, RELOADING, STOPPING and the watchdog's pulse. Outside systemd all of it is
//! silent.

use std::time::Duration;

use sd_notify::NotifyState;

/// The service is up.
pub fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// One line for `systemctl status`.
pub fn status(status: &str) {
    notify(&[NotifyState::Status(status)]);
}

/// The service applies a changed configuration; [`ready`] ends that.
pub fn reloading() {
    notify(&[NotifyState::Reloading]);
}

/// The service is going down.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// The service is alive.
pub fn pulse(status: &str) {
    notify(&[NotifyState::Watchdog, NotifyState::Status(status)]);
}

/// The interval of the pulse, if systemd requires one: half of the time that it allows.
pub fn pulse_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|allowed| allowed / 2)
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd was not told");
    }
}
