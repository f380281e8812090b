//! `provwatch detectors`: lists the detectors and explains each.

use anstyle::Style;
use clap::{Args, Subcommand};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    exit::{CliError, Exit, Outcome},
    fact_table,
    output::{self, Printing},
    wrap,
};
use crate::{
    detect::{self, About, HEADINGS},
    model::{Confidence, Severity},
    strict_toml::did_you_mean,
};

/// List and explain the detectors
#[derive(Debug, Subcommand)]
pub enum Detectors {
    /// List the detectors
    #[command(after_help = "Example:\n  provwatch detectors list")]
    List(Printing),
    /// Explain a detector, its false positives, and what to do about its alerts
    #[command(after_help = "Example:\n  provwatch detectors explain evidence-downgrade")]
    Explain(Explain),
}

/// Explain a detector
#[derive(Debug, Args)]
pub struct Explain {
    /// The detector's id, as in `provwatch detectors list` and in alerts
    id: String,
    #[command(flatten)]
    printing: Printing,
}

impl Detectors {
    pub fn run(&self) -> Outcome {
        match self {
            Self::List(printing) => list(*printing)?,
            Self::Explain(explain) => explain.run()?,
        }
        Ok(Exit::Clean)
    }
}

fn list(printing: Printing) -> Result<(), CliError> {
    let abouts = detect::abouts();
    if printing.is_json() {
        for about in abouts {
            output::json(&summary(about))?;
        }
        return Ok(());
    }
    let mut table = output::table(["DETECTOR", "AT MOST", "SAYS"]);
    for about in abouts {
        table.add_row([about.id.into(), output::severity_cell(about.severity), about.title.into()]);
    }
    output::print(&table);
    output::line("");
    fact_table::say("`provwatch detectors explain <DETECTOR>` tells more.");
    Ok(())
}

/// A detector in short.
#[derive(Serialize, JsonSchema)]
pub struct Summary {
    /// Its id.
    id: &'static str,
    /// The detector's title, in one line.
    title: &'static str,
    /// The category of its signals. Signals of different categories are independent.
    #[serde(rename = "ground")]
    category: &'static str,
    /// The highest severity of its signals.
    severity: Severity,
    /// The confidence of its signals.
    confidence: Confidence,
    /// The first version of provwatch with this detector.
    since: &'static str,
}

/// A detector with its documentation.
#[derive(Serialize, JsonSchema)]
pub struct Full {
    #[serde(flatten)]
    summary: Summary,
    what_it_detects: &'static str,
    why_it_matters: &'static str,
    false_positives: &'static str,
    what_to_do: &'static str,
    example_incident: &'static str,
}

fn summary(about: &'static About) -> Summary {
    let About { id, title, severity, confidence, since, .. } = *about;
    Summary { id, title, category: about.category.as_str(), severity, confidence, since }
}

impl Explain {
    fn run(&self) -> Result<(), CliError> {
        let about = detect::about(&self.id).ok_or_else(|| self.unknown())?;
        if self.printing.is_json() {
            return Ok(output::json(&full(about))?);
        }
        let bold = Style::new().bold();
        output::line(format!("{bold}{}{bold:#}: {}", about.id, about.title));
        let (category, severity) = (about.category.as_str(), output::severity(about.severity));
        output::line(format!("category: {category}, severity: at most {severity}, confidence: {}", about.confidence));
        for (heading, text) in sections(about.docs) {
            output::line(format!("\n{bold}{heading}{bold:#}\n{}", wrap::paragraphs(text, wrap::width(), "  ")));
        }
        Ok(())
    }

    fn unknown(&self) -> CliError {
        let ids = detect::abouts().map(|about| about.id);
        let why = format!("unknown detector {:?}{}", self.id, did_you_mean(&self.id, ids));
        CliError::usage(why).next("`provwatch detectors list` names them")
    }
}

fn full(about: &'static About) -> Full {
    let text = |wanted: &str| {
        let mut sections = sections(about.docs);
        sections.find(|(heading, _)| *heading == wanted).map(|(_, text)| text).unwrap_or_default()
    };
    let [what_it_detects, why_it_matters, false_positives, what_to_do, example_incident] = HEADINGS.map(text);
    Full { summary: summary(about), what_it_detects, why_it_matters, false_positives, what_to_do, example_incident }
}

/// The documentation's headings with their texts.
fn sections(docs: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = docs.split("### ").filter_map(|part| part.split_once('\n'));
    parts.map(|(heading, text)| (heading.trim(), text.trim())).filter(|(heading, _)| HEADINGS.contains(heading))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_detector_is_explained_under_all_headings() {
        for about in detect::abouts() {
            let headings: Vec<_> = sections(about.docs).map(|(heading, _)| heading).collect();
            assert_eq!(headings, HEADINGS, "{}", about.id);
            assert!(sections(about.docs).all(|(_, text)| !text.is_empty()), "{}", about.id);
        }
    }
}
