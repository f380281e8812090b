//! `provwatch demo`: the real pipeline over a recording.
//!
//! The recording in `demo/` is part of the program. It was made by playing the same [`scenes`] on a [`Stage`] whose
//! registries were the tests' own; `tests/demo.rs` makes it anew.

mod folder;
mod narrator;
mod portrait;
mod recording;
mod stage;
mod story;
mod words;

use std::{io::IsTerminal, path::Path, sync::Arc, time::Duration};

use clap::Args;

use self::{narrator::Narrator, words::strong};
pub use self::{
    recording::Recording,
    stage::{Stage, Trust},
    story::{Scene, scenes},
};
use super::{
    exit::{Exit, Failure, Outcome},
    output,
};
use crate::{
    clock::{Clock, SystemClock},
    store::AlertFilter,
};

/// How long a reader gets for a scene.
const PAUSE: Duration = Duration::from_millis(1200);

/// Show a takeover being caught, from a recording, without a network
#[derive(Debug, Args)]
#[command(after_help = "The store stays in a temporary folder, so that the commands which the demo prints work on it.")]
pub struct Demo {
    /// Do not pause between the scenes; without a terminal there are no pauses anyway
    #[arg(long)]
    fast: bool,
}

impl Demo {
    /// Runs the command.
    ///
    /// # Errors
    /// The temporary folder cannot be written.
    pub(super) fn run(&self) -> Outcome {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(self.play())
    }

    async fn play(&self) -> Outcome {
        let folder = folder::fresh()?;
        let transport = Arc::new(recording::embedded()?);
        let stage = Stage::set(&folder, &Trust::embedded(), transport, |store| Arc::new(Narrator::new(store)))?;
        prologue();
        for scene in scenes()? {
            self.pause().await;
            output::line(format_args!("\n{} · {}", scene.at.format("%Y-%m-%d"), strong(&scene.title)));
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
    output::line(strong("provwatch demo: half a year in the life of three packages, and four attacks on them"));
    output::line(
        "\
        The pipeline is the real one: change feeds, registry documents, Sigstore verification, baselines, detectors,\n\
        store. Only the network is a recording, signed by a certificate authority and a log made for it.",
    );
}

fn epilogue(stage: &Stage, folder: &Path) -> Result<(), Failure> {
    let alerts = stage.pipeline().store().alerts(&AlertFilter::default())?;
    output::line(format_args!("\n{}", strong("Look closer")));
    let config = stage::config_file(folder);
    let command = |line: String| output::line(format_args!("  provwatch --config {} {line}", config.display()));
    command("alerts list".to_owned());
    if let Some((alert, release)) = alerts.iter().find_map(|alert| Some((alert, alert.purl.as_ref()?))) {
        command(format!("alerts show {}", alert.id));
        command(format!("lookup {release}"));
        command(format!("baseline show {}", release.package()));
        command(format!("timeline {}", release.package()));
    }
    output::line(format_args!("\nAll of it is in {0}; remove it with: rm -r {0}", folder.display()));
    Ok(())
}
