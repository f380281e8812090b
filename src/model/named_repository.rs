//! Repositories as manifests and people write them.

/// Forges ignore the case of owner and repository names; so does this.
pub fn repository_name(uri: &str) -> String {
    let uri = uri.trim_end_matches('/');
    uri.strip_suffix(".git").unwrap_or(uri).to_lowercase()
}

/// A manifest's repository as `host/owner/name`, lower-case. Manifests write it as a URL of any kind,
/// `github:owner/name` or `owner/name`; a page within the repository (`/tree/main/packages/x`) means the repository.
/// `None`: it cannot be compared.
pub fn named_repository(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.split(['#', '?']).next().unwrap_or(text);
    let rest = match text.split_once(':') {
        Some(("github", rest)) => format!("github.com/{rest}"),
        Some(("gitlab", rest)) => format!("gitlab.com/{rest}"),
        Some((_, rest)) if rest.starts_with("//") => rest.trim_start_matches('/').to_owned(),
        // git@host:owner/name
        Some((host, rest)) => format!("{host}/{rest}"),
        None if text.matches('/').count() == 1 => format!("github.com/{text}"),
        None => return None,
    };
    // The user is before the host; a later at sign belongs to the path.
    let rest = match rest.split_once('/') {
        Some((host, path)) => format!("{}/{path}", host.rsplit_once('@').map_or(host, |(_, host)| host)),
        None => rest,
    };
    let mut parts = rest.split('/');
    let (host, owner, name) = (parts.next()?, parts.next()?, parts.next()?);
    if owner.is_empty() || name.is_empty() {
        return None;
    }
    // GitLab has groups within groups: there the whole path counts.
    if host != "github.com" {
        let path = rest.split("/-/").next().unwrap_or(&rest);
        return Some(repository_name(path));
    }
    Some(repository_name(&format!("{host}/{owner}/{name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_as_manifests_write_them() {
        for (text, name) in [
            ("git+https://github.com/O/R.git", Some("github.com/o/r")),
            ("https://github.com/o/r/tree/main/packages/@s/x", Some("github.com/o/r")),
            ("git@github.com:o/r.git", Some("github.com/o/r")),
            ("ssh://git@github.com/o/r", Some("github.com/o/r")),
            ("github:o/r", Some("github.com/o/r")),
            ("o/r", Some("github.com/o/r")),
            ("https://gitlab.com/a/b/c/-/tree/main", Some("gitlab.com/a/b/c")),
            ("https://github.com/o", None),
            ("somewhere", None),
            ("", None),
        ] {
            assert_eq!(named_repository(text).as_deref(), name, "{text}");
        }
    }
}
