//! `provwatch watch why`: explains why a package is watched or not.

use crate::{
    cli::{
        callable::callable,
        context::Context,
        exit::{Exit, Outcome},
        output::{self, Printing},
        target, words, wrap,
    },
    model::Package,
    text::shell_word,
    watchlist::Reason,
};

/// Explain why provwatch watches a package, or why not
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch watch why pkg:npm/axios
  provwatch watch why pkg:npm/%40angular/core --format json")]
pub struct Why {
    /// The package
    #[arg(value_name = "PURL", value_parser = target::package)]
    package: Package,
    #[command(flatten)]
    printing: Printing,
}

impl Why {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let why = context.watchlist()?.why(&self.package);
        if self.printing.is_json() {
            output::json(&why)?;
            return Ok(Exit::Clean);
        }
        match (why.tier, why.excluded_by.is_empty()) {
            (Some(tier), _) => output::line(format_args!("{} is watched, tier {tier}.", why.package)),
            (None, false) => output::line(format_args!("{} is not watched: it is excluded.", why.package)),
            (None, true) => {
                output::line(format_args!("{} is not watched: nothing names it.", why.package));
                let command = format!("provwatch watch add {}", shell_word(&why.package.to_string()));
                output::line(format_args!("  next: {}", callable(&command)));
            }
        }
        print("excluded by", &why.excluded_by);
        print(if why.tier.is_some() { "because of" } else { "would be included by" }, &why.included_by);
        let registries = &context.config.registries;
        let key = self.package.registry();
        if !registries.keys().contains(&key) {
            let title = key.title();
            let why = if key.is_public() { "is switched off in" } else { "is not one of the registries of" };
            output::note(format_args!("warning: {title} {why} the configuration, so nothing of it is watched"));
        } else if !key.is_public() {
            output::line(format_args!("  It is of the registry {}.", registries.title(&key)));
        }
        Ok(Exit::Clean)
    }
}

fn print(how: &str, reasons: &[Reason]) {
    for (index, reason) in reasons.iter().enumerate() {
        let how = if index == 0 { how } else { "and" };
        let tier = reason.tier.map(|tier| format!(", tier {tier}")).unwrap_or_default();
        let note = reason.note.as_ref().map(|note| format!(": {}", words::sentence(note))).unwrap_or_default();
        let (pattern, file, line) = (&reason.pattern, reason.file.display(), reason.line);
        let text = format!("{how} {pattern} ({file}:{line}{tier}){note}");
        output::line(format_args!("  {}", wrap::paragraphs(&text, wrap::width(), "    ").trim_start()));
    }
}
