//! Reads the signed files in which the CI tells of its runs.
//!
//! `NAME.json` says which run may publish what, `NAME.json.sig` has its signature, base64. The files stay where they are:
//! each is read once for each content, and a file that is not believed is reported once.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    bounded,
    clock::Clock,
    model::{Allowance, FileDigest, Package, run_url},
    store::{Store, StoreError},
    text::{plain, with_causes},
    tlog::LogKey,
};

/// Most bytes of a file, and of its signature.
const MAX_FILE: u64 = 64 * 1024;
const MAX_SIGNATURE: u64 = 4 * 1024;

/// Most files that are read in one round, the latest.
const MOST: usize = 1_000;

/// By so much a clock of the CI may be ahead.
const AHEAD: TimeDelta = TimeDelta::minutes(10);

/// What the configuration says of the folder.
#[derive(Debug)]
pub struct AllowFolder {
    /// The folder.
    pub path: PathBuf,
    /// The keys that may sign its files.
    pub keys: Vec<LogKey>,
}

/// The content of a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    run: String,
    at: DateTime<Utc>,
    #[serde(default)]
    digests: Vec<FileDigest>,
    #[serde(default)]
    package: Option<Package>,
}

/// The reason why a file is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It is too large.
    #[error("it has more than {0} bytes")]
    TooLarge(u64),
    /// It has no signature yet.
    #[error("its signature is missing: {0}.sig")]
    Unsigned(String),
    /// No key signed it.
    #[error("its signature is of none of the keys of [own] allow_keys")]
    Forged,
    /// It is signed and has another form.
    #[error("it does not have the form {{\"run\": \"https://…\", \"at\": \"…\", \"digests\": [\"sha256:…\"]}}: {0}")]
    Form(String),
    /// It is of the future.
    #[error("its time {0} is in the future")]
    Ahead(DateTime<Utc>),
}

/// Reads the folder, and remembers which contents it has reported.
#[derive(Debug)]
pub struct AllowReader {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    folder: AllowFolder,
    /// The state of every file at the last look, by its name: what has not changed is not read again.
    seen: Mutex<BTreeMap<String, (Seen, Option<Refused>)>>,
}

/// When a file and its signature were last changed, and their sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen([Option<(std::time::SystemTime, u64)>; 2]);

impl AllowReader {
    /// The reader of a folder.
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>, folder: AllowFolder) -> Self {
        Self { store, clock, folder, seen: Mutex::default() }
    }

    /// Stores the runs that new signed files tell of. Returns how many.
    ///
    /// # Errors
    /// The store failed. The next round repeats it.
    pub fn read(&self) -> Result<usize, StoreError> {
        let names = match names(&self.folder.path) {
            Ok(names) => names,
            Err(error) => {
                tracing::warn!(folder = %self.folder.path.display(), "[own] allow_folder cannot be read: {error}");
                return Ok(0);
            }
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|name, _| names.contains(name));
        let mut stored = 0;
        for name in names {
            let state = state(&self.folder.path, &name);
            let before = seen.get(&name).filter(|(before, _)| *before == state).map(|(_, why)| why.clone());
            // What is ahead of the clock, or could not be read, may be used at the next look.
            let may_change = |why: &Option<Refused>| matches!(why, Some(Refused::Ahead(_) | Refused::Unreadable(_)));
            if before.as_ref().is_some_and(|why| !may_change(why)) {
                continue;
            }
            let refused = match self.folder.file(&name, self.clock.now()) {
                Ok((allowance, source)) => {
                    let id = self.store.allow_run(&allowance, Some(&source), self.clock.now())?;
                    stored += usize::from(id.is_some());
                    None
                }
                Err(why) => Some(why),
            };
            if let Some(why) = refused.as_ref().filter(|_| before.as_ref() != Some(&refused)) {
                tracing::warn!(file = plain(&name, 200), "a file of [own] allow_folder is not used: {why}");
            }
            seen.insert(name, (state, refused));
        }
        Ok(stored)
    }
}

