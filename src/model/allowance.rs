//! Allowances: the runs of one's own release workflow that the CI tells provwatch of.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{File, FileDigest, Observation, Package, Provenance, run_and_attempt};

/// A run of one's own release workflow that may publish. It explains releases of packages, and signatures, that are
/// watched with `own = true`; `schema/allowance.schema.json` is generated from this type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Allowance {
    /// Its number.
    pub id: i64,
    /// The URL of the run, with `/attempts/N` for one attempt of it.
    pub run: String,
    /// The digests of the files that the run may publish: SHA-256, SHA-384 or SHA-512. Empty: they are not known yet.
    pub digests: Vec<FileDigest>,
    /// The only package that the run may publish.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub package: Option<Package>,
    /// When the CI told of it.
    pub at: DateTime<Utc>,
    /// Who told of it: an account of this host, or the name of a signed file.
    pub by: String,
}

impl Allowance {
    /// Whether it may explain anything of a package.
    pub fn is_about(&self, package: &Package) -> bool {
        self.package.as_ref().is_none_or(|only| only == package)
    }

    /// Whether it names a run. One without an attempt names all attempts.
    pub fn names(&self, run: &str) -> bool {
        names_run(&self.run, run)
    }

    /// Whether it has a digest of a file.
    pub fn has(&self, algorithm: &str, hex: &str) -> bool {
        self.digests.iter().any(|digest| digest.algorithm() == algorithm && digest.hex().eq_ignore_ascii_case(hex))
    }
}

/// Whether a URL names a run. One without an attempt names all attempts.
pub fn names_run(name: &str, run: &str) -> bool {
    let (of, attempt) = run_and_attempt(name);
    let (other, other_attempt) = run_and_attempt(run);
    of.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/'))
        && (attempt.is_none() || attempt == other_attempt)
}

/// The reason why a text is not the URL of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not the URL of a run; expected https://github.com/OWNER/NAME/actions/runs/NUMBER or https://HOST/GROUP/NAME/-/jobs/NUMBER"
)]
pub struct InvalidRunUrl;

/// The URL of a run (GitHub) or a job (GitLab), without a final slash.
///
/// # Errors
/// Another text.
pub fn run_url(text: &str) -> Result<String, InvalidRunUrl> {
    let url = text.trim_end_matches('/');
    let (run, attempt) = run_and_attempt(url);
    let number = ["/actions/runs/", "/-/jobs/"].iter().find_map(|before| run.split_once(before));
    let (repository, number) = number.ok_or(InvalidRunUrl)?;
    let is_number = (1..=20).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let path = repository.strip_prefix("https://").ok_or(InvalidRunUrl)?;
    let is_plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    let is_repository = path.len() <= 1_000 && path.split('/').count() >= 3 && path.split('/').all(is_plain);
    if is_number && is_repository && attempt != Some(0) { Ok(url.to_owned()) } else { Err(InvalidRunUrl) }
}

impl Observation {
    /// The digests of each of its files by which an allowance can name it, by algorithm.
    pub fn strong_digests(&self) -> impl Iterator<Item = Vec<(&'static str, &str)>> {
        self.files.iter().map(strong_digests)
    }

    /// When each part without a certificate was published: the release as a whole, or files without one, but for those that
    /// are `allowed` by their digests.
    pub fn bare_files(&self, allowed: impl Fn(&[(&str, &str)]) -> bool) -> Vec<DateTime<Utc>> {
        if self.attestation.verified().is_some() && self.files.iter().all(|file| file.attestation.is_none()) {
            return Vec::new();
        }
        if self.files.is_empty() {
            return vec![self.published_at];
        }
        let is_bare = |file: &&File| file.attestation.as_ref().and_then(Provenance::verified).is_none();
        let bare = self.files.iter().filter(is_bare).filter(|file| !allowed(&strong_digests(file)));
        let mut times: Vec<_> = bare.map(|file| file.uploaded_at.unwrap_or(self.published_at)).collect();
        times.sort_unstable();
        times.dedup();
        times
    }
}

fn strong_digests(file: &File) -> Vec<(&'static str, &str)> {
    let both = [("sha512", &file.digests.sha512), ("sha256", &file.digests.sha256)];
    both.into_iter().filter_map(|(name, digest)| Some((name, digest.as_deref()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_jobs_have_urls_of_their_own() {
        for url in [
            "https://github.com/acme/widget/actions/runs/7",
            "https://github.com/acme/widget/actions/runs/7/attempts/2",
            "https://git.example:8443/acme/widget/actions/runs/7/",
            "https://gitlab.com/acme/group/widget/-/jobs/7",
        ] {
            assert_eq!(run_url(url).as_deref(), Ok(url.trim_end_matches('/')));
        }
        for text in [
            "",
            "7",
            "https://github.com/acme/widget",
            "https://github.com/acme/widget/actions/runs/",
            "https://github.com/acme/widget/actions/runs/7x",
            "https://github.com/acme/widget/actions/runs/7/attempts/0",
            "https://github.com/acme/widget/actions/runs/7/jobs/1",
            "http://github.com/acme/widget/actions/runs/7",
            "https://github.com/widget/actions/runs/7",
            "https://github.com/ac me/widget/actions/runs/7",
            "https://github.com/acme/wid\u{202e}get/actions/runs/7",
        ] {
            assert_eq!(run_url(text), Err(InvalidRunUrl), "{text}");
        }
    }

    #[test]
    fn an_allowance_without_an_attempt_names_all_of_them() {
        let allowance = |run: &str| Allowance {
            id: 1,
            run: run.to_owned(),
            digests: Vec::new(),
            package: None,
            at: DateTime::UNIX_EPOCH,
            by: String::new(),
        };
        let run = "https://github.com/acme/widget/actions/runs/7";
        for (one, other, names) in [
            (run.to_owned(), run.to_owned(), true),
            (run.to_owned(), format!("{run}/attempts/2"), true),
            (format!("{run}/attempts/2"), format!("{run}/attempts/2"), true),
            (format!("{run}/attempts/1"), format!("{run}/attempts/2"), false),
            (format!("{run}/attempts/1"), run.to_owned(), false),
            (run.to_owned(), format!("{run}7"), false),
            (run.to_uppercase().replace("HTTPS", "https"), run.to_owned(), true),
        ] {
            assert_eq!(allowance(&one).names(&other), names, "{one} {other}");
        }
    }
}
