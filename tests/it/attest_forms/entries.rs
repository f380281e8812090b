//! Tests that a log entry proves the time and place of its own bundle only: its signature, content, promise, proof,
//! checkpoint and timestamp.

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use provwatch::model::Check;
use serde_json::{Value, json};

use super::{
    Bench, ENTRY, FILE, INDEX, Signs, TIMESTAMPS, V1_ORIGIN, V2_ORIGIN, at, grafted, npm_statement, number, part,
    table, trust_in, verify, with, without, workflow,
};
use crate::lab::{
    self, Content, EntryKind, Form, Lab, Statement, TiledLog, TimestampAuthority, TransparencyLog, Version, forms,
};

const INTEGRATED_TIME: &str = "/verificationMaterial/tlogEntries/0/integratedTime";
const PROOF: &str = "/verificationMaterial/tlogEntries/0/inclusionProof";
const CHECKPOINT: &str = "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope";
const PROMISE: &str = "/verificationMaterial/tlogEntries/0/inclusionPromise";

fn on_v1() -> impl Iterator<Item = (Form, Signs)> {
    table().into_iter().filter(|(form, _)| form.kind != EntryKind::Tiled)
}

fn on_v2() -> impl Iterator<Item = (Form, Signs)> {
    table().into_iter().filter(|(form, _)| form.kind == EntryKind::Tiled)
}

fn with_proof() -> impl Iterator<Item = (Form, Signs)> {
    table().into_iter().filter(|(form, _)| form.version != Version::V01)
}

fn bytes(value: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(value.as_str().unwrap()).unwrap()
}

fn signature(bundle: &Value) -> Vec<u8> {
    let places = ["/dsseEnvelope/signatures/0/sig", "/messageSignature/signature"];
    bytes(places.iter().find_map(|place| bundle.pointer(place)).unwrap())
}

/// The size and root to which the bundle's proof leads.
fn head(bundle: &Value) -> (usize, Vec<u8>) {
    let proof = part(bundle, PROOF);
    (usize::try_from(number(&proof["treeSize"])).unwrap(), bytes(&proof["rootHash"]))
}

/// The bundle with another timestamp over its signature.
fn stamped(bundle: &Value, authority: &TimestampAuthority, at: DateTime<Utc>) -> Value {
    with(bundle, TIMESTAMPS, forms::timestamps(&authority.stamp(&signature(bundle), at)))
}

#[test]
fn an_entry_of_another_signature_is_not_this_ones() {
    let bench = Bench::new();
    for row in table() {
        let (bundle, other) = (bench.bundle(row), bench.bundle(row));
        assert_eq!(bench.check(&grafted(&bundle, &other, ENTRY)), Some(Check::TransparencyLog), "{row:?}");
    }
}

#[test]
fn an_entry_of_another_content_is_not_this_ones() {
    let bench = Bench::new();
    let statement = Statement { predicate: json!({"other": true}), ..npm_statement() };
    for (form, signs) in table() {
        let content = match signs {
            Signs::Statement => Content::Statement(&statement),
            Signs::File => Content::File(b"another file"),
        };
        let other = bench.lab.bundle(form, content, &workflow(), at());
        let bundle = grafted(&bench.bundle((form, signs)), &other, ENTRY);
        assert_eq!(bench.check(&bundle), Some(Check::TransparencyLog), "{form:?} {signs:?}");
    }
}

#[test]
fn a_promise_is_of_one_entry_at_one_time_and_place() {
    let bench = Bench::new();
    for row in on_v1() {
        let (bundle, other) = (bench.bundle(row), bench.bundle(row));
        let later = (at() + TimeDelta::seconds(1)).timestamp().to_string();
        for tampered in [
            grafted(&bundle, &other, PROMISE),
            with(&bundle, INTEGRATED_TIME, json!(later)),
            with(&bundle, INDEX, json!("0")),
            with(&bundle, PROMISE, json!({"signedEntryTimestamp": "AAAA"})),
        ] {
            assert_eq!(bench.check(&tampered), Some(Check::TransparencyLog), "{row:?}");
        }
    }
}

/// A bundle of version 0.1 has nothing else; the others lack the time that the promise vouched for.
#[test]
fn without_its_promise_an_entry_of_v1_proves_no_time() {
    let bench = Bench::new();
    for row in on_v1() {
        let expected = if row.0.version == Version::V01 { Check::TransparencyLog } else { Check::Timestamp };
        assert_eq!(bench.check(&without(&bench.bundle(row), PROMISE)), Some(expected), "{row:?}");
    }
}

