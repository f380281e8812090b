//! What to do now, stage by stage, before formatting.

use serde::Serialize;

use crate::{
    deliver::steps::{NextStep, Stage, advice, steps},
    model::Alert,
};

/// What to do in one stage.
#[derive(Debug, Serialize)]
pub(in crate::deliver) struct StageView {
    /// `Find out`.
    pub title: &'static str,
    /// Sentences that stand before the commands.
    pub advice: Vec<String>,
    pub commands: Vec<NextStep>,
}

/// The stages that have something to do, numbered by their place.
pub(super) fn stages(alert: &Alert) -> Vec<StageView> {
    let (mut commands, mut advice) = (commands(alert), advice(alert, false));
    let stages = Stage::ALL.into_iter().map(|stage| StageView {
        title: stage.title(),
        advice: advice.extract_if(.., |advice| advice.stage == stage).map(|advice| advice.text).collect(),
        commands: commands.extract_if(.., |command| command.stage == stage).collect(),
    });
    stages.filter(|stage| !stage.advice.is_empty() || !stage.commands.is_empty()).collect()
}

/// The commands, with the one that shows the evidence, which the reader of a message does not have yet.
fn commands(alert: &Alert) -> Vec<NextStep> {
    let mut commands = steps(alert, false);
    if !alert.is_test() {
        let purpose = "show the alert with all its evidence";
        // After those that find machines: until these are found, harm goes on.
        let place = commands.iter().position(|step| step.stage == Stage::FindOut && step.line.starts_with("provwatch"));
        let show = NextStep { stage: Stage::FindOut, purpose, line: show(alert) };
        commands.insert(place.unwrap_or(commands.len()), show);
    }
    commands
}

/// The command that shows the alert.
pub(super) fn show(alert: &Alert) -> String {
    format!("provwatch alerts show {}", alert.id)
}
