//! Makes log lines safe for a terminal, whatever text they quote.

use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

use crate::text::{json_shown, misleads};

/// Makes visible what would mislead, on the way to another writer. An event is written in one piece.
pub(super) struct Shown<W> {
    /// Where lines go.
    pub(super) writer: W,
    /// Whether they are JSON, which has escapes of its own.
    pub(super) json: bool,
}

/// The writer of one event.
pub(super) struct Line<W> {
    writer: W,
    json: bool,
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Shown<W> {
    type Writer = Line<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { writer: self.writer.make_writer(), json: self.json }
    }
}

impl<W: Write> Write for Line<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let shown = if self.json { json_shown(&text) } else { text_shown(&text) };
        self.writer.write_all(shown.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Line ends and colours are the formatter's own: it escapes those of values.
fn text_shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if misleads(c) && !matches!(c, '\n' | '\u{1b}') {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}
