//! Benchmark of deliveries: 1,000 alerts in a minute through six sinks of the real daemon, one of them dead and one slow. A
//! second process stores the alerts, as `provwatch alerts` writes beside the daemon.
//!
//! Ends with an error when a promise of `docs/PERFORMANCE.md` is not kept. Does nothing unless `cargo bench` runs it.

#![allow(clippy::unwrap_used, reason = "a bench may fail where it stands")]
#![allow(clippy::print_stdout, reason = "figures are its output")]
#![allow(clippy::disallowed_methods, reason = "the program under test is another process, in real time")]

mod arrivals;
mod servers;
#[path = "../support/mod.rs"]
mod support;

use std::{
    fs,
    path::Path,
    process::{ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use provwatch::{
    clock::{Clock, SystemClock},
    model::{Alert, AlertKind, Confidence, Severity, Signal},
    store::Store,
};

use arrivals::Arrivals;
use support::program::{Daemon, provwatch, report};

/// How many alerts are raised.
const ALERTS: usize = 1_000;
/// In which time.
const WITHIN: Duration = Duration::from_mins(1);
/// How long the slow receiver takes for each message.
const SLOW: Duration = Duration::from_secs(10);
/// How long the healthy receivers may take after the last alert.
const PATIENCE: Duration = Duration::from_secs(30);
/// The receivers that work.
const HEALTHY: [&str; 4] = ["hook", "siem", "mail", "terminal"];
/// All subscriptions.
const ALL: [&str; 6] = ["hook", "siem", "mail", "terminal", "dead", "slow"];

fn main() -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().unwrap();
    let arrivals = Arrivals::default();
    fs::write(folder.path().join("provwatch.toml"), configuration(&arrivals)).unwrap();
    let store = Store::open(&folder.path().join("provwatch.db")).unwrap();
    let mut command = provwatch(folder.path());
    command.arg("run").stdout(Stdio::piped());
    if let Some(log) = std::env::var_os("PROVWATCH_BENCH_LOG") {
        command.stderr(fs::File::create(Path::new(&log)).unwrap());
    }
    let (mut daemon, _) = Daemon::start(&mut command, folder.path());
    servers::lines(daemon.0.stdout.take().unwrap(), arrivals.of("terminal"));

    let took = raise(&store, &arrivals);
    println!("{ALERTS} alerts raised in {:.1} s", took.as_secs_f64());
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline && HEALTHY.iter().any(|name| arrivals.count(name) < ALERTS) {
        thread::sleep(Duration::from_millis(50));
    }
    let mut kept = HEALTHY.map(|name| is_prompt(name, &arrivals)).iter().all(|kept| *kept);
    kept &= report("memory of the daemon, at most", u128::from(daemon.memory("VmHWM") >> 10), "MiB", 64);
    daemon.stop();
    kept &= is_whole(&store, &arrivals);
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Stores the alerts, evenly over the time.
fn raise(store: &Store, arrivals: &Arrivals) -> Duration {
    let subscriptions = ALL.map(str::to_owned);
    let (began, pause) = (Instant::now(), WITHIN / u32::try_from(ALERTS).unwrap());
    for number in 0..ALERTS {
        let due = began + pause * u32::try_from(number).unwrap();
        thread::sleep(due.saturating_duration_since(Instant::now()));
        // The time of the alert: what the store takes to record it counts.
        arrivals.raised(number);
        store.record_alert(&alert(number), &subscriptions, SystemClock.now()).unwrap();
    }
    began.elapsed()
}

fn alert(number: usize) -> Alert {
    let severity = [Severity::Medium, Severity::High, Severity::Critical, Severity::Low][number % 4];
    let title = format!("{} was published by another account", arrivals::token(number));
    let signal = Signal {
        detector: "evidence-downgrade".into(),
        severity,
        expected: "trusted-publisher (32 of 32)".to_owned(),
        seen: "none".to_owned(),
        since: None,
        why: "Anybody with a stolen token can publish without the workflow.".to_owned(),
        corroborating: false,
    };
    Alert {
        argument: "The last 32 releases of line 1 were published by GitHub Actions with provenance. ".repeat(4),
        signals: vec![signal],
        ..Alert::about(AlertKind::Release, &title, severity, Confidence::High, title.clone(), SystemClock.now())
    }
}

/// Whether a healthy receiver got every alert, at the median in time.
fn is_prompt(name: &str, arrivals: &Arrivals) -> bool {
    let mut delays = arrivals.delays(name);
    delays.sort();
    let at = |share: usize| delays.get((delays.len() * share / 100).min(delays.len().saturating_sub(1)));
    let millis = |share| at(share).map_or(u128::MAX, Duration::as_millis);
    println!("{name}: {} of {ALERTS}, 99 of 100 within {} ms, the last {} ms", delays.len(), millis(99), millis(100));
    report(&format!("{name}, from the alert to the receiver, median"), millis(50), "ms", 2_000)
        & (delays.len() == ALERTS)
}

/// Whether every delivery arrived or waits: nothing was given up, and nothing is missing.
fn is_whole(store: &Store, arrivals: &Arrivals) -> bool {
    let mut kept = true;
    let summary = store.delivery_summary().unwrap();
    for name in ALL {
        let state = summary.iter().find(|state| state.subscription == name).unwrap();
        let (arrived, waiting) = (arrivals.count(name), usize::try_from(state.pending).unwrap());
        // An answer that the daemon did not wait for is recorded as a delivery that waits.
        let whole = state.failed == 0 && arrived + waiting >= ALERTS && (waiting == 0 || !HEALTHY.contains(&name));
        println!(
            "{name}: {arrived} arrived, {waiting} wait, {} lost{}",
            state.failed,
            if whole { "" } else { "  MISSED" }
        );
        kept &= whole;
    }
    kept
}

fn configuration(arrivals: &Arrivals) -> String {
    let hook = |name: &str, port: u16, more: &str| {
        format!(
            "[[subscriptions]]\nname = \"{name}\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{port}/\"\nmin_severity = \"low\"\n{more}"
        )
    };
    let served = |name: &str, pause| servers::http(arrivals.of(name), pause);
    let mail = servers::smtp(arrivals.of("mail"));
    [
        "[store]\npath = \"provwatch.db\"\n[registries]\nnpm.enabled = false\npypi.enabled = false\ncargo.enabled = false\n\
         [forges]\nenabled = false\n[logs]\nenabled = false\n[trust]\nsource = \"embedded\"\n\
         [http]\ncontact = \"bench@example.org\"\nallow_private = [\"127.0.0.1\"]\nproxy_from_environment = false\n"
            .to_owned(),
        hook("hook", served("hook", Duration::ZERO), ""),
        hook("siem", served("siem", Duration::ZERO), "form = \"ocsf\"\n"),
        hook("dead", servers::closed_port(), ""),
        hook("slow", served("slow", SLOW), ""),
        format!(
            "[[subscriptions]]\nname = \"mail\"\ntype = \"email\"\nserver = \"127.0.0.1\"\nport = {mail}\nsecurity = \"none\"\n\
             from = \"provwatch@example.org\"\nto = [\"ops@example.org\"]\nmin_severity = \"low\"\n"
        ),
        "[[subscriptions]]\nname = \"terminal\"\ntype = \"stdout\"\nmin_severity = \"low\"\n".to_owned(),
    ]
    .concat()
}
