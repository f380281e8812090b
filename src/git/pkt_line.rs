//! The framing of Git's protocols: packets, each after its length in four hexadecimal digits.
//!
//! The format is that of gitprotocol-common, "pkt-line Format"; the meaning of the lengths 0 to 2 is that of
//! gitprotocol-v2, "Packet-Line Framing".

use crate::text::quoted;

/// Digits of a length, which counts them too.
const DIGITS: usize = 4;
/// The length of the longest packet.
const LONGEST: usize = 65_520;

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Bytes; an empty packet has none.
    Data(&'a [u8]),
    /// `0000`: the end of a message.
    Flush,
    /// `0001`: the end of a section.
    Delimiter,
    /// `0002`: the end of an answer.
    ResponseEnd,
}

/// Bytes that are not packets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// The length has fewer than four digits, or other characters.
    #[error("the length of the packet at byte {at} is not four hexadecimal digits: `{found}`")]
    Length {
        /// Where the packet begins.
        at: usize,
        /// The characters in place of the digits.
        found: String,
    },
    /// The length is 3, which no packet has, or larger than that of the longest packet.
    #[error("the packet at byte {at} has the length {length}, which does not exist")]
    Impossible {
        /// Where the packet begins.
        at: usize,
        /// Its length.
        length: usize,
    },
    /// The bytes end before the packet does.
    #[error("the packet at byte {at} is cut off: {there} of its {length} bytes came")]
    CutOff {
        /// Where the packet begins.
        at: usize,
        /// Its length.
        length: usize,
        /// The bytes that are there.
        there: usize,
    },
}

/// Reads packets one after the other; nothing follows an error. Every packet takes at least four bytes, so that there
/// are never more packets than a fourth of the bytes.
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Packets<'a> {
    /// The packets of a whole message.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, at: 0 }
    }

    fn read(&mut self) -> Result<Packet<'a>, PacketError> {
        let at = self.at;
        let length = length(self.rest).ok_or_else(|| PacketError::Length { at, found: beginning(self.rest) })?;
        let packet = match length {
            0 => Packet::Flush,
            1 => Packet::Delimiter,
            2 => Packet::ResponseEnd,
            DIGITS..=LONGEST => {
                let there = self.rest.len();
                let data = self.rest.get(DIGITS..length).ok_or(PacketError::CutOff { at, length, there })?;
                Packet::Data(data)
            }
            _ => return Err(PacketError::Impossible { at, length }),
        };
        let taken = length.max(DIGITS);
        self.rest = self.rest.get(taken..).unwrap_or_default();
        self.at += taken;
        Ok(packet)
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, PacketError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let packet = self.read();
        if packet.is_err() {
            self.rest = &[];
        }
        Some(packet)
    }
}

fn length(bytes: &[u8]) -> Option<usize> {
    let digits = bytes.first_chunk::<DIGITS>()?;
    digits.iter().try_fold(0, |length, digit| Some(length * 16 + char::from(*digit).to_digit(16)? as usize))
}

fn beginning(bytes: &[u8]) -> String {
    quoted(String::from_utf8_lossy(bytes.get(..DIGITS).unwrap_or(bytes)), DIGITS)
}

/// A packet's line without the line feed that may end it.
pub fn line(data: &[u8]) -> &[u8] {
    data.strip_suffix(b"\n").unwrap_or(data)
}

