//! The command line: one file per command, output as table or JSON, and errors printed once, here.

mod alerts;
mod allow;
mod args;
mod backfill;
mod baseline;
mod callable;
mod completions;
mod context;
mod deliveries;
pub mod demo;
mod detectors;
mod doctor;
pub mod drill;
mod exit;
mod expect;
mod export;
mod fact_table;
mod form;
mod forms;
mod fresh_folder;
#[cfg(test)]
mod help;
mod incident;
mod init;
mod inventory;
mod logs;
mod lookup;
mod matching;
mod on_disk;
mod operator;
mod output;
mod progress;
mod published;
mod reason;
mod reload;
mod renewal;
mod replay;
mod run;
mod setup;
mod silences;
mod spelling;
mod status;
mod store;
mod subscriptions;
mod summary;
mod supposed;
mod target;
mod test_sinks;
mod timeline;
mod used;
mod verify;
mod verify_bundle;
mod watch;
mod when;
mod words;
mod wrap;

use std::process::ExitCode;

use clap::Parser;

use self::args::Arguments;
use self::exit::Exit;
pub use self::forms::{Described, forms};

/// Runs the command line.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    match arguments.run() {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output::failure(&failure);
            failure.exit().into()
        }
    }
}

/// Help and version go to standard output with 0, wrong usage to standard error with 2.
fn usage(error: &clap::Error) -> ExitCode {
    let exit = if error.use_stderr() { Exit::Usage } else { Exit::Clean };
    // No remedy is left if even the terminal is gone.
    let _ = error.print();
    exit.into()
}
