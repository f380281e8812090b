//! The sink that writes messages to the systemd journal, a field for each property.

use std::{
    fs::File,
    io::{self, IoSlice, Write},
    mem::MaybeUninit,
    os::fd::{AsFd, OwnedFd},
    path::PathBuf,
};

use futures::future::BoxFuture;
use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create},
    io::Errno,
    net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg},
};
use tokio::{io::Interest, net::UnixDatagram};

use crate::{
    deliver::{
        Form, Message, Receipt, Sink, SinkError,
        event::Event,
        view::{
            View,
            log_line::{line, priority},
        },
    },
    text::plain,
};

/// The journal's id of messages about alerts: `journalctl MESSAGE_ID=…` lists them.
const MESSAGE_ID: &str = "5b38773f5f5241639c5f5a9fc4f85b2d";

/// Most releases of a campaign with a field of their own: an entry of the journal has at most 1,024 fields.
const MOST_PURLS: usize = 500;

/// Most characters of a purl.
const PURL: usize = 500;

/// Writes messages by the [native protocol](https://systemd.io/JOURNAL_NATIVE_PROTOCOL/) of the systemd journal.
#[derive(Debug)]
pub struct JournaldSink {
    socket: PathBuf,
}

impl JournaldSink {
    /// A sink that writes to the journal's socket at this path. It connects for each message, so a journal that was
    /// restarted is found again.
    pub fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    async fn write(&self, message: &Message) -> Result<Receipt, SinkError> {
        let document = Form::Provwatch.document(message)?;
        let entry = entry(message, Some(&document));
        let socket = self.connect().map_err(|error| self.failed(error))?;
        let sent = match socket.send(&entry).await {
            Err(error) if is_too_long(&error) => send_large(&socket, message, &entry).await,
            Err(error) => Err(error),
            Ok(_) => Ok("written"),
        };
        sent.map(Receipt::of).map_err(|error| self.failed(error))
    }

    fn connect(&self) -> io::Result<UnixDatagram> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(&self.socket)?;
        Ok(socket)
    }

    fn failed(&self, error: io::Error) -> SinkError {
        SinkError::temporary(format!("writing to the journal at {}", self.socket.display())).because(error)
    }
}

impl Sink for JournaldSink {
    fn kind(&self) -> &'static str {
        "journald"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(self.write(message))
    }
}

fn is_too_long(error: &io::Error) -> bool {
    [Errno::MSGSIZE, Errno::NOBUFS].iter().any(|code| error.raw_os_error() == Some(code.raw_os_error()))
}

/// Sends an entry that does not fit into a datagram as a sealed file in memory, or without the document.
async fn send_large(socket: &UnixDatagram, message: &Message, whole: &[u8]) -> io::Result<&'static str> {
    if let Ok(file) = sealed(whole)
        && socket.async_io(Interest::WRITABLE, || pass(socket, &file)).await.is_ok()
    {
        return Ok("written as a file in memory");
    }
    socket.send(&entry(message, None)).await.map(|_| "written without the document, which is too long")
}

/// A file in memory that nobody can change any more: the journal accepts no other.
fn sealed(bytes: &[u8]) -> io::Result<OwnedFd> {
    let file = memfd_create("provwatch-journal", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut file = File::from(file);
    file.write_all(bytes)?;
    fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL)?;
    Ok(file.into())
}

