//! A configuration of cargo-deny that bans releases (<https://embarkstudios.github.io/cargo-deny/checks/bans/cfg.html>).

use std::fmt::Write as _;

use super::{NO_VERSION, of};
use crate::{
    cli::export::entry::{List, Written},
    model::Blocklist,
};

/// `deny` of `[bans]`, a release on each line, and no other rule of it. `name@version` is that version alone, without
/// build metadata, which no requirement has.
pub fn bans(list: &List) -> Written {
    let mut written = Written::default();
    for line in list.head() {
        let _ = writeln!(written.text, "# {line}");
    }
    written.text.push_str("[bans]\nmultiple-versions = \"allow\"\ndeny = [\n");
    for entry in of(list, Blocklist::CargoDeny) {
        if entry.purl.parsed().is_none() {
            written.left_out.push((entry.purl.clone(), NO_VERSION));
            continue;
        }
        let version = entry.purl.version().split('+').next().unwrap_or_default();
        let spec = format!("{}@{version}", entry.purl.package().name());
        let _ = writeln!(written.text, "    {{ crate = {}, reason = {} }},", quoted(&spec), quoted(&entry.why()));
    }
    written.text.push_str("]\n");
    written
}

/// A string of TOML on one line.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
