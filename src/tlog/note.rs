//! Signed notes: a text with signatures below it. <https://github.com/C2SP/C2SP/blob/main/signed-note.md>

use base64::{Engine, prelude::BASE64_STANDARD};

/// Most bytes of a note.
pub(crate) const MAX_NOTE: usize = 64 * 1024;

/// Most signatures of a note. The standard requires tolerance of at least 16 unknown ones.
const MAX_SIGNATURES: usize = 64;

/// Begins every signature line: an em dash.
const DASH: &str = "\u{2014} ";

/// A well-formed note. It is not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedNote<'a> {
    /// The signed text with its last line feed.
    pub text: &'a str,
    /// The signatures, in order.
    pub signatures: Vec<NoteSignature<'a>>,
}

/// A signature line. Name and key id together identify it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature<'a> {
    /// The signer's name.
    pub name: &'a str,
    /// The first bytes of a hash over its key.
    pub key_id: [u8; 4],
    /// The bytes of the signature.
    pub bytes: Vec<u8>,
}

/// The reason why bytes are not a signed note.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`MAX_NOTE`].
    #[error("{0} bytes are too many for a signed note")]
    TooLong(usize),
    /// Not UTF-8, or with control characters.
    #[error("a signed note is plain text")]
    NotText,
    /// No empty line between a text and signatures, or no line feed at the end.
    #[error("a signed note is a text, an empty line and signatures, each line with its end")]
    Form,
    /// A malformed signature line.
    #[error("line {0} of the signatures is not a signature")]
    Signature(usize),
    /// More signatures than `MAX_SIGNATURES`.
    #[error("{0} signatures are too many")]
    TooMany(usize),
}

impl<'a> UnverifiedNote<'a> {
    /// Parses a note.
    ///
    /// # Errors
    /// A violation of the standard's form.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE {
            return Err(NoteError::TooLong(bytes.len()));
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::NotText)?;
        if note.chars().any(|char| char.is_control() && char != '\n') {
            return Err(NoteError::NotText);
        }
        let end = note.rfind("\n\n").ok_or(NoteError::Form)?;
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        let lines = lines.strip_suffix('\n').filter(|_| !text.trim_matches('\n').is_empty()).ok_or(NoteError::Form)?;
        let lines: Vec<_> = lines.split('\n').collect();
        if lines.len() > MAX_SIGNATURES {
            return Err(NoteError::TooMany(lines.len()));
        }
        let signatures = (1..).zip(lines).map(|(number, line)| signature(line).ok_or(NoteError::Signature(number)));
        Ok(Self { text, signatures: signatures.collect::<Result<_, _>>()? })
    }
}

fn signature(line: &str) -> Option<NoteSignature<'_>> {
    let (name, encoded) = line.strip_prefix(DASH)?.split_once(' ')?;
    let bytes = BASE64_STANDARD.decode(encoded).ok()?;
    let (key_id, bytes) = bytes.split_first_chunk::<4>()?;
    let is_name = !name.is_empty() && !name.contains('+') && !name.chars().any(char::is_whitespace);
    (is_name && !bytes.is_empty()).then(|| NoteSignature { name, key_id: *key_id, bytes: bytes.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_a_text_and_its_signatures() {
        let note = "a text\n\nof two parts\n\n— log.example AAAAAQI=\n— other AAAAAgM=\n";
        let note = UnverifiedNote::parse(note.as_bytes()).expect("a note");
        assert_eq!(note.text, "a text\n\nof two parts\n");
        let [first, second] = note.signatures.as_slice() else { panic!("two signatures") };
        assert_eq!((first.name, first.key_id, first.bytes.as_slice()), ("log.example", [0, 0, 0, 1], [2].as_slice()));
        assert_eq!((second.name, second.key_id), ("other", [0, 0, 0, 2]));
    }

    #[test]
    fn sixty_four_signatures_are_read_and_no_more() {
        let note = |count: usize| format!("text\n\n{}", "— someone AAAAAQI=\n".repeat(count));
        assert_eq!(UnverifiedNote::parse(note(64).as_bytes()).map(|note| note.signatures.len()), Ok(64));
        assert_eq!(UnverifiedNote::parse(note(65).as_bytes()), Err(NoteError::TooMany(65)));
    }

    #[test]
    fn what_is_written_otherwise_is_no_note() {
        use NoteError::{Form, NotText, Signature};
        for (note, why) in [
            ("", Form),
            ("text", Form),
            ("text\n", Form),
            ("text\n\n", Form),
            ("\n\n— a AAAAAQI=\n", Form),
            ("text\n— a AAAAAQI=\n", Form),
            ("text\n\n— a AAAAAQI=", Form),
            ("text\n\n— a AAAAAQI=\n\n", Form),
            ("text\n\n- a AAAAAQI=\n", Signature(1)),
            ("text\n\n— a AAAAAQI=\nrest\n", Signature(2)),
            ("text\n\n—  AAAAAQI=\n", Signature(1)),
            ("text\n\n— a+b AAAAAQI=\n", Signature(1)),
            ("text\n\n— a AAAAAQI= \n", Signature(1)),
            ("text\n\n— a AAAAAQI\n", Signature(1)),
            ("text\n\n— a AAAAAQ==\n", Signature(1)),
            ("text\n\n— a\u{a0}b AAAAAQI=\n", Signature(1)),
            ("text\r\n\n— a AAAAAQI=\n", NotText),
            ("te\0xt\n\n— a AAAAAQI=\n", NotText),
        ] {
            assert_eq!(UnverifiedNote::parse(note.as_bytes()), Err(why), "{note:?}");
        }
        assert_eq!(UnverifiedNote::parse(b"t\xff\n\n"), Err(NotText));
        assert_eq!(UnverifiedNote::parse(&vec![b'a'; MAX_NOTE + 1]), Err(NoteError::TooLong(MAX_NOTE + 1)));
    }
}
