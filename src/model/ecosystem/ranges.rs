//! Ranges of semantic versions, as dependencies name them.

/// Whether a range of semantic versions takes a version; `None`: it is another kind of range, such as a tag or a URL.
pub(super) fn semver_takes(range: &str, version: &str) -> Option<bool> {
    Some(semver::VersionReq::parse(range.trim()).ok()?.matches(&version.parse().ok()?))
}
