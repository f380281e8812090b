//! The sink that appends messages to a file, one line of JSON each.

use std::{
    fs::{File, OpenOptions, Permissions, TryLockError},
    io::{self, ErrorKind, Write},
    os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use futures::future::BoxFuture;
use rustix::{fs::OFlags, io::Errno};

use super::writer::Writer;
use crate::{
    deliver::{Form, Message, Receipt, Sink, SinkError},
    owner::{self, Owner, folder_of},
    text::shell_word,
};

/// The mode of a file that provwatch creates, whatever the umask: collectors of logs read by group.
const MODE: u32 = 0o640;

/// How long the file may be locked by another program. An attempt has 30 seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pause before a lock is tried again.
const PAUSE: Duration = Duration::from_millis(10);

/// Appends messages to a file. A message is on the disk, as one whole line, before it counts as delivered.
///
/// The file is opened anew for each message, so a rotation needs no signal. provwatch follows no symbolic link at its
/// name, and writes to no device or pipe.
#[derive(Debug)]
pub struct FileSink {
    path: PathBuf,
    form: Form,
    writer: Writer,
}

impl FileSink {
    /// A sink that appends to this file for the user to whom the database belongs. It opens nothing yet.
    pub fn new(path: PathBuf, form: Form, database: PathBuf) -> Self {
        Self::with_patience(path, form, database, PATIENCE)
    }

    fn with_patience(path: PathBuf, form: Form, database: PathBuf, patience: Duration) -> Self {
        let at = path.clone();
        Self { path, form, writer: Writer::new("file", move |line| append(&at, &database, line, patience)) }
    }

    async fn append(&self, message: &Message) -> Result<Receipt, SinkError> {
        let mut line = self.form.document(message)?.to_vec();
        line.push(b'\n');
        self.writer.write(&message.idempotency_key, line).await.map_err(|error| self.failed(error))?;
        Ok(Receipt::of("appended"))
    }

    fn failed(&self, error: io::Error) -> SinkError {
        let path = self.path.display();
        let hint = match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                ", where the service must have the right to write (its state folder, or ReadWritePaths= in a drop-in)"
            }
            _ => "",
        };
        SinkError::temporary(format!("appending to {path}{hint}")).because(error)
    }
}

impl Sink for FileSink {
    fn kind(&self) -> &'static str {
        "file"
    }

    fn deliver<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Receipt, SinkError>> {
        Box::pin(self.append(message))
    }
}

/// Appends a line and waits for the disk. After an error the file is as long as before.
fn append(path: &Path, database: &Path, line: &[u8], patience: Duration) -> io::Result<()> {
    let mut file = open(path, database)?;
    lock(&file, patience)?;
    let before = file.metadata()?.len();
    let written = write(&mut file, before, line);
    if written.is_err() {
        // If even that fails, the next message begins on a new line.
        let _ = file.set_len(before);
    }
    written
}

/// Keeps two processes of provwatch apart, such as the daemon and `test-sinks`. Any reader of the file can lock it too, and
/// keep the lock; provwatch waits a while, and the attempt fails.
fn lock(file: &File, patience: Duration) -> io::Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            // Not every file system has locks.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(()),
            Err(TryLockError::WouldBlock) if waited < patience => {
                thread::sleep(PAUSE);
                waited += PAUSE;
            }
            Err(TryLockError::WouldBlock) => {
                let why = format!(
                    "another program locks it for more than {} s; a reader needs no lock (flock)",
                    patience.as_secs_f64()
                );
                return Err(io::Error::new(ErrorKind::WouldBlock, why));
            }
        }
    }
}

fn write(file: &mut File, before: u64, line: &[u8]) -> io::Result<()> {
    if is_torn(file, before)? {
        file.write_all(b"\n")?;
    }
    file.write_all(line)?;
    file.sync_data()
}

/// Whether the last line has no end: provwatch, or another program, stopped in the middle of it.
fn is_torn(file: &File, length: u64) -> io::Result<bool> {
    let Some(last) = length.checked_sub(1) else { return Ok(false) };
    let mut byte = [0];
    file.read_exact_at(&mut byte, last)?;
    Ok(byte != *b"\n")
}

/// What root may write, the service may not: then a trial by root would say that all is well, and make a file that the
/// service cannot use.
fn open(path: &Path, database: &Path) -> io::Result<File> {
    let service = owner::is_root().then(|| owner::service(database)).flatten();
    if let Some(service) = service.filter(|service| service.cannot_write(path)) {
        return Err(io::Error::other(unusable(path, service)));
    }
    match options().open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => create(path, service),
        opened => regular(opened),
    }
}

