//! Benchmark of `logs scan` by the real program, with default settings, on a log from the configuration.

use std::{
    fs,
    io::Read,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    peak,
    served::{HIT_EVERY, ORIGIN},
    server::{FAR, Server},
};

const SCANS: [(&str, &str, &str, &str); 4] = [
    ("Rekor v2", "v2", "tiles", ""),
    ("static CT", "ct", "static-ct", ""),
    ("Rekor v2, far away", "far", "tiles", ""),
    ("Rekor v2, far away, in_flight = 32", "far", "tiles", "in_flight = 32"),
];

pub fn scans(server: &Server, entries: u64) {
    println!("one request takes {} ms where the log is far away, plus the transfer", FAR.as_millis());
    for (name, log, kind, setting) in SCANS {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("log.pem", &server.keys[log]);
        let url = server.url(&format!("/{log}/"));
        write(
            "provwatch.toml",
            &format!(
                "[store]\npath = \"provwatch.db\"\n[http]\nallow_private = [\"127.0.0.1\"]\n[trust]\nsource = \"embedded\"\n\
                 [logs]\ntrust_root = false\n{setting}\n[[logs.instance]]\nname = \"bench\"\nkind = \"{kind}\"\nurl = \"{url}\"\n\
                 public_key = \"log.pem\"\norigin = \"{ORIGIN}\"\n"
            ),
        );
        let mut scan = Command::new(env!("CARGO_BIN_EXE_provwatch"));
        scan.args(["--config", "provwatch.toml", "logs", "scan", "--log", "bench", "--from", "0", "--match"]);
        scan.arg(r"https://github\.com/owner-7/.*").current_dir(folder.path()).env_remove("PROVWATCH_CONFIG");
        let (seconds, peak, said, matches) = run(&mut scan);
        assert!(said.contains("all hash to the root"), "{said}");
        assert_eq!(matches as u64, entries.div_ceil(HIT_EVERY as u64), "{said}");
        println!(
            "the program, {name}: {entries} entries in {seconds:.1} s: {:.0} entries/s; peak memory {} MiB; {}",
            entries as f64 / seconds,
            peak / 1024,
            said.lines().rfind(|line| line.contains("entries/s")).unwrap_or_default(),
        );
    }
}

/// Runs it to its end: seconds from its start, peak memory in KiB, standard error, and lines of standard output.
fn run(command: &mut Command) -> (f64, u64, String, usize) {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = |source: &mut dyn Read| {
        let mut text = String::new();
        source.read_to_string(&mut text).unwrap();
        text
    };
    thread::scope(|scope| {
        let out = scope.spawn(move || read(&mut out));
        let err = scope.spawn(move || read(&mut err));
        let (mut most, id) = (0, child.id().to_string());
        while child.try_wait().unwrap().is_none() {
            most = most.max(peak(&id).unwrap_or_default());
            thread::sleep(Duration::from_millis(5));
        }
        (began.elapsed().as_secs_f64(), most, err.join().unwrap(), out.join().unwrap().lines().count())
    })
}
