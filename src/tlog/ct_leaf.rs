//! Parses the leaves of CT logs (RFC 6962 §3.4). A log hashes only the leaf; the extra data beside it is unproven.

/// The content of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CtLeaf<'a> {
    /// The time at which the log accepted it, milliseconds since 1970.
    pub timestamp: u64,
    /// The accepted certificate.
    pub content: CtContent<'a>,
}

/// A certificate, final or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CtContent<'a> {
    /// A certificate, DER.
    Certificate(&'a [u8]),
    /// The part that the authority is about to sign.
    Precertificate {
        /// SHA-256 of the `SubjectPublicKeyInfo` that will sign.
        issuer_key_hash: [u8; 32],
        /// The `TBSCertificate`, DER, without poison and timestamps.
        tbs: &'a [u8],
    },
}

/// The reason why bytes are not a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CtLeafError {
    /// It ends too early.
    #[error("the leaf is truncated")]
    Cut,
    /// It has extra bytes.
    #[error("{0} bytes follow the leaf")]
    Rest(usize),
    /// Another version or type.
    #[error("a leaf of version {version}, type {leaf_type}, entry type {entry_type} is not known")]
    Unknown {
        /// The version.
        version: u8,
        /// The type of leaf.
        leaf_type: u8,
        /// The type of entry.
        entry_type: u16,
    },
}

impl<'a> CtLeaf<'a> {
    /// Reads `leaf_input`.
    ///
    /// # Errors
    /// Too few or too many bytes, an unknown version or type.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, CtLeafError> {
        let mut rest = bytes;
        let [version, leaf_type] = take(&mut rest)?;
        let timestamp = u64::from_be_bytes(take(&mut rest)?);
        let entry_type = u16::from_be_bytes(take(&mut rest)?);
        let content = match (version, leaf_type, entry_type) {
            (0, 0, 0) => CtContent::Certificate(opaque24(&mut rest)?),
            (0, 0, 1) => CtContent::Precertificate { issuer_key_hash: take(&mut rest)?, tbs: opaque24(&mut rest)? },
            _ => return Err(CtLeafError::Unknown { version, leaf_type, entry_type }),
        };
        let extensions = usize::from(u16::from_be_bytes(take(&mut rest)?));
        slice(&mut rest, extensions)?;
        if rest.is_empty() { Ok(Self { timestamp, content }) } else { Err(CtLeafError::Rest(rest.len())) }
    }
}

/// The precertificate (DER) at the start of a precertificate entry's extra data. The caller must compare it with the
/// leaf.
pub fn precertificate(extra: &[u8]) -> Option<&[u8]> {
    opaque24(&mut { extra }).ok()
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], CtLeafError> {
    let (bytes, tail) = rest.split_first_chunk::<N>().ok_or(CtLeafError::Cut)?;
    *rest = tail;
    Ok(*bytes)
}

fn slice<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], CtLeafError> {
    let (bytes, tail) = rest.split_at_checked(length).ok_or(CtLeafError::Cut)?;
    *rest = tail;
    Ok(bytes)
}

/// Bytes after their length in three bytes.
fn opaque24<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], CtLeafError> {
    let [high, middle, low] = take(rest)?;
    slice(rest, usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low))
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "trees of tests fit into memory")]
mod tests {
    use super::*;

    fn leaf(entry_type: u16, content: &[u8]) -> Vec<u8> {
        [&[0, 0], 7_u64.to_be_bytes().as_slice(), &entry_type.to_be_bytes(), content, &[0, 0]].concat()
    }

    #[test]
    fn certificates_and_precertificates_are_read() {
        let bytes = leaf(0, b"\0\0\x03der");
        let content = CtContent::Certificate(b"der");
        assert_eq!(CtLeaf::parse(&bytes), Ok(CtLeaf { timestamp: 7, content }));
        let bytes = leaf(1, &[[9; 32].as_slice(), b"\0\0\x03tbs"].concat());
        let content = CtContent::Precertificate { issuer_key_hash: [9; 32], tbs: b"tbs" };
        assert_eq!(CtLeaf::parse(&bytes), Ok(CtLeaf { timestamp: 7, content }));
        assert_eq!(precertificate(b"\0\0\x03der\0\0\0"), Some(b"der".as_slice()));
        assert_eq!(precertificate(b"\0\0\x04der"), None);
    }

    #[test]
    fn anything_else_is_refused() {
        let good = leaf(0, b"\0\0\x03der");
        for length in 0..good.len() {
            assert_eq!(CtLeaf::parse(&good[..length]), Err(CtLeafError::Cut), "{length}");
        }
        assert_eq!(CtLeaf::parse(&[good.as_slice(), b"xy"].concat()), Err(CtLeafError::Rest(2)));
        assert_eq!(CtLeaf::parse(&leaf(0, b"\xff\xff\xffder")), Err(CtLeafError::Cut));
        for (at, version, leaf_type, entry_type) in [(0, 1, 0, 0), (1, 0, 1, 0), (11, 0, 0, 2)] {
            let mut bytes = good.clone();
            bytes[at] = version.max(leaf_type).max(entry_type as u8);
            assert_eq!(CtLeaf::parse(&bytes), Err(CtLeafError::Unknown { version, leaf_type, entry_type }));
        }
    }
}
