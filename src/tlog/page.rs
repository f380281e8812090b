//! Prefilter over pages of entries: hashes every leaf, counts every kind, sets malformed ones aside, and keeps
//! candidates of watched identities.

use std::borrow::Cow;

use bytes::Bytes;

use super::{
    ct_leaf::{CtContent, CtLeaf, CtLeafError, precertificate},
    entry::Entry,
    merkle::{Hash, leaf_hash},
    prefilter::Prefilter,
    range::CompactRange,
    read::ReadError,
};

/// Entries as a log served them, in order and without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPage {
    /// The index of the first.
    pub first: u64,
    /// The entries.
    pub entries: Vec<RawEntry>,
}

impl EntryPage {
    /// The number of bytes of the entries, with their extra data.
    pub fn bytes(&self) -> u64 {
        self.entries.iter().map(|entry| (entry.leaf.len() + entry.extra.len()) as u64).sum()
    }

    /// Checks that it begins where a range of leaves ends.
    ///
    /// # Errors
    /// It begins elsewhere.
    pub fn follows(&self, range: &CompactRange) -> Result<(), ReadError> {
        if self.first == range.size() {
            return Ok(());
        }
        let why = format!("it begins at {} where {} is next", self.first, range.size());
        Err(ReadError::malformed("a page of entries", why))
    }
}

/// An entry as a log served it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEntry {
    /// The hashed bytes: a Rekor entry's body, a CT log's `leaf_input`.
    pub leaf: Bytes,
    /// The extra data of a CT log, which is unproven.
    pub extra: Bytes,
}

/// The form of a log's leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafForm {
    /// Rekor's JSON bodies.
    Rekor,
    /// CT's `MerkleTreeLeaf`.
    Ct,
}

/// The kind under which entries of an unknown form are counted.
pub(crate) const NOT_UNDERSTOOD: &str = "not understood";

/// An entry that may be of a watched identity: the prefilter passed one of its certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its index.
    pub index: u64,
    /// Its leaf hash.
    pub leaf: Hash,
    /// Its bytes.
    pub body: Bytes,
    /// Its kind: `hashedrekord`, `dsse`, …, `x509`, `precert`.
    pub kind: String,
    /// The version of the kind.
    pub version: String,
    /// The digest that it is about, lower-case hexadecimal.
    pub digest: Option<String>,
    /// The certificates that passed.
    pub certificates: Vec<LoggedCertificate>,
}

/// A certificate in a log. It is unverified: logs accept any valid signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoggedCertificate {
    /// Whole, DER.
    Final(Vec<u8>),
    /// To be signed, with the log's copy of the precertificate.
    Precertificate {
        /// SHA-256 of the key that will sign.
        issuer_key_hash: [u8; 32],
        /// The `TBSCertificate`, DER.
        tbs: Vec<u8>,
        /// The precertificate, DER.
        precertificate: Vec<u8>,
    },
}

/// An entry that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MalformedEntry {
    /// Its index.
    pub index: u64,
    /// Its bytes.
    pub body: Bytes,
    /// The error.
    pub why: String,
}

/// The number of entries of each kind and version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kinds(Vec<(String, String, u64)>);

/// Most kinds that are counted separately: anyone can make one up.
const MAX_KINDS: usize = 64;

impl Kinds {
    /// One more.
    pub fn count(&mut self, kind: &str, version: &str) {
        self.count_many(kind, version, 1);
    }

    /// Adds all of these.
    pub fn add(&mut self, others: &Self) {
        others.iter().for_each(|(kind, version, count)| self.count_many(kind, version, count));
    }

    fn count_many(&mut self, kind: &str, version: &str, count: u64) {
        if let Some(known) = self.0.iter_mut().find(|(k, v, _)| k == kind && v == version) {
            known.2 += count;
        } else if self.0.len() < MAX_KINDS {
            self.0.push((kind.to_owned(), version.to_owned(), count));
        } else {
            self.count_others(count);
        }
    }

    /// Kind, version, count.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.0.iter().map(|(kind, version, count)| (kind.as_str(), version.as_str(), *count))
    }

    fn count_others(&mut self, count: u64) {
        match self.0.iter_mut().find(|(kind, ..)| kind == "others") {
            Some(others) => others.2 += count,
            None => self.0.push(("others".to_owned(), String::new(), count)),
        }
    }
}

/// The result of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadPage {
    /// Entries to read closely.
    pub candidates: Vec<Candidate>,
    /// Entries that cannot be read.
    pub malformed: Vec<MalformedEntry>,
    /// The number of entries of each kind.
    pub kinds: Kinds,
    /// Bytes that were hashed.
    pub bytes: u64,
}