#[test]
fn a_proof_is_of_one_leaf_and_must_be_there() {
    let bench = Bench::new();
    for row in with_proof() {
        let (bundle, other) = (bench.bundle(row), bench.bundle(row));
        let mut hashes = part(&bundle, PROOF)["hashes"].clone();
        hashes.as_array_mut().unwrap().pop();
        for tampered in [
            grafted(&bundle, &other, PROOF),
            with(&bundle, &format!("{PROOF}/hashes"), hashes),
            without(&bundle, PROOF),
        ] {
            assert_eq!(bench.check(&tampered), Some(Check::TransparencyLog), "{row:?}");
        }
    }
}

#[test]
fn a_checkpoint_is_of_the_log_that_the_entry_names() {
    let bench = Bench::new();
    let Lab { log, tiled_log, .. } = &bench.lab;
    for row in with_proof() {
        let bundle = bench.bundle(row);
        let (size, root) = head(&bundle);
        let own = part(&bundle, CHECKPOINT).as_str().unwrap();
        let v1 = |origin: &str| log.checkpoint(origin, size, &root);
        let v2 = |origin: &str| tiled_log.checkpoint(origin, size, &root);
        let notes = match row.0.kind {
            EntryKind::Tiled => [
                v1(V1_ORIGIN),
                v1(V2_ORIGIN),
                v2("log2025-1.rekor.lab.example"),
                v2(V1_ORIGIN),
                TiledLog::new(V2_ORIGIN).checkpoint(V2_ORIGIN, size, &root),
                tiled_log.checkpoint(V2_ORIGIN, size + 1, &[0; 32]),
                own.replacen(&size.to_string(), &(size + 1).to_string(), 1),
            ],
            _ => [
                v2(V2_ORIGIN),
                v2(V1_ORIGIN),
                v1(&format!("{V2_ORIGIN} - 1001")),
                v1(V2_ORIGIN),
                TransparencyLog::new("rekor.lab.example", 1001).checkpoint(V1_ORIGIN, size, &root),
                log.checkpoint(V1_ORIGIN, size, &[0; 32]),
                own.replacen("1001", "1002", 1),
            ],
        };
        for note in notes {
            let tampered = with(&bundle, CHECKPOINT, json!(note));
            assert_eq!(bench.check(&tampered), Some(Check::TransparencyLog), "{row:?}: {note}");
        }
    }
}

/// Witnesses sign beside the log; whoever does not know their keys passes them over.
/// <https://github.com/C2SP/C2SP/blob/main/signed-note.md#verifiers>
#[test]
fn signatures_of_strangers_beside_the_logs_do_not_matter() {
    let bench = Bench::new();
    for row in with_proof() {
        let bundle = bench.bundle(row);
        let own = part(&bundle, CHECKPOINT).as_str().unwrap();
        let witnesses = |count: u8| -> String {
            (0..count).map(|n| format!("— witness.example/{n} {}\n", lab::b64(&[n; 76]))).collect::<Vec<_>>().concat()
        };
        for (case, note, expected) in [
            ("cosigned", format!("{own}{}", witnesses(16)), None),
            ("cosigned before", own.replacen("\n\n", &format!("\n\n{}", witnesses(3)), 1), None),
            ("only cosigned", without_signatures(own) + &witnesses(3), Some(Check::TransparencyLog)),
        ] {
            assert_eq!(bench.check(&with(&bundle, CHECKPOINT, json!(note))), expected, "{row:?}: {case}");
        }
    }
}

fn without_signatures(note: &str) -> String {
    note.split_once("\n\n").map(|(text, _)| format!("{text}\n\n")).unwrap()
}

#[test]
fn on_v2_only_a_known_timestamp_authority_tells_the_time() {
    let bench = Bench::new();
    let stranger = TimestampAuthority::new();
    for row in on_v2() {
        let (bundle, other) = (bench.bundle(row), bench.bundle(row));
        let at = at();
        let late = at + TimeDelta::hours(1);
        for (case, tampered, expected) in [
            ("none", without(&bundle, TIMESTAMPS), Some(Check::Timestamp)),
            ("an empty list", with(&bundle, TIMESTAMPS, json!({"rfc3161Timestamps": []})), Some(Check::Timestamp)),
            ("no timestamp", with(&bundle, TIMESTAMPS, forms::timestamps(b"\x30\x00")), Some(Check::Timestamp)),
            ("a stranger's", stamped(&bundle, &stranger, at), Some(Check::Timestamp)),
            ("of another signature", grafted(&bundle, &other, TIMESTAMPS), Some(Check::Timestamp)),
            (
                "before the certificate",
                stamped(&bundle, &bench.lab.tsa, at - TimeDelta::hours(1)),
                Some(Check::CertificateChain),
            ),
            ("after the certificate", stamped(&bundle, &bench.lab.tsa, late), Some(Check::CertificateChain)),
            ("a second later", stamped(&bundle, &bench.lab.tsa, at + TimeDelta::seconds(1)), None),
        ] {
            assert_eq!(bench.check(&tampered), expected, "{row:?}: {case}");
        }
    }
}

