//! Normalises the ways in which npm packages name their repository.

use url::Url;

/// Longest repository text that is parsed, in bytes.
const MAX_LENGTH: usize = 2048;

/// The many spellings of a package's repository, as one `https` URL: no `git+`, `.git`, user, port, query or path
/// inside the repository. `None`: not a form that npm's clients know.
pub(super) fn normalise(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() > MAX_LENGTH {
        return None;
    }
    let url = shorthand(text).or_else(|| scp_like(text)).or_else(|| url(text))?;
    plain(&url)
}

/// `github:o/r`, `gitlab:group/r`, `o/r`, `gist:id`.
fn shorthand(text: &str) -> Option<Url> {
    let (host, path) = match text.split_once(':') {
        Some(("github", path)) => ("github.com", path),
        Some(("gitlab", path)) => ("gitlab.com", path),
        Some(("bitbucket", path)) => ("bitbucket.org", path),
        Some(("gist", path)) => ("gist.github.com", path),
        None if text.split('/').count() == 2 && !text.contains('@') => ("github.com", text),
        _ => return None,
    };
    Url::parse(&format!("https://{host}/{path}")).ok()
}

/// `git@github.com:o/r.git`
fn scp_like(text: &str) -> Option<Url> {
    let (user_and_host, path) = text.split_once(':').filter(|(_, path)| !path.starts_with("//"))?;
    let (_, host) = user_and_host.rsplit_once('@')?;
    Url::parse(&format!("https://{host}/{path}")).ok()
}

/// `git+https://`, `git+ssh://git@`, `git://`, `ssh://`, `http://`. Other schemes do not name a repository.
fn url(text: &str) -> Option<Url> {
    let text = text.strip_prefix("git+").unwrap_or(text);
    let (scheme, rest) = text.split_once("://")?;
    // `ssh://git@github.com:o/r` is not a URL (its port is a name), but common.
    let rest = if scheme == "ssh" { rest.replacen(':', "/", 1) } else { rest.to_owned() };
    matches!(scheme, "https" | "http" | "git" | "ssh").then(|| Url::parse(&format!("https://{rest}")).ok())?
}

fn plain(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let path = url.path().split("/-/").next()?;
    // A monorepo's package often names its folder, `/o/r/tree/main/packages/x`.
    let depth = if host == "github.com" { 2 } else { usize::MAX };
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).take(depth).collect();
    let path = parts.join("/");
    let path = path.strip_suffix(".git").unwrap_or(&path);
    (!path.is_empty()).then(|| format!("https://{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_repository_is_one_url() {
        for text in [
            "https://github.com/axios/axios",
            "https://github.com/axios/axios/",
            "https://github.com/axios/axios.git",
            "https://GitHub.com/axios/axios.git#v1.x",
            "https://github.com/axios/axios/tree/main/packages/core",
            "https://user:secret@github.com/axios/axios?tab=readme",
            "git+https://github.com/axios/axios.git",
            "git+ssh://git@github.com/axios/axios.git",
            "ssh://git@github.com:axios/axios.git",
            "git://github.com/axios/axios.git",
            "http://github.com/axios/axios",
            "git@github.com:axios/axios.git",
            "github:axios/axios",
            "axios/axios",
            "  axios/axios\n",
        ] {
            assert_eq!(normalise(text).as_deref(), Some("https://github.com/axios/axios"), "{text}");
        }
    }

    #[test]
    fn other_forges() {
        for (text, url) in [
            ("gitlab:group/project", "https://gitlab.com/group/project"),
            ("https://gitlab.com/group/sub/project/-/tree/main", "https://gitlab.com/group/sub/project"),
            ("git+https://gitlab.com/group/sub/project.git", "https://gitlab.com/group/sub/project"),
            ("bitbucket:o/r", "https://bitbucket.org/o/r"),
            ("gist:11081aaa281", "https://gist.github.com/11081aaa281"),
            ("https://git.example/x.git", "https://git.example/x"),
        ] {
            assert_eq!(normalise(text).as_deref(), Some(url), "{text}");
        }
    }

    #[test]
    fn what_names_no_repository_gives_none() {
        let long = format!("https://github.com/{}", "x".repeat(MAX_LENGTH));
        for text in [
            "",
            " ",
            ":",
            "@",
            "@:",
            "axios",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "https://",
            "https://github.com",
            "https://github.com/",
            "https://github.com/.git",
            "git@:x",
            "https://[::1/x",
            &long,
        ] {
            assert_eq!(normalise(text), None, "{text:.40}");
        }
    }
}
