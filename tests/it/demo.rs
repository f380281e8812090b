//! Tests of `provwatch demo`: its recording, its output, and the commands that it prints.
//!
//! `RECORD_DEMO=1 cargo test --test it demo::` makes `demo/` anew.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::lab;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use chrono::{Days, NaiveDate};
use lab::{Breakage, Publication, Workflow, World};
use provwatch::{
    cli::demo::{Recording, Stage, Trust, scenes},
    http::{RecordedExchange, RecordingTransport, Transport},
    model::{Claim, RegistryId},
    progress::NoProgress,
};
use serde_json::value::RawValue;

const WIDGET: &str = "@acme/widget";
const GAUGE: &str = "acme-gauge";
const SPROCKET: &str = "acme-sprocket";

/// The workflow that releases a version, from its tag and in a protected environment.
fn release_workflow(repository: &str, version: &str) -> Workflow {
    let run = 12_000_000_000_u64 + version.bytes().fold(0, |run, byte| run * 31 + u64::from(byte));
    Workflow::github(repository, "release.yml", &format!("refs/tags/v{version}"))
        .with(Claim::DeploymentEnvironment, "release")
        .with(Claim::RunInvocationUri, &format!("https://github.com/{repository}/actions/runs/{run}/attempts/1"))
}

fn ada(at: &str) -> Publication {
    Publication::token(at, "ada", "ada@example.org")
}

fn widget(world: &World, version: &str, at: &str) {
    world.publish_npm(WIDGET, version, &Publication::workflow(at, &release_workflow("acme/widget", version)));
}

fn gauge(version: &str, at: &str) -> Publication {
    Publication::workflow(at, &release_workflow("acme/gauge", version))
}

fn sprocket(world: &World, version: &str, at: &str) {
    world.publish_crate(SPROCKET, version, &Publication::workflow(at, &release_workflow("acme/sprocket", version)));
}

/// Half a year before the first scene: releases by hand, then trusted publishing.
fn history(world: &World) {
    for (version, at) in
        [("2.0.0", "2025-09-03T09:12:41Z"), ("2.0.1", "2025-09-18T13:40:05Z"), ("2.1.0", "2025-10-14T10:22:37Z")]
    {
        world.publish_npm(WIDGET, version, &ada(at));
    }
    for (version, at) in versions(2, 2, 16).zip(weekly("2025-11-04")) {
        widget(world, &version, &at);
    }
    for (version, at) in versions(1, 0, 14).zip(weekly("2025-11-12")) {
        world.publish_pypi(GAUGE, &version, &gauge(&version, &at));
    }
    for (version, at) in [("1.0.0", "2025-09-09T10:00:00Z"), ("1.0.1", "2025-10-07T12:30:00Z")] {
        world.publish_crate(SPROCKET, version, &ada(at));
    }
    for (version, at) in versions(1, 1, 13).zip(weekly("2025-11-13")) {
        sprocket(world, &version, &at);
    }
}

/// So many versions of a major one: every third begins a minor one.
fn versions(major: u32, minor: u32, count: u32) -> impl Iterator<Item = String> {
    (0..count).map(move |n| format!("{major}.{}.{}", minor + n / 3, n % 3))
}

/// Times from a day on, every week, at some working hour.
fn weekly(from: &str) -> impl Iterator<Item = String> {
    let from: NaiveDate = from.parse().unwrap();
    (0_u64..).map(move |n| {
        let (hour, minute, second) = (9 + n * 5 % 7, n * 23 % 60, n * 37 % 60);
        format!("{}T{hour:02}:{minute:02}:{second:02}Z", from + Days::new(7 * n))
    })
}