#[test]
fn a_timestamp_counts_only_while_its_authority_was_trusted() {
    let bench = Bench::new();
    let mut expired = bench.lab.trusted_root();
    expired["timestampAuthorities"][0]["validFor"]["end"] = json!("2025-12-31T00:00:00Z");
    let mut none = bench.lab.trusted_root();
    none["timestampAuthorities"] = json!([]);
    for row in on_v2() {
        let bundle = bench.bundle(row);
        for trusted_root in [&expired, &none] {
            let failure = verify(&bundle, FILE, &workflow(), &trust_in(&bench.lab, trusted_root)).unwrap_err();
            assert_eq!(failure.check(), Some(Check::Timestamp), "{row:?}");
        }
    }
}

/// <https://github.com/sigstore/rekor-tiles/blob/main/CLIENTS.md>
#[test]
fn on_v2_the_integrated_time_says_nothing() {
    let bench = Bench::new();
    for row in on_v2() {
        let bundle = bench.bundle(row);
        for time in ["0", "1", "1768215601", "32503680000"] {
            let verified = bench.verify(&with(&bundle, INTEGRATED_TIME, json!(time))).unwrap();
            assert_eq!(verified.signed_at, Some(at()), "{row:?}: {time}");
        }
        let untimed = without(&bundle, TIMESTAMPS);
        let timed = with(&untimed, INTEGRATED_TIME, json!(at().timestamp().to_string()));
        assert_eq!(bench.check(&timed), Some(Check::Timestamp), "{row:?}");
    }
}

#[test]
fn on_v2_the_index_is_the_proven_one() {
    let bench = Bench::new();
    for row in on_v2() {
        let bundle = bench.bundle(row);
        let index = number(part(&bundle, INDEX));
        for other in [0, index - 1, index + 1, u64::MAX >> 1] {
            let tampered = with(&bundle, INDEX, json!(other.to_string()));
            assert_eq!(bench.check(&tampered), Some(Check::TransparencyLog), "{row:?}: {other}");
        }
    }
}

/// An entry with neither promise nor proof stands nowhere, whatever stands beside it.
#[test]
fn every_entry_of_a_bundle_is_proven() {
    let bench = Bench::new();
    for row in table() {
        let bundle = bench.bundle(row);
        let mut bare = part(&bundle, ENTRY).clone();
        bare.as_object_mut().unwrap().retain(|key, _| key != "inclusionPromise" && key != "inclusionProof");
        bare["logIndex"] = json!("1");
        let whole = part(&bundle, ENTRY).clone();
        for entries in [json!([bare, whole]), json!([whole, bare])] {
            let tampered = with(&bundle, "/verificationMaterial/tlogEntries", entries);
            assert_eq!(bench.check(&tampered), Some(Check::TransparencyLog), "{row:?}");
        }
    }
}

/// The global index of v1 is covered by the promise alone, the proof knows only the one in the tree.
#[test]
fn without_a_promise_nobody_vouches_for_the_index_of_v1() {
    let bench = Bench::new();
    for row in on_v1().filter(|(form, _)| form.version != Version::V01) {
        let bundle = stamped(&without(&bench.bundle(row), PROMISE), &bench.lab.tsa, at());
        for index in ["0", "999"] {
            let verified = bench.verify(&with(&bundle, INDEX, json!(index))).unwrap();
            assert_eq!((verified.signed_at, verified.log), (Some(at()), None), "{row:?}");
        }
    }
}

/// Both kinds of time count, and all must lie within the certificate's validity.
#[test]
fn on_v1_a_timestamp_may_stand_beside_the_promise() {
    let bench = Bench::new();
    for row in on_v1() {
        let bundle = bench.bundle(row);
        let earlier = at() - TimeDelta::seconds(30);
        let verified = bench.verify(&stamped(&bundle, &bench.lab.tsa, earlier)).unwrap();
        assert_eq!(verified.signed_at, Some(earlier), "{row:?}");
        let late = stamped(&bundle, &bench.lab.tsa, at() + TimeDelta::hours(1));
        assert_eq!(bench.check(&late), Some(Check::CertificateChain), "{row:?}");
        let strange = stamped(&bundle, &TimestampAuthority::new(), at() - TimeDelta::hours(1));
        let verified = bench.verify(&strange).unwrap_or_else(|failure| panic!("{row:?}: {failure}"));
        assert_eq!(verified.signed_at, Some(at()), "{row:?}: who is not known says nothing");
    }
}
