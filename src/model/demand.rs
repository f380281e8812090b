//! The demands that a policy can make, with their keys and the texts that match nothing.

/// What a policy may demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of `Policy` say it")]
pub enum Demand {
    Evidence,
    Issuers,
    Owners,
    Repositories,
    RepositoryIds,
    Workflows,
    Refs,
    Environments,
    Publishers,
    MinRepositoryAge,
    Hours,
}

impl Demand {
    /// All.
    pub const ALL: [Self; 11] = [
        Self::Evidence,
        Self::Issuers,
        Self::Owners,
        Self::Repositories,
        Self::RepositoryIds,
        Self::Workflows,
        Self::Refs,
        Self::Environments,
        Self::Publishers,
        Self::MinRepositoryAge,
        Self::Hours,
    ];

    /// Its key in the `expect` block.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::Issuers => "issuers",
            Self::Owners => "owners",
            Self::Repositories => "repositories",
            Self::RepositoryIds => "repository_ids",
            Self::Workflows => "workflows",
            Self::Refs => "refs",
            Self::Environments => "environments",
            Self::Publishers => "publishers",
            Self::MinRepositoryAge => "min_repository_age_days",
            Self::Hours => "hours",
        }
    }

    /// Why a text that is to be allowed fits nothing, ever; `None`: it may fit something.
    pub fn refuses(self, text: &str) -> Option<String> {
        let plain = text.split_once("://").map_or(text, |(_, rest)| rest);
        let parts = plain.split('/').count();
        let (fits, example) = match self {
            Self::Issuers => (
                text.starts_with("https://") || text.starts_with('*'),
                "\"https://token.actions.githubusercontent.com\"",
            ),
            Self::Owners => (parts >= 2, "\"github.com/acme\""),
            Self::Repositories => {
                let is_deep = plain.starts_with("github.com/") && parts > 3;
                (parts >= 3 && !is_deep && text.strip_suffix(".git").is_none(), "\"github.com/acme/widget\"")
            }
            Self::RepositoryIds => {
                (text.bytes().all(|byte| byte.is_ascii_digit()), "\"23088740\", the number that the forge gave it")
            }
            Self::Workflows => (
                text == plain && !text.starts_with('/'),
                "\".github/workflows/release.yml\", from the repository's root",
            ),
            Self::Refs => {
                let is_kind = ["tag", "pull request"].contains(&text) || text.starts_with("branch ");
                (is_kind || text.contains('*'), "\"tag\", \"branch main\", \"pull request\"")
            }
            Self::Evidence | Self::Environments | Self::Publishers | Self::MinRepositoryAge | Self::Hours => {
                (true, "a name")
            }
        };
        let is_possible = fits && !text.trim().is_empty();
        (!is_possible)
            .then(|| format!("{} has {text:?}, which matches nothing; expected, for example, {example}", self.key()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_never_fit_is_refused() {
        for (demand, text) in [
            (Demand::Issuers, "token.actions.githubusercontent.com"),
            (Demand::Owners, "acme"),
            (Demand::Owners, "https://acme"),
            (Demand::Repositories, "acme/widget"),
            (Demand::Repositories, "github.com/acme/widget.git"),
            (Demand::Repositories, "github.com/acme/widget/x"),
            (Demand::RepositoryIds, ""),
            (Demand::RepositoryIds, "*"),
            (Demand::RepositoryIds, "-1"),
            (Demand::RepositoryIds, "\u{0661}"),
            (Demand::RepositoryIds, "github.com/acme/widget"),
            (Demand::Workflows, "/.github/workflows/release.yml"),
            (Demand::Refs, "tags"),
            (Demand::Refs, "main"),
            (Demand::Workflows, "https://github.com/acme/widget"),
            (Demand::Refs, "refs/heads/main"),
            (Demand::Environments, " "),
        ] {
            assert!(demand.refuses(text).unwrap().contains(demand.key()), "{text}");
        }
        for (demand, text) in [
            (Demand::Issuers, "https://token.actions.githubusercontent.com/acme"),
            (Demand::Owners, "github.com/acme"),
            (Demand::Owners, "https://gitlab.com/acme/tools"),
            (Demand::Repositories, "github.com/acme/*"),
            (Demand::RepositoryIds, "23088740"),
            (Demand::Workflows, ".github/workflows/*"),
            (Demand::Workflows, ".gitlab-ci.yml"),
            (Demand::Workflows, "release.y*ml"),
            (Demand::Repositories, "gitlab.com/acme/tools/widget"),
            (Demand::Refs, "branch release/*"),
            (Demand::Publishers, "ada"),
        ] {
            assert_eq!(demand.refuses(text), None);
        }
    }
}
