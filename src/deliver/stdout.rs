use std::{
    fmt,
    io::{ErrorKind, Write},
    sync::{Mutex, PoisonError},
};

use futures::future::BoxFuture;

use super::{Message, Receipt, Sink, SinkError, plain::json, render::Template, view::View};

/// How alerts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StdoutFormat {
    /// A block for people.
    Text,
    /// The alert as one line of JSON, `schema/alert.schema.json`.
    Json,
}

/// Writes alerts to a stream that the caller hands in: standard output as a rule.
pub struct StdoutSink {
    format: StdoutFormat,
    stream: Mutex<Box<dyn Write + Send>>,
}

impl fmt::Debug for StdoutSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdoutSink").field("format", &self.format).finish_non_exhaustive()
    }
}

impl StdoutSink {
    /// A sink that writes to this stream.
    pub fn new(format: StdoutFormat, stream: Box<dyn Write + Send>) -> Self {
        Self { format, stream: Mutex::new(stream) }
    }

    fn write(&self, message: &Message) -> Result<Receipt, SinkError> {
        let text = self.text(message)?;
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
            Ok(()) => Ok(Receipt { detail: "written".to_owned() }),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                Err(SinkError::Gone { what: "writing the alert: nobody reads standard output any more".to_owned() })
            }
            Err(source) => Err(SinkError::Temporary {
                what: "writing the alert".to_owned(),
                retry_after: None,
                source: Some(Box::new(source)),
            }),
        }
    }

    fn text(&self, message: &Message) -> Result<String, SinkError> {
        match self.format {
            StdoutFormat::Text => Template::Stdout.render(&View::of(message)).map_err(|error| unwritable(error.into())),
            StdoutFormat::Json => match json(&message.alert) {
                Ok(line) => Ok(line + "\n"),
                Err(error) => Err(unwritable(error.into())),
            },
        }
    }
}

fn unwritable(source: Box<dyn std::error::Error + Send + Sync>) -> SinkError {
    SinkError::Permanent { what: "putting the alert into words".to_owned(), source: Some(source) }
}

impl Sink for StdoutSink {
    fn kind(&self) -> &'static str {
        "stdout"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(async { self.write(message) })
    }
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use super::*;
    use crate::{deliver::samples, model::Alert};

    /// A stream whose content can be read afterwards, or that fails.
    #[derive(Clone, Default)]
    struct Stream {
        written: Arc<Mutex<Vec<u8>>>,
        fails: Option<ErrorKind>,
    }

    impl Write for Stream {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.fails {
                Some(kind) => Err(kind.into()),
                None => self.written.lock().unwrap().write(bytes),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    async fn deliver(format: StdoutFormat, stream: &Stream, alert: Alert) -> Result<Receipt, SinkError> {
        StdoutSink::new(format, Box::new(stream.clone())).deliver(&samples::message(alert)).await
    }

    #[tokio::test]
    async fn json_is_one_line_that_reads_back() {
        for alert in [samples::takeover(), samples::hostile()] {
            let stream = Stream::default();
            deliver(StdoutFormat::Json, &stream, alert.clone()).await.unwrap();
            let text = String::from_utf8(stream.written.lock().unwrap().clone()).unwrap();
            assert_eq!(text.matches('\n').count(), 1);
            assert!(!text.contains(['\u{1b}', '\u{202e}']));
            assert_eq!(serde_json::from_str::<Alert>(&text).unwrap(), alert);
        }
    }

    #[tokio::test]
    async fn text_is_a_block() {
        let stream = Stream::default();
        deliver(StdoutFormat::Text, &stream, samples::takeover()).await.unwrap();
        let text = String::from_utf8(stream.written.lock().unwrap().clone()).unwrap();
        assert!(text.starts_with("HIGH axios 1.14.1: ") && text.ends_with("\n\n"), "{text}");
    }

    #[tokio::test]
    async fn a_closed_pipe_is_gone_and_a_full_disk_is_not() {
        for (kind, gone) in [(ErrorKind::BrokenPipe, true), (ErrorKind::StorageFull, false)] {
            let stream = Stream { fails: Some(kind), ..Stream::default() };
            let error = deliver(StdoutFormat::Text, &stream, samples::takeover()).await.unwrap_err();
            assert_eq!(matches!(error, SinkError::Gone { .. }), gone, "{kind:?}");
        }
    }
}
