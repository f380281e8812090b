//! The watched identities in logs: repositories of watched packages, and the operator's regular expressions.
//!
//! A certificate passes two filters. The [`Prefilter`] searches its raw bytes for texts and stops nearly all;
//! certificates that pass are read in full and compared here. The texts are chosen so that every match contains one of
//! them.

use std::collections::{BTreeSet, HashMap};

use regex::Regex;
use regex_syntax::hir::literal::Extractor;

use super::prefilter::Prefilter;
use crate::model::{Claim, Package, WorkflowIdentity, whole};

/// Shortest text worth searching for: shorter ones are in every certificate.
const MIN_LITERAL: usize = 4;

/// The watched identities.
#[derive(Clone, Debug)]
pub struct Watch {
    /// By URL in lower case, as forges compare names.
    repositories: HashMap<String, BTreeSet<Package>>,
    /// By issuer and the repository's numeric id there.
    ids: HashMap<(String, String), BTreeSet<Package>>,
    patterns: Vec<Pattern>,
    filter: Prefilter,
}

/// A description of identities. All of its criteria must match.
#[derive(Clone, Debug)]
pub struct Pattern {
    name: String,
    criteria: Vec<(Field, Regex)>,
}

/// The subject of a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The subject alternative name.
    Subject,
    /// The OIDC issuer.
    Issuer,
    /// A claim.
    Claim(Claim),
}

/// The reason why an identity is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// The packages whose repository it is.
    pub packages: BTreeSet<Package>,
    /// The patterns that it matches.
    pub patterns: Vec<String>,
}

/// The reason why a description cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    /// A regular expression does not compile.
    #[error("{pattern:?}: the regular expression {text:?} cannot be used")]
    Regex {
        /// The pattern.
        pattern: String,
        /// The expression.
        text: String,
        /// The cause.
        #[source]
        source: regex::Error,
    },
    /// It has no criteria.
    #[error("{0:?} has no condition: give it a subject, an issuer or a claim")]
    Empty(String),
}

impl Pattern {
    /// A description by regular expressions, each over the whole value.
    ///
    /// # Errors
    /// An expression that does not compile or is very large, or none at all.
    pub fn new<'a>(name: &str, criteria: impl IntoIterator<Item = (Field, &'a str)>) -> Result<Self, PatternError> {
        let compile = |(field, text): (Field, &str)| {
            let wrong = |source| PatternError::Regex { pattern: name.to_owned(), text: text.to_owned(), source };
            Ok((field, whole(text).map_err(wrong)?))
        };
        let criteria = criteria.into_iter().map(compile).collect::<Result<Vec<_>, _>>()?;
        if criteria.is_empty() {
            return Err(PatternError::Empty(name.to_owned()));
        }
        Ok(Self { name: name.to_owned(), criteria })
    }

    fn matches(&self, identity: &WorkflowIdentity) -> bool {
        self.criteria.iter().all(|(field, regex)| field.of(identity).is_some_and(|value| regex.is_match(value)))
    }

    /// Texts of which every matching certificate contains one. An empty result means that none are known.
    fn texts(&self) -> Vec<Vec<u8>> {
        let texts = self.criteria.iter().filter_map(|(_, regex)| literals(regex.as_str()));
        let shortest = |texts: &Vec<Vec<u8>>| texts.iter().map(Vec::len).min().unwrap_or_default();
        texts.max_by_key(shortest).unwrap_or_else(|| vec![Vec::new()])
    }
}

impl Field {
    fn of(self, identity: &WorkflowIdentity) -> Option<&str> {
        match self {
            Self::Subject => Some(&identity.subject),
            Self::Issuer => Some(&identity.issuer),
            Self::Claim(claim) => identity.claims.get(claim),
        }
    }
}

/// Texts with one of which every match of an expression begins, all long enough to search for. `None`: unknown.
fn literals(regex: &str) -> Option<Vec<Vec<u8>>> {
    let parsed = regex_syntax::parse(regex).ok()?;
    let prefixes = Extractor::new().extract(&parsed);
    let literals = prefixes.literals()?;
    let long = !literals.is_empty() && literals.iter().all(|literal| literal.len() >= MIN_LITERAL);
    long.then(|| literals.iter().map(|literal| literal.as_bytes().to_vec()).collect())
}

