//! Notifications to systemd: READY, STATUS, RELOADING, STOPPING and the watchdog's pulse. Outside systemd all of it is
//! silent.
//!
//! The form is that of `sd_notify(3)`: lines in one datagram to the Unix socket that `NOTIFY_SOCKET` names, by its path or,
//! after `@`, by an abstract name. A manager that does not read must not delay the daemon, so no notification waits long.

use std::{
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixDatagram},
    },
    time::Duration,
};

/// Longest time for a notification that systemd waits for. Any other one is dropped when the socket is full.
const PATIENCE: Duration = Duration::from_millis(500);

/// The service is up.
pub fn ready(status: &str) {
    notify(&format!("READY=1\n{}", line(status)), Some(PATIENCE));
}

/// One line for `systemctl status`.
pub fn status(status: &str) {
    notify(&line(status), None);
}

/// The service applies a changed configuration; [`ready`] ends that.
pub fn reloading() {
    notify("RELOADING=1", Some(PATIENCE));
}

/// The service is going down.
pub fn stopping() {
    notify("STOPPING=1", Some(PATIENCE));
}

/// The service is alive.
pub fn pulse(status: &str) {
    notify(&format!("WATCHDOG=1\n{}", line(status)), None);
}

/// The interval of the pulse, if systemd requires one: half of the time that it allows.
pub fn pulse_interval() -> Option<Duration> {
    let variable = |name| std::env::var(name).ok();
    allowed(variable("WATCHDOG_USEC"), variable("WATCHDOG_PID"), std::process::id()).map(|allowed| allowed / 2)
}

/// The time between two pulses that systemd allows a process. Without the number of a process it is for all.
fn allowed(microseconds: Option<String>, of: Option<String>, process: u32) -> Option<Duration> {
    let microseconds: u64 = microseconds?.parse().ok().filter(|allowed| *allowed > 0)?;
    let is_ours = of.is_none_or(|of| of.parse() == Ok(process));
    is_ours.then(|| Duration::from_micros(microseconds))
}

/// A status has one line.
fn line(status: &str) -> String {
    format!("STATUS={}", status.replace('\n', " "))
}

fn notify(state: &str, patience: Option<Duration>) {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else { return };
    if let Err(error) = send(socket.as_encoded_bytes(), state, patience) {
        tracing::debug!(%error, "systemd was not told");
    }
}

/// Sends one datagram; waits for room in the socket at most this long.
fn send(name: &[u8], state: &str, patience: Option<Duration>) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    match patience {
        Some(patience) => socket.set_write_timeout(Some(patience))?,
        None => socket.set_nonblocking(true)?,
    }
    socket.send_to_addr(state.as_bytes(), &address(name)?).map(drop)
}

fn address(name: &[u8]) -> io::Result<SocketAddr> {
    match name.split_first() {
        Some((b'@', name)) => SocketAddr::from_abstract_name(name),
        Some((b'/', _)) => SocketAddr::from_pathname(std::str::from_utf8(name).map_err(io::Error::other)?),
        _ => Err(io::Error::other("NOTIFY_SOCKET is not the path or abstract name of a Unix socket")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn received(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 1024];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_manager_that_does_not_read_delays_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify.sock");
        let name = path.as_os_str().as_encoded_bytes();
        let manager = UnixDatagram::bind(&path).unwrap();
        let began = Instant::now();
        let dropped = (0..5_000).filter(|_| send(name, "WATCHDOG=1", None).is_err()).count();
        assert!(dropped > 0 && began.elapsed() < Duration::from_secs(5), "{dropped} {:?}", began.elapsed());
        let began = Instant::now();
        let error = send(name, "STOPPING=1", Some(Duration::from_millis(50))).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert_eq!(received(&manager), "WATCHDOG=1");
        assert!(send(name, "STOPPING=1", Some(Duration::from_millis(50))).is_ok(), "there is room again");
    }

    #[test]
    fn sockets_have_a_path_or_an_abstract_name() {
        let abstract_name = format!("provwatch-test-{}", std::process::id());
        let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&abstract_name).unwrap()).unwrap();
        send(format!("@{abstract_name}").as_bytes(), "READY=1\nSTATUS=up", Some(PATIENCE)).unwrap();
        assert_eq!(received(&manager), "READY=1\nSTATUS=up");
        for name in ["", "relative", "vsock:2:1234", "/there/is/none", "@there-is-none", "/\0"] {
            assert!(send(name.as_bytes(), "READY=1", Some(PATIENCE)).is_err(), "{name}");
        }
        assert_eq!(line("up\nREADY=1"), "STATUS=up READY=1");
    }

    #[test]
    fn the_watchdog_is_for_one_process_or_for_all() {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        for (microseconds, of, milliseconds) in [
            ("400000", "", Some(400)),
            ("400000", "7", Some(400)),
            ("400000", "8", None),
            ("400000", "x", None),
            ("", "7", None),
            ("0", "", None),
            ("-1", "", None),
            ("99999999999999999999", "", None),
        ] {
            let found = allowed(some(microseconds), some(of), 7);
            assert_eq!(found, milliseconds.map(Duration::from_millis), "{microseconds} {of}");
        }
    }
}
