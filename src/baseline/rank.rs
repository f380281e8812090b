//! Ranks the evidence of a release by how strongly it ties the release to its repository.

use crate::model::{AuthMethod, EvidenceRank, EvidenceRules, Observation, Provenance};

/// The evidence rank of a release: that of its weakest file. `None` if it is not known, because the attestation could
/// not be fetched or checked: that is neither evidence nor its absence.
pub fn rank(release: &Observation) -> Option<EvidenceRank> {
    let rules = &release.purl.package().ecosystem().row().evidence;
    if rules.approvals && release.auth.approved_by.is_some() && !release.has_invalid() {
        return Some(EvidenceRank::Approved);
    }
    let mut weakest = Some(EvidenceRank::Approved);
    for provenance in release.provenances() {
        match rank_of(rules, release.auth.method, provenance) {
            // No rank is weaker, so unknown ranks of other files do not matter.
            Some(EvidenceRank::None) => return Some(EvidenceRank::None),
            rank => weakest = weakest.zip(rank).map(|(a, b)| a.min(b)),
        }
    }
    weakest
}

/// Whether some files of a release carry verified provenance and others have none.
pub fn is_partly_attested(release: &Observation) -> bool {
    release.verified().next().is_some() && release.provenances().any(|provenance| *provenance == Provenance::Absent)
}

fn rank_of(rules: &EvidenceRules, method: AuthMethod, provenance: &Provenance) -> Option<EvidenceRank> {
    match (provenance, method) {
        (Provenance::Unavailable { .. }, _) => None,
        (Provenance::Invalid { .. }, _) | (Provenance::Absent, AuthMethod::Token) => Some(EvidenceRank::None),
        // The registry's own statement; CircleCI and private repositories cannot attest on npm, nor any publisher on
        // crates.io. If the method is inferred, it cannot be confirmed for a file without attestation, whatever the
        // other files prove.
        (Provenance::Absent, AuthMethod::TrustedPublisher) if rules.tells_method => {
            Some(EvidenceRank::TrustedPublisher)
        }
        (Provenance::Verified(_), AuthMethod::TrustedPublisher) => Some(EvidenceRank::TrustedPublisher),
        (Provenance::Verified(_), _) => Some(rules.attested),
        (Provenance::Absent, _) => rules.unattested,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn observed(purl: &str, auth: &serde_json::Value, attestation: &serde_json::Value) -> Observation {
        serde_json::from_value(json!({"purl": purl, "published_at": "2026-01-01T00:00:00Z", "auth": auth,
            "attestation": attestation}))
        .unwrap()
    }

    #[test]
    fn ranks_by_registry() {
        use EvidenceRank as R;
        let (npm, pypi, cargo) = ("pkg:npm/a@1.0.0", "pkg:pypi/a@1.0.0", "pkg:cargo/a@1.0.0");
        for (purl, method, status, expected) in [
            (npm, "token", "absent", Some(R::None)),
            (npm, "token", "verified", Some(R::Provenance)),
            (npm, "trusted_publisher", "verified", Some(R::TrustedPublisher)),
            (npm, "trusted_publisher", "absent", Some(R::TrustedPublisher)),
            (npm, "trusted_publisher", "unavailable", None),
            (npm, "trusted_publisher", "invalid", Some(R::None)),
            (npm, "unknown", "absent", None),
            (pypi, "unknown", "absent", Some(R::None)),
            (pypi, "trusted_publisher", "absent", Some(R::None)),
            (pypi, "unknown", "verified", Some(R::TrustedPublisher)),
            (pypi, "unknown", "unavailable", None),
            (cargo, "trusted_publisher", "absent", Some(R::TrustedPublisher)),
            (cargo, "token", "absent", Some(R::None)),
            (cargo, "unknown", "absent", None),
        ] {
            let release = observed(purl, &json!({"method": method}), &json!({"status": status, "issuer": "i"}));
            assert_eq!(rank(&release), expected, "{purl} {method} {status}");
        }
    }

    #[test]
    fn a_person_who_approves_ranks_highest() {
        let auth = json!({"method": "token", "approved_by": {"name": "ann"}});
        let release = observed("pkg:npm/a@1.0.0", &auth, &json!({"status": "absent"}));
        assert_eq!(rank(&release), Some(EvidenceRank::Approved));
    }

    #[test]
    fn the_weakest_file_counts() {
        let verified = json!({"status": "verified", "issuer": "i"});
        let mut release = observed("pkg:pypi/a@1.0.0", &json!({"method": "unknown"}), &verified);
        let file = |name: &str, attestation: &serde_json::Value| {
            serde_json::from_value(json!({"name": name, "digests": {}, "attestation": attestation})).unwrap()
        };
        release.files = vec![file("a.whl", &verified), file("b.whl", &json!({"status": "unavailable"}))];
        assert_eq!(rank(&release), None);
        assert!(!is_partly_attested(&release));
        release.files.push(file("c.whl", &json!({"status": "absent"})));
        assert_eq!(rank(&release), Some(EvidenceRank::None));
        assert!(is_partly_attested(&release));
    }
}