/// Hashes a page into the range, which must end where the page begins, and keeps the entries that pass the filter.
pub fn read_page(page: &EntryPage, form: LeafForm, filter: &Prefilter, range: &mut CompactRange) -> ReadPage {
    debug_assert_eq!(range.size(), page.first, "pages follow one another");
    let mut result = ReadPage::default();
    for (index, entry) in (page.first..).zip(&page.entries) {
        let leaf = leaf_hash(&entry.leaf);
        range.push(leaf);
        result.bytes += entry.leaf.len() as u64;
        match read(entry, form, filter) {
            Ok(read) => result.take(read, index, leaf, entry),
            Err(why) => result.malformed.push(MalformedEntry { index, body: entry.leaf.clone(), why }),
        }
    }
    result
}

/// Reads one entry, with all of its certificates.
///
/// # Errors
/// The reason why it cannot be read.
pub(crate) fn read_one(index: u64, entry: &RawEntry, form: LeafForm) -> Result<Candidate, String> {
    Ok(read(entry, form, &Prefilter::everything())?.candidate(index, leaf_hash(&entry.leaf), entry))
}

impl ReadPage {
    fn take(&mut self, read: Read<'_>, index: u64, leaf: Hash, entry: &RawEntry) {
        self.kinds.count(&read.kind, &read.version);
        if !read.certificates.is_empty() {
            self.candidates.push(read.candidate(index, leaf, entry));
        }
    }
}

#[derive(Default)]
struct Read<'a> {
    kind: Cow<'a, str>,
    version: Cow<'a, str>,
    digest: Option<String>,
    certificates: Vec<LoggedCertificate>,
}

impl Read<'_> {
    fn candidate(self, index: u64, leaf: Hash, entry: &RawEntry) -> Candidate {
        Candidate {
            index,
            leaf,
            body: entry.leaf.clone(),
            kind: self.kind.into_owned(),
            version: self.version.into_owned(),
            digest: self.digest,
            certificates: self.certificates,
        }
    }
}

fn read<'a>(entry: &'a RawEntry, form: LeafForm, filter: &Prefilter) -> Result<Read<'a>, String> {
    match form {
        LeafForm::Rekor => rekor(entry, filter),
        LeafForm::Ct => ct(entry, filter),
    }
}

/// An entry of an unknown form. This is not a violation: logs of identities, for example, have leaves that begin with
/// their version and are hashes from there on (<https://github.com/C2SP/C2SP/pull/244>).
fn not_understood<'a>(version: String) -> Read<'a> {
    Read { kind: NOT_UNDERSTOOD.into(), version: version.into(), ..Read::default() }
}

/// The version of a leaf that is not text: the byte that it begins with.
fn binary_version(leaf: &[u8]) -> Option<u8> {
    leaf.first().copied().filter(|first| first.is_ascii_control() && !first.is_ascii_whitespace())
}

fn rekor<'a>(entry: &'a RawEntry, filter: &Prefilter) -> Result<Read<'a>, String> {
    if let Some(version) = binary_version(&entry.leaf) {
        return Ok(not_understood(format!("leaf version {version}")));
    }
    let entry = Entry::parse(&entry.leaf).map_err(|error| error.to_string())?;
    let hits = entry.certificates().filter(|der| filter.lets_through(der));
    let certificates = hits.map(|der| LoggedCertificate::Final(der.to_vec())).collect();
    Ok(Read { certificates, kind: entry.kind, version: entry.version, digest: entry.digest })
}

fn ct<'a>(entry: &RawEntry, filter: &Prefilter) -> Result<Read<'a>, String> {
    let leaf = match CtLeaf::parse(&entry.leaf) {
        Ok(leaf) => leaf,
        Err(CtLeafError::Unknown { version, leaf_type, entry_type }) => {
            return Ok(not_understood(format!("leaf version {version}, type {leaf_type}, entry type {entry_type}")));
        }
        Err(error) => return Err(error.to_string()),
    };
    let (kind, der) = match leaf.content {
        CtContent::Certificate(der) => ("x509", der),
        CtContent::Precertificate { tbs, .. } => ("precert", tbs),
    };
    let certificate = || match leaf.content {
        CtContent::Certificate(der) => LoggedCertificate::Final(der.to_vec()),
        CtContent::Precertificate { issuer_key_hash, tbs } => LoggedCertificate::Precertificate {
            issuer_key_hash,
            tbs: tbs.to_vec(),
            precertificate: precertificate(&entry.extra).unwrap_or_default().to_vec(),
        },
    };
    let certificates = filter.lets_through(der).then(certificate).into_iter().collect();
    Ok(Read { kind: kind.into(), version: "1".into(), digest: None, certificates })
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "trees of tests fit into memory")]
mod tests {
    use super::*;

    fn page(first: u64, bodies: &[&str]) -> EntryPage {
        let entry = |body: &&str| RawEntry { leaf: Bytes::copy_from_slice(body.as_bytes()), extra: Bytes::new() };
        EntryPage { first, entries: bodies.iter().map(entry).collect() }
    }

