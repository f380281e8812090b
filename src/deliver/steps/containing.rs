//! The commands of package managers that keep a doubtful release out, and find where it is installed.

use super::stage::{NextStep, Stage};
use crate::{
    deliver::shown::NAME,
    model::{Alert, Commands, Package, ReleaseId},
    text::{plain, shell_word},
};

/// What keeps a release out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pin<'a> {
    /// The last release that is known to be normal.
    To(&'a ReleaseId),
    /// Any release before it: none is known to be normal.
    Before,
    /// The digests of the lock file: its version says nothing.
    Locked,
}

/// The command that keeps the release out.
pub(super) fn pin(release: &ReleaseId, pin: Pin<'_>) -> NextStep {
    let commands = commands(release.package());
    let (purpose, line) = match pin {
        Pin::To(good) => (
            "pin the last version that is known to be normal, in each project",
            filled(commands.pin, good.package(), good.version()),
        ),
        Pin::Before => (
            "pin a version before it, in each project",
            filled(commands.pin_before, release.package(), release.version()),
        ),
        Pin::Locked => ("install only files with the digests of the lock file", commands.locked.to_owned()),
    };
    NextStep { stage: Stage::Contain, purpose, line }
}

/// The command for a project that names the package itself, if that takes another one.
pub(super) fn pin_direct(release: &ReleaseId, pin: Pin<'_>) -> Option<NextStep> {
    let (to, before) = commands(release.package()).direct?;
    let line = match pin {
        Pin::To(good) => filled(to, good.package(), good.version()),
        Pin::Before => filled(before, release.package(), release.version()),
        Pin::Locked => return None,
    };
    let purpose = "the same in a project whose own dependencies name the package";
    Some(NextStep { stage: Stage::Contain, purpose, line })
}

/// The command that shows whether a project has the package.
pub(super) fn find(package: &Package) -> NextStep {
    NextStep {
        stage: Stage::FindOut,
        purpose: "find the projects and machines that have it; search build logs and caches too",
        line: filled(commands(package).find, package, ""),
    }
}

/// How to pin the release of an alert.
pub(super) fn pin_of(alert: &Alert, is_same_version: bool) -> Pin<'_> {
    match &alert.last_good {
        _ if is_same_version => Pin::Locked,
        Some(good) => Pin::To(good),
        None => Pin::Before,
    }
}

fn commands(package: &Package) -> &'static Commands {
    &package.ecosystem().row().commands
}

/// The command with its words filled in and quoted. A publisher chooses names and versions.
fn filled(command: &str, package: &Package, version: &str) -> String {
    let (name, version) = (plain(package.name(), NAME), plain(version, NAME));
    let word = |word: &str| {
        if word.contains('{') {
            argument(&word.replace("{name}", &name).replace("{version}", &version))
        } else {
            word.to_owned()
        }
    };
    command.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// An argument that no program takes for an option: npm has a package `-`.
fn argument(word: &str) -> String {
    let quoted = shell_word(word);
    if word.starts_with('-') { format!("-- {quoted}") } else { quoted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_registry_has_its_own_commands() {
        let mut said = Vec::new();
        for (text, good) in [
            ("pkg:npm/axios@1.14.1", "pkg:npm/axios@1.14.0"),
            ("pkg:npm/%40scope/it's@1.0.0-rc.1", "pkg:npm/%40scope/it's@1.0.0"),
            ("pkg:npm/-@0.0.2", "pkg:npm/-@0.0.1"),
            ("pkg:pypi/ultralytics@8.3.41", "pkg:pypi/ultralytics@8.3.40"),
            ("pkg:cargo/serde@1.0.1", "pkg:cargo/serde@1.0.0"),
        ] {
            let (release, good): (ReleaseId, ReleaseId) = (text.parse().unwrap(), good.parse().unwrap());
            said.push(text.to_owned());
            for way in [Pin::To(&good), Pin::Before, Pin::Locked] {
                said.push(pin(&release, way).line);
                said.extend(pin_direct(&release, way).map(|step| step.line));
            }
            said.push(find(release.package()).line);
        }
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn a_publishers_words_stay_words() {
        let release: ReleaseId = "pkg:npm/a@1.0.0%3B%20reboot%0A%7Bname%7D".parse().unwrap();
        let line = pin(&release, Pin::Before).line;
        assert_eq!(line, r"npm pkg set 'overrides[a]=<1.0.0; reboot\n{name}' && npm install --ignore-scripts");
    }
}
