//! Prints what to do about an alert: contain, find out, decide, tell.

use crate::{
    cli::{fact_table, output, wrap},
    deliver::{Stage, advice, steps, warning},
    model::{Alert, AlertStatus},
};

/// `is_normal`: the baseline includes the release, by learning or by an operator's acceptance.
pub(super) fn next(alert: &Alert, is_normal: bool) {
    if alert.status == AlertStatus::Open
        && let Some(warning) = warning(alert)
    {
        output::line(format_args!("\n{}", wrap::paragraphs(&warning, wrap::width(), "")));
    }
    let (steps, advice) = (steps(alert, is_normal), advice(alert, is_normal));
    for stage in Stage::ALL {
        let said = advice.iter().filter(|advice| advice.stage == stage);
        let commands: Vec<_> =
            steps.iter().filter(|step| step.stage == stage).map(|step| (step.line.clone(), step.purpose)).collect();
        let mut said = said.peekable();
        if said.peek().is_none() && commands.is_empty() {
            continue;
        }
        fact_table::heading(stage.title().to_lowercase());
        for advice in said {
            output::line(wrap::paragraphs(&advice.text, wrap::width(), "  "));
        }
        fact_table::commands(&commands);
    }
}
