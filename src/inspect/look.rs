//! A look into one archive: its members, its scripts, and the texts of those.

use std::collections::BTreeSet;

use super::{
    archive::{self, Contents},
    format::Format,
    limits::Limits,
    scripts::Scripts,
};

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The members.
    pub contents: Contents,
    /// What of them runs by itself.
    pub scripts: Scripts,
}

impl Look {
    /// Looks into an archive. The texts of the scripts and of the files at the paths of `shown` are kept.
    pub fn into(bytes: &[u8], format: &Format, limits: &Limits, shown: &[String]) -> Self {
        let is_shown = |path: &str| shown.iter().any(|wanted| *wanted == (format.common)(path) || wanted == path);
        let keep = |path: &str| (format.keeps)(path) || is_shown(path);
        let mut contents = archive::read(bytes, format.container, format.root, limits, &keep);
        (format.check)(&mut contents);
        let scripts = (format.scripts)(&contents);
        let known: BTreeSet<&str> = contents.texts.iter().map(|(path, _)| path.as_str()).collect();
        let files = scripts.found.iter().flat_map(|script| &script.files);
        let wanted: BTreeSet<&str> = files.map(String::as_str).filter(|path| !known.contains(path)).collect();
        if !wanted.is_empty() {
            // Only the scripts say which files they name, so these are read in a second pass.
            let more = archive::read(bytes, format.container, format.root, limits, &|path| wanted.contains(path));
            contents.texts.extend(more.texts);
        }
        Self { contents, scripts }
    }
}
