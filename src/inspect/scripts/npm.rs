//! Finds the scripts that npm runs: hooks of `package.json`, of bundled packages too, and the build that `binding.gyp`
//! implies (npm's documentation, "scripts").

use serde_json::value::RawValue;

use super::{Scripts, When};
use crate::{
    inspect::archive::{Contents, Kept},
    strict_json::{Fields, read_part},
    text::quoted,
};

/// The hooks that npm runs of a package from a registry, in its order.
const HOOKS: [&str; 3] = ["preinstall", "install", "postinstall"];

/// The hook that it runs only of a package from a repository.
const OF_REPOSITORY: &str = "prepare";

/// The file that makes npm build a native add-on if no hook says otherwise.
const BINDING: &str = "binding.gyp";

/// Most bytes of a command.
const MAX_COMMAND: usize = 64 << 10;

/// Most files of one command.
const MAX_FILES: usize = 10;

const MANIFEST: &str = "package.json";

/// Whether a file is the manifest of the package or of one that is bundled with it.
pub(in crate::inspect) fn keeps(path: &str) -> bool {
    let Some(folder) = path.strip_suffix(MANIFEST) else { return false };
    let bundled = || {
        let (_, name) = folder.rsplit_once("node_modules/")?;
        Some(name.matches('/').count() == if name.starts_with('@') { 2 } else { 1 })
    };
    folder.is_empty() || (folder.ends_with('/') && bundled().unwrap_or(false))
}

/// The scripts of the package.
pub(in crate::inspect) fn find(contents: &Contents) -> Scripts {
    let mut scripts = Scripts::default();
    for (path, kept) in contents.texts.iter().filter(|(path, _)| keeps(path)) {
        if let Err(why) = of_manifest(path, kept, contents, &mut scripts) {
            scripts.unread.push(format!("{}: {why}", quoted(path, 200)));
        }
    }
    scripts
}

fn of_manifest(path: &str, kept: &Kept, contents: &Contents, scripts: &mut Scripts) -> Result<(), String> {
    if !kept.is_whole {
        return Err("it is too long to be read".to_owned());
    }
    let text = std::str::from_utf8(&kept.bytes).map_err(|error| error.to_string())?;
    let fields: Fields<'_> =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| error.to_string())?;
    let folder = path.strip_suffix(MANIFEST).unwrap_or_default();
    let mut has_hook = false;
    // Of two objects or hooks with one name either may count.
    for raw in fields.every("scripts") {
        let listed = Fields::read(raw).map_err(|why| format!("its scripts: {why}"))?;
        for hook in HOOKS.into_iter().chain([OF_REPOSITORY]) {
            for command in listed.every(hook).filter_map(|raw| command(raw).transpose()) {
                let command = command.map_err(|why| format!("its {hook}: {why}"))?;
                has_hook |= hook == "install" || hook == "preinstall";
                let when = if hook == OF_REPOSITORY { When::Repository } else { When::Install };
                let files = named_files(&command, folder, contents);
                scripts.add(name(hook, folder), when, Some(command), files);
            }
        }
    }
    let binding = format!("{folder}{BINDING}");
    let is_off = fields.every("gypfile").any(|raw| raw.get() == "false");
    if !has_hook && !is_off && contents.member(&binding).is_some() {
        scripts.add(name("install", folder), When::Install, Some("node-gyp rebuild".to_owned()), vec![binding]);
    }
    Ok(())
}

fn name(hook: &str, folder: &str) -> String {
    let bundled = folder.trim_end_matches('/');
    if bundled.is_empty() { hook.to_owned() } else { format!("{hook} of {bundled}") }
}

/// npm skips an empty command.
fn command(raw: &RawValue) -> Result<Option<String>, String> {
    let command: String = read_part(raw, MAX_COMMAND)?;
    Ok(Some(command).filter(|command| !command.trim().is_empty()))
}

/// The files of the archive that a command names, as Node.js looks for them.
fn named_files(command: &str, folder: &str, contents: &Contents) -> Vec<String> {
    let mut files = Vec::new();
    let words =
        command.split(|c: char| c.is_whitespace() || ";&|()<>'\"`=,".contains(c)).filter(|word| !word.is_empty());
    for word in words {
        let word = word.trim_start_matches("./").trim_end_matches('/');
        let candidates =
            ["", ".js", ".cjs", ".mjs", ".sh", ".ts", "/index.js"].map(|end| format!("{folder}{word}{end}"));
        let is_file = |path: &&String| contents.member(path).is_some_and(|member| member.sha256.is_some());
        if let Some(file) = candidates.iter().find(is_file)
            && !files.contains(file)
        {
            files.push(file.clone());
        }
        if files.len() == MAX_FILES {
            break;
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_of_bundled_packages_count() {
        for (path, kept) in [
            ("package.json", true),
            ("node_modules/a/package.json", true),
            ("node_modules/@a/b/package.json", true),
            ("node_modules/a/node_modules/b/package.json", true),
            ("node_modules/a/lib/package.json", false),
            ("node_modules/@a/package.json", false),
            ("lib/package.json", false),
            ("xpackage.json", false),
        ] {
            assert_eq!(keeps(path), kept, "{path}");
        }
    }
}
