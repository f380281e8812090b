//! A thread for blocking writes, on which an attempt that takes too long leaves its write.

use std::{
    collections::VecDeque,
    fmt, io,
    sync::{
        PoisonError,
        mpsc::{self, Sender},
    },
    thread,
};

use tokio::sync::{Mutex, oneshot};

/// Most messages that were written after their attempts had ended, and are remembered for the next attempts.
const MOST_LATE: usize = 256;

/// The operation that writes one message.
type Write = Box<dyn FnMut(&[u8]) -> io::Result<()> + Send>;

/// Writes messages one after the other on a thread of its own, each at most once.
///
/// A write may block for as long as it likes: a full pipe, a disk that hangs. The thread is not one of the runtime's,
/// which would keep the process from ending.
pub(super) struct Writer {
    name: &'static str,
    write: std::sync::Mutex<Option<Write>>,
    queue: Mutex<Queue>,
}

/// The writing thread, and its current job.
#[derive(Default)]
struct Queue {
    jobs: Option<Sender<Job>>,
    /// The current write: the message's key, and the channel for its result.
    under_way: Option<(String, oneshot::Receiver<io::Result<()>>)>,
    /// Messages that were written after their attempts had ended: the next attempt finds them done.
    written_late: VecDeque<String>,
}

struct Job {
    bytes: Vec<u8>,
    end: oneshot::Sender<io::Result<()>>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Writer {
    /// A writer whose thread has this name.
    pub fn new(name: &'static str, write: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static) -> Self {
        Self { name, write: std::sync::Mutex::new(Some(Box::new(write))), queue: Mutex::default() }
    }

    /// Writes the message with this key, unless an earlier call did. If this call is cut short, the write continues.
    ///
    /// # Errors
    /// Those of the write, and those of starting the thread.
    pub async fn write(&self, key: &str, bytes: Vec<u8>) -> io::Result<()> {
        let mut queue = self.queue.lock().await;
        // An earlier attempt's unfinished write comes first, as in the stream.
        if let Some((written, outcome)) = queue.end().await {
            if written == key {
                return outcome;
            }
            queue.note(written, &outcome);
        }
        if let Some(place) = queue.written_late.iter().position(|late| late == key) {
            queue.written_late.remove(place);
            return Ok(());
        }
        self.hand_over(&mut queue, key, bytes)?;
        match queue.end().await {
            Some((_, outcome)) => outcome,
            None => Err(io::Error::other("nothing was written")),
        }
    }

    fn hand_over(&self, queue: &mut Queue, key: &str, bytes: Vec<u8>) -> io::Result<()> {
        if queue.jobs.is_none() {
            queue.jobs = Some(self.start()?);
        }
        let (end, ended) = oneshot::channel();
        let is_handed_over = queue.jobs.as_ref().is_some_and(|jobs| jobs.send(Job { bytes, end }).is_ok());
        if !is_handed_over {
            return Err(io::Error::other("the thread that writes ended"));
        }
        queue.under_way = Some((key.to_owned(), ended));
        Ok(())
    }

    /// Starts the thread, which ends with the writer.
    fn start(&self) -> io::Result<Sender<Job>> {
        let mut held = self.write.lock().unwrap_or_else(PoisonError::into_inner);
        let mut write = held.take().ok_or_else(|| io::Error::other("the thread that writes could not be started"))?;
        let (jobs, waiting) = mpsc::channel::<Job>();
        thread::Builder::new().name(self.name.to_owned()).spawn(move || {
            for Job { bytes, end } in waiting {
                // The receiver may be gone with the sink.
                let _ = end.send(write(&bytes));
            }
        })?;
        Ok(jobs)
    }
}

impl Queue {
    /// Waits for the current write.
    async fn end(&mut self) -> Option<(String, io::Result<()>)> {
        let (_, ended) = self.under_way.as_mut()?;
        let outcome = ended.await.unwrap_or_else(|_| Err(io::Error::other("the thread that writes ended")));
        let (key, _) = self.under_way.take()?;
        Some((key, outcome))
    }

    /// Remembers a message that was written after its attempt had ended.
    fn note(&mut self, key: String, outcome: &io::Result<()>) {
        if outcome.is_ok() {
            self.written_late.push_back(key);
            self.written_late.drain(..self.written_late.len().saturating_sub(MOST_LATE));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;

    /// A writer that waits for a word before each write, and what it wrote.
    fn held() -> (Writer, Sender<bool>, Arc<std::sync::Mutex<Vec<String>>>) {
        let (word, waiting) = mpsc::channel::<bool>();
        let written = Arc::new(std::sync::Mutex::new(Vec::new()));
        let into = Arc::clone(&written);
        let writer = Writer::new("test", move |bytes| {
            if !waiting.recv().unwrap() {
                return Err(io::Error::other("no"));
            }
            into.lock().unwrap().push(String::from_utf8_lossy(bytes).into_owned());
            Ok(())
        });
        (writer, word, written)
    }

    async fn cut_off(writer: &Writer, key: &str) -> bool {
        tokio::time::timeout(Duration::from_millis(20), writer.write(key, key.into())).await.is_err()
    }

    #[tokio::test]
    async fn several_messages_that_were_cut_off_are_written_once_each() {
        let (writer, word, written) = held();
        assert!(cut_off(&writer, "a").await);
        word.send(true).unwrap();
        assert!(cut_off(&writer, "b").await);
        word.send(true).unwrap();
        assert!(cut_off(&writer, "c").await);
        word.send(true).unwrap();
        for key in ["b", "a", "c"] {
            writer.write(key, key.into()).await.unwrap();
        }
        assert_eq!(*written.lock().unwrap(), ["a", "b", "c"]);
    }

    #[tokio::test]
    async fn a_write_that_failed_late_is_reported_and_made_again() {
        let (writer, word, written) = held();
        assert!(cut_off(&writer, "a").await);
        word.send(false).unwrap();
        assert!(writer.write("a", "a".into()).await.is_err());
        word.send(true).unwrap();
        writer.write("a", "a".into()).await.unwrap();
        assert_eq!(*written.lock().unwrap(), ["a"]);
    }
}