impl AllowFolder {
    /// Every file that is not used, by its name.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn refused(&self, now: DateTime<Utc>) -> io::Result<Vec<(String, Refused)>> {
        let names = names(&self.path)?;
        Ok(names.into_iter().filter_map(|name| Some((name.clone(), self.file(&name, now).err()?))).collect())
    }

    /// What a file says, and the SHA-256 of its content.
    fn file(&self, name: &str, now: DateTime<Utc>) -> Result<(Allowance, String), Refused> {
        let bytes = read(&self.path.join(name), MAX_FILE)?;
        let signature = match read(&self.path.join(format!("{name}.sig")), MAX_SIGNATURE) {
            Err(Refused::Unreadable(_)) => return Err(Refused::Unsigned(name.to_owned())),
            signature => signature?,
        };
        let text: Vec<u8> = signature.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let signature = BASE64_STANDARD.decode(text).map_err(|_| Refused::Forged)?;
        if !self.keys.iter().any(|key| key.verifies(&bytes, &signature)) {
            return Err(Refused::Forged);
        }
        let content: Content =
            serde_json::from_slice(&bytes).map_err(|error| Refused::Form(plain(&error.to_string(), 200)))?;
        if content.at > now + AHEAD {
            return Err(Refused::Ahead(content.at));
        }
        let run = run_url(&content.run).map_err(|why| Refused::Form(why.to_string()))?;
        let Content { at, digests, package, .. } = content;
        let by = format!("the signed file {}", plain(name, 200));
        Ok((Allowance { id: 0, run, digests, package, at, by }, hex::encode(Sha256::digest(&bytes))))
    }
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Refused> {
    let bytes = bounded::read(path, limit).map_err(|error| Refused::Unreadable(with_causes(&error)))?;
    bytes.ok_or(Refused::TooLarge(limit))
}

/// The names of the files, without their signatures.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let Some(name) = name.to_str().filter(|name| is_content(name)) else {
            continue;
        };
        // A pipe would never end.
        let about = fs::metadata(folder.join(name)).ok().filter(fs::Metadata::is_file);
        files.extend(about.map(|about| (about.modified().ok(), name.to_owned())));
    }
    files.sort_unstable_by(|one, other| other.cmp(one));
    files.truncate(MOST);
    let mut names: Vec<String> = files.into_iter().map(|(_, name)| name).collect();
    names.sort_unstable();
    Ok(names)
}

/// Whether a file has the name of one that is read: signatures and files that are still written have others.
fn is_content(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "json") && !name.starts_with('.')
}

