//! Reads the answer to `ls-refs` (gitprotocol-v2, "ls-refs"), bounded, into [`References`].
//!
//! Anything odd makes the whole answer unusable, because a listing with a hole would say that a tag does not exist. The
//! exceptions are what the specification lets a server add: attributes, and references that were not asked for; and
//! names that provwatch never looks for, because one strange branch must not hide all tags.

use chrono::{DateTime, Utc};

use super::{
    ls_refs::{HEAD, HEADS, TAGS, Wanted, is_allowed},
    object_id::ObjectId,
    pkt_line::{Packet, PacketError, Packets, line},
    reference_list::{MAX_REFERENCES, Unlistable},
    references::{Head, References},
};
use crate::text::{counted, quoted};

/// Most characters of what is quoted of an answer.
const QUOTED: usize = 120;

/// Why an answer is not a list of references.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Git answers so when it does not understand the request.
    #[error("the answer is empty: the server does not answer protocol version 2 here")]
    Empty,
    /// Protocol version 0 or 1, or the capabilities of version 2.
    #[error("the server advertises itself in place of an answer, as older protocols do: `{0}`")]
    Advertisement(String),
    /// The server reports an error.
    #[error("the server reports an error: `{0}`")]
    Said(String),
    /// The bytes are not packets.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// The answer ends without a flush packet.
    #[error("the answer ends after {} without the packet that marks its end", counted(*.0, "line"))]
    Unfinished(usize),
    /// Something follows the end, or a section ends where there are none.
    #[error("the answer goes on where it has to end, after {}", counted(*.0, "line"))]
    Overrun(usize),
    /// A line is not a reference.
    #[error("line {number} is not a reference: `{line}`")]
    Line {
        /// Counted from one.
        number: usize,
        /// Its beginning.
        line: String,
    },
    /// Two lines are about one reference.
    #[error("the answer has the reference `{0}` twice")]
    Twice(String),
    /// More references than provwatch reads.
    #[error("the answer has more than {MAX_REFERENCES} references")]
    TooMany,
}

impl References {
    /// Reads an answer. References that were not asked for are not in it.
    ///
    /// # Errors
    /// The answer is odd in any way, see [`AnswerError`].
    pub fn read(body: &[u8], wanted: &Wanted, at: DateTime<Utc>) -> Result<Self, AnswerError> {
        if body.is_empty() {
            return Err(AnswerError::Empty);
        }
        let mut reading = Reading { wanted, found: Self::none(at), lines: 0, format: None };
        let mut packets = Packets::of(body);
        while let Some(packet) = packets.next() {
            match packet? {
                Packet::Data(data) => reading.line(line(data))?,
                Packet::Flush if is_over(packets.clone()) => return reading.close(),
                Packet::Flush | Packet::Delimiter | Packet::ResponseEnd => {
                    return Err(AnswerError::Overrun(reading.lines));
                }
            }
        }
        Err(AnswerError::Unfinished(reading.lines))
    }
}

/// Whether nothing follows but what may mark the end of a stateless answer once more.
fn is_over(mut packets: Packets<'_>) -> bool {
    matches!(packets.next(), None | Some(Ok(Packet::ResponseEnd))) && packets.next().is_none()
}

/// An answer while it is read.
struct Reading<'a> {
    wanted: &'a Wanted,
    found: References,
    lines: usize,
    /// An id of the repository: all others are of its kind.
    format: Option<ObjectId>,
}

/// What stands behind a name.
#[derive(Default)]
struct Attributes<'a> {
    /// The object that a tag names in the end.
    peeled: Option<ObjectId>,
    /// The reference that a symbolic one points to.
    target: Option<&'a [u8]>,
}

impl Reading<'_> {
    fn line(&mut self, line: &[u8]) -> Result<(), AnswerError> {
        self.lines += 1;
        if self.lines > MAX_REFERENCES {
            return Err(AnswerError::TooMany);
        }
        if let Some(said) = line.strip_prefix(b"ERR ") {
            return Err(AnswerError::Said(shown(said)));
        }
        if self.lines == 1 && is_advertisement(line) {
            return Err(AnswerError::Advertisement(shown(line)));
        }
        let odd = || AnswerError::Line { number: self.lines, line: shown(line) };
        let mut words = line.split(|byte| *byte == b' ');
        let (digits, name) = words.next().zip(words.next()).filter(|(_, name)| !name.is_empty()).ok_or_else(odd)?;
        if digits == b"unborn" {
            return Ok(());
        }
        let attributes = attributes(words).ok_or_else(odd)?;
        let id = ObjectId::from_digits(digits).ok_or_else(odd)?;
        let format = *self.format.get_or_insert(id);
        if [Some(id), attributes.peeled].into_iter().flatten().any(|id| !id.is_like(format)) {
            return Err(AnswerError::Line { number: self.lines, line: shown(line) });
        }
        self.keep(name, id, &attributes)
    }

    fn keep(&mut self, name: &[u8], id: ObjectId, attributes: &Attributes<'_>) -> Result<(), AnswerError> {
        let Some(name) = allowed(name) else {
            self.found.left_out += 1;
            return Ok(());
        };
        if !self.wanted.includes(name) {
            return Ok(());
        }
        let peeled = attributes.peeled.unwrap_or(id);
        if let Some(tag) = name.strip_prefix(TAGS) {
            self.found.tags.push(tag, peeled)?;
        } else if let Some(branch) = name.strip_prefix(HEADS) {
            self.found.heads.push(branch, peeled)?;
        } else if name == HEAD {
            let target = attributes.target.and_then(allowed);
            let branch = target.and_then(|target| target.strip_prefix(HEADS)).map(str::to_owned);
            if self.found.head.replace(Head { branch, id }).is_some() {
                return Err(AnswerError::Twice(HEAD.to_owned()));
            }
        }
        Ok(())
    }

    fn close(mut self) -> Result<References, AnswerError> {
        self.found.tags.close()?;
        self.found.heads.close()?;
        Ok(self.found)
    }
}

/// The attributes that are known. Others are ignored, as the specification wants it; the same one twice is odd.
fn attributes<'a>(words: impl Iterator<Item = &'a [u8]>) -> Option<Attributes<'a>> {
    let mut found = Attributes::default();
    for word in words {
        if let Some(digits) = word.strip_prefix(b"peeled:") {
            let earlier = found.peeled.replace(ObjectId::from_digits(digits)?);
            earlier.is_none().then_some(())?;
        } else if let Some(target) = word.strip_prefix(b"symref-target:") {
            found.target.replace(target).is_none().then_some(())?;
        }
    }
    Some(found)
}

fn allowed(name: &[u8]) -> Option<&str> {
    std::str::from_utf8(name).ok().filter(|name| is_allowed(name))
}

/// Whether a first line is one of those that servers send before they are asked for anything (gitprotocol-http, "Smart
/// Clients"; gitprotocol-pack, "Reference Discovery"; gitprotocol-v2, "Capability Advertisement").
fn is_advertisement(line: &[u8]) -> bool {
    line.starts_with(b"# service=") || line.starts_with(b"version ") || line.contains(&0)
}

fn shown(bytes: &[u8]) -> String {
    // No character has more than four bytes.
    let beginning = bytes.get(..4 * QUOTED).unwrap_or(bytes);
    quoted(String::from_utf8_lossy(beginning), QUOTED)
}

impl From<Unlistable> for AnswerError {
    fn from(why: Unlistable) -> Self {
        match why {
            Unlistable::Twice(name) => Self::Twice(quoted(name, QUOTED)),
            Unlistable::TooMany => Self::TooMany,
        }
    }
}

#[cfg(test)]
mod tests;
