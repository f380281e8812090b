//! Builds addresses below a registry's base URL.

use url::Url;

/// The URL of a path below `base`, each segment escaped. Documents never decide about the next request: every fetched
/// URL is built here, on the configured base.
pub(super) fn endpoint(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_cannot_leave_the_base() {
        for base in ["https://pypi.example/mirror/", "https://pypi.example/mirror"] {
            let base = Url::parse(base).unwrap();
            assert_eq!(endpoint(&base, &["simple", "a", ""]).as_str(), "https://pypi.example/mirror/simple/a/");
            assert_eq!(
                endpoint(&base, &["..", "a/../b", "?c#d"]).as_str(),
                "https://pypi.example/mirror/a%2F..%2Fb/%3Fc%23d"
            );
        }
    }
}
