//! A constraints file: pip and uv install none of its versions
//! (<https://pip.pypa.io/en/stable/user_guide/#constraints-files>).

use super::{NO_VERSION, NOT_PLAIN, comments, is_plain, of};
use crate::{
    cli::export::entry::{List, Written},
    model::Blocklist,
};

/// Lines `name!=version  # reason`. One line that pip cannot read makes it refuse the file, so such a release is left out.
/// pip joins a line that ends with a backslash with the next one; no line of this file does.
pub fn constraints(list: &List) -> Written {
    let (mut lines, mut left_out) = (Vec::new(), Vec::new());
    for entry in of(list, Blocklist::Pip) {
        let (name, version) = (entry.purl.package().name(), entry.purl.version());
        if !is_plain(name) || !is_plain(version) {
            left_out.push((entry.purl.clone(), NOT_PLAIN));
        } else if entry.purl.parsed().is_none() {
            left_out.push((entry.purl.clone(), NO_VERSION));
        } else {
            lines.push(format!("{name}!={version}  # {}\n", entry.why()));
        }
    }
    Written { text: comments(list, lines.len()) + &lines.concat(), left_out }
}
