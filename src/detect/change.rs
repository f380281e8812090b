//! The input of a detector: one release with its baseline and the other assessment inputs.

use super::{
    ReleaseContext,
    tuning::{Limits, Tuning, UNTUNED},
};
use crate::{
    baseline::{Traits, View, rank},
    model::{Baseline, EffectivePolicy, EvidenceRank, ExpectedChange, LineBaseline, Observation, Version},
};

/// One release with the baseline of its package: the whole input of a detector.
#[derive(Debug)]
pub struct Change<'a> {
    /// The release.
    pub release: &'a Observation,
    /// The profile that it is compared with; `None` for the first release of a package.
    pub view: Option<View<'a>>,
    /// Everything that is known of the package.
    pub package: &'a Baseline,
    /// The release's evidence rank, if known.
    pub rank: Option<EvidenceRank>,
    /// The release's verified identities.
    pub traits: Vec<Traits<'a>>,
    /// The other releases around it.
    pub release_context: &'a ReleaseContext,
    /// The adjustable thresholds.
    pub limits: Limits,
    /// The operator's policy for the package.
    pub policy: Option<&'a EffectivePolicy>,
    /// Changes that the operator announced.
    pub expected: &'a [ExpectedChange],
}

/// The inputs of an assessment besides the package's baseline.
#[derive(Clone, Copy, Debug)]
pub struct AssessmentInputs<'a> {
    /// The other releases around it.
    pub release_context: &'a ReleaseContext,
    /// The operator's changes to detectors.
    pub tuning: &'a Tuning,
    /// What the operator demands of the package.
    pub policy: Option<&'a EffectivePolicy>,
    /// Changes that were announced, of whichever package.
    pub expected: &'a [ExpectedChange],
}

impl<'a> AssessmentInputs<'a> {
    /// Without settings, policy or announced changes.
    pub fn usual(release_context: &'a ReleaseContext) -> Self {
        Self { release_context, tuning: &UNTUNED, policy: None, expected: &[] }
    }
}

impl<'a> Change<'a> {
    /// Compares a release with its package's baseline and release context.
    pub fn between(package: &'a Baseline, release: &'a Observation, inputs: &AssessmentInputs<'a>) -> Self {
        Self {
            release,
            view: View::of(package, &release.line()),
            package,
            rank: rank(release),
            traits: Traits::of(release),
            release_context: inputs.release_context,
            limits: inputs.tuning.limits(),
            policy: inputs.policy,
            expected: inputs.expected,
        }
    }

    /// Whether the policy suppresses a detector for this release.
    pub fn is_quiet(&self, detector: &str) -> bool {
        let quiet = self.policy.into_iter().flat_map(|effective| &effective.policy.quiet);
        quiet.filter(|quiet| quiet.detector == detector).any(|quiet| quiet.holds(self.release.published_at))
    }

    /// The profile, if there is one.
    pub fn profile(&self) -> Option<&'a LineBaseline> {
        self.view.map(|view| view.profile)
    }

    /// Whether the version's tag exists, if known. In the first half hour a tag that does not exist may still come.
    pub fn tag(&self) -> Option<bool> {
        self.release.facts.tag.as_ref()?.exists.filter(|exists| *exists || !self.is_tag_early())
    }

    /// Whether provwatch looked for the tag at a time when it may still have been to come.
    pub fn is_tag_early(&self) -> bool {
        self.release.facts.tag.as_ref().is_some_and(|tag| tag.is_early(self.release.published_at))
    }

    /// Whether the forge shows a release for the version, if known.
    pub fn forge_release(&self) -> Option<bool> {
        self.release.facts.release.as_ref()?.exists
    }

    /// Whether the default branch reaches the commit, if known.
    pub fn on_default_branch(&self) -> Option<bool> {
        self.release.facts.commit.as_ref()?.on_default_branch
    }

    /// The wording for a commit that was not merged.
    pub fn unmerged(&self) -> &'static str {
        match self.release.facts.commit.as_ref().and_then(|commit| commit.on_release_branch) {
            Some(false) => "a commit that is on neither the default branch nor a protected branch",
            Some(true) => "a commit that only a protected branch has, and no earlier release was built from one",
            _ => "a commit that is not on the default branch",
        }
    }

    /// The profiles of the package's lines of the same kind as the compared one: stable, or pre-releases.
    pub fn peers(&self) -> impl Iterator<Item = &'a LineBaseline> + Clone {
        let kind = self.view.is_some_and(|view| view.line.is_prerelease());
        let of_kind = self.package.lines.iter().filter(move |(line, _)| line.is_prerelease() == kind);
        of_kind.map(|(_, profile)| profile)
    }

    /// The highest stable version of the package on any line, with its spelling.
    pub fn highest(&self) -> Option<(Version, &'a str)> {
        let stable = self.package.lines.iter().filter(|(line, _)| !line.is_prerelease());
        stable.filter_map(|(_, profile)| self.highest_of(profile)).max()
    }

    /// The highest version of a line, with its spelling.
    pub fn highest_of(&self, profile: &'a LineBaseline) -> Option<(Version, &'a str)> {
        let text = profile.highest.as_deref()?;
        Some((self.release.purl.package().ecosystem().version(text)?, text))
    }

    /// The host of an address, lower-case; that of a pseudonym as far as it is known.
    pub fn host_of(&self, address: &str) -> Option<String> {
        let known = self.release_context.address_hosts.get(address).cloned();
        known.or_else(|| address.rsplit_once('@').map(|(_, host)| host.to_lowercase()))
    }

    /// The former `owner/name` of the repository according to the forge, as at the end of a URL, lower-case.
    pub fn formerly(&self) -> Option<String> {
        self.release.facts.repository.as_ref()?.formerly.as_ref().map(|name| name.to_lowercase())
    }
}