    /// An entry of Rekor v2 whose "certificate" is that text.
    fn signed_by(text: &str) -> String {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let certificate = BASE64_STANDARD.encode(text);
        format!(
            r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{{"hashedRekordV002":{{"data":{{"digest":"qw=="}},
            "signature":{{"verifier":{{"x509Certificate":{{"rawBytes":"{certificate}"}}}}}}}}}}}}"#
        )
    }

    #[test]
    fn every_leaf_is_hashed_whatever_it_is() {
        let (one, two) = (signed_by("somebody"), signed_by("https://github.com/axios/axios"));
        let bodies = [one.as_str(), "garbage", "", r#"{"kind":"new","apiVersion":"9","spec":{}}"#, &two];
        let filter = Prefilter::new(&[b"axios/axios".to_vec()]).expect("small");
        let mut range = CompactRange::default();
        let read = read_page(&page(0, &bodies), LeafForm::Rekor, &filter, &mut range);
        let mut expected = CompactRange::default();
        for body in bodies {
            expected.push(leaf_hash(body.as_bytes()));
        }
        assert_eq!(range, expected);
        assert_eq!(read.bytes as usize, bodies.iter().map(|body| body.len()).sum::<usize>());
        assert_eq!(read.malformed.iter().map(|entry| entry.index).collect::<Vec<_>>(), [1, 2]);
        let [candidate] = read.candidates.as_slice() else { panic!("one is watched") };
        assert_eq!(
            (candidate.index, candidate.leaf, candidate.digest.as_deref()),
            (4, leaf_hash(two.as_bytes()), Some("ab"))
        );
        let kinds: Vec<_> = read.kinds.iter().collect();
        assert_eq!(kinds, [("hashedrekord", "0.0.2", 2), ("new", "9", 1)]);
    }

    #[test]
    fn leaves_of_another_form_are_counted_and_not_called_malformed() {
        let identity = [&[1], [7; 32].as_slice(), &[8; 32]].concat();
        let leaves = [identity.clone(), [&[2], identity.as_slice()].concat(), b"garbage".to_vec(), Vec::new()];
        let raw = |leaf: &Vec<u8>| RawEntry { leaf: Bytes::from(leaf.clone()), extra: Bytes::new() };
        let page = EntryPage { first: 0, entries: leaves.iter().map(raw).collect() };
        let read = read_page(&page, LeafForm::Rekor, &Prefilter::everything(), &mut CompactRange::default());
        let kinds: Vec<_> = read.kinds.iter().collect();
        assert_eq!(kinds, [(NOT_UNDERSTOOD, "leaf version 1", 1), (NOT_UNDERSTOOD, "leaf version 2", 1)]);
        assert_eq!(read.malformed.iter().map(|entry| entry.index).collect::<Vec<_>>(), [2, 3]);
        let other = [&[0, 0], 7_u64.to_be_bytes().as_slice(), &[0, 9], b"whatever"].concat();
        let page = EntryPage { first: 0, entries: vec![raw(&other)] };
        let read = read_page(&page, LeafForm::Ct, &Prefilter::everything(), &mut CompactRange::default());
        let kinds: Vec<_> = read.kinds.iter().collect();
        assert_eq!(kinds, [(NOT_UNDERSTOOD, "leaf version 0, type 0, entry type 9", 1)]);
    }

    #[test]
    fn pages_may_be_cut_anywhere() {
        let bodies: Vec<_> = (0..20).map(|n| signed_by(&format!("axios/axios {n}"))).collect();
        let bodies: Vec<_> = bodies.iter().map(String::as_str).collect();
        let filter = Prefilter::everything();
        let mut whole = CompactRange::default();
        let all = read_page(&page(0, &bodies), LeafForm::Rekor, &filter, &mut whole);
        for cut in 0..=20 {
            let mut range = CompactRange::default();
            let mut candidates = read_page(&page(0, &bodies[..cut]), LeafForm::Rekor, &filter, &mut range).candidates;
            candidates
                .extend(read_page(&page(cut as u64, &bodies[cut..]), LeafForm::Rekor, &filter, &mut range).candidates);
            assert_eq!((&range, &candidates), (&whole, &all.candidates), "{cut}");
        }
    }

    #[test]
    fn made_up_kinds_cannot_fill_the_memory() {
        let mut kinds = Kinds::default();
        for n in 0..1000 {
            kinds.count(&format!("kind-{n}"), "1");
        }
        assert_eq!(kinds.iter().map(|(.., count)| count).sum::<u64>(), 1000);
        assert_eq!(kinds.iter().count(), MAX_KINDS + 1);
        assert_eq!(kinds.iter().last(), Some(("others", "", 936)));
    }
}
