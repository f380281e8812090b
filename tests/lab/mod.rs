//! The lab: simulated certificate authority, CT log, transparency log and package registries, in the shapes of the real
//! ones. Everything that the tests and the demo's recording verify is minted here.

#![allow(dead_code, unused_imports, reason = "each program of tests or benches uses its own part of the lab")]
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

pub mod attestation;
pub mod authority;
pub mod crates;
pub mod ct_leaf;
pub mod der;
pub mod due;
pub mod files;
pub mod follower;
pub mod forge;
pub mod forge_town;
pub mod forms;
pub mod git;
pub mod keys;
pub mod ledger;
pub mod log;
pub mod mailbox;
pub mod npm;
pub mod packed;
pub mod program;
pub mod published;
pub mod pypi;
pub mod rig;
pub mod schema;
pub mod server;
pub mod smtp;
pub mod tls;
pub mod town;
pub mod trusting;
pub mod tsa;
pub mod tuf;
pub mod world;

pub use attestation::{Breakage, Statement};
pub use authority::{Authority, Workflow};
pub use forms::{Content, EntryKind, Form, Version};
pub use keys::Key;
pub use log::{TiledLog, TransparencyLog};
pub use rig::Rig;
pub use tsa::TimestampAuthority;
pub use world::{By, Fault, Publication, World};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// Every instance that signs something, and the trust root that vouches for them.
pub struct Lab {
    pub authority: Authority,
    pub log: TransparencyLog,
    pub tiled_log: TiledLog,
    pub tsa: TimestampAuthority,
    pub npm_key: Key,
}

impl Lab {
    pub fn new() -> Self {
        Self {
            authority: Authority::new(),
            log: TransparencyLog::new("rekor.lab.example", 1001),
            tiled_log: TiledLog::new("log2026-1.rekor.lab.example"),
            tsa: TimestampAuthority::new(),
            npm_key: Key::p256(),
        }
    }

    /// `trusted_root.json`.
    pub fn trusted_root(&self) -> Value {
        let since = json!({"start": "2020-01-01T00:00:00Z"});
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [{
                "baseUrl": format!("https://{}", self.log.name),
                "hashAlgorithm": "SHA2_256",
                "publicKey": {"rawBytes": b64(&self.log.key.spki()), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": since},
                "logId": {"keyId": b64(&self.log.key.id())},
            }, {
                "baseUrl": format!("https://{}", self.tiled_log.name),
                "hashAlgorithm": "SHA2_256",
                "publicKey": {"rawBytes": b64(&self.tiled_log.key.spki()), "keyDetails": "PKIX_ED25519", "validFor": since},
                "logId": {"keyId": b64(&self.tiled_log.id())},
            }],
            "certificateAuthorities": [{
                "subject": {"organization": "lab.example", "commonName": "lab"},
                "uri": "https://fulcio.lab.example",
                "certChain": chain(self.authority.chain()),
                "validFor": since,
            }],
            "ctlogs": [{
                "baseUrl": "https://ctfe.lab.example/2020",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {"rawBytes": b64(&self.authority.ct_key.spki()), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": since},
                "logId": {"keyId": b64(&self.authority.ct_key.id())},
            }],
            "timestampAuthorities": [{
                "subject": {"organization": "lab.example", "commonName": "lab timestamps"},
                "uri": "https://timestamp.lab.example",
                "certChain": chain(self.tsa.chain()),
                "validFor": since,
            }],
        })
    }

    /// The registry's signing keys in the form of the TUF target.
    pub fn npm_keys(&self) -> Value {
        let key = |usage: &str| {
            json!({
                "keyId": self.npm_key.npm_id(),
                "keyUsage": usage,
                "publicKey": {"rawBytes": b64(&self.npm_key.spki()), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": {"start": "2020-01-01T00:00:00Z"}},
            })
        };
        json!({"keys": [key("npm:signatures"), key("npm:attestations")]})
    }
}

fn chain(certificates: [&[u8]; 2]) -> Value {
    json!({"certificates": certificates.map(|der| json!({"rawBytes": b64(der)}))})
}

/// Standard base64.
pub fn b64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}
