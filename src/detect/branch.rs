//! Recognises merged commits, new branches, and the maintenance branches of a release line.

use super::Change;
use crate::{
    baseline::{A_TAG, words::PROTECTED_TAG},
    model::{
        Numbers, Text, names_version,
        traits::{RefPlaces, Refs},
    },
};

impl Change<'_> {
    /// Whether the default branch or a release branch reaches the commit, if known. A user who can protect a branch can
    /// make it a release branch, so this excuses less than the default branch does.
    pub fn is_merged(&self) -> Option<bool> {
        let commit = self.release.facts.commit.as_ref()?;
        match commit.is_merged() {
            Some(true)
                if commit.on_default_branch != Some(true) && (self.is_new_branch() || self.is_new_protection()) =>
            {
                commit.on_default_branch
            }
            is_merged => is_merged,
        }
    }

    /// Whether a branch that no earlier release was built from built this one: a wildcard protects a new branch at once.
    fn is_new_branch(&self) -> bool {
        let mut lines = self.package.lines.values();
        let mut branches =
            self.traits.iter().filter_map(|it| it.reference.as_deref()).filter(|it| it.starts_with("branch "));
        branches.any(|branch| !lines.any(|line| self.knows(line, Refs, branch)))
    }

    /// Whether it is the first that was built from a tag whose commit only a protected branch has. Nothing is known of that
    /// where no earlier release shows where the commit of its tag was.
    fn is_new_protection(&self) -> bool {
        let is_tag = self.traits.iter().any(|it| it.reference.as_deref() == Some(A_TAG));
        let lines = || self.package.lines.values();
        let is_place_of_tag = |place: &Text| place.split_once(' ').is_some_and(|(kind, _)| kind == A_TAG);
        is_tag
            && lines().any(|line| line.tally(RefPlaces).values().any(is_place_of_tag))
            && !lines().any(|line| self.knows(line, RefPlaces, PROTECTED_TAG))
    }

    /// Whether it is of a line that is older than the package's newest, released in the open, and built, as far as that
    /// is known, from its tag or from the branch that is named for the line: `1.x`, `v1`, `release/1.2`. The default
    /// branch does not have its commits, but some branch does.
    pub fn is_maintenance(&self) -> bool {
        let line = self.release.line();
        let own = self.release.purl.parsed().map(|version| version.numbers());
        let is_older = self.highest().zip(own).is_some_and(|((newest, _), own)| is_beyond(newest.numbers(), own));
        let is_own = |name: &str| {
            let is_own_branch = |branch| names_line(branch, line.in_branches());
            let is_own_tag = |tag| names_version(tag, &self.release.purl);
            name.strip_prefix("refs/tags/").is_some_and(is_own_tag)
                || name.strip_prefix("refs/heads/").is_some_and(is_own_branch)
        };
        let on_any_branch = self.release.facts.commit.as_ref().and_then(|commit| commit.on_any_branch);
        is_older && on_any_branch != Some(false) && self.is_in_the_open() && self.release.refs().all(is_own)
    }
}

/// Whether the newest version is of a newer line than another one.
fn is_beyond(newest: Numbers, own: Numbers) -> bool {
    (newest.epoch, newest.major) > (own.epoch, own.major) || (own.major == 0 && newest > own)
}

/// Whether a branch is named for a line only: the last part of its name is the line's number or begins with it, beside
/// words for such branches: `1.x`, `v1`, `release/1.2`, `maint-1`.
fn names_line(branch: &str, line: &str) -> bool {
    const WORDS: [&str; 8] = ["backport", "branch", "lts", "maint", "maintenance", "release", "stable", "support"];
    let last = branch.rsplit('/').next().unwrap_or_default().to_lowercase();
    let mut parts = last.split(['-', '_']).filter(|part| !WORDS.contains(part));
    let (Some(number), None) = (parts.next(), parts.next()) else { return false };
    let number = number.trim_start_matches('v');
    let digits = number.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'x'));
    digits && number.strip_prefix(line).is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest == "x")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_of_lines() {
        for (branch, line) in [
            ("1.x", "1"),
            ("v1", "1"),
            ("release/1.2", "1"),
            ("maint-1", "1"),
            ("0.30.x", "0.30"),
            ("stable/v2.x", "2"),
        ] {
            assert!(names_line(branch, line), "{branch} {line}");
        }
        for (branch, line) in [
            ("main", "1"),
            ("10.x", "1"),
            ("fix-types", "1"),
            ("oidc", "0"),
            ("", "1"),
            ("1.x-fix", "1"),
            ("1/oidc", "1"),
        ] {
            assert!(!names_line(branch, line), "{branch} {line}");
        }
    }
}
