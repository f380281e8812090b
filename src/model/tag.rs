/// Whether a tag names a version: `v1.2.3`, `name@1.2.3` and `release-1.2.3` name 1.2.3, and `v1.2.30` does not.
pub fn names_version(tag: &str, version: &str) -> bool {
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
            assert!(names_version(tag, version), "{tag} {version}");
        }
        for (tag, version) in [("v1.2.30", "1.2.3"), ("v11.2.3", "1.2.3"), ("nightly", "1.2.3"), ("", "")] {
            assert!(!names_version(tag, version), "{tag} {version}");
        }
    }
}
