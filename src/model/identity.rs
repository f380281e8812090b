//! The build identity of a release, as a Fulcio certificate states it.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SubjectNames;

/// The builder of a release, as Fulcio certified it: the claims `.8`–`.24` of the arc 1.3.6.1.4.1.57264.1 and the
/// subject alternative name. Names follow <https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md>.
///
/// `None` means that the certificate does not carry the claim. The meaning of that depends on the age of the
/// certificate, see [`Claim::since`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct WorkflowIdentity {
    /// `.8`: the OIDC issuer, a URL.
    pub issuer: String,
    /// The subject alternative name: a workflow URI, a project URI or an e-mail address.
    pub subject: String,
    /// The claims `.9`–`.24`.
    pub claims: Claims,
}

macro_rules! claims {
    ($($variant:ident $field:ident $number:literal $since:literal $doc:literal;)*) => {
        /// The Fulcio claims `.9`–`.24` of one certificate.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct Claims {
            $(#[doc = $doc]
            #[serde(skip_serializing_if = "Option::is_none", default)]
            pub $field: Option<String>,)*
        }

        /// One Fulcio claim: its name, its number in the arc, and the day since which Fulcio issues it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Claim {
            $(#[doc = $doc] $variant,)*
        }

        impl Claim {
            /// Every claim, by number.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The last arc of the OID 1.3.6.1.4.1.57264.1.N.
            pub const fn number(self) -> u8 {
                match self { $(Self::$variant => $number,)* }
            }

            /// The name in JSON, `snake_case`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($field),)* }
            }

            /// The first day (UTC, `YYYY-MM-DD`) on which the public Fulcio issued the claim. A certificate that is
            /// older lacks it because of its age, which is not drift.
            pub const fn since(self) -> &'static str {
                match self { $(Self::$variant => $since,)* }
            }

            /// Whether a certificate of that time would carry the claim if it had a value.
            pub fn is_carried(self, signed_at: DateTime<Utc>) -> bool {
                NaiveDate::parse_from_str(self.since(), "%Y-%m-%d").is_ok_and(|since| signed_at.date_naive() >= since)
            }
        }

        impl Claims {
            /// The value of a claim.
            pub fn get(&self, claim: Claim) -> Option<&str> {
                match claim { $(Claim::$variant => self.$field.as_deref(),)* }
            }

            /// Sets the value of a claim.
            pub fn set(&mut self, claim: Claim, value: String) {
                match claim { $(Claim::$variant => self.$field = Some(value),)* }
            }
        }
    };
}

claims! {
    BuildSignerUri build_signer_uri 9 "2023-03-01" "The workflow that signed; with a reusable workflow it belongs to another repository.";
    BuildSignerDigest build_signer_digest 10 "2023-03-01" "The commit of the signing workflow.";
    RunnerEnvironment runner_environment 11 "2023-03-01" "`github-hosted`, `self-hosted`, `gitlab-hosted`, …";
    SourceRepositoryUri source_repository_uri 12 "2023-03-01" "The repository that was built, a URL that changes with renames.";
    SourceRepositoryDigest source_repository_digest 13 "2023-03-01" "The commit that was built.";
    SourceRepositoryRef source_repository_ref 14 "2023-03-01" "The ref that was built: `refs/tags/…` or `refs/heads/…`.";
    SourceRepositoryIdentifier source_repository_identifier 15 "2023-03-01" "The repository's numeric id, which survives renames.";
    SourceRepositoryOwnerUri source_repository_owner_uri 16 "2023-03-01" "The owner of the repository, a URL.";
    SourceRepositoryOwnerIdentifier source_repository_owner_identifier 17 "2023-03-01" "The owner's numeric id.";
    BuildConfigUri build_config_uri 18 "2023-03-01" "The top-level workflow file and ref.";
    BuildConfigDigest build_config_digest 19 "2023-03-01" "The commit of the top-level workflow.";
    BuildTrigger build_trigger 20 "2023-03-01" "The event that started the run: `push`, `release`, `workflow_dispatch`, …";
    RunInvocationUri run_invocation_uri 21 "2023-03-01" "The run and attempt, a URL.";
    SourceRepositoryVisibilityAtSigning source_repository_visibility_at_signing 22 "2023-06-01" "`public`, `private` or `internal`.";
    DeploymentEnvironment deployment_environment 23 "2025-11-04" "The deployment environment of the job, often a protected one.";
    TokenSubject token_subject 24 "2026-03-31" "The raw `sub` of the OIDC token.";
}

