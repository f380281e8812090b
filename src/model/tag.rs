//! Matches tags with the versions that they name.

use super::ReleaseId;

/// Whether a tag names the version of a release: `v1.2.3`, `name@1.2.3` and `release-1.2.3` name 1.2.3, and `v1.2.30` does not.
/// Tags leave PyPI's epoch out: `v2.0` names `1!2.0`, as `1!2.0` does.
pub fn names_version(tag: &str, release: &ReleaseId) -> bool {
    names(tag, release.version()) || names(tag, release.version_in_tags())
}

fn names(tag: &str, version: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let stands_alone = |(at, _): (usize, &str)| {
        let before = tag[..at].chars().next_back().is_none_or(|c| !is_part(c) || c == 'v' || c == 'V');
        let after = tag[at + version.len()..].chars().next().is_none_or(|c| !is_part(c));
        before && after
    };
    !version.is_empty() && tag.match_indices(version).any(stands_alone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Package;

    fn names(tag: &str, package: &str, version: &str) -> bool {
        names_version(tag, &package.parse::<Package>().unwrap().at(version))
    }

    #[test]
    fn tags_that_name_a_version() {
        for (tag, version) in [
            ("v1.2.3", "1.2.3"),
            ("1.2.3", "1.2.3"),
            ("@scope/name@1.2.3", "1.2.3"),
            ("name-v1.2.3", "1.2.3"),
            ("release/1.2.3-rc.1", "1.2.3-rc.1"),
            ("vü1.2.3", "1.2.3"),
        ] {
            assert!(names(tag, "pkg:npm/name", version), "{tag} {version}");
        }
        for (tag, version) in [("v1.2.30", "1.2.3"), ("v11.2.3", "1.2.3"), ("nightly", "1.2.3"), ("", "")] {
            assert!(!names(tag, "pkg:npm/name", version), "{tag} {version}");
        }
    }

    #[test]
    fn tags_leave_the_epoch_out() {
        for (tag, version, named) in [
            ("v2.0", "1!2.0", true),
            ("2.0", "1!2.0", true),
            ("v1!2.0", "1!2.0", true),
            ("name-2.0", "1!2.0", true),
            ("v2.0.1", "1!2.0", false),
            ("v12.0", "1!2.0", false),
            ("v1", "1!2.0", false),
            ("v2.0", "2.0", true),
        ] {
            assert_eq!(names(tag, "pkg:pypi/name", version), named, "{tag} {version}");
        }
        assert!(!names("v2.0.0", "pkg:npm/name", "1!2.0.0"), "npm has no epochs");
    }
}