impl Watch {
    /// Watches what these patterns describe, and the repositories that are added.
    pub fn new(patterns: Vec<Pattern>) -> Self {
        let filter = Prefilter::everything();
        Self { repositories: HashMap::new(), ids: HashMap::new(), patterns, filter }.sharpened()
    }

    /// Also watches the repositories of packages, by URL and by issuer and numeric id.
    #[must_use]
    pub fn with_repositories<'a>(
        mut self,
        repositories: impl IntoIterator<Item = (&'a Package, &'a str, Option<(&'a str, &'a str)>)>,
    ) -> Self {
        for (package, url, id) in repositories {
            if !path(url).is_empty() {
                self.repositories.entry(plain(url)).or_default().insert(package.clone());
            }
            if let Some((issuer, id)) = id.filter(|(_, id)| !id.is_empty()) {
                self.ids.entry((issuer.to_owned(), id.to_owned())).or_default().insert(package.clone());
            }
        }
        self.sharpened()
    }

    /// Whether no identity is watched.
    pub fn is_empty(&self) -> bool {
        self.repositories.is_empty() && self.ids.is_empty() && self.patterns.is_empty()
    }

    /// The prefilter that passes every watched identity.
    pub fn filter(&self) -> &Prefilter {
        &self.filter
    }

    /// The reason why an identity is watched; `None`: it is not.
    pub fn why(&self, identity: &WorkflowIdentity) -> Option<Watched> {
        let claims = &identity.claims;
        let by_url = claims.source_repository_uri.as_deref().and_then(|url| self.repositories.get(&plain(url)));
        let id = claims.source_repository_identifier.clone();
        let by_id = id.and_then(|id| self.ids.get(&(identity.issuer.clone(), id)));
        let packages = by_url.into_iter().chain(by_id).flatten().cloned().collect();
        let patterns = self.patterns.iter().filter(|pattern| pattern.matches(identity));
        let watched = Watched { packages, patterns: patterns.map(|pattern| pattern.name.clone()).collect() };
        (watched != Watched::default()).then_some(watched)
    }

    fn sharpened(mut self) -> Self {
        let repositories = self.repositories.keys().map(|url| path(url).as_bytes().to_vec());
        let ids = self.ids.keys().filter_map(|(_, id)| utf8_string(id));
        let patterns = self.patterns.iter().flat_map(Pattern::texts);
        let texts: Vec<_> = repositories.chain(ids).chain(patterns).collect();
        // Too many texts for the automaton are compared without it.
        self.filter = Prefilter::new(&texts).unwrap_or_else(|_| Prefilter::everything());
        self
    }
}

/// A repository's URL in the form for comparison: in lower case, without common additions.
fn plain(url: &str) -> String {
    url.trim_end_matches('/').trim_end_matches(".git").to_lowercase()
}

/// Owner and name: certificates of before 2023 have only this part of the URL.
fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_once('/').map_or("", |(_, path)| path)
}

