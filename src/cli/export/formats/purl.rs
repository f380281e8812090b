//! One package URL on each line, with the reason as a comment.

use std::fmt::Write as _;

use super::comments;
use crate::cli::export::entry::{List, Written};

/// Lines `PURL  # reason`. A purl has neither blanks nor `#`: its text escapes them.
pub fn lines(list: &List) -> Written {
    let mut text = comments(list, list.entries.len());
    for entry in &list.entries {
        let _ = writeln!(text, "{}  # {}", entry.purl, entry.why());
    }
    Written { text, left_out: Vec::new() }
}
