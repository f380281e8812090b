//! A configuration of cargo-deny that bans releases (<https://embarkstudios.github.io/cargo-deny/checks/bans/cfg.html>).

use super::{NO_VERSION, comments, of};
use crate::{
    cli::export::entry::{List, Written},
    model::Blocklist,
};

/// `deny` of `[bans]`, a release on each line, and no other rule of it. `name@version` is that version alone, without build
/// metadata, which no requirement has.
pub fn bans(list: &List) -> Written {
    let (mut lines, mut left_out) = (Vec::new(), Vec::new());
    for entry in of(list, Blocklist::CargoDeny) {
        if entry.purl.parsed().is_none() {
            left_out.push((entry.purl.clone(), NO_VERSION));
            continue;
        }
        let version = entry.purl.version().split('+').next().unwrap_or_default();
        let spec = format!("{}@{version}", entry.purl.package().name());
        lines.push(format!("    {{ crate = {}, reason = {} }},\n", quoted(&spec), quoted(&entry.why())));
    }
    let head = comments(list, lines.len());
    Written { text: format!("{head}[bans]\nmultiple-versions = \"allow\"\ndeny = [\n{}]\n", lines.concat()), left_out }
}

/// A string of TOML on one line.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
