//! Tests of the daemon under its supervisor: the pulse of the watchdog, and requests to stop.

use std::{fs, thread, time::Duration};

use super::{Machine, caught, eventually, silence};

#[test]
fn the_watchdog_feels_a_pulse() {
    let machine = Machine::new();
    // Without WATCHDOG_PID any process of the service may give it.
    let daemon = machine.launch(&[("WATCHDOG_USEC", "400000")]);
    let ready = daemon.hears("READY=1");
    assert!(ready.contains(&"STATUS=watching 1 package and 0 patterns".to_owned()), "{ready:?}");
    for _ in 0..3 {
        daemon.hears("WATCHDOG=1");
    }
}

#[test]
fn somebody_elses_watchdog_gets_none() {
    let machine = Machine::new();
    let daemon = machine.launch(&[("WATCHDOG_USEC", "100000"), ("WATCHDOG_PID", "1")]);
    daemon.hears("READY=1");
    // The first look at its own health is made at once; the next one has all the time that it usually has.
    thread::sleep(Duration::from_secs(2));
    daemon.notices.set_nonblocking(true).unwrap();
    let mut buffer = [0; 4096];
    let notices = std::iter::from_fn(|| daemon.notices.recv(&mut buffer).ok()).count();
    assert!(notices <= 2, "{notices} notices");
}

#[test]
fn the_grace_is_for_what_is_under_way_and_ends() {
    let (listener, receiver) = silence();
    let machine = Machine::new();
    machine.configure(&receiver);
    let mut daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    machine.publish_badly("widget", "1.1.0");
    let _connection = caught(&listener);
    daemon.signal("TERM");
    let (status, took) = daemon.end();
    assert_eq!(status.code(), Some(0), "{}", daemon.log());
    assert!(took > Duration::from_millis(1500), "an attempt under way is waited for: {took:?}");
    assert!(daemon.log().contains("stopped before it had finished"), "{}", daemon.log());

    machine.configure(&machine.server.base("hooks.example"));
    let _daemon = machine.start();
    machine.is_told(&["pkg:npm/widget@1.1.0"]);
}

#[test]
fn a_second_request_to_stop_is_obeyed_at_once() {
    let (listener, receiver) = silence();
    let machine = Machine::new();
    machine.configure(&receiver);
    let config = fs::read_to_string(machine.path("provwatch.toml")).unwrap();
    fs::write(machine.path("provwatch.toml"), config.replace("\"2s\"", "\"10m\"")).unwrap();
    let mut daemon = machine.start();
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    machine.publish_badly("widget", "1.1.0");
    let _connection = caught(&listener);
    daemon.signal("TERM");
    daemon.hears("STOPPING=1");
    daemon.signal("HUP");
    thread::sleep(Duration::from_secs(1));
    assert!(daemon.child.try_wait().unwrap().is_none(), "to read the watchlist again is no request to stop");
    daemon.signal("TERM");
    let (status, took) = daemon.end();
    assert_eq!(status.code(), Some(0), "{}", daemon.log());
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(daemon.log().contains("stopped at once"), "{}", daemon.log());
}

#[test]
fn a_manager_that_does_not_read_delays_no_request_to_stop() {
    let machine = Machine::new();
    // A pulse each five milliseconds fills the socket of the manager at once.
    let mut daemon = machine.launch(&[("WATCHDOG_USEC", "10000")]);
    eventually("the history is learned", || machine.knows("pkg:npm/widget@1.0.8"));
    thread::sleep(Duration::from_millis(500));
    daemon.signal("TERM");
    let (status, took) = daemon.end();
    assert_eq!(status.code(), Some(0), "{}", daemon.log());
    assert!(took < Duration::from_secs(10), "{took:?}");
}