/// A claim as in a certificate: numbers alone would be found everywhere.
fn utf8_string(text: &str) -> Option<Vec<u8>> {
    let length = u8::try_from(text.len()).ok().filter(|length| *length < 128)?;
    Some([&[0x0c, length], text.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str) -> Package {
        format!("pkg:npm/{name}").parse().expect("a package")
    }

    fn identity(repository: &str, id: &str) -> WorkflowIdentity {
        let mut identity = WorkflowIdentity {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            subject: format!("{repository}/.github/workflows/release.yml@refs/heads/main"),
            ..WorkflowIdentity::default()
        };
        identity.claims.set(Claim::SourceRepositoryUri, repository.to_owned());
        identity.claims.set(Claim::SourceRepositoryIdentifier, id.to_owned());
        identity
    }

    /// The raw bytes of a certificate, as the prefilter sees them.
    fn bytes(identity: &WorkflowIdentity) -> Vec<u8> {
        let id = identity.claims.source_repository_identifier.clone().unwrap_or_default();
        let uri = identity.claims.source_repository_uri.clone().unwrap_or_default();
        [uri.as_bytes(), &utf8_string(&id).expect("short"), identity.subject.as_bytes(), identity.issuer.as_bytes()]
            .concat()
    }

    fn watch() -> Watch {
        let (axios, chalk) = (package("axios"), package("chalk"));
        let github = "https://token.actions.githubusercontent.com";
        Watch::new(Vec::new()).with_repositories([
            (&axios, "https://github.com/axios/axios", Some((github, "23088740"))),
            (&chalk, "https://github.com/chalk/chalk.git", None),
        ])
    }

    #[test]
    fn a_repository_is_known_by_its_name_or_its_number() {
        let watch = watch();
        for (repository, id, expected) in [
            ("https://github.com/axios/axios", "23088740", Some("axios")),
            ("https://github.com/Axios/AXIOS", "1", Some("axios")),
            ("https://github.com/renamed/renamed", "23088740", Some("axios")),
            ("https://github.com/chalk/chalk", "2", Some("chalk")),
            ("https://github.com/axios/axios-docs", "3", None),
            ("https://gitlab.com/axios/axios", "4", None),
        ] {
            let identity = identity(repository, id);
            let watched = watch.why(&identity).map(|watched| watched.packages.into_iter().collect::<Vec<_>>());
            assert_eq!(watched, expected.map(|name| vec![package(name)]), "{repository} {id}");
            if expected.is_some() {
                assert!(watch.filter().lets_through(&bytes(&identity)), "{repository} {id}");
            }
        }
        let stranger = identity("https://github.com/some/body", "123088740");
        assert!(!watch.filter().lets_through(&bytes(&stranger)));
    }

    #[test]
    fn a_number_counts_only_with_its_issuer() {
        let mut identity = identity("https://gitlab.com/other/other", "23088740");
        identity.issuer = "https://gitlab.com".to_owned();
        assert_eq!(watch().why(&identity), None);
    }

    #[test]
    fn patterns_are_over_whole_values() {
        let claim = Field::Claim(Claim::SourceRepositoryUri);
        let pattern = |text| Pattern::new("ours", [(claim, text)]).expect("it compiles");
        let why = |pattern: Pattern| Watch::new(vec![pattern]).why(&identity("https://github.com/acme/tool", "1"));
        assert_eq!(why(pattern("https://github\\.com/acme")), None);
        let watched = why(pattern("https://github\\.com/acme/.*")).expect("it matches");
        assert_eq!((watched.patterns, watched.packages.len()), (vec!["ours".to_owned()], 0));
        assert!(why(pattern("a|https://github\\.com/acme/tool")).is_some());
    }

    #[test]
    fn everything_that_a_pattern_says_must_hold() {
        let both =
            |san, issuer| Pattern::new("ours", [(Field::Subject, san), (Field::Issuer, issuer)]).expect("it compiles");
        let identity = identity("https://github.com/acme/tool", "1");
        assert!(Watch::new(vec![both(".*acme.*", ".*github.*")]).why(&identity).is_some());
        assert!(Watch::new(vec![both(".*acme.*", ".*gitlab.*")]).why(&identity).is_none());
    }

    #[test]
    fn whatever_matches_passes_the_sieve() {
        let identity = identity("https://github.com/acme/tool", "1");
        for (san, sharp) in [
            ("https://github\\.com/acme/.*", true),
            ("https://(github|gitlab)\\.com/acme/.*", true),
            (".*acme.*", false),
            ("[a-z]+://.*", false),
            ("(?i)https://GITHUB\\.com/.*", false),
            ("h.*", false),
        ] {
            let watch = Watch::new(vec![Pattern::new("ours", [(Field::Subject, san)]).expect("it compiles")]);
            assert!(watch.why(&identity).is_some(), "{san}");
            assert!(watch.filter().lets_through(&bytes(&identity)), "{san}");
            assert!(!sharp || !watch.filter().lets_through(b"https://example.org"), "{san}");
        }
    }

    #[test]
    fn what_cannot_be_used_says_so() {
        let error = Pattern::new("ours", [(Field::Subject, "(")]).expect_err("no expression").to_string();
        assert!(error.contains("ours") && error.contains("\"(\""), "{error}");
        assert!(Pattern::new("ours", [(Field::Subject, "(a{1000}){1000}")]).is_err());
        assert!(matches!(Pattern::new("ours", []), Err(PatternError::Empty(_))));
    }
}
