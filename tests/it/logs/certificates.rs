//! Tests of the certificates in log entries: those of watched workflows are found, forged ones are a signal of their
//! own.

use provwatch::{clock::Clock, model::Severity};

use crate::lab::{
    self, Workflow,
    ct_leaf::LogLeaf,
    follower::{Follower, acme},
    ledger::{Api, Ledger, ct_leaf, dsse, hashedrekord},
};

#[tokio::test]
async fn somebody_who_is_watched_is_found_and_others_are_not() {
    let follower = Follower::tiles(10).await;
    follower.ledger.grow(5);
    let index = follower.ledger.append(follower.signed(&acme("release.yml")));
    follower.ledger.append(follower.signed(&Workflow::github("other/tool", "release.yml", "refs/heads/main")));
    follower.ledger.grow(5);
    follower.honest_poll().await;
    assert_eq!(follower.matches(), [index as u64]);
    let row = follower.store().log_entry("log.example", index as u64).unwrap().unwrap();
    assert_eq!(row.entry.identity.subject, acme("release.yml").subject);
    assert_eq!(row.entry.not_issued, None);
    assert_eq!(row.entry.patterns, ["acme"]);
}

#[tokio::test]
async fn a_forged_certificate_is_a_low_signal_of_its_own() {
    let follower = Follower::tiles(10).await;
    let stranger = lab::Authority::new();
    let forged = stranger.issue(&acme("release.yml"), follower.clock.now()).der;
    follower.ledger.append(hashedrekord(&forged, &[7; 32]));
    follower.ledger.publish();
    follower.honest_poll().await;
    let alert = follower.the_alert();
    assert_eq!(alert.severity, Severity::Low);
    assert_eq!(alert.signals[0].detector, "forged-certificate");
}

#[tokio::test]
async fn a_forged_certificate_does_not_hide_a_real_one() {
    let follower = Follower::tiles(10).await;
    let forged = lab::Authority::new().issue(&acme("release.yml"), follower.clock.now()).der;
    let real = follower.world.lab().authority.issue(&acme("other.yml"), follower.clock.now()).der;
    let unreadable = b"https://github.com/acme/ and no certificate".as_slice();
    for certificates in [[forged.as_slice(), real.as_slice()], [unreadable, real.as_slice()]] {
        follower.ledger.append(dsse(&certificates, &[7; 32]));
    }
    follower.ledger.publish();
    follower.honest_poll().await;
    for index in [10, 11] {
        let row = follower.store().log_entry("log.example", index).unwrap().unwrap();
        assert_eq!((row.entry.not_issued, row.entry.identity.workflow_file()), (None, Some("other.yml")));
    }
}

#[tokio::test]
async fn certificates_of_a_ct_log_are_matched() {
    for api in [Api::Ct, Api::StaticCt] {
        certificates_are_matched(Follower::of(Ledger::new("log.example", api))).await;
    }
}

async fn certificates_are_matched(follower: Follower) {
    follower.honest_poll().await;
    let der = follower.world.lab().authority.issue(&acme("release.yml"), follower.clock.now()).der;
    follower.ledger.append(ct_leaf(&der));
    follower.ledger.publish();
    follower.honest_poll().await;
    assert_eq!(follower.matches(), [0]);
}

#[tokio::test]
async fn a_precertificate_is_believed_when_the_authority_signed_what_the_log_proves() {
    for api in [Api::Ct, Api::StaticCt] {
        precertificates_are_compared(Follower::of(Ledger::new("log.example", api))).await;
    }
}

async fn precertificates_are_compared(follower: Follower) {
    follower.honest_poll().await;
    let authority = &follower.world.lab().authority;
    let at = follower.clock.now();
    let leaf = |workflow: &str| LogLeaf::precertificate(authority, &authority.issue(&acme(workflow), at).der, at);
    let honest = leaf("release.yml");
    // What the log proves, with another precertificate beside it.
    let swapped = LogLeaf { extra_data: honest.extra_data.clone(), ..leaf("evil.yml") };
    let stranger = lab::Authority::new();
    let forged = LogLeaf::precertificate(&stranger, &stranger.issue(&acme("release.yml"), at).der, at);
    for leaf in [&honest, &swapped, &forged] {
        follower.ledger.append_leaf(leaf);
    }
    follower.ledger.append_leaf(&LogLeaf { extra_data: Vec::new(), ..honest.clone() });
    follower.ledger.publish();
    follower.honest_poll().await;
    let issued =
        |index| follower.store().log_entry("log.example", index).unwrap().map(|row| row.entry.not_issued.is_none());
    assert_eq!((0..4).map(issued).collect::<Vec<_>>(), [Some(true), None, Some(false), None]);
    assert_eq!(follower.row().quarantined, 2, "what hides the certificate, and what has none");
}