/// What to do about a file that the user of the service may not write.
fn unusable(path: &Path, Owner { user, group }: Owner) -> String {
    let file = shell_word(&path.display().to_string());
    let make = if path.exists() {
        format!("`chown {user}:{group} {file}`")
    } else {
        format!("`install -o {user} -g {group} -m 0640 /dev/null {file}`")
    };
    format!(
        "root may write it, and the user of the service (number {user}, to whom the database belongs) may not: give it to that \
         user with {make}, or choose a path below the state folder of the service"
    )
}

fn create(path: &Path, service: Option<Owner>) -> io::Result<File> {
    match options().create_new(true).mode(MODE).open(path) {
        // Another process was first.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => regular(options().open(path)),
        Err(error) => Err(error),
        Ok(file) => {
            file.set_permissions(Permissions::from_mode(MODE))?;
            match service {
                Some(service) => owner::hand_to(&file, service)?,
                None => owner::hand_over(&file, path)?,
            }
            // The name of the file must be on the disk too. Not every file system can do that for a folder.
            let _ = File::open(folder_of(path)).and_then(|folder| folder.sync_all());
            Ok(file)
        }
    }
}

/// Without `NONBLOCK`, opening a pipe without a reader would never end.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    options.read(true).append(true).custom_flags(flags.bits().cast_signed());
    options
}

