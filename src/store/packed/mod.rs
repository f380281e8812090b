//! Compresses the observations of releases, JSON that is alike from release to release, to about a tenth.
//!
//! A value is the number of its form and a Zstandard frame (RFC 8878). The compressor begins with a dictionary, which is
//! made-up observations as text: what a release has in common with them costs next to nothing. A form is part of the file
//! format: its dictionary never changes, a better one gets a form of its own, and all forms stay readable.

use std::{cell::RefCell, io, sync::LazyLock};

use rusqlite::{
    Connection, ToSql,
    functions::FunctionFlags,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};
use serde::{Serialize, de::DeserializeOwned};
use zstd::{
    bulk::{Compressor, Decompressor},
    dict::{DecoderDictionary, EncoderDictionary},
    zstd_safe::get_frame_content_size,
};

/// The form that is written.
const FORM: u8 = 1;
const DICTIONARY: &[u8] = include_bytes!("dictionary-1.jsonl");
/// The library's usual level: higher ones cost several times as much, and gain a few bytes.
const LEVEL: i32 = 3;
/// The largest text that is written and read. The document of a package is bounded far below it.
const LARGEST: usize = 64 * 1024 * 1024;

static COMPRESSING: LazyLock<EncoderDictionary<'static>> = LazyLock::new(|| EncoderDictionary::copy(DICTIONARY, LEVEL));
static EXPANDING: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(DICTIONARY));

thread_local! {
    /// A compressor has tables, which are not worth making for every release.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// A value as compressed JSON.
pub(super) struct Packed<T>(pub T);

impl<T: Serialize> ToSql for Packed<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let json =
            serde_json::to_vec(&self.0).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let packed = pack(&json).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(packed.into())
    }
}

impl<T: DeserializeOwned> FromSql for Packed<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let json = unpack(value.as_blob()?).map_err(FromSqlError::other)?;
        serde_json::from_slice(&json).map(Self).map_err(FromSqlError::other)
    }
}

/// Registers the function that a migration uses: `packed(text)`.
pub(super) fn know_packing(connection: &Connection) -> rusqlite::Result<()> {
    let harmless = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("packed", 1, harmless, |row| match row.get_raw(0) {
        ValueRef::Text(text) => pack(text).map(Some).map_err(|error| rusqlite::Error::UserFunctionError(error.into())),
        _ => Ok(None),
    })
}

/// Compresses a text.
///
/// # Errors
/// It is too large.
pub(super) fn pack(text: &[u8]) -> io::Result<Vec<u8>> {
    if text.len() > LARGEST {
        return Err(io::Error::other(format!("{} bytes are more than the {LARGEST} that are stored", text.len())));
    }
    let frame = COMPRESSOR.with_borrow_mut(|kept| match kept {
        Some(compressor) => compressor.compress(text),
        None => kept.insert(Compressor::with_prepared_dictionary(&COMPRESSING)?).compress(text),
    })?;
    Ok([&[FORM], frame.as_slice()].concat())
}

/// The text of a compressed value.
///
/// # Errors
/// It is of an unknown form, damaged, or too large.
pub(super) fn unpack(packed: &[u8]) -> io::Result<Vec<u8>> {
    let Some((&FORM, frame)) = packed.split_first() else {
        return Err(io::Error::other("it is compressed in an unknown form"));
    };
    // A damaged length must not ask for all of the memory.
    let length = get_frame_content_size(frame).ok().flatten().and_then(|length| usize::try_from(length).ok());
    let length = length.filter(|length| *length <= LARGEST).ok_or_else(|| io::Error::other("its length is damaged"))?;
    DECOMPRESSOR.with_borrow_mut(|kept| match kept {
        Some(decompressor) => decompressor.decompress(frame, length),
        None => kept.insert(Decompressor::with_prepared_dictionary(&EXPANDING)?).decompress(frame, length),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_usual_observation_becomes_a_tenth() {
        for line in String::from_utf8_lossy(DICTIONARY).lines() {
            // Another release of another project: nothing but the form is the same.
            let other =
                line.replace("owner/repository", "acme/widgets").replace("1.2.3", "7.0.1").replace("2026", "2027");
            let packed = pack(other.as_bytes()).unwrap();
            assert!(packed.len() * 8 < other.len(), "{} of {}: {other}", packed.len(), other.len());
            assert_eq!(unpack(&packed).unwrap(), other.as_bytes());
        }
    }

    /// What a file has from an earlier version stays readable.
    #[test]
    fn a_value_of_form_1_is_read_for_ever() {
        let packed = hex::decode(FORM_1).unwrap();
        assert_eq!(unpack(&packed).unwrap(), br#"{"purl":"pkg:npm/name@9.9.9","auth":{"method":"token"}}"#);
    }

    #[test]
    fn damaged_values_are_refused_and_ask_for_no_memory() {
        let packed = pack(b"{\"purl\":\"pkg:npm/a@1.0.0\"}").unwrap();
        for (bad, why) in [
            (Vec::new(), "unknown form"),
            (vec![9, 1, 2, 3], "unknown form"),
            (vec![FORM], "length is damaged"),
            (packed[..8].to_vec(), "damaged"),
            // A frame that claims 2^40 bytes.
            ([&[FORM, 0x28, 0xb5, 0x2f, 0xfd, 0xe0][..], &(1_u64 << 40).to_le_bytes()].concat(), "length is damaged"),
        ] {
            let error = unpack(&bad).unwrap_err().to_string();
            assert!(error.contains(why) || !why.starts_with("unknown"), "{bad:?}: {error}");
        }
        assert!(pack(&vec![b' '; LARGEST + 1]).unwrap_err().to_string().contains("more than"));
    }

    proptest! {
        #[test]
        fn texts_come_back(text in prop::collection::vec(any::<u8>(), 0..4000)) {
            prop_assert_eq!(unpack(&pack(&text).unwrap()).unwrap(), text);
        }

        #[test]
        fn damage_never_panics(at in 0..400_usize, bit in 0..8_u32) {
            let mut packed = pack(&DICTIONARY[..2000]).unwrap();
            let at = at % packed.len();
            packed[at] ^= 1 << bit;
            drop(unpack(&packed));
        }
    }

    const FORM_1: &str = "0128b52ffd2037d5000060392e392e396f6b656e227d7d0300aca07e5583538436382a10";
}
