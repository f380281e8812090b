//! The flag that selects the output format.

use clap::Args;

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Text for people.
    #[default]
    Table,
    /// JSON for programs, one object on each line.
    Json,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Args)]
pub struct Printing {
    /// The output format: table for people, json for programs (one object on each line)
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: Format,
}

impl Printing {
    /// Whether for programs.
    pub fn is_json(self) -> bool {
        self.format == Format::Json
    }
}
