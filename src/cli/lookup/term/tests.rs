//! Tests of the forms that `lookup` recognizes, and of what it says of others.

use proptest::prelude::*;

use super::{Account, Name, Term, WorkflowName, term};

/// A term in a few words.
fn told(read: &Term) -> String {
    let name = |name: &Name| match name {
        Name::Url(url) => url.clone(),
        Name::Id(id) => format!("#{id}"),
    };
    let account = |Account { ecosystem, name }: &Account| {
        format!("{} {name}", ecosystem.map_or("any".to_owned(), |one| one.to_string()))
    };
    match read {
        Term::Purl(target) => format!("purl {} {}", target.package, target.version.as_deref().unwrap_or("-")),
        Term::File(digest) => format!("{} {}", digest.algorithm.as_str(), &digest.hex[..4]),
        Term::Hex(hex) => format!("hex {}", hex.len()),
        Term::Signed(_) => "signed".to_owned(),
        Term::Leaf(_) => "leaf".to_owned(),
        Term::Key(_) => "key".to_owned(),
        Term::Commit(commit) => format!("commit {}", commit.len()),
        Term::Repository(one) => format!("repository {}", name(one)),
        Term::Owner(one) => format!("owner {}", name(one)),
        Term::Workflow(WorkflowName::Url(url)) => format!("workflow {url}"),
        Term::Workflow(WorkflowName::Path(path)) => format!("any workflow {path}"),
        Term::Ref(reference) => format!("ref {reference}"),
        Term::Run(url) => format!("run {url}"),
        Term::Entry { log, index } => format!("entry {index} of {log}"),
        Term::Publisher(one) => format!("publisher {}", account(one)),
        Term::Maintainer(one) => format!("maintainer {}", account(one)),
        Term::Email(address) => format!("email {address}"),
        Term::Domain(domain) => format!("domain {domain}"),
        Term::Issuer(url) => format!("issuer {url}"),
        Term::Identity(_) => "identity".to_owned(),
        Term::Pattern(pattern) => format!("pattern {pattern}"),
        Term::Alert(prefix) => format!("alert {prefix}"),
    }
}

