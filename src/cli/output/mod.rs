//! Output of commands: results on standard output, messages on standard error, colour only on a terminal.

mod colour;
mod lines;
mod object;
mod print_table;
mod printing;
mod redaction;
mod tables;

pub use self::{
    colour::{severity, severity_cell},
    lines::{bytes, failure, limited, line, note},
    object::{json, json_text},
    print_table::print,
    printing::Printing,
    redaction::{Redaction, pseudonyms, redacted_value},
    tables::{bare_table, table, width},
};
