//! Reads the header of a member of a tar archive (POSIX.1-2001 pax, `ustar`, and GNU's).

use super::member::Kind;

/// The size of blocks: headers have one, contents fill some.
pub(super) const BLOCK: usize = 512;

/// A header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) name: Vec<u8>,
    pub(super) link: Vec<u8>,
    pub(super) size: u64,
    pub(super) mode: u16,
    pub(super) what: What,
}

/// What a header is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A member, whose content follows.
    Filled(Kind),
    /// A member without content, whatever size its header names.
    Bare(Kind),
    /// A sparse file in GNU's old form: how much follows is told in blocks of their own.
    Sparse,
    /// Its content has the name of the next member (GNU).
    LongName,
    /// Its content has the target of the next member, which is a link (GNU).
    LongLink,
    /// Its content has records about the next member (pax).
    Records,
    /// Its content has records about all members that follow (pax).
    GlobalRecords,
}

impl Header {
    /// Reads one.
    ///
    /// # Errors
    /// The reason why it is not a header.
    pub(super) fn read(block: &[u8; BLOCK]) -> Result<Self, &'static str> {
        if !is_summed(block) {
            return Err("the checksum of a member's header is another");
        }
        let mut name = text(&block[..100]).to_vec();
        // GNU's own form has other fields in the place of the prefix.
        if block[257..263] == *b"ustar\0" && block[345] != 0 {
            name = [text(&block[345..500]), b"/", &name].concat();
        }
        Ok(Self {
            name,
            link: text(&block[157..257]).to_vec(),
            size: number(&block[124..136]).ok_or("the size of a member is not a number, or too large")?,
            // A mode that cannot be read is the one without any permission.
            mode: number(&block[100..108]).and_then(|mode| u16::try_from(mode & 0o7777).ok()).unwrap_or_default(),
            what: what(block[156]),
        })
    }
}

fn what(flag: u8) -> What {
    match flag {
        b'0' | 0 | b'7' => What::Filled(Kind::File),
        b'1' => What::Bare(Kind::HardLink),
        b'2' => What::Bare(Kind::Symlink),
        b'5' => What::Bare(Kind::Folder),
        b'3' | b'4' | b'6' => What::Bare(Kind::Special),
        b'S' => What::Sparse,
        b'L' => What::LongName,
        b'K' => What::LongLink,
        b'x' | b'X' => What::Records,
        b'g' => What::GlobalRecords,
        _ => What::Filled(Kind::Special),
    }
}

/// The sum of all bytes, with blanks in the place of the sum itself. Some old tools added signed bytes.
fn is_summed(block: &[u8; BLOCK]) -> bool {
    let Some(stated) = number(&block[148..156]) else { return false };
    let (before, after) = (&block[..148], &block[156..]);
    let unsigned: u64 = before.iter().chain(after).map(|byte| u64::from(*byte)).sum::<u64>() + 8 * u64::from(b' ');
    let signed: i64 = before.iter().chain(after).map(|byte| i64::from(byte.cast_signed())).sum::<i64>() + 8 * 32;
    stated == unsigned || i64::try_from(stated) == Ok(signed)
}

/// A field up to its first NUL.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number in octal digits, or in base 256 with a mark (GNU). `None`: neither, or beyond 2^63.
fn number(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        let mut value = u64::from(first & 0x7f);
        for byte in rest {
            value = value.checked_mul(256)?.checked_add(u64::from(*byte))?;
        }
        return (value <= i64::MAX.unsigned_abs()).then_some(value);
    }
    let digits = text(field).trim_ascii();
    digits.iter().try_fold(0_u64, |value, digit| {
        let digit = u64::from(digit.checked_sub(b'0').filter(|digit| *digit < 8)?);
        value.checked_mul(8)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_both_forms() {
        for (field, expected) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"\0\0\0\0", Some(0)),
            (b"77777777777\0", Some(8_589_934_591)),
            (b"\x80\0\0\0\0\0\0\x02\0\0\0\0", Some(2 << 32)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"12x", None),
            (b"8", None),
            (b"-1", None),
            (b"", None),
        ] {
            assert_eq!(number(field), expected, "{field:?}");
        }
    }

    #[test]
    fn a_block_without_its_sum_is_not_a_header() {
        for block in [[0; BLOCK], [b'a'; BLOCK], [0xff; BLOCK]] {
            assert!(Header::read(&block).is_err());
        }
    }
}
