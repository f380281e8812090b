//! Encoder for the few DER structures (X.690) that verification needs.

/// id-kp-codeSigning, the content of the OID.
pub(super) const CODE_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x03];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
pub(super) const SEQUENCE: u8 = 0x30;

/// rsaEncryption with its parameters, the `AlgorithmIdentifier` of RSA keys (RFC 3279 §2.3.1).
const RSA_ENCRYPTION: [u8; 15] = [0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 0x05, 0];

/// A public key as `SubjectPublicKeyInfo`. Trust roots have some RSA keys in the form of PKCS #1, which begins with the
/// modulus instead of an algorithm.
pub(super) fn spki(key: &[u8]) -> Vec<u8> {
    let header = key.get(1).map_or(2, |length| if *length < 0x80 { 2 } else { 2 + usize::from(length & 0x7f) });
    if key.get(header) != Some(&INTEGER) {
        return key.to_vec();
    }
    let bits = [&[0], key].concat();
    tagged(SEQUENCE, &[&RSA_ENCRYPTION, tagged(BIT_STRING, &bits).as_slice()].concat())
}

/// A value in DER.
pub(super) fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let header = match length.as_slice() {
        [] => vec![tag, 0],
        [short] if *short < 0x80 => vec![tag, *short],
        long => [&[tag, 0x80 | u8::try_from(long.len()).unwrap_or_default()], long].concat(),
    };
    [header.as_slice(), content].concat()
}
