//! `provwatch demo`: runs the real program on a recording.
//!
//! The recording in `demo/` is part of the program. It was made by playing the same [`scenes`] on a [`Stage`] whose
//! registries were the tests' own; `tests/it/demo.rs` makes it again.

mod narrator;
mod profile;
mod recording;
mod stage;
mod story;
mod words;

use std::{cmp::Reverse, io::IsTerminal, path::Path, sync::Arc, time::Duration};

use clap::Args;

use self::{
    narrator::{Narrator, hanging},
    recording::Player,
    words::strong,
};
pub use self::{
    recording::Recording,
    stage::{Stage, Trust},
    story::{Scene, scenes},
};
use super::{
    exit::{CliError, Exit, Outcome},
    fresh_folder::fresh_folder,
    output::{self, severity},
    setup::runtime,
    wrap,
};
use crate::{
    clock::{Clock, SystemClock},
    http::Transport,
    model::{Alert, AlertId, ReleaseId},
    store::AlertFilter,
    text::{plain, shell_word},
};

/// The reading time of a scene.
const PAUSE: Duration = Duration::from_millis(1200);

/// Most characters of an alert's title.
const TITLE: usize = 300;

/// Play the recording of a takeover, and show how provwatch detects it
#[derive(Debug, Args)]
#[command(after_help = "The demo needs no network. It leaves its database in a temporary folder, so that you can run \
the commands that it prints.")]
pub struct Demo {
    /// Do not pause between the scenes, as always without a terminal
    #[arg(long)]
    fast: bool,
}

impl Demo {
    /// Runs the command.
    ///
    /// # Errors
    /// The temporary folder cannot be written.
    pub(super) fn run(&self) -> Outcome {
        runtime()?.block_on(self.play())
    }

    async fn play(&self) -> Outcome {
        let folder = fresh_folder("demo")?;
        let player = Arc::new(Player::new(Recording::embedded()?)?);
        let network = Arc::clone(&player) as Arc<dyn Transport>;
        let stage = Stage::set(&folder, &Trust::embedded(), network, |store| Arc::new(Narrator::new(store)))?;
        prologue();
        for (number, scene) in scenes()?.into_iter().enumerate() {
            self.pause().await;
            announce(&scene);
            player.go_to(number);
            stage.play(&scene).await?;
        }
        self.pause().await;
        epilogue(&stage, &folder)?;
        Ok(Exit::Clean)
    }

    async fn pause(&self) {
        if !self.fast && std::io::stdout().is_terminal() {
            SystemClock.sleep(PAUSE).await;
        }
    }
}

fn prologue() {
    output::line(strong("provwatch demo: half a year of three packages, and four attacks on them"));
    let text = "The registries are made up; the program is the real one: change feeds, package documents, Sigstore \
                verification, baselines, detectors, store. Only the network is a recording, signed by a certificate \
                authority of its own.";
    output::line(wrap::paragraphs(text, wrap::width(), ""));
}

fn announce(scene: &Scene) {
    let heading = format!("{} · {}", scene.at.format("%-d %B %Y"), scene.title);
    let text = wrap::paragraphs(&format!("{heading}: {}", scene.text), wrap::width(), "");
    let text = match text.strip_prefix(&heading) {
        Some(rest) => format!("{}{rest}", strong(&heading)),
        None => text,
    };
    output::line(format_args!("\n{text}"));
}

fn epilogue(stage: &Stage, folder: &Path) -> Result<(), CliError> {
    let mut alerts = stage.app().store.alerts(&AlertFilter::default())?;
    alerts.sort_by_key(|alert| (Reverse(alert.severity), alert.raised_at));
    let heading = format!("{} alerts, one for each of these releases, the worst first", alerts.len());
    output::line(format_args!("\n{}", strong(&heading)));
    for alert in &alerts {
        let pad = " ".repeat("critical".len() - alert.severity.as_str().len());
        let before = 2 + "critical".len() + 2 + AlertId::DIGITS + 2;
        let headline = hanging(&headline(alert), before);
        output::line(format_args!("  {}{pad}  {}  {headline}", severity(alert.severity), alert.id));
    }
    if let Some(purl) = alerts.first().and_then(|alert| alert.purl.as_ref()) {
        look_closer(folder, alerts[0].id, purl);
    }
    Ok(())
}

/// An alert's title without the list of its signals, which the story has shown.
fn headline(alert: &Alert) -> String {
    plain(alert.title.split(" (").next().unwrap_or_default(), TITLE)
}

/// Commands that work on the demo's store.
fn look_closer(folder: &Path, alert: AlertId, release: &ReleaseId) {
    let word = |path: &Path| shell_word(&path.display().to_string());
    let (program, package) = (program(), release.package());
    output::line(format_args!("\n{}", strong("Look closer")));
    output::line(format_args!("  export PROVWATCH_CONFIG={}", word(&stage::config_file(folder))));
    for arguments in [
        "alerts list".to_owned(),
        format!("alerts show {alert}"),
        format!("lookup {}", shell_word(&release.to_string())),
        format!("baseline show {}", shell_word(&package.to_string())),
        format!("timeline {}", shell_word(&package.to_string())),
    ] {
        output::line(format_args!("  {program} {arguments}"));
    }
    output::line("\nThe demo's store stays until you remove it:");
    output::line(format_args!("  rm -r {}", word(folder)));
    output::line("Watch packages of your own:");
    output::line(format_args!("  unset PROVWATCH_CONFIG; {program} init"));
}

/// The user's name for this program, for the next call.
fn program() -> String {
    shell_word(&std::env::args().next().unwrap_or_else(|| "provwatch".to_owned()))
}