fn regular(opened: io::Result<File>) -> io::Result<File> {
    let file = opened.map_err(|error| match error.raw_os_error() {
        Some(code) if code == Errno::LOOP.raw_os_error() => {
            io::Error::new(ErrorKind::InvalidInput, "it is a symbolic link, which provwatch does not follow")
        }
        _ => error,
    })?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file; provwatch writes to no device and to no pipe"))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, time::Duration};

    use super::*;
    use crate::deliver::{lives, samples};

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    async fn deliver(path: &Path, message: &Message) -> Result<Receipt, SinkError> {
        let sink = FileSink::new(path.to_owned(), Form::Provwatch, path.with_extension("db"));
        assert_eq!(sink.kind(), "file");
        tokio::time::timeout(Duration::from_secs(20), sink.deliver(message)).await.expect("nothing hangs")
    }

    #[tokio::test]
    async fn every_message_is_one_line_that_reads_back() {
        let folder = folder();
        for form in [Form::Provwatch, Form::Ocsf, Form::CloudEvents] {
            let path = folder.path().join(format!("{form:?}"));
            let sink = FileSink::new(path.clone(), form, path.with_extension("db"));
            let messages = lives::all();
            for message in &messages {
                assert_eq!(sink.deliver(message).await.unwrap().detail, "appended");
            }
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(text.lines().count(), messages.len());
            assert!(text.ends_with('\n') && !text.contains(['\u{1b}', '\u{202e}', '\r']));
            for line in text.lines() {
                serde_json::from_str::<serde_json::Value>(line).unwrap();
            }
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, MODE, "whatever the umask");
        }
    }

    #[tokio::test]
    async fn what_is_there_stays_and_a_torn_line_is_ended_first() {
        let folder = folder();
        let path = folder.path().join("alerts.jsonl");
        for (there, lines) in [("", 1), ("{\"a\":1}\n", 2), ("{\"a\":1}\n{\"torn\":", 3), ("x", 2), ("\n", 2)] {
            fs::write(&path, there).unwrap();
            deliver(&path, &samples::message(samples::takeover())).await.unwrap();
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.starts_with(there) && text.ends_with("}\n"), "{text}");
            assert_eq!(text.lines().count(), lines, "{text}");
            assert!(text.lines().last().unwrap().starts_with("{\"type\":\"alert.raised\""), "{text}");
        }
    }

    #[tokio::test]
    async fn a_rotation_needs_no_signal() {
        let folder = folder();
        let path = folder.path().join("alerts.jsonl");
        let sink = FileSink::new(path.clone(), Form::Provwatch, path.with_extension("db"));
        let messages = lives::all();
        sink.deliver(&messages[0]).await.unwrap();
        fs::rename(&path, folder.path().join("alerts.jsonl.1")).unwrap();
        sink.deliver(&messages[1]).await.unwrap();
        fs::OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
        sink.deliver(&messages[2]).await.unwrap();
        for name in ["alerts.jsonl", "alerts.jsonl.1"] {
            assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap().lines().count(), 1, "{name}");
        }
    }

    #[tokio::test]
    async fn only_regular_files_are_written() {
        let folder = folder();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("target"), "").unwrap();
        symlink(at("target"), at("link")).unwrap();
        symlink(at("nowhere"), at("dangling")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        fs::create_dir(at("folder")).unwrap();
        for (path, said) in [
            (at("link"), "symbolic link"),
            (at("dangling"), "symbolic link"),
            (at("pipe"), "not a regular file"),
            (at("folder"), "appending to"),
            (at("missing/alerts.jsonl"), "appending to"),
            (PathBuf::from("/dev/full"), "not a regular file"),
            (PathBuf::from("/dev/null"), "not a regular file"),
        ] {
            let error = deliver(&path, &samples::message(samples::takeover())).await.unwrap_err();
            assert!(
                matches!(error, SinkError::Temporary { .. }) && error.report().contains(said),
                "{}",
                error.report()
            );
        }
        assert_eq!(fs::read_to_string(at("target")).unwrap(), "");
        assert!(!at("nowhere").exists());
    }

    #[tokio::test]
    async fn two_processes_do_not_mix_their_lines() {
        let folder = folder();
        let path = folder.path().join("alerts.jsonl");
        let sinks = [0; 4].map(|_| FileSink::new(path.clone(), Form::Provwatch, path.with_extension("db")));
        let messages = lives::all();
        let all = sinks.iter().map(|sink| async {
            for message in &messages {
                sink.deliver(message).await.unwrap();
            }
        });
        futures::future::join_all(all).await;
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 4 * messages.len());
        assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    }

    #[test]
    fn a_file_that_the_service_cannot_use_is_told_with_the_command_that_helps() {
        let folder = folder();
        let (path, service) = (folder.path().join("alerts.jsonl"), Owner { user: 61_184, group: 61_184 });
        assert!(service.cannot_write(&path));
        let said = unusable(&path, service);
        assert!(said.contains(&format!("`install -o 61184 -g 61184 -m 0640 /dev/null {}`", path.display())), "{said}");
        fs::write(&path, "").unwrap();
        assert!(unusable(&path, service).contains("`chown 61184:61184 "), "{said}");
    }

    /// As in a container or a test machine, where tests run as root.
    #[tokio::test]
    async fn what_root_creates_belongs_to_the_service() {
        if !owner::is_root() {
            return;
        }
        let (folder, state) = (folder(), folder());
        let database = state.path().join("provwatch.db");
        fs::write(&database, "").unwrap();
        let chown = |path: &Path| std::os::unix::fs::chown(path, Some(61_184), Some(61_185)).unwrap();
        chown(&database);
        let message = samples::message(samples::takeover());
        let sink = |name: &str| FileSink::new(folder.path().join(name), Form::Provwatch, database.clone());
        let error = sink("refused.jsonl").deliver(&message).await.unwrap_err().report();
        assert!(error.contains("the user of the service") && !folder.path().join("refused.jsonl").exists(), "{error}");
        chown(folder.path());
        sink("made.jsonl").deliver(&message).await.unwrap();
        let made = Owner::of(&fs::metadata(folder.path().join("made.jsonl")).unwrap());
        assert_eq!(made, Owner { user: 61_184, group: 61_185 });
    }

    #[tokio::test]
    async fn a_lock_of_another_program_delays_a_message_for_a_while_only() {
        let folder = folder();
        let path = folder.path().join("alerts.jsonl");
        fs::write(&path, "").unwrap();
        let (sink, message) = (
            FileSink::with_patience(path.clone(), Form::Provwatch, folder.path().join("provwatch.db"), 3 * PAUSE),
            samples::message(samples::takeover()),
        );
        let reader = File::open(&path).unwrap();
        for lock in [File::lock_shared, File::lock] {
            lock(&reader).unwrap();
            let error = sink.deliver(&message).await.unwrap_err();
            assert!(matches!(error, SinkError::Temporary { .. }), "{error:?}");
            assert!(
                error
                    .report()
                    .ends_with("another program locks it for more than 0.03 s; a reader needs no lock (flock)")
            );
            assert_eq!(fs::read_to_string(&path).unwrap(), "");
            reader.unlock().unwrap();
        }
        sink.deliver(&message).await.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
    }

    #[tokio::test]
    async fn an_attempt_that_was_cut_off_is_not_written_twice() {
        let folder = folder();
        let path = folder.path().join("alerts.jsonl");
        fs::write(&path, "").unwrap();
        let other = File::open(&path).unwrap();
        other.lock().unwrap();
        let sink = FileSink::new(path.clone(), Form::Provwatch, path.with_extension("db"));
        let message = samples::message(samples::takeover());
        assert!(tokio::time::timeout(Duration::from_millis(50), sink.deliver(&message)).await.is_err());
        other.unlock().unwrap();
        sink.deliver(&message).await.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
    }
}
