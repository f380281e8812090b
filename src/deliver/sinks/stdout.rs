//! The sink that writes alerts to standard output without blocking on its reader.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    sync::{
        PoisonError,
        mpsc::{self, Sender},
    },
    thread,
};

use futures::future::BoxFuture;
use tokio::sync::{Mutex, oneshot};

use crate::deliver::{Message, Receipt, Sink, SinkError, shown::json};

/// Writes alerts, each as one line of JSON (`schema/alert.schema.json`), to the caller's stream: usually standard
/// output.
///
/// The reader may stop reading: a full pipe blocks the writer for as long. So a separate thread writes, and an attempt
/// that takes too long leaves it there. It is not one of the runtime's threads, which would keep the process from
/// ending.
pub struct StdoutSink {
    stream: std::sync::Mutex<Option<Box<dyn Write + Send>>>,
    writer: Mutex<Writer>,
}

/// The writing thread, and its current job.
#[derive(Default)]
struct Writer {
    jobs: Option<Sender<Job>>,
    /// The current write: the message's key, and the channel for its result.
    under_way: Option<(String, oneshot::Receiver<io::Result<()>>)>,
    /// A message that was written after its attempt had ended: the next attempt finds it done.
    written_late: Option<String>,
}

struct Job {
    text: String,
    end: oneshot::Sender<io::Result<()>>,
}

impl fmt::Debug for StdoutSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdoutSink").finish_non_exhaustive()
    }
}

impl StdoutSink {
    /// A sink that writes to this stream.
    pub fn new(stream: Box<dyn Write + Send>) -> Self {
        Self { stream: std::sync::Mutex::new(Some(stream)), writer: Mutex::default() }
    }

    async fn write(&self, message: &Message) -> Result<Receipt, SinkError> {
        let (text, key) = (line(message)?, &message.idempotency_key);
        let mut writer = self.writer.lock().await;
        // An earlier attempt's unfinished write comes first, as in the stream.
        let mut outcome = writer.end().await;
        if outcome.as_ref().is_none_or(|(written, _)| written != key) {
            if let Some((late, Ok(()))) = outcome {
                writer.written_late = Some(late);
            }
            if writer.written_late.as_ref() == Some(key) {
                writer.written_late = None;
                return Ok(Receipt::of("written"));
            }
            self.hand_over(&mut writer, key.clone(), text)?;
            outcome = writer.end().await;
        }
        match outcome {
            Some((_, Ok(()))) => Ok(Receipt::of("written")),
            Some((_, Err(error))) => Err(failed(error)),
            None => Err(SinkError::temporary("writing the alert: nothing was written")),
        }
    }

    fn hand_over(&self, writer: &mut Writer, key: String, text: String) -> Result<(), SinkError> {
        let unable = |source: io::Error| SinkError::Temporary {
            what: "starting the thread that writes alerts".to_owned(),
            retry_after: None,
            source: Some(Box::new(source)),
        };
        if writer.jobs.is_none() {
            writer.jobs = Some(self.start().map_err(unable)?);
        }
        let (end, ended) = oneshot::channel();
        let is_handed_over = writer.jobs.as_ref().is_some_and(|jobs| jobs.send(Job { text, end }).is_ok());
        if !is_handed_over {
            return Err(SinkError::temporary("writing the alert: the thread that writes ended"));
        }
        writer.under_way = Some((key, ended));
        Ok(())
    }

    /// Starts the thread, which ends with the sink.
    fn start(&self) -> io::Result<Sender<Job>> {
        let mut held = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stream = held.take().ok_or_else(|| io::Error::other("it was started before"))?;
        let (jobs, waiting) = mpsc::channel::<Job>();
        thread::Builder::new().name("stdout".to_owned()).spawn(move || {
            for Job { text, end } in waiting {
                // The receiver may be gone with the sink.
                let _ = end.send(stream.write_all(text.as_bytes()).and_then(|()| stream.flush()));
            }
        })?;
        Ok(jobs)
    }
}

impl Writer {
    /// Waits for the current write. If this wait is cut short, the write continues.
    async fn end(&mut self) -> Option<(String, io::Result<()>)> {
        let (_, ended) = self.under_way.as_mut()?;
        let outcome = ended.await.unwrap_or_else(|_| Err(io::Error::other("the thread that writes ended")));
        let (key, _) = self.under_way.take()?;
        Some((key, outcome))
    }
}

fn failed(error: io::Error) -> SinkError {
    if error.kind() == ErrorKind::BrokenPipe {
        return SinkError::Gone { what: "writing the alert: standard output is closed".to_owned() };
    }
    SinkError::Temporary { what: "writing the alert".to_owned(), retry_after: None, source: Some(Box::new(error)) }
}

fn line(message: &Message) -> Result<String, SinkError> {
    let line = json(&message.alert).map_err(|error| SinkError::Permanent {
        what: "putting the alert into words".to_owned(),
        source: Some(Box::new(error)),
    })?;
    Ok(line + "\n")
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
        sync::{Arc, Mutex},
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