/// Sends a datagram that has nothing but the file.
fn pass(socket: &UnixDatagram, file: &OwnedFd) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let files = [file.as_fd()];
    control.push(SendAncillaryMessage::ScmRights(&files));
    let nothing: [IoSlice<'_>; 0] = [];
    sendmsg(socket.as_fd(), &nothing, &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// The fields of a message, one after the other.
fn entry(message: &Message, document: Option<&[u8]>) -> Vec<u8> {
    let (alert, view) = (&message.alert, View::of(message));
    let mut entry = Vec::new();
    let note = if document.is_some() { "" } else { " (without the document, which is too long for the journal)" };
    field(&mut entry, "MESSAGE", format!("{}{note}", line(message, &view)).as_bytes());
    for (name, value) in [
        ("PRIORITY", priority(message).to_string().as_str()),
        ("SYSLOG_IDENTIFIER", "provwatch"),
        ("MESSAGE_ID", MESSAGE_ID),
        ("PROVWATCH_ALERT", &alert.id.to_string()),
        ("PROVWATCH_EVENT", Event::of(message).as_str()),
        ("PROVWATCH_KIND", view.kind),
        ("PROVWATCH_SEVERITY", view.severity),
        ("PROVWATCH_CONFIDENCE", view.confidence),
        ("PROVWATCH_STATUS", alert.status.as_str()),
        ("PROVWATCH_ID", &message.idempotency_key),
    ] {
        field(&mut entry, name, value.as_bytes());
    }
    // The journal takes a field several times: `journalctl PROVWATCH_PURL=…` finds the campaigns of a release, too.
    for release in alert.purl.iter().chain(&alert.members).take(MOST_PURLS) {
        field(&mut entry, "PROVWATCH_PURL", plain(&release.to_string(), PURL).as_bytes());
    }
    if let Some(document) = document {
        field(&mut entry, "PROVWATCH_DOCUMENT", document);
    }
    entry
}

/// Adds a field. A value with a line end has its length before it, so that no value can add a field.
fn field(entry: &mut Vec<u8>, name: &str, value: &[u8]) {
    entry.extend_from_slice(name.as_bytes());
    if value.contains(&b'\n') {
        entry.push(b'\n');
        entry.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        entry.push(b'=');
    }
    entry.extend_from_slice(value);
    entry.push(b'\n');
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{collections::BTreeMap, io::Read, time::Duration};

    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

    use super::*;
    use crate::deliver::{lives, samples};

    /// A journal: a socket that takes entries, whether they come in the datagram or as a file.
    pub(crate) struct Journal {
        folder: tempfile::TempDir,
        socket: std::os::unix::net::UnixDatagram,
    }

    impl Journal {
        pub fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let socket = std::os::unix::net::UnixDatagram::bind(folder.path().join("socket")).unwrap();
            Self { folder, socket }
        }

        /// Its folder, in which the socket is `socket`.
        pub fn folder(&self) -> &std::path::Path {
            self.folder.path()
        }

        fn sink(&self) -> JournaldSink {
            JournaldSink::new(self.folder.path().join("socket"))
        }

        /// The next entry, and whether it came as a file.
        pub fn receive(&self) -> (Vec<u8>, bool) {
            let mut bytes = vec![0; 1 << 20];
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let mut parts = [io::IoSliceMut::new(&mut bytes)];
            let received = recvmsg(&self.socket, &mut parts, &mut control, RecvFlags::empty()).unwrap();
            let mut files = control.drain().flat_map(|message| match message {
                RecvAncillaryMessage::ScmRights(files) => files.collect::<Vec<_>>(),
                _ => Vec::new(),
            });
            let Some(file) = files.next() else { return (bytes[..received.bytes].to_vec(), false) };
            assert_eq!((received.bytes, files.next().is_none()), (0, true), "the file comes alone");
            let all = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
            assert_eq!(rustix::fs::fcntl_get_seals(&file).unwrap(), all);
            let mut entry = Vec::new();
            let mut file = File::from(file);
            io::Seek::rewind(&mut file).unwrap();
            file.read_to_end(&mut entry).unwrap();
            (entry, true)
        }
    }

    /// The fields of an entry, read as the journal reads them.
    pub(crate) fn fields(mut entry: &[u8]) -> BTreeMap<String, Vec<String>> {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        while !entry.is_empty() {
            let end = entry.iter().position(|byte| *byte == b'\n').unwrap();
            let head = &entry[..end];
            let (name, value, rest) = if let Some(at) = head.iter().position(|byte| *byte == b'=') {
                (&head[..at], &head[at + 1..], &entry[end + 1..])
            } else {
                let (length, rest) = entry[end + 1..].split_at(8);
                let length = usize::try_from(u64::from_le_bytes(length.try_into().unwrap())).unwrap();
                assert_eq!(rest[length], b'\n');
                (head, &rest[..length], &rest[length + 1..])
            };
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            assert!(name.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_'), "{}", text(name));
            fields.entry(text(name)).or_default().push(text(value));
            entry = rest;
        }
        fields
    }

    #[tokio::test]
    async fn a_takeover_in_the_journal() {
        let journal = Journal::new();
        let sink = journal.sink();
        assert_eq!(sink.kind(), "journald");
        assert_eq!(sink.deliver(&samples::message(samples::takeover())).await.unwrap().detail, "written");
        let fields = fields(&journal.receive().0);
        for (name, value) in [
            ("PRIORITY", "3"),
            ("SYSLOG_IDENTIFIER", "provwatch"),
            ("MESSAGE_ID", MESSAGE_ID),
            ("PROVWATCH_ALERT", "6adc1e73047a"),
            ("PROVWATCH_EVENT", "raised"),
            ("PROVWATCH_KIND", "release"),
            ("PROVWATCH_SEVERITY", "high"),
            ("PROVWATCH_STATUS", "open"),
            ("PROVWATCH_PURL", "pkg:npm/axios@1.14.1"),
        ] {
            assert_eq!(fields[name], [value], "{name}");
        }
        assert!(fields["MESSAGE"][0].starts_with("HIGH axios 1.14.1: published with a token"));
        let document: serde_json::Value = serde_json::from_str(&fields["PROVWATCH_DOCUMENT"][0]).unwrap();
        assert_eq!(document["data"]["id"], "6adc1e73047a");
    }

    #[tokio::test]
    async fn every_message_is_one_entry_whose_values_add_no_field() {
        let journal = Journal::new();
        let sink = journal.sink();
        let mut as_files = 0;
        for message in lives::all() {
            let receipt = sink.deliver(&message).await.unwrap();
            let (entry, as_file) = journal.receive();
            as_files += usize::from(as_file);
            assert_eq!(receipt.detail != "written", as_file, "{}", receipt.detail);
            let fields = fields(&entry);
            assert!(fields.len() <= 13 && fields.values().map(Vec::len).sum::<usize>() < 1_024, "{:?}", fields.keys());
            let members = message.alert.members.len() + usize::from(message.alert.purl.is_some());
            assert_eq!(fields.get("PROVWATCH_PURL").map_or(0, Vec::len), members.min(MOST_PURLS));
            let document = Form::Provwatch.document(&message).unwrap();
            assert_eq!(fields["PROVWATCH_DOCUMENT"][0].as_bytes(), document);
            assert!(
                fields
                    .iter()
                    .filter(|(name, _)| *name != "PROVWATCH_DOCUMENT")
                    .all(|(_, values)| { values.iter().all(|value| !value.chars().any(crate::text::misleads)) })
            );
        }
        assert!(as_files > 0, "the campaign of 1,000 fits into no datagram");
    }

    #[test]
    fn a_value_with_line_ends_adds_no_field() {
        let mut entry = Vec::new();
        field(&mut entry, "MESSAGE", b"a\nPRIORITY=0\n");
        field(&mut entry, "PRIORITY", b"6");
        let fields = fields(&entry);
        assert_eq!(fields["MESSAGE"], ["a\nPRIORITY=0\n"]);
        assert_eq!(fields["PRIORITY"], ["6"]);
    }

    #[tokio::test]
    async fn what_is_too_long_goes_without_the_document_if_no_file_can_be_passed() {
        let journal = Journal::new();
        let socket = journal.sink().connect().unwrap();
        let message = samples::message(samples::campaign(1_000, 1_000));
        socket.send(&entry(&message, None)).await.unwrap();
        let (entry, as_file) = journal.receive();
        let fields = fields(&entry);
        assert!(!as_file && !fields.contains_key("PROVWATCH_DOCUMENT"));
        assert!(fields["MESSAGE"][0].ends_with("(without the document, which is too long for the journal)"));
    }

    #[tokio::test]
    async fn a_journal_that_is_not_there_or_full_is_temporary() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        for name in ["missing", "file"] {
            let error =
                JournaldSink::new(folder.path().join(name)).deliver(&samples::message(samples::takeover())).await;
            let error = error.unwrap_err();
            assert!(matches!(error, SinkError::Temporary { .. }) && error.report().contains("the journal at"));
        }
        let journal = Journal::new();
        let (sink, message) = (journal.sink(), samples::message(samples::takeover()));
        let mut sent = 0;
        while tokio::time::timeout(Duration::from_millis(200), sink.deliver(&message)).await.is_ok() {
            sent += 1;
            assert!(sent < 100_000, "a queue has an end");
        }
        // The attempt waited without blocking its thread, and goes on when the journal reads again.
        journal.receive();
        sink.deliver(&message).await.unwrap();
    }

    #[tokio::test]
    async fn a_journal_that_was_restarted_is_found_again() {
        let journal = Journal::new();
        let (sink, message) = (journal.sink(), samples::message(samples::takeover()));
        sink.deliver(&message).await.unwrap();
        let Journal { folder, socket } = journal;
        drop(socket);
        let path = folder.path().join("socket");
        assert!(sink.deliver(&message).await.is_err());
        std::fs::remove_file(&path).unwrap();
        let journal = Journal { socket: std::os::unix::net::UnixDatagram::bind(&path).unwrap(), folder };
        sink.deliver(&message).await.unwrap();
        assert!(!journal.receive().1);
    }
}
