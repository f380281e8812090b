//! Content of the benchmark's logs: repeated bodies, or certificates that differ only in their index, and the tree over
//! them.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use axum::body::Bytes;
use base64::{Engine, prelude::BASE64_STANDARD};
use provwatch::tlog::{
    CompactRange, LogKey,
    merkle::{Hash, leaf_hash, node_hash},
};
use rcgen::{CertificateParams, CustomExtension, SanType};
use sha2::{Digest, Sha256};

pub const ORIGIN: &str = "bench.example";
/// Of so many entries one is by a watched identity.
pub const HIT_EVERY: usize = 5000;

const DISTINCT: usize = 64 * 256;
const SEED: [u8; 32] = [7; 32];
/// When the certificates were logged, and the tree head signed.
const NOW: u64 = 1_767_225_600_000;

/// How the entries are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Rekor v2, in entry bundles.
    Rekor,
    /// Certificates and precertificates, in data tiles of a static CT log.
    Certificates,
}

pub struct Served {
    form: Form,
    /// What is hashed into the tree, without what depends on the index; the last one is the one of who is watched.
    leaves: Vec<Vec<u8>>,
    levels: Vec<Vec<Hash>>,
    checkpoint: Bytes,
    signer: Signer,
}

impl Served {
    pub fn new(entries: usize, form: Form) -> Self {
        let make = |number| match form {
            Form::Rekor => rekor(number),
            Form::Certificates => timestamped(number),
        };
        // The watched one is of number 0.
        let leaves: Vec<Vec<u8>> = (1..=DISTINCT).chain([0]).map(make).collect();
        let signer = Signer::new(form);
        let mut served = Self { form, leaves, levels: Vec::new(), checkpoint: Bytes::new(), signer };
        let hashes: Vec<Hash> = (0..entries).map(|index| leaf_hash(&served.leaf(index))).collect();
        served.checkpoint = served.signer.checkpoint(entries, &root(&hashes));
        served.levels.push(hashes);
        while served.levels.last().unwrap().len() >= 256 {
            let next = served.levels.last().unwrap().chunks_exact(256).map(perfect).collect();
            served.levels.push(next);
        }
        served
    }

    pub fn pem(&self) -> String {
        let spki = BASE64_STANDARD.encode(self.signer.spki());
        format!("-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----\n")
    }

    /// What is hashed into the tree at an index.
    pub fn leaf(&self, index: usize) -> Vec<u8> {
        let number = if index.is_multiple_of(HIT_EVERY) { DISTINCT } else { index % DISTINCT };
        let mut leaf = self.leaves[number].clone();
        if self.form == Form::Certificates {
            // The extension `leaf_index`: 40 bits.
            leaf.extend([0, 8, 0, 0, 5]);
            leaf.extend(&(index as u64).to_be_bytes()[3..]);
        }
        leaf
    }

    fn tile(&self, from: usize, to: usize) -> Bytes {
        let mut out = Vec::with_capacity((to - from) * 3200);
        for index in from..to {
            let leaf = self.leaf(index);
            match self.form {
                Form::Rekor => {
                    out.extend((leaf.len() as u16).to_be_bytes());
                    out.extend(leaf);
                }
                Form::Certificates => {
                    // Without version and type; then the precertificate of a precertificate, and a chain of two.
                    out.extend(&leaf[2..]);
                    if leaf[11] == 1 {
                        out.extend(opaque24(&certificate(1)));
                    }
                    out.extend([0, 64]);
                    out.extend([9; 64]);
                }
            }
        }
        out.into()
    }

    pub fn answer(&self, path: &str) -> Option<Bytes> {
        if path == "checkpoint" {
            return Some(self.checkpoint.clone());
        }
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (number, width) =
            rest.split_once(".p/").map_or((rest, 256), |(number, width)| (number, width.parse().unwrap()));
        let number =
            number.split('/').fold(0, |sum, part| sum * 1000 + part.trim_start_matches('x').parse::<usize>().unwrap());
        let (from, to) = (number * 256, number * 256 + width);
        if level == "entries" || level == "data" {
            return (to <= self.levels[0].len()).then(|| self.tile(from, to));
        }
        Some(self.levels.get(level.parse::<usize>().ok()?)?.get(from..to)?.concat().into())
    }

    /// The log when it had fewer entries.
    pub fn answer_at(&self, size: usize, path: &str) -> Option<Bytes> {
        match path {
            "checkpoint" => Some(self.signer.checkpoint(size, &root(&self.levels[0][..size]))),
            _ => self.answer(path),
        }
    }
}

enum Signer {
    Note(Box<Ed25519KeyPair>),
    TreeHead(Box<EcdsaKeyPair>),
}

