//! Reads repository, workflow and ref from the subject of a certificate that lacks the claims for them.

/// What the name of a certificate says of the build: `https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1`
/// as GitHub has it, `https://gitlab.com/g/r//.gitlab-ci.yml@refs/heads/main` as GitLab has it
/// (<https://github.com/sigstore/fulcio/blob/main/docs/oidc.md>). With a reusable workflow it names that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubjectNames<'a> {
    /// The repository, a URL.
    pub repository: &'a str,
    /// The repository's owner, a URL.
    pub owner: &'a str,
    /// The workflow file, a URL without the ref.
    pub workflow: &'a str,
    /// The ref: `refs/tags/…` or `refs/heads/…`.
    pub reference: &'a str,
}

impl<'a> SubjectNames<'a> {
    /// Reads a subject. `None`: it has another form, such as an e-mail address.
    pub fn read(subject: &'a str) -> Option<Self> {
        let (workflow, reference) = subject.split_once('@')?;
        let path = workflow.strip_prefix("https://")?;
        let end = workflow.find("/.github/workflows/").or_else(|| gitlab(workflow))?;
        let repository = &workflow[..end];
        let owner = &repository[..repository.rfind('/')?];
        let is_whole = path.split('/').take(3).all(|part| !part.is_empty()) && owner.len() > "https://".len();
        (is_whole && owner.matches('/').count() >= 3 && reference.starts_with("refs/")).then_some(Self {
            repository,
            owner,
            workflow,
            reference,
        })
    }
}

/// Where the repository ends in GitLab's form, which has two slashes before the file.
fn gitlab(workflow: &str) -> Option<usize> {
    let scheme = "https://".len();
    workflow.get(scheme..)?.find("//").map(|at| at + scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_of_certificates() {
        let github =
            SubjectNames::read("https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1.0.0").unwrap();
        assert_eq!((github.repository, github.owner), ("https://github.com/o/r", "https://github.com/o"));
        assert_eq!(github.workflow, "https://github.com/o/r/.github/workflows/release.yml");
        assert_eq!(github.reference, "refs/tags/v1.0.0");
        let gitlab = SubjectNames::read("https://gitlab.com/a/b/c//.gitlab-ci.yml@refs/heads/main").unwrap();
        assert_eq!((gitlab.repository, gitlab.owner), ("https://gitlab.com/a/b/c", "https://gitlab.com/a/b"));
        for odd in [
            "",
            "@",
            "ada@example.org",
            "https://github.com/o/r@refs/heads/main",
            "https://github.com/.github/workflows/x.yml@refs/heads/main",
            "https://github.com//r/.github/workflows/x.yml@refs/heads/main",
            "https://github.com/o/r/.github/workflows/x.yml@main",
            "https:///.github/workflows/@refs/",
            "https://circleci.com/api/v2/projects/1/pipeline-definitions/2",
        ] {
            assert_eq!(SubjectNames::read(odd), None, "{odd}");
        }
    }
}
