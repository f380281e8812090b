//! Parses XML of registries within limits. It accepts UTF-8 only, no document types, no entities but the predefined
//! ones and character references, and limited nesting.

use quick_xml::{Reader, errors::Error, escape::resolve_predefined_entity, events::Event};

use crate::text::quoted;

/// Most characters of a name that an error quotes.
const MAX_NAME: usize = 40;

/// The reason why a text is not accepted as XML.
#[derive(Debug, thiserror::Error)]
pub(super) enum XmlError {
    /// Registries send UTF-8.
    #[error("the XML is not UTF-8")]
    NotUtf8,
    /// Not well-formed.
    #[error("the XML is malformed: {0}")]
    Malformed(#[from] Error),
    /// A document type could define entities.
    #[error("the XML has a document type, which is never read")]
    DocumentType,
    /// An entity that would need a document type.
    #[error("the XML names the entity {0:?}, which is never expanded")]
    Entity(String),
    /// Nested deeper than any document of a registry.
    #[error("the XML is nested deeper than {0} elements")]
    TooDeep(usize),
    /// More elements or values than any document of a registry.
    #[error("the XML has more than {0} values")]
    TooMany(usize),
    /// The end is missing.
    #[error("the XML is truncated")]
    Truncated,
    /// A character that no XML document may have (XML 1.0, production 2).
    #[error("the XML has a control character")]
    ControlCharacter,
    /// Another element than the format has in this place.
    #[error("the XML has {found} where {expected} should be")]
    Unexpected {
        /// The element that was found.
        found: String,
        /// The element of the format at this place.
        expected: &'static str,
    },
}

/// One piece of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A start tag, by its name with prefix.
    Open(String),
    /// An end tag; it is always that of the innermost open element.
    Close,
    /// Character data; may come in several pieces.
    Text(String),
}

/// The pieces of a document, one after the other.
pub(super) struct Tokens<'a> {
    reader: Reader<&'a [u8]>,
    depth: usize,
    max_depth: usize,
}

impl<'a> Tokens<'a> {
    /// Starts before the root element. Elements may be nested `max_depth` deep.
    pub(super) fn new(body: &'a [u8], max_depth: usize) -> Result<Self, XmlError> {
        let text = std::str::from_utf8(body).map_err(|_| XmlError::NotUtf8)?;
        if text.bytes().any(|byte| byte < b' ' && !b"\t\n\r".contains(&byte)) {
            return Err(XmlError::ControlCharacter);
        }
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Ok(Self { reader, depth: 0, max_depth })
    }

    /// The next piece. There is always one until the root element is closed.
    pub(super) fn next(&mut self) -> Result<Token, XmlError> {
        loop {
            return Ok(match self.reader.read_event()? {
                Event::Start(start) => {
                    self.descend()?;
                    Token::Open(start.name().as_ref().to_owned())
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    Token::Close
                }
                Event::Text(text) => Token::Text(text.xml10_content().into_owned()),
                Event::CData(text) => Token::Text(text.into_inner().into_owned()),
                Event::GeneralRef(reference) => Token::Text(match reference.resolve_char_ref()? {
                    Some(character) => character.into(),
                    None => resolve_predefined_entity(&reference)
                        .ok_or_else(|| XmlError::Entity(quoted(&*reference, MAX_NAME)))?
                        .to_owned(),
                }),
                Event::DocType(_) => return Err(XmlError::DocumentType),
                Event::Eof => return Err(XmlError::Truncated),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            });
        }
    }

    /// The name of the next child of the open element, which is then the open one; `None` at its end. Text in between
    /// is passed over.
    pub(super) fn child(&mut self) -> Result<Option<String>, XmlError> {
        loop {
            match self.next()? {
                Token::Open(name) => return Ok(Some(name)),
                Token::Close => return Ok(None),
                Token::Text(_) => {}
            }
        }
    }

    /// Opens the next child, which must have this name.
    pub(super) fn expect(&mut self, name: &'static str) -> Result<(), XmlError> {
        match self.child()? {
            Some(found) if found == name => Ok(()),
            found => Err(XmlError::Unexpected {
                found: found.map_or_else(|| "nothing".to_owned(), |found| shorten(&found)),
                expected: name,
            }),
        }
    }

    /// The text of the open element, which it closes. Inner elements are skipped.
    pub(super) fn text(&mut self) -> Result<String, XmlError> {
        let mut text = String::new();
        loop {
            match self.next()? {
                Token::Text(piece) => text.push_str(&piece),
                Token::Open(_) => self.skip()?,
                Token::Close => return Ok(text),
            }
        }
    }

    /// Skips the rest of the open element, and closes it.
    pub(super) fn skip(&mut self) -> Result<(), XmlError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    fn descend(&mut self) -> Result<(), XmlError> {
        self.depth += 1;
        if self.depth > self.max_depth { Err(XmlError::TooDeep(self.max_depth)) } else { Ok(()) }
    }
}

fn shorten(name: &str) -> String {
    format!("<{}>", quoted(name, MAX_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(xml: &str) -> Result<String, XmlError> {
        let mut tokens = Tokens::new(xml.as_bytes(), 4)?;
        tokens.expect("a")?;
        tokens.text()
    }

    #[test]
    fn text_is_put_together_from_its_pieces() {
        assert_eq!(
            text_of("<?xml version='1.0'?><!-- c --><a>x &lt;&#65;&#x42;<b>no</b><![CDATA[&y]]></a>").unwrap(),
            "x <AB&y"
        );
        assert_eq!(text_of("<a/>").unwrap(), "");
    }

    #[test]
    fn hostile_documents_are_refused_by_reason() {
        let cases = [
            ("", "is truncated"),
            ("<a>x", "is truncated"),
            ("<a><b></a>", "malformed"),
            ("<b/>", "<b> where a should be"),
            ("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "document type"),
            ("<a>&nbsp;</a>", "never expanded"),
            ("<a>&#x110000;</a>", "malformed"),
            ("<a><a><a><a><a/></a></a></a></a>", "nested deeper than 4"),
        ];
        for (xml, why) in cases {
            let error = text_of(xml).unwrap_err().to_string();
            assert!(error.contains(why), "{xml}: {error}");
        }
        assert!(matches!(Tokens::new(b"<a>\xff</a>", 4), Err(XmlError::NotUtf8)));
    }
}
