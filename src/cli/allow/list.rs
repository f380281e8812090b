//! `provwatch allow list`: lists the runs that were allowed.

use crate::{
    cli::{
        context::Context,
        exit::{Exit, Outcome},
        fact_table,
        output::{self, Printing},
        target, words,
    },
    model::{Allowance, FileDigest, Package},
};

/// List the allowed runs, the latest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provwatch allow list
  provwatch allow list --package pkg:npm/widget --format json")]
pub struct List {
    /// Show only the runs that may publish this package
    #[arg(long, value_name = "PURL", value_parser = target::package)]
    package: Option<Package>,
    /// Show at most so many runs
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    printing: Printing,
}

impl List {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let allowances = context.store_to_read()?.allowances(self.package.as_ref(), self.limit)?;
        if self.printing.is_json() {
            allowances.iter().try_for_each(output::json)?;
        } else if allowances.is_empty() {
            fact_table::say("No run is allowed; `provwatch allow --run URL` tells of one.");
        } else {
            allowances.iter().for_each(print);
        }
        Ok(Exit::Clean)
    }
}

fn print(allowance: &Allowance) {
    fact_table::heading(format_args!("allowed run {}", allowance.id));
    let mut sheet = fact_table::Sheet::new();
    sheet.row("run", words::sentence(&allowance.run));
    sheet.maybe("package", allowance.package.as_ref().map(words::name));
    let digests: Vec<String> = allowance.digests.iter().map(FileDigest::to_string).collect();
    sheet.row("files", if digests.is_empty() { "not named".to_owned() } else { digests.join("\n") });
    sheet.row("told", format!("{} by {}", words::moment(allowance.at), words::name(&allowance.by)));
    sheet.print();
}