/// What happens in the world before a scene.
fn happens(world: &World, scene: &str) {
    match scene {
        "first-sight" => history(world),
        "ordinary" => {
            widget(world, "2.7.1", "2026-03-05T10:14:26Z");
            world.publish_pypi(GAUGE, "1.5.0", &gauge("1.5.0", "2026-03-05T11:32:07Z"));
            sprocket(world, "1.5.1", "2026-03-05T13:21:48Z");
        }
        "side-branch" => {
            let workflow = Workflow::github("acme/widget", "ci-fix.yml", "refs/heads/ci-fix");
            let release = Publication::workflow("2026-03-12T14:36:19Z", &workflow);
            world.publish_npm(WIDGET, "2.7.2", &release);
        }
        "stolen-token" => {
            let release = Publication::token("2026-03-22T02:47:33Z", "ada", "ada@acme-support.example");
            world.publish_npm(WIDGET, "2.7.3", &release.install_script("node setup.js"));
        }
        "swapped-file" => {
            let release = gauge("1.5.1", "2026-03-24T11:08:52Z").broken(Breakage::Digest);
            world.publish_pypi(GAUGE, "1.5.1", &release);
        }
        "crate-token" => world.publish_crate(SPROCKET, "1.5.2", &ada("2026-03-27T17:29:11Z")),
        other => panic!("nothing is known of the scene {other}"),
    }
}

fn trust(world: &World) -> Trust {
    let pretty = |value: &serde_json::Value| serde_json::to_string_pretty(value).unwrap() + "\n";
    Trust { root: pretty(&world.lab().trusted_root()), npm_keys: pretty(&world.lab().npm_keys()) }
}

/// Plays the scenes on the lab's registries and writes what they answered to `demo/`.
async fn record(demo: &Path) {
    let world = World::new();
    let trust = trust(&world);
    let recorder = Arc::new(RecordingTransport::new(Arc::new(world.clone())));
    let folder = tempfile::tempdir().unwrap();
    let transport: Arc<dyn Transport> = recorder.clone();
    let stage = Stage::set(folder.path(), &trust, transport, |_| Arc::new(NoProgress)).unwrap();
    let kept = folder.path().join("kept");
    let mut recording = Recording { scenes: Vec::new(), bodies: BTreeMap::new() };
    let mut before = 0;
    for scene in scenes().unwrap() {
        happens(&world, &scene.id);
        stage.play(&scene).await.unwrap();
        recorder.save(&kept).unwrap();
        let exchanges = fs::read_to_string(kept.join("exchanges.json")).unwrap();
        let exchanges: Vec<RecordedExchange> = serde_json::from_str(&exchanges).unwrap();
        let new = serde_json::to_string_pretty(&exchanges[before..]).unwrap();
        recording.scenes.push(RawValue::from_string(new).unwrap());
        before = exchanges.len();
    }
    recording.bodies = bodies(&kept.join("bodies"));
    fs::write(demo.join("recording.json"), serde_json::to_string_pretty(&recording).unwrap() + "\n").unwrap();
    fs::write(demo.join("trusted_root.json"), trust.root).unwrap();
    fs::write(demo.join("npm_keys.json"), trust.npm_keys).unwrap();
}

fn bodies(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let body = |file: fs::DirEntry| {
        let name = format!("bodies/{}", file.file_name().to_str().unwrap());
        (name, fs::read_to_string(file.path()).unwrap())
    };
    files.map(body).collect()
}

#[tokio::test]
async fn the_recording_is_made_anew_on_request() {
    if std::env::var_os("RECORD_DEMO").is_some() {
        record(&Path::new(env!("CARGO_MANIFEST_DIR")).join("demo")).await;
    }
}

/// The program in an environment with nothing but a folder for temporary files.
fn provwatch(temporary: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_provwatch"));
    command.env_clear().env("TMPDIR", temporary).current_dir(temporary);
    command
}

