//! What was posted of messages that are not whole yet.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The parts that were posted of incomplete messages, so that another attempt posts only the others. Slack allows a
/// post a second, and requests a pause in the middle of a long message.
#[derive(Debug, Default)]
pub(super) struct Posted(Mutex<VecDeque<Begun>>);

/// An incomplete message.
#[derive(Debug, Default)]
struct Begun {
    key: String,
    /// The digests of its parts.
    parts: Vec<[u8; 32]>,
    /// The thread that it began.
    thread: Option<String>,
}

/// Messages whose parts are remembered.
const REMEMBERED: usize = 16;

impl Posted {
    /// Whether a part of a message was posted.
    pub fn has(&self, key: &str, digest: &[u8; 32]) -> bool {
        self.lock().iter().any(|begun| begun.key == key && begun.parts.contains(digest))
    }

    /// Records that a part of a message was posted.
    pub fn note(&self, key: &str, digest: [u8; 32]) {
        self.change(key, |begun| begun.parts.push(digest));
    }

    /// The thread that a message began.
    pub fn thread(&self, key: &str) -> Option<String> {
        self.lock().iter().find(|begun| begun.key == key)?.thread.clone()
    }

    /// Records that a message began a thread, in which nothing else of it was posted yet.
    pub fn begin(&self, key: &str, thread: &str) {
        self.change(key, |begun| (begun.thread, begun.parts) = (Some(thread.to_owned()), Vec::new()));
    }

    /// The message is whole, or begins again.
    pub fn forget(&self, key: &str) {
        self.lock().retain(|begun| begun.key != key);
    }

    fn change(&self, key: &str, change: impl FnOnce(&mut Begun)) {
        let mut messages = self.lock();
        if let Some(begun) = messages.iter_mut().find(|begun| begun.key == key) {
            return change(begun);
        }
        if messages.len() == REMEMBERED {
            messages.pop_front();
        }
        let mut begun = Begun { key: key.to_owned(), ..Begun::default() };
        change(&mut begun);
        messages.push_back(begun);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Begun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_remembered_until_it_is_whole() {
        let posted = Posted::default();
        posted.note("a", [1; 32]);
        assert!(posted.has("a", &[1; 32]) && !posted.has("b", &[1; 32]) && !posted.has("a", &[2; 32]));
        posted.begin("a", "1.0");
        assert_eq!(posted.thread("a").as_deref(), Some("1.0"));
        assert!(!posted.has("a", &[1; 32]), "it stands in another thread");
        posted.forget("a");
        assert_eq!(posted.thread("a"), None);
        for number in 0..2 * REMEMBERED {
            posted.note(&number.to_string(), [0; 32]);
        }
        assert_eq!(posted.lock().len(), REMEMBERED);
    }
}
