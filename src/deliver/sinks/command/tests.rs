//! Tests of the command sink with programs that the test writes.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};

use super::*;
use crate::deliver::{lives, samples};

/// A folder with a script in it, and the sink that starts the script.
struct Stage {
    folder: tempfile::TempDir,
    sink: CommandSink,
}

impl Stage {
    fn new(script: &str) -> Self {
        Self::with(script, Duration::from_secs(20), Form::Provwatch)
    }

    fn with(script: &str, timeout: Duration, form: Form) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        fs::write(&program, format!("#!/bin/sh\ncd {}\n{script}\n", folder.path().display())).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        let arguments = vec!["$(touch injected)".to_owned(), "two words; `touch injected`".to_owned()];
        let sink = CommandSink::new(CommandSettings { program, arguments, timeout, form });
        Self { folder, sink }
    }

    async fn deliver(&self, message: &Message) -> Result<Receipt, SinkError> {
        // Another test's fork may hold the script open for writing for a moment.
        for _ in 0..50 {
            match self.sink.deliver(message).await {
                Err(error) if error.report().contains("Text file busy") => {
                    tokio::time::timeout(Duration::from_millis(20), std::future::pending::<()>()).await.unwrap_err();
                }
                outcome => return outcome,
            }
        }
        panic!("the script stays busy");
    }

    async fn takeover(&self) -> Result<Receipt, SinkError> {
        self.deliver(&samples::message(samples::takeover())).await
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

/// Waits until it holds, for a few seconds.
async fn holds(what: impl Fn() -> bool) -> bool {
    for _ in 0..200 {
        if what() {
            return true;
        }
        let _ = tokio::time::timeout(Duration::from_millis(20), std::future::pending::<()>()).await;
    }
    false
}

#[tokio::test]
async fn the_program_gets_document_arguments_and_a_clean_environment() {
    let stage = Stage::new(
        "cat > document; env > environment; printf '%s\\n' \"$@\" > arguments; pwd -P >/dev/null; echo heard >&2",
    );
    assert_eq!(stage.takeover().await.unwrap().detail, "ended with status 0: heard");
    let document: serde_json::Value = serde_json::from_str(&stage.read("document")).unwrap();
    assert_eq!(document["type"], "alert.raised");
    assert_eq!(stage.read("arguments"), "$(touch injected)\ntwo words; `touch injected`\n");
    assert!(!stage.folder.path().join("injected").exists(), "no shell reads the arguments");
    let environment = stage.read("environment");
    let names: Vec<&str> = environment.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    for name in &names {
        // A shell sets the last of these itself.
        let known =
            name.starts_with("PROVWATCH_") || ["PATH", "LANG", "HOME", "PWD", "OLDPWD", "SHLVL", "_"].contains(name);
        assert!(known, "{name} is not for the program");
    }
    for line in [
        "PROVWATCH_EVENT=raised",
        "PROVWATCH_ALERT=6adc1e73047a",
        "PROVWATCH_SEVERITY=high",
        "PROVWATCH_ID=msg_p5jXN8AQM9LWM0D4loKWxJek",
    ] {
        assert!(environment.lines().any(|own| own == line), "{line} in {environment}");
    }
}

#[tokio::test]
async fn every_message_arrives_whole_in_every_form() {
    for form in [Form::Provwatch, Form::Ocsf, Form::CloudEvents] {
        let stage = Stage::with(
            "cat >> documents; echo >> documents; echo $PROVWATCH_EVENT >> events",
            Duration::from_secs(20),
            form,
        );
        let messages = lives::all();
        for message in &messages {
            stage.deliver(message).await.unwrap();
        }
        let documents = stage.read("documents");
        assert_eq!(documents.lines().count(), messages.len());
        for (line, message) in documents.lines().zip(&messages) {
            assert_eq!(line.as_bytes(), form.document(message).unwrap());
        }
        let events: Vec<_> = messages.iter().map(|message| Event::of(message).as_str()).collect();
        assert_eq!(stage.read("events").lines().collect::<Vec<_>>(), events);
    }
}

#[tokio::test]
async fn the_exit_status_decides() {
    for (script, said, is_permanent) in [
        ("exit 1", "ended with status 1", false),
        ("echo no such queue >&2; exit 75", "ended with status 75: no such queue", false),
        ("echo not for me >&2; exit 65", "ended with status 65: not for me", true),
        ("printf '\\033[2Jbad\\nsecond line\\n' >&2; exit 3", r"ended with status 3: \u{1b}[2Jbad", false),
        ("kill -KILL $$", "was killed by signal 9", false),
        ("kill -SEGV $$", "was killed by signal 11", false),
    ] {
        let stage = Stage::new(script);
        let error = stage.takeover().await.unwrap_err();
        assert_eq!(matches!(error, SinkError::Permanent { .. }), is_permanent, "{script}");
        let report = error.report();
        assert!(report.starts_with("the program /") && report.ends_with(said), "{report}");
        assert!(!report.contains("touch"), "arguments may be secret: {report}");
    }
}

#[tokio::test]
async fn a_program_that_does_not_read_blocks_nothing() {
    let stage = Stage::new("exec 0<&-; exit 0");
    for alert in [samples::takeover(), samples::campaign(1_000, 1_000)] {
        assert_eq!(stage.deliver(&samples::message(alert)).await.unwrap().detail, "ended with status 0");
    }
    let stage = Stage::new("head -c 10 > /dev/null; exit 0");
    stage.deliver(&samples::message(samples::campaign(1_000, 1_000))).await.unwrap();
}

#[tokio::test]
async fn a_program_that_writes_much_is_drained_and_bounded() {
    let stage = Stage::new("cat > /dev/null; head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero; exit 4");
    let report = stage.takeover().await.unwrap_err().report();
    assert!(report.contains("ended with status 4") && report.len() < 2_000, "{report}");
    let endless = Stage::with("yes error >&2", Duration::from_millis(300), Form::Provwatch);
    let report = endless.takeover().await.unwrap_err().report();
    assert!(report.ends_with("took longer than 0.3 s, and provwatch killed it: error"), "{report}");
}

/// Whether a process that the script wrote the number of still runs.
fn runs(stage: &Stage, name: &str) -> bool {
    let pid = stage.read(name);
    let status = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    // A zombie has ended; its parent, the container's first process, may never reap it.
    !pid.trim().is_empty() && !status.is_empty() && !status.contains(") Z")
}

#[tokio::test]
async fn the_time_limit_ends_all_that_the_program_started() {
    let script = "sleep 60 & echo $! > child; trap '' TERM INT HUP; sleep 60 & echo $! > other; wait";
    let stage = Stage::with(script, Duration::from_millis(500), Form::Provwatch);
    let began = Instant::now();
    let error = stage.takeover().await.unwrap_err();
    assert!(matches!(error, SinkError::Temporary { .. }) && began.elapsed() < Duration::from_secs(10));
    assert!(holds(|| !runs(&stage, "child") && !runs(&stage, "other")).await);
}

#[tokio::test]
async fn an_attempt_that_is_cut_off_ends_the_program() {
    let stage = Stage::new("sleep 60 & echo $! > child; echo $$ > parent; wait");
    let attempt = tokio::time::timeout(Duration::from_millis(500), stage.takeover()).await;
    assert!(attempt.is_err());
    assert!(holds(|| !runs(&stage, "child") && !runs(&stage, "parent")).await);
}

#[tokio::test]
async fn what_a_program_leaves_behind_neither_delays_nor_stays() {
    let stage = Stage::new("sleep 60 & echo $! > child; echo done >&2; exit 0");
    let began = Instant::now();
    assert_eq!(stage.takeover().await.unwrap().detail, "ended with status 0: done");
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(holds(|| !runs(&stage, "child")).await);
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_reported_with_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("data"), "x").unwrap();
    fs::write(at("script"), "#!/no/such/interpreter\n").unwrap();
    fs::set_permissions(at("script"), fs::Permissions::from_mode(0o700)).unwrap();
    for (program, said) in [
        (at("missing"), "No such file"),
        (at("data"), "it is not executable: `chmod +x "),
        (at("script"), "No such file"),
        (folder.path().to_owned(), "running the program"),
    ] {
        let sink = CommandSink::new(CommandSettings {
            program: program.clone(),
            arguments: vec!["secret".to_owned()],
            timeout: Duration::from_secs(5),
            form: Form::default(),
        });
        let error = sink.deliver(&samples::message(samples::takeover())).await.unwrap_err();
        let report = error.report();
        assert!(matches!(error, SinkError::Temporary { .. }) && report.contains(said), "{report}");
        assert!(report.contains(&Path::new(&program).display().to_string()) && !report.contains("secret"), "{report}");
    }
}