fn state(folder: &Path, name: &str) -> Seen {
    let of = |path: PathBuf| {
        let about = fs::metadata(path).ok()?;
        Some((about.modified().ok()?, about.len()))
    };
    Seen([of(folder.join(name)), of(folder.join(format!("{name}.sig")))])
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
    };
    use rcgen::KeyPair;
    use serde_json::json;
    use tempfile::TempDir;

    use super::*;
    use crate::clock::ManualClock;

    const RUN: &str = "https://github.com/acme/widget/actions/runs/7";

    struct Lab {
        folder: TempDir,
        clock: Arc<ManualClock>,
        store: Arc<Store>,
        key: KeyPair,
        reader: AllowReader,
    }

    impl Lab {
        fn new() -> Self {
            let (folder, clock) =
                (tempfile::tempdir().unwrap(), Arc::new(ManualClock::at_text("2026-06-01T12:00:00Z")));
            let store = Arc::new(Store::in_memory().unwrap());
            let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
            let other = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
            let keys = [&other, &key].map(|key| LogKey::from_pem(&key.public_key_pem()).unwrap()).into();
            let allowed = AllowFolder { path: folder.path().to_owned(), keys };
            let reader = AllowReader::new(Arc::clone(&store), Arc::clone(&clock) as Arc<dyn Clock>, allowed);
            Self { folder, clock, store, key, reader }
        }

        fn put(&self, name: &str, content: &[u8], signature: &str) {
            fs::write(self.folder.path().join(name), content).unwrap();
            fs::write(self.folder.path().join(format!("{name}.sig")), signature).unwrap();
        }

        fn sign(&self, content: &[u8]) -> String {
            let key = Ed25519KeyPair::from_pkcs8(&self.key.serialize_der()).unwrap();
            BASE64_STANDARD.encode(key.sign(content).as_ref())
        }

        fn put_signed(&self, name: &str, content: &serde_json::Value) {
            let content = content.to_string();
            self.put(name, content.as_bytes(), &self.sign(content.as_bytes()));
        }

        fn stored(&self) -> Vec<Allowance> {
            self.store.allowances(None, 100).unwrap()
        }

        fn refused(&self) -> Vec<String> {
            let all = self.reader.folder.refused(self.clock.now()).unwrap();
            all.into_iter().map(|(name, why)| format!("{name}: {why}")).collect()
        }
    }

    fn content(at: &str) -> serde_json::Value {
        json!({"run": RUN, "at": at, "digests": [format!("sha256:{}", "ab".repeat(32))], "package": "pkg:npm/widget"})
    }

    #[test]
    fn a_signed_file_is_read_once_for_each_content() {
        let lab = Lab::new();
        lab.put_signed("a.json", &content("2026-06-01T11:59:00Z"));
        assert_eq!((lab.reader.read().unwrap(), lab.reader.read().unwrap()), (1, 0));
        let [stored] = lab.stored().try_into().unwrap();
        assert_eq!((&*stored.run, &*stored.by), (RUN, "the signed file a.json"));
        assert_eq!(stored.at.to_rfc3339(), "2026-06-01T11:59:00+00:00");
        assert!(stored.has("sha256", &"ab".repeat(32)));
        // A copy, a restart and a file that comes back tell nothing new.
        lab.put_signed("b.json", &content("2026-06-01T11:59:00Z"));
        let keys = vec![LogKey::from_pem(&lab.key.public_key_pem()).unwrap()];
        let folder = AllowFolder { path: lab.folder.path().to_owned(), keys };
        let again = AllowReader::new(Arc::clone(&lab.store), Arc::clone(&lab.clock) as Arc<dyn Clock>, folder);
        assert_eq!((lab.reader.read().unwrap(), again.read().unwrap()), (0, 0));
        lab.put_signed("a.json", &content("2026-06-01T11:58:00Z"));
        assert_eq!(lab.reader.read().unwrap(), 1);
        assert_eq!(lab.stored().len(), 2);
    }

    #[test]
    fn a_signature_by_p256_with_line_breaks_is_believed() {
        let lab = Lab::new();
        let (pem, text) = (&lab.key, content("2026-06-01T12:00:00Z").to_string());
        let other = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let keys = [pem, &other].map(|key| LogKey::from_pem(&key.public_key_pem()).unwrap()).into();
        let folder = AllowFolder { path: lab.folder.path().to_owned(), keys };
        let reader = AllowReader::new(Arc::clone(&lab.store), Arc::clone(&lab.clock) as Arc<dyn Clock>, folder);
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &other.serialize_der()).unwrap();
        let signature = BASE64_STANDARD.encode(key.sign(&SystemRandom::new(), text.as_bytes()).unwrap());
        let (start, end) = signature.split_at(40);
        lab.put("a.json", text.as_bytes(), &format!("{start}\n{end}\n"));
        assert_eq!(reader.read().unwrap(), 1);
    }

    #[test]
    fn a_file_that_is_not_signed_or_not_understood_is_refused_with_the_reason() {
        let lab = Lab::new();
        let good = content("2026-06-01T12:00:00Z").to_string();
        lab.put("altered.json", good.replace("/7", "/8").as_bytes(), &lab.sign(good.as_bytes()));
        lab.put("blank.json", good.as_bytes(), "");
        lab.put("no-base64.json", good.as_bytes(), "?");
        fs::write(lab.folder.path().join("unsigned.json"), &good).unwrap();
        let large = vec![b' '; 70_000];
        lab.put("large.json", &large, &lab.sign(&large));
        lab.put_signed("future.json", &content("2026-06-01T12:11:00Z"));
        for (name, content) in [
            ("list.json", json!([])),
            ("more.json", json!({"run": RUN, "at": "2026-06-01T12:00:00Z", "evil": 1})),
            ("no-run.json", json!({"run": "https://github.com/acme/widget", "at": "2026-06-01T12:00:00Z"})),
            ("sha1.json", json!({"run": RUN, "at": "2026-06-01T12:00:00Z", "digests": ["sha1:ab"]})),
        ] {
            lab.put_signed(name, &content);
        }
        fs::create_dir(lab.folder.path().join("folder.json")).unwrap();
        fs::write(lab.folder.path().join("notes.txt"), "not read").unwrap();
        assert_eq!(lab.reader.read().unwrap(), 0);
        assert_eq!(lab.stored(), []);
        let refused = lab.refused();
        for (name, why) in [
            ("altered.json", "its signature is of none of the keys"),
            ("blank.json", "its signature is of none of the keys"),
            ("future.json", "is in the future"),
            ("large.json", "more than 65536 bytes"),
            ("list.json", "it does not have the form"),
            ("more.json", "unknown field `evil`"),
            ("no-base64.json", "its signature is of none of the keys"),
            ("no-run.json", "not the URL of a run"),
            ("sha1.json", "sha1 is not safe"),
            ("unsigned.json", "its signature is missing: unsigned.json.sig"),
        ] {
            let found = refused.iter().find(|text| text.starts_with(name)).unwrap_or_else(|| panic!("{name}"));
            assert!(found.contains(why), "{found}");
        }
        assert_eq!(refused.len(), 10, "a folder is not a file");
        lab.clock.advance(std::time::Duration::from_mins(2));
        assert_eq!(lab.reader.read().unwrap(), 1, "what was ahead of the clock");
    }

    #[test]
    fn a_missing_folder_stops_nothing() {
        let lab = Lab::new();
        fs::remove_dir_all(lab.folder.path()).unwrap();
        assert_eq!(lab.reader.read().unwrap(), 0);
    }
}
