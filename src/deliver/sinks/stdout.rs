//! The sink that writes alerts to standard output without blocking on its reader.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
};

use futures::future::BoxFuture;

use super::writer::Writer;
use crate::deliver::{Message, Receipt, Sink, SinkError, shown::json};

/// Writes alerts, each as one line of JSON (`schema/alert.schema.json`), to the caller's stream: usually standard
/// output.
///
/// The reader may stop reading: a full pipe blocks the writer for as long. So a separate thread writes, and an attempt
/// that takes too long leaves it there.
pub struct StdoutSink {
    writer: Writer,
}

impl fmt::Debug for StdoutSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdoutSink").finish_non_exhaustive()
    }
}

impl StdoutSink {
    /// A sink that writes to this stream.
    pub fn new(mut stream: Box<dyn Write + Send>) -> Self {
        Self { writer: Writer::new("stdout", move |line| stream.write_all(line).and_then(|()| stream.flush())) }
    }

    async fn write(&self, message: &Message) -> Result<Receipt, SinkError> {
        let line = line(message)?;
        self.writer.write(&message.idempotency_key, line.into_bytes()).await.map_err(failed)?;
        Ok(Receipt::of("written"))
    }
}

fn failed(error: io::Error) -> SinkError {
    if error.kind() == ErrorKind::BrokenPipe {
        return SinkError::Gone { what: "writing the alert: standard output is closed".to_owned() };
    }
    SinkError::temporary("writing the alert").because(error)
}

fn line(message: &Message) -> Result<String, SinkError> {
    let line = json(&message.alert);
    line.map(|line| line + "\n").map_err(|error| SinkError::permanent("writing the alert as JSON").because(error))
}

impl Sink for StdoutSink {
    fn kind(&self) -> &'static str {
        "stdout"
    }

    fn is_of_the_process(&self) -> bool {
        true
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(self.write(message))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex, mpsc},
        time::Duration,
    };

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

    async fn deliver(stream: &Stream, alert: Alert) -> Result<Receipt, SinkError> {
        StdoutSink::new(Box::new(stream.clone())).deliver(&samples::message(alert)).await
    }

    #[tokio::test]
    async fn json_is_one_line_that_reads_back() {
        for alert in [samples::takeover(), samples::hostile()] {
            let stream = Stream::default();
            deliver(&stream, alert.clone()).await.unwrap();
            let text = String::from_utf8(stream.written.lock().unwrap().clone()).unwrap();
            assert_eq!(text.matches('\n').count(), 1);
            assert!(!text.contains(['\u{1b}', '\u{202e}']));
            assert_eq!(serde_json::from_str::<Alert>(&text).unwrap(), alert);
        }
    }

    #[tokio::test]
    async fn a_closed_pipe_is_gone_and_a_full_disk_is_not() {
        for (kind, gone) in [(ErrorKind::BrokenPipe, true), (ErrorKind::StorageFull, false)] {
            let stream = Stream { fails: Some(kind), ..Stream::default() };
            let error = deliver(&stream, samples::takeover()).await.unwrap_err();
            assert_eq!(matches!(error, SinkError::Gone { .. }), gone, "{kind:?}");
        }
    }

    /// A pipe that is full until it is read.
    struct FullPipe {
        written: Arc<Mutex<Vec<u8>>>,
        reader: mpsc::Receiver<()>,
    }

    impl Write for FullPipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.reader.recv();
            self.written.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_full_pipe_blocks_nobody_and_nothing_is_written_twice() {
        let (read, reader) = mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let sink = StdoutSink::new(Box::new(FullPipe { written: Arc::clone(&written), reader }));
        let first = samples::message(samples::takeover());
        let second = Message { idempotency_key: "msg_2".to_owned(), ..samples::message(samples::hostile()) };
        let attempt = async |message: &Message| {
            tokio::time::timeout(Duration::from_millis(30), sink.deliver(message)).await.map(|outcome| outcome.is_ok())
        };
        assert!(attempt(&first).await.is_err() && attempt(&second).await.is_err(), "the runtime is not blocked");
        read.send(()).unwrap();
        read.send(()).unwrap();
        assert_eq!(sink.deliver(&second).await.unwrap().detail, "written");
        assert_eq!(sink.deliver(&first).await.unwrap().detail, "written");
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let alerts: Vec<Alert> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(alerts, [samples::takeover(), samples::hostile()]);
    }
}