/// Appends a packet with one line; the line is far shorter than the longest packet.
pub fn write_line(message: &mut Vec<u8>, line: &str) {
    message.extend_from_slice(format!("{:04x}{line}\n", DIGITS + line.len() + 1).as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<Packet<'_>>, PacketError> {
        Packets::of(bytes).collect()
    }

    #[test]
    fn packets_are_read_as_the_specification_shows_them() {
        use Packet::{Data, Delimiter, Flush, ResponseEnd};
        let table: [(&[u8], &[Packet<'_>]); 7] = [
            (b"", &[]),
            (b"0006a\n", &[Data(b"a\n")]),
            (b"0005a", &[Data(b"a")]),
            (b"000bfoobar\n", &[Data(b"foobar\n")]),
            (b"0004", &[Data(b"")]),
            (b"000Bfoobar\n00010005\x000002", &[Data(b"foobar\n"), Delimiter, Data(b"\0"), ResponseEnd]),
            (b"00000000", &[Flush, Flush]),
        ];
        for (bytes, packets) in table {
            assert_eq!(all(bytes).unwrap(), packets, "{}", String::from_utf8_lossy(bytes));
        }
        let data = vec![b'x'; LONGEST - DIGITS];
        let longest = [b"fff0".as_slice(), &data].concat();
        assert_eq!(all(&longest).unwrap(), [Data(&data)]);
    }

    #[test]
    fn obnoxious_bytes_are_an_error_that_says_where() {
        let table: [(&[u8], &str); 12] = [
            (b"<html>", "the length of the packet at byte 0 is not four hexadecimal digits: `<htm`"),
            (b"000", "the length of the packet at byte 0 is not four hexadecimal digits: `000`"),
            (b"0005a00", "the length of the packet at byte 5 is not four hexadecimal digits: `00`"),
            (b"+005a", "the length of the packet at byte 0 is not four hexadecimal digits: `+005`"),
            (b"0x05a", "the length of the packet at byte 0 is not four hexadecimal digits: `0x05`"),
            (b"\x1b[2Ja", "the length of the packet at byte 0 is not four hexadecimal digits: `\u{fffd}[2J`"),
            (
                b"\xff\xff\xff\xff",
                "the length of the packet at byte 0 is not four hexadecimal digits: `\u{fffd}\u{fffd}\u{fffd}\u{fffd}`",
            ),
            (b"0003", "the packet at byte 0 has the length 3, which does not exist"),
            (b"fff1", "the packet at byte 0 has the length 65521, which does not exist"),
            (b"ffff", "the packet at byte 0 has the length 65535, which does not exist"),
            (b"fff0x", "the packet at byte 0 is cut off: 5 of its 65520 bytes came"),
            (b"00000006a", "the packet at byte 4 is cut off: 5 of its 6 bytes came"),
        ];
        for (bytes, why) in table {
            assert_eq!(all(bytes).unwrap_err().to_string(), why);
        }
    }

    #[test]
    fn nothing_follows_an_error() {
        let mut packets = Packets::of(b"0003000000000000");
        assert!(packets.next().unwrap().is_err());
        assert_eq!(packets.next(), None);
    }

    #[test]
    fn a_line_is_the_same_with_and_without_its_line_feed() {
        for (data, expected) in [(&b"a\n"[..], &b"a"[..]), (b"a", b"a"), (b"\n\n", b"\n"), (b"", b"")] {
            assert_eq!(line(data), expected);
        }
    }

    proptest! {
        #[test]
        fn written_lines_are_read_again(lines in prop::collection::vec("[ -~]{0,300}", 0..20)) {
            let mut message = Vec::new();
            for line in &lines {
                write_line(&mut message, line);
            }
            let read: Vec<_> = all(&message).unwrap();
            let expected: Vec<Vec<u8>> = lines.iter().map(|line| format!("{line}\n").into_bytes()).collect();
            prop_assert_eq!(read, expected.iter().map(|line| Packet::Data(line)).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_packets_or_one_bounded_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let packets: Vec<_> = Packets::of(&bytes).collect();
            prop_assert!(packets.len() * DIGITS <= bytes.len() + DIGITS);
            for error in packets.into_iter().filter_map(Result::err) {
                prop_assert!(error.to_string().len() < 200);
            }
        }

        #[test]
        fn digits_and_letters_never_panic(text in "[0-9a-f]{0,80}") {
            let _ = all(text.as_bytes());
        }
    }
}