#[test]
fn what_people_have_is_recognized_by_its_form() {
    let (sha1, sha256, sha512) = ("ab".repeat(20), "CD".repeat(32), "ef".repeat(64));
    let base64 = |bytes: usize| {
        use base64::{Engine, prelude::BASE64_STANDARD};
        BASE64_STANDARD.encode(vec![0xab; bytes])
    };
    for (text, expected) in [
        ("pkg:npm/axios", "purl pkg:npm/axios -"),
        ("PKG:npm/axios@1.14.1", "purl pkg:npm/axios 1.14.1"),
        ("pkg:npm/@acme/widget@1.0.0", "purl pkg:npm/%40acme/widget 1.0.0"),
        ("purl:pkg:pypi/Foo.Bar", "purl pkg:pypi/foo-bar -"),
        (&sha1, "hex 40"),
        (&sha256, "hex 64"),
        (&sha512, "sha512 efef"),
        (&format!("sha256:{sha256}"), "sha256 cdcd"),
        (&format!("SHA512-{}", base64(64)), "sha512 abab"),
        (&format!("sha512-{}", base64(64).trim_end_matches('=')), "sha512 abab"),
        (&format!("sha512-{}?foo sha1-{}", base64(64), base64(20)), "sha512 abab"),
        (&format!("sha1-{}", base64(20)), "sha1 abab"),
        (&format!("digest:{sha1}"), "sha1 abab"),
        (&format!("signed:sha256:{sha256}"), "signed"),
        (&format!("leaf:{}", base64(32)), "leaf"),
        (&format!("key:{sha256}"), "key"),
        (&format!("commit:{sha1}"), "commit 40"),
        (&format!("https://github.com/acme/widget/commit/{sha1}"), "commit 40"),
        ("acme/widget", "repository https://github.com/acme/widget"),
        ("github.com/Acme/Widget.git", "repository https://github.com/acme/widget"),
        ("https://github.com/acme/widget/", "repository https://github.com/acme/widget"),
        ("https://github.com/acme/widget/tree/main/packages/a", "repository https://github.com/acme/widget"),
        ("git+ssh://git@github.com/acme/widget.git", "repository https://github.com/acme/widget"),
        ("git@github.com:acme/widget.git", "repository https://github.com/acme/widget"),
        ("github:acme/widget", "repository https://github.com/acme/widget"),
        ("https://gitlab.com/acme/group/widget/-/tree/main", "repository https://gitlab.com/acme/group/widget"),
        ("repository:gitlab.com/acme/widget", "repository https://gitlab.com/acme/widget"),
        ("repository:23088740", "repository #23088740"),
        ("owner:acme", "owner https://github.com/acme"),
        ("owner:@acme", "owner https://github.com/acme"),
        ("owner:gitlab.com/acme/group", "owner https://gitlab.com/acme/group"),
        ("https://github.com/acme", "owner https://github.com/acme"),
        ("owner:32372333", "owner #32372333"),
        (
            "https://github.com/acme/widget/.github/workflows/release.yml",
            "workflow https://github.com/acme/widget/.github/workflows/release.yml",
        ),
        (
            "https://github.com/acme/widget/blob/main/.github/workflows/release.yml",
            "workflow https://github.com/acme/widget/.github/workflows/release.yml",
        ),
        (
            "https://github.com/acme/widget/actions/workflows/release.yml",
            "workflow https://github.com/acme/widget/.github/workflows/release.yml",
        ),
        (
            "https://gitlab.com/acme/widget/-/blob/main/.gitlab-ci.yml",
            "workflow https://gitlab.com/acme/widget//.gitlab-ci.yml",
        ),
        (
            "acme/widget/.github/workflows/release.yml",
            "workflow https://github.com/acme/widget/.github/workflows/release.yml",
        ),
        (".github/workflows/release.yml", "any workflow .github/workflows/release.yml"),
        ("workflow:release.yml", "any workflow release.yml"),
        ("refs/heads/main", "ref refs/heads/main"),
        ("branch:main", "ref refs/heads/main"),
        ("tag:v1.0.0", "ref refs/tags/v1.0.0"),
        ("https://github.com/a/b/actions/runs/7", "run https://github.com/a/b/actions/runs/7"),
        ("https://github.com/a/b/actions/runs/7/job/9?pr=1", "run https://github.com/a/b/actions/runs/7"),
        ("https://github.com/a/b/actions/runs/7/attempts/2", "run https://github.com/a/b/actions/runs/7/attempts/2"),
        ("https://gitlab.com/a/b/-/jobs/9", "run https://gitlab.com/a/b/-/jobs/9"),
        ("run:a/b/7/attempts/2", "run https://github.com/a/b/actions/runs/7/attempts/2"),
        ("log:rekor.example:7", "entry 7 of rekor.example"),
        ("rekor.example:7", "entry 7 of rekor.example"),
        ("rekor.example - 123:7", "entry 7 of rekor.example - 123"),
        ("publisher:npm/ada", "publisher npm ada"),
        ("publisher:ada", "publisher any ada"),
        ("maintainer:pypi/@ada", "maintainer pypi ada"),
        ("ada@example.org", "email ada@example.org"),
        ("email:Ada@Example.org", "email Ada@Example.org"),
        ("@example.org", "domain example.org"),
        ("domain:Mail.Example.ORG", "domain mail.example.org"),
        ("https://token.actions.githubusercontent.com", "issuer https://token.actions.githubusercontent.com"),
        ("https://gitlab.com/", "issuer https://gitlab.com"),
        ("https://github.com/login/oauth", "issuer https://github.com/login/oauth"),
        ("https://oidc.circleci.com/org/1", "issuer https://oidc.circleci.com/org/1"),
        ("issuer:sso.example", "issuer https://sso.example"),
        ("https://github.com/a/b/.github/workflows/release.yml@refs/tags/v1", "identity"),
        ("https://gitlab.com/a/b//.gitlab-ci.yml@refs/heads/main", "identity"),
        ("spiffe://acme.example/build", "identity"),
        ("identity:anything at all", "identity"),
        ("https://github.com/acme/*", "pattern https://github.com/acme/*"),
        ("*@example.org", "pattern *@example.org"),
        ("6adc1e73047a", "alert 6adc1e73047a"),
        ("alert:6ADC", "alert 6adc"),
        ("  acme/widget\n", "repository https://github.com/acme/widget"),
    ] {
        let read = term(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(told(&read), expected, "{text}");
    }
}

#[test]
fn other_texts_are_answered_with_what_was_probably_meant() {
    let long = "a".repeat(5_000);
    for (text, said) in [
        ("", "nothing to look for"),
        ("   ", "nothing to look for"),
        (&long, "too long"),
        ("a\u{1b}[2Jb", r"\u{1b}[2Jb"),
        ("ref:ma\u{202e}in", r"ref:refs/heads/ma\u{202e}in"),
        ("axios", "did you mean pkg:npm/axios or pkg:pypi/axios or pkg:cargo/axios or owner:axios or publisher:axios?"),
        ("axios@1.14.1", "did you mean pkg:npm/axios@1.14.1 or"),
        ("axios@latest", "did you mean pkg:npm/axios@latest or"),
        ("@angular/core", "did you mean pkg:npm/%40angular/core?"),
        ("@acme", "did you mean owner:acme or publisher:acme or 'pkg:npm/@acme/NAME'?"),
        ("npm/axios@1.0.0", "did you mean pkg:npm/axios@1.0.0?"),
        ("pypi:requests", "did you mean pkg:pypi/requests?"),
        ("pkg:gem/rails", "it knows npm, pypi and cargo"),
        ("repositry:acme/widget", "\"repositry\" is not a kind; did you mean \"repository\"?; known kinds: alert"),
        ("colour:red", "\"colour\" is not a kind; known kinds: alert"),
        ("repository:", "nothing stands behind repository:"),
        ("repository:acme", "not a repository; expected owner/name"),
        ("owner:a b", "not an owner"),
        ("23088740", "a number of what? did you mean repository:23088740 or owner:23088740 or alert:23088740?"),
        ("abc", "is not recognized"),
        ("md5:d41d8cd98f00b204e9800998ecf8427e", "registries state no md5"),
        ("d41d8cd98f00b204e9800998ecf8427e", "an MD5?"),
        (&"ab".repeat(48), "a SHA-384?"),
        ("sha384-abcd", "registries state no sha384"),
        ("sha256:abcd", "it has 2 bytes where 32 are expected"),
        ("sha256:xyz!", "not a digest"),
        ("sha512-", "not a digest"),
        ("q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=", "did you mean sha256-q6ur"),
        ("commit:0123456", "give all 40"),
        ("commit:main", "not a commit"),
        ("ref:main", "did you mean ref:refs/heads/main or ref:refs/tags/main?"),
        ("run:7", "which run?"),
        ("https://github.com/a/b/actions/runs/7x", "not the URL of a run"),
        ("https://gitlab.com/a/b/-/pipelines/7", "name the job and not the pipeline"),
        ("https://github.com/a/b/releases/tag/v1.0.0", "did you mean repository:github.com/a/b tag:v1.0.0?"),
        ("https://github.com/a/b/issues/7", "did you mean repository:a/b?"),
        ("acme.example/widget", "did you mean owner:acme.example/widget?"),
        ("log:rekor.example", "an index"),
        ("log:rekor.example:-1", "an index"),
        ("log:rekor.example:99999999999999999999999", "an index"),
        ("publisher:gem/ada", "does not watch the package type"),
        ("publisher:npm/", "not the name of an account"),
        ("email:ada", "expected ada@example.org"),
        ("email:ada@1.2.3", "expected ada@example.org"),
        ("0f3c9a52d1b8@redacted.invalid", "stands in one output only"),
        ("domain:localhost", "is not a domain"),
        ("key:SHA256:abcdef", "a registry signs all releases with its key"),
        ("leaf:abcd", "not a leaf hash"),
        ("alert:xyz", "is not the id of an alert"),
        ("two words", "is not recognized"),
        ("../../etc/passwd", "is not recognized"),
    ] {
        let error = term(text).expect_err(text);
        assert!(error.contains(said), "{text:.60}: {error}");
        assert!(error.len() < 1_000 && !error.contains(char::is_control), "{text:.60}: {error}");
    }
}

/// Every kind that the help names is known, and the other way round.
#[test]
fn the_help_lists_every_kind() {
    use clap::CommandFactory;
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        _lookup: crate::cli::lookup::Lookup,
    }
    let help = Line::command().get_after_help().map(ToString::to_string).unwrap_or_default();
    let listed = help.split("has its kind before it:").nth(1).unwrap_or_default();
    for (kind, _) in super::by_kind::KINDS {
        assert!(listed.contains(&format!(" {kind}:")), "{kind}: {listed}");
    }
}

proptest! {
    #[test]
    fn no_text_panics_and_every_error_can_be_shown(text in "\\PC{0,80}|[a-z:/@.*0-9 -]{0,60}|[a-z]{1,12}:\\PC{0,40}") {
        if let Err(error) = term(&text) {
            prop_assert!(error.len() < 1_200, "{}", error);
        }
    }
}