impl WorkflowIdentity {
    /// The workflow file without its ref, `https://github.com/o/r/.github/workflows/release.yml`: the top-level
    /// workflow (`.18`), or the signer where the issuer's `.18` names a single run (CircleCI) or is missing.
    pub fn workflow(&self) -> Option<&str> {
        let per_run = self.issuer.starts_with("https://oidc.circleci.com");
        let uri = match (&self.claims.build_config_uri, per_run) {
            (Some(uri), false) => uri,
            _ => self.claims.build_signer_uri.as_ref()?,
        };
        Some(uri.split_once('@').map_or(uri.as_str(), |(path, _)| path))
    }

    /// What the certificate's name says of the build, where the claims for it are missing.
    pub fn named_by_subject(&self) -> Option<SubjectNames<'_>> {
        if self.claims.source_repository_uri.is_some() { None } else { SubjectNames::read(&self.subject) }
    }

    /// The part that stays the same from one run of a signer to the next: not the ref, the commit or the run.
    pub fn lasting(&self) -> String {
        let Claims { source_repository_uri, source_repository_identifier, build_trigger, runner_environment, .. } =
            &self.claims;
        // The `@` of an e-mail address belongs to its name.
        let subject = match source_repository_uri {
            Some(_) => self.subject.split_once('@').map_or(&*self.subject, |(path, _)| path),
            None => &*self.subject,
        };
        let claims = [source_repository_uri, source_repository_identifier, build_trigger, runner_environment];
        let claims = claims.map(|claim| claim.as_deref().unwrap_or_default());
        [&*self.issuer, subject, self.workflow().unwrap_or_default()]
            .into_iter()
            .chain(claims)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The responsible party: the repository's owner, the domain of an e-mail address, or else the whole subject.
    pub fn owner(&self) -> &str {
        let owner = self.claims.source_repository_owner_uri.as_ref().or(self.claims.source_repository_uri.as_ref());
        let domain = || self.subject.rsplit_once('@').map_or(&*self.subject, |(_, domain)| domain);
        owner.map_or_else(domain, String::as_str)
    }

    /// The last part of the workflow's path, `release.yml`.
    pub fn workflow_file(&self) -> Option<&str> {
        self.workflow().and_then(|path| path.rsplit('/').next())
    }
}

/// The run that an invocation names, and its attempt, if the invocation has it:
/// `https://github.com/o/r/actions/runs/7/attempts/2` is the second of run 7.
pub fn run_and_attempt(invocation: &str) -> (&str, Option<u32>) {
    let parts = invocation.rsplit_once("/attempts/");
    // A repository may be called `attempts`.
    let numbered = parts.and_then(|(run, attempt)| Some((run, Some(attempt.parse().ok()?))));
    numbered.unwrap_or((invocation, None))
}

/// `github.com/o/r release.yml @ refs/tags/v1`, as much of it as is known.
impl fmt::Display for WorkflowIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(repository) = &self.claims.source_repository_uri else {
            return write!(f, "{} ({})", self.subject, self.issuer);
        };
        f.write_str(repository.trim_start_matches("https://"))?;
        if let Some(file) = self.workflow_file() {
            write!(f, " {file}")?;
        }
        if let Some(name) = &self.claims.source_repository_ref {
            write!(f, " @ {name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_the_same_whichever_attempt() {
        let of_widget = "https://github.com/acme/widget/actions/runs/7";
        let of_attempts = "https://github.com/acme/attempts/actions/runs/7";
        for run in [of_widget, of_attempts] {
            assert_eq!(run_and_attempt(&format!("{run}/attempts/2")), (run, Some(2)));
            assert_eq!(run_and_attempt(run), (run, None));
        }
        assert_eq!(
            run_and_attempt("https://gitlab.com/acme/widget/-/jobs/9"),
            ("https://gitlab.com/acme/widget/-/jobs/9", None)
        );
        assert_eq!(run_and_attempt("x/attempts/"), ("x/attempts/", None));
    }
}