/// What a command printed that ended well: clean, or with the findings that it was asked for.
fn stdout(output: &Output) -> String {
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The story as a newcomer reads it, and the folder where it played.
fn play(temporary: &Path) -> (String, PathBuf) {
    let output = provwatch(temporary).env("COLUMNS", "80").arg("demo").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let story = stdout(&output);
    let folders: Vec<_> = fs::read_dir(temporary).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [folder] = folders.as_slice() else { panic!("one folder, not {folders:?}") };
    (story, folder.clone())
}

#[test]
fn the_story() {
    let temporary = tempfile::tempdir().unwrap();
    let (story, folder) = play(temporary.path());
    let story = story.replace(folder.to_str().unwrap(), "/tmp/provwatch-demo-xxxxxx");
    let story = story.replace(env!("CARGO_BIN_EXE_provwatch"), "provwatch");
    assert!(!story.contains('\u{1b}'), "colour is for terminals");
    let long: Vec<&str> = story.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(long.is_empty(), "it fits a terminal: {long:#?}");
    insta::assert_snapshot!(story);
}

#[test]
fn the_readme_quotes_it_before_anything_is_installed() {
    let temporary = tempfile::tempdir().unwrap();
    let (story, _) = play(temporary.path());
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (before_install, _) = readme.split_once("## Install").unwrap();
    let quoted = before_install.split("```").find_map(|block| block.strip_prefix('\n').filter(|it| it.contains(" · ")));
    let quoted = quoted.unwrap();
    assert_eq!(quoted.lines().count(), 12);
    for scene in quoted.split("\n\n") {
        assert!(story.contains(scene.trim_end()), "the demo does not say:\n{scene}");
    }
}

#[test]
fn the_commands_that_it_prints_work() {
    let temporary = tempfile::tempdir().unwrap();
    let (story, folder) = play(temporary.path());
    let export = story.lines().map(str::trim).find(|line| line.starts_with("export PROVWATCH_CONFIG=")).unwrap();
    let program = env!("CARGO_BIN_EXE_provwatch");
    let commands: Vec<&str> = story.lines().map(str::trim).filter(|line| line.starts_with(program)).collect();
    assert_eq!(commands.len(), 5);
    for command in commands {
        let mut shell = Command::new("/bin/sh");
        let output = shell
            .arg("-c")
            .arg(format!("{export}; {command}"))
            .env_clear()
            .current_dir(temporary.path())
            .output()
            .unwrap();
        let text = stdout(&output);
        assert!(text.contains("acme/widget") && text.contains("2.7.3"), "{command}: {text}");
    }
    let remove = story.lines().find_map(|line| line.split_once("  rm -r ")).unwrap().1;
    assert_eq!(Path::new(remove), folder);
}

/// The severity of each release's alert, but for what only informs.
fn severities(lines: &str) -> BTreeMap<String, String> {
    let alerts = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let told = alerts.filter(|alert| alert["kind"] == "release" && alert["severity"] != "info");
    told.map(|alert| (alert["purl"].as_str().unwrap().to_owned(), alert["severity"].as_str().unwrap().to_owned()))
        .collect()
}

/// The same history through the same rules: who replays the demo's store is told what the demo told.
#[test]
fn a_replay_of_its_store_says_the_same() {
    let temporary = tempfile::tempdir().unwrap();
    let (_, folder) = play(temporary.path());
    let said = |arguments: &[&str]| {
        let mut command = provwatch(&folder);
        stdout(&command.env("PROVWATCH_CONFIG", "provwatch.toml").args(arguments).output().unwrap())
    };
    let raised = severities(&said(&["alerts", "list", "--format", "json"]));
    let replayed = severities(&said(&["replay", "--format", "json", "provwatch.db"]));
    assert_eq!(raised.len(), 4, "{raised:?}");
    assert_eq!(replayed, raised);
}

#[test]
fn only_the_user_may_enter_the_folder() {
    let temporary = tempfile::tempdir().unwrap();
    let (_, folder) = play(temporary.path());
    assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_temporary_folder_that_is_not_there_is_named() {
    let temporary = tempfile::tempdir().unwrap();
    let output = provwatch(&temporary.path().join("missing")).current_dir("/").arg("demo").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("missing") && message.contains("TMPDIR"), "{message}");
}

/// The recording is small, and nothing in it could be mistaken for a place on the internet.
#[test]
fn the_recording_speaks_of_nobody_else() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/recording.json")).unwrap();
    assert!(text.len() < 1_000_000, "{}", text.len());
    let recording: Recording = serde_json::from_str(&text).unwrap();
    assert_eq!(recording.scenes.len(), scenes().unwrap().len());
    for scene in &recording.scenes {
        for exchange in serde_json::from_str::<Vec<RecordedExchange>>(scene.get()).unwrap() {
            let url: url::Url = exchange.url.parse().unwrap();
            // RFC 2606 keeps the name for examples.
            assert!(url.host_str().unwrap().ends_with(".example"), "{url}");
        }
    }
    for registry in RegistryId::ALL {
        let url: url::Url = registry.base_url().parse().unwrap();
        assert!(!text.contains(url.host_str().unwrap()), "{url}");
    }
}
