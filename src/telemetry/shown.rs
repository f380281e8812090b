//! Makes log lines safe for a terminal, whatever text they quote, and gives them their priority for the journal.

use std::io::{self, Write};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

use crate::text::{json_shown, misleads};

/// Makes visible what would mislead, on the way to another writer. An event is written in one piece.
pub(super) struct Shown<W> {
    /// Where lines go.
    pub(super) writer: W,
    /// Whether they are JSON, which has escapes of its own.
    pub(super) json: bool,
    /// Whether each line begins with its priority, which the journal takes off again.
    pub(super) priorities: bool,
}

/// The writer of one event.
pub(super) struct Line<W> {
    writer: W,
    json: bool,
    /// The priority, up to the first write.
    prefix: &'static str,
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Shown<W> {
    type Writer = Line<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { writer: self.writer.make_writer(), json: self.json, prefix: "" }
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Self::Writer {
        let prefix = if self.priorities { priority(*event.level()) } else { "" };
        Line { prefix, ..self.make_writer() }
    }
}

impl<W: Write> Write for Line<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let shown = if self.json { json_shown(&text) } else { text_shown(&text) };
        let prefix = std::mem::take(&mut self.prefix);
        self.writer.write_all(format!("{prefix}{shown}").as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// How the journal is told the priority of a line of standard error (sd-daemon(3), `SyslogLevelPrefix=`).
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        _ => "<7>",
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