impl Signer {
    fn new(form: Form) -> Self {
        match form {
            Form::Rekor => Self::Note(Box::new(Ed25519KeyPair::from_seed_unchecked(&SEED).unwrap())),
            Form::Certificates => {
                Self::TreeHead(Box::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()))
            }
        }
    }

    fn spki(&self) -> Vec<u8> {
        match self {
            Self::Note(_) => spki(),
            Self::TreeHead(key) => {
                let prefix = hex::decode("3059301306072a8648ce3d020106082a8648ce3d030107034200").unwrap();
                [prefix.as_slice(), key.public_key().as_ref()].concat()
            }
        }
    }

    fn checkpoint(&self, entries: usize, root: &Hash) -> Bytes {
        let text = format!("{ORIGIN}\n{entries}\n{}\n", BASE64_STANDARD.encode(root));
        let signature = match self {
            Self::Note(key) => {
                // The last one is the id of an ordinary signed note.
                let id = *LogKey::from_spki(&spki()).unwrap().note_ids(ORIGIN).last().unwrap();
                [&id, key.sign(text.as_bytes()).as_ref()].concat()
            }
            Self::TreeHead(key) => {
                let id = Sha256::digest([ORIGIN.as_bytes(), b"\n\x05", &Sha256::digest(self.spki())].concat());
                let head = [&[0, 1], NOW.to_be_bytes().as_slice(), &(entries as u64).to_be_bytes(), root].concat();
                let signature = key.sign(&SystemRandom::new(), &head).unwrap();
                let length = (signature.as_ref().len() as u16).to_be_bytes();
                [&id[..4], &NOW.to_be_bytes(), &[4, 3], &length, signature.as_ref()].concat()
            }
        };
        format!("{text}\n\u{2014} {ORIGIN} {}\n", BASE64_STANDARD.encode(signature)).into()
    }
}

/// The key of the Rekor.
pub fn spki() -> Vec<u8> {
    let key = Ed25519KeyPair::from_seed_unchecked(&SEED).unwrap();
    let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    [prefix.as_slice(), key.public_key().as_ref()].concat()
}

/// A body of 3 KB.
fn rekor(number: usize) -> Vec<u8> {
    let signature = BASE64_STANDARD.encode(vec![number as u8; 500]);
    let digest = BASE64_STANDARD.encode([number as u8; 32]);
    let certificate = BASE64_STANDARD.encode(certificate(number));
    format!(
        r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{{"hashedRekordV002":{{"data":{{"algorithm":"SHA2_256","digest":"{digest}"}},"signature":{{"content":"{signature}","verifier":{{"keyDetails":"PKIX_ECDSA_P256_SHA_256","x509Certificate":{{"rawBytes":"{certificate}"}}}}}}}}}}}}"#
    )
    .into_bytes()
}

/// The beginning of a leaf, up to the extensions. Every second one is a precertificate.
fn timestamped(number: usize) -> Vec<u8> {
    let der = opaque24(&certificate(number));
    let kind: &[u8] = if number.is_multiple_of(2) { &[0, 0] } else { &[0, 1] };
    let issuer: &[u8] = if number.is_multiple_of(2) { &[] } else { &[8; 32] };
    [&[0, 0], NOW.to_be_bytes().as_slice(), kind, issuer, &der].concat()
}

fn opaque24(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat()
}

/// What stands for a certificate of 1.6 KB; number 0 is one, by a watched identity.
fn certificate(number: usize) -> Vec<u8> {
    if number == 0 {
        return watched();
    }
    let mut certificate = vec![0x30; 600];
    certificate.extend(workflow(&format!("stranger-{number}/tool")).as_bytes());
    certificate.extend((0..900).map(|n| (n * 31 % 251) as u8));
    certificate
}

fn workflow(repository: &str) -> String {
    format!("https://github.com/{repository}/.github/workflows/release.yml@refs/heads/main")
}

fn watched() -> Vec<u8> {
    let mut parameters = CertificateParams::default();
    parameters.subject_alt_names.push(SanType::URI(workflow("owner-7/repository-7").try_into().unwrap()));
    let issuer = "https://token.actions.githubusercontent.com";
    let issuer = [&[0x0c, issuer.len() as u8], issuer.as_bytes()].concat();
    let oid = [1, 3, 6, 1, 4, 1, 57264, 1, 8];
    parameters.custom_extensions.push(CustomExtension::from_oid_content(&oid, issuer));
    parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

fn perfect(leaves: &[Hash]) -> Hash {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = level.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
    }
    level[0]
}

fn root(leaves: &[Hash]) -> Hash {
    let mut range = CompactRange::default();
    for leaf in leaves {
        range.push(*leaf);
    }
    range.root()
}
