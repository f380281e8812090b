//! What each detector compares, in the words of a maintainer, and how an honest project puts the difference right.

/// How an honest project puts a difference right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Remedy {
    /// By publishing as before.
    Provenance,
    /// By naming the new place.
    Moved,
    /// By pushing what is missing.
    Push,
    /// By explaining the workflow.
    Workflow,
    /// By naming the people.
    People,
    /// By explaining the content.
    Content,
    /// By a note in the release notes.
    Note,
}

impl Remedy {
    /// A sentence. `evidence`: that of the registry.
    pub(super) fn sentence(self, evidence: &str) -> String {
        let same = match self {
            Self::Provenance => {
                return format!(
                    "Publish the next version by the workflow that published the earlier ones, {evidence}."
                );
            }
            Self::Moved => {
                "If the project moved: name the new repository in the package, and the move in the old repository."
            }
            Self::Push => {
                "Push the commit and the tag of this version, so that others can compare them with the release."
            }
            Self::Workflow => "If the release workflow changed: merge the change, and mention it in the release notes.",
            Self::People => "If a maintainer or an account is new: name them in the project's documents.",
            Self::Content => "Mention the script, file or dependency and its purpose in the release notes.",
            Self::Note => "Mention the reason in the release notes.",
        };
        same.to_owned()
    }
}

/// What a detector compares, or `None` for an unknown one.
pub(super) fn topic(detector: &str) -> Option<(&'static str, Remedy)> {
    TOPICS.iter().find(|(id, ..)| *id == detector).map(|(_, topic, remedy)| (*topic, *remedy))
}

/// The detectors whose signals a maintainer is not asked about, each with the reason.
#[cfg(test)]
const UNASKED: [(&str, &str); 5] = [
    ("beside-accused", "it is about our alerts, and not about the release"),
    ("incident-joined", "it is about our incident, and not about the release"),
    ("own-release-unexplained", "we are the maintainers"),
    ("own-signature-unexplained", "we are the maintainers"),
    ("public-namesake", "it is about a package of ours"),
];

/// Sorted by detector.
const TOPICS: &[(&str, &str, Remedy)] = &[
    ("attestation-invalid", "the attestation", Remedy::Provenance),
    ("attestation-reused", "the signature of the attestation", Remedy::Provenance),
    ("builder-changed", "the reusable workflow that built it", Remedy::Workflow),
    ("commit-unmerged", "the commit it was built from", Remedy::Push),
    ("commit-unsigned", "the signature of the commit", Remedy::Push),
    ("dist-tag-moved", "the version that a dist-tag names", Remedy::Note),
    ("environment-dropped", "the deployment environment of the build", Remedy::Workflow),
    ("evidence-downgrade", "the way of publishing", Remedy::Provenance),
    ("file-late", "the time when its files were uploaded", Remedy::Content),
    ("file-replaced", "the content of its file", Remedy::Content),
    ("foreign-dependency", "dependencies from outside the registry", Remedy::Content),
    ("forged-certificate", "the certificate that names the repository", Remedy::Note),
    ("install-script-added", "scripts that run at installation", Remedy::Content),
    ("issuer-changed", "the service that issued the signing identity", Remedy::Workflow),
    ("lines-at-once", "how many release lines were published together", Remedy::Note),
    ("maintainer-domain-lapsed", "the e-mail domain of a maintainer", Remedy::People),
    ("maintainer-new", "how long its publisher has been a maintainer", Remedy::People),
    ("missing-log-entry", "the transparency log's entry of the attestation", Remedy::Provenance),
    ("new-workflow-in-log", "the workflow that signed", Remedy::Workflow),
    ("odd-hours", "the time of day", Remedy::Note),
    ("owner-changed", "the owner of the repository", Remedy::Moved),
    ("package-burst", "how many packages were published together", Remedy::Note),
    ("policy-violated", "what we require of the releases that we use", Remedy::Note),
    ("publisher-changed", "the account that published it", Remedy::People),
    ("quick-succession", "the time since the previous version", Remedy::Note),
    ("ref-changed", "the branch or tag it was built from", Remedy::Push),
    ("release-mutable", "whether the release on the forge can be changed", Remedy::Push),
    ("repository-changed", "the repository it was built from", Remedy::Moved),
    ("repository-forked", "the repository it was built from", Remedy::Moved),
    ("repository-mismatched", "the repository that the package names, and the one that built it", Remedy::Moved),
    ("repository-recreated", "the id of the repository", Remedy::Moved),
    ("repository-young", "the age of the repository or its owner", Remedy::Moved),
    ("revival", "the time since the release before it", Remedy::Note),
    ("run-actor-new", "the account that started the build", Remedy::People),
    ("run-failed", "the result of the workflow run that built it", Remedy::Workflow),
    ("run-reattempted", "the attempt of the workflow run that built it", Remedy::Workflow),
    ("run-reused", "the workflow run that built it", Remedy::Workflow),
    ("runner-changed", "the kind of runner that built it", Remedy::Workflow),
    ("signing-gap", "the time between signing and publication", Remedy::Note),
    ("tag-mismatched", "the tag it was built from", Remedy::Push),
    ("tag-missing", "the tag of the version in the repository", Remedy::Push),
    ("tokens-allowed", "the package's setting for publishing", Remedy::People),
    ("trigger-changed", "the event that started the build", Remedy::Workflow),
    ("trusted-publisher-changed", "the registration of the trusted publisher", Remedy::People),
    ("trusted-repository-changed", "the repository of the trusted publisher", Remedy::Moved),
    ("unexplained-entry", "the release that belongs to a signature", Remedy::Note),
    ("unreadable-manifest", "the manifest", Remedy::Content),
    ("unreadable-release", "the registry's document of the release", Remedy::Content),
    ("version-jump", "the version number", Remedy::Note),
    ("versions-yanked", "earlier versions, around the time of the release", Remedy::Note),
    ("visibility-changed", "whether the repository is public", Remedy::Moved),
    ("workflow-changed", "the workflow that built it", Remedy::Workflow),
    ("young-dependency", "the age of its dependencies", Remedy::Content),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::abouts;

    #[test]
    fn every_detector_has_a_topic_or_a_reason_why_not() {
        assert!(TOPICS.is_sorted_by(|one, other| one.0 < other.0));
        for about in abouts() {
            let is_unasked = UNASKED.iter().any(|(id, _)| *id == about.id);
            assert_eq!(topic(about.id).is_some(), !is_unasked, "{}", about.id);
        }
        let known = |id: &str| abouts().any(|about| about.id == id);
        assert!(TOPICS.iter().all(|(id, ..)| known(id)) && UNASKED.iter().all(|(id, _)| known(id)));
    }
}
