//! Logging of the program itself to standard error. Messages, never data: nothing here may hold a secret.

mod shown;

use std::{
    io::{self, IsTerminal, Write},
    panic::PanicHookInfo,
    sync::OnceLock,
};

use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter,
    filter::{LevelFilter, ParseError},
    fmt::MakeWriter,
    util::SubscriberInitExt,
};

use self::shown::Shown;

/// The environment variable that comes before the configured level.
pub const VARIABLE: &str = "PROVWATCH_LOG";

/// Takes another filter into use.
type Change = Box<dyn Fn(EnvFilter) + Send + Sync>;

/// How the level of the process's logs is changed.
static CHANGE: OnceLock<Change> = OnceLock::new();

/// How logs are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    /// `info`, or directives: `info,provwatch::http=debug`.
    pub level: String,
    /// One JSON object a line, in place of text.
    pub json: bool,
    /// Whether standard error is the journal's: it adds the time, which JSON lines always have, and takes the priority
    /// of a line from its beginning, `<4>`.
    pub journal: bool,
    /// Whether text has colours.
    pub colours: bool,
}

/// Why logs could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The level is not one.
    #[error(
        "{level:?} is not a log level; expected error, warn, info, debug, trace, or directives such as \"info,provwatch::http=debug\""
    )]
    Level {
        /// What was asked for.
        level: String,
        /// What is wrong with it, unless it is a word that is no level.
        #[source]
        source: Option<ParseError>,
    },
    /// Logs were set up before, and go where they went.
    #[error("logs are set up already")]
    Twice,
}

/// Every form of line is a type of its own.
macro_rules! with_change {
    ($builder:expr) => {{
        let builder = $builder.with_filter_reloading();
        let handle = builder.reload_handle();
        let change: Change = Box::new(move |filter| drop(handle.reload(filter)));
        (Box::new(builder.finish()) as Box<dyn Subscriber + Send + Sync>, change)
    }};
}

impl Logging {
    /// The usual set-up: the level of `PROVWATCH_LOG` or else this one, priorities and no times where standard error goes to
    /// the journal, colours on a terminal unless `NO_COLOR` is set.
    pub fn usual(level: &str, json: bool) -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            level: set(VARIABLE).unwrap_or_else(|| level.to_owned()),
            json,
            journal: set("JOURNAL_STREAM").is_some_and(|stream| is_standard_error(&stream)),
            colours: io::stderr().is_terminal() && set("NO_COLOR").is_none(),
        }
    }

    /// Sends logs to standard error from now on, panics among them.
    ///
    /// # Errors
    /// The level is not one, or logs are set up already; then nothing changes.
    pub fn install(&self) -> Result<(), TelemetryError> {
        let (subscriber, change) = self.subscriber(io::stderr)?;
        subscriber.try_init().map_err(|_| TelemetryError::Twice)?;
        std::panic::set_hook(Box::new(log_panic));
        let _ = CHANGE.set(change);
        Ok(())
    }

    /// Logs at this level from now on, if logs were set up; else nothing happens.
    ///
    /// # Errors
    /// The level is not one; then it stays as it was.
    pub fn change_level(&self) -> Result<(), TelemetryError> {
        let filter = self.filter()?;
        if let Some(change) = CHANGE.get() {
            change(filter);
        }
        Ok(())
    }

    fn filter(&self) -> Result<EnvFilter, TelemetryError> {
        filter(&self.level).map_err(|source| TelemetryError::Level { level: self.level.clone(), source })
    }

    fn subscriber<W>(&self, writer: W) -> Result<(Box<dyn Subscriber + Send + Sync>, Change), TelemetryError>
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        // A closed standard error must not end the daemon: the complaint about it would be printed there, and panic.
        let builder = tracing_subscriber::fmt()
            .with_env_filter(self.filter()?)
            .with_writer(Shown { writer, json: self.json, priorities: self.journal })
            .with_ansi(self.colours)
            .log_internal_errors(false);
        Ok(match (self.json, self.journal) {
            (true, _) => with_change!(builder.json().flatten_event(true)),
            (false, false) => with_change!(builder),
            (false, true) => with_change!(builder.without_time()),
        })
    }
}

/// Whether a `JOURNAL_STREAM` names standard error: `DEVICE:INODE` (systemd.exec(5)). A program that starts another with
/// its error elsewhere passes the variable on.
fn is_standard_error(stream: &str) -> bool {
    let found = rustix::fs::fstat(io::stderr());
    found.is_ok_and(|found| stream == format!("{}:{}", found.st_dev, found.st_ino))
}

/// The filter of a level. A word that is no level would be taken for the name of a module, and everything else would fall
/// silent: `inof` must not do that.
fn filter(level: &str) -> Result<EnvFilter, Option<ParseError>> {
    let is_level = |word: &str| !word.is_empty() && word.parse::<LevelFilter>().is_ok();
    let is_clear = |directive: &str| directive.contains('=') || is_level(directive);
    if !level.split(',').map(str::trim).all(is_clear) {
        return Err(None);
    }
    EnvFilter::builder().parse(level).map_err(Some)
}

/// A panic is logged like any other failure, in the chosen form.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let message = panic.payload_as_str().unwrap_or("no message");
    tracing::error!(target: "provwatch::panic", place, "panicked: {message}");
    let _ = io::stderr().flush();
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Collects what is written.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(logging: &Logging) -> String {
        let page = Page::default();
        let writer = page.clone();
        let (subscriber, _) = logging.subscriber(move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(source = "npm-changes", "read a page");
            tracing::debug!("not shown");
        });
        String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
    }

    fn logging(json: bool, journal: bool) -> Logging {
        Logging { level: "info".to_owned(), json, journal, colours: false }
    }

    #[test]
    fn text_has_a_priority_and_no_time_in_the_journal() {
        assert_eq!(
            logged(&logging(false, true)),
            "<6> INFO provwatch::telemetry::tests: read a page source=\"npm-changes\"\n"
        );
        assert!(logged(&logging(false, false)).starts_with("20"));
        assert!(logged(&logging(true, true)).starts_with("<6>{"));
    }

    /// What `journalctl -p warning` goes by.
    #[test]
    fn every_level_has_its_priority_once_a_line() {
        let page = Page::default();
        let writer = page.clone();
        let everything = Logging { level: "trace".to_owned(), ..logging(false, true) };
        let (subscriber, _) = everything.subscriber(move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!("one");
            tracing::warn!("two\nlines");
            tracing::info!("three");
            tracing::debug!("four");
            tracing::trace!("five");
        });
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        let starts: Vec<&str> =
            text.lines().filter_map(|line| line.get(..3)).filter(|start| start.starts_with('<')).collect();
        assert_eq!(starts, ["<3>", "<4>", "<6>", "<7>", "<7>"], "{text}");
    }

    #[test]
    fn a_variable_of_another_stream_is_not_believed() {
        for stream in ["", "0:0", "x", "1:2:3"] {
            assert!(!is_standard_error(stream), "{stream}");
        }
    }

    #[test]
    fn json_is_one_object_a_line() {
        let line: serde_json::Value = serde_json::from_str(&logged(&logging(true, false))).unwrap();
        assert_eq!((&line["message"], &line["source"]), (&"read a page".into(), &"npm-changes".into()));
        assert!(line["timestamp"].is_string());
    }

    #[test]
    fn nothing_that_misleads_reaches_the_log() {
        let evil = "a\u{9b}2J\u{202e}b\u{200b}\r\u{7f}c";
        for json in [false, true] {
            let page = Page::default();
            let writer = page.clone();
            let (subscriber, _) = logging(json, false).subscriber(move || writer.clone()).unwrap();
            tracing::subscriber::with_default(subscriber, || tracing::info!(evil, "hello {evil}"));
            let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
            let line = text.strip_suffix('\n').unwrap();
            assert!(!line.contains(crate::text::misleads), "{line:?}");
            if json {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                assert_eq!((&line["evil"], &line["message"]), (&evil.into(), &format!("hello {evil}").into()));
            }
        }
    }

    #[test]
    fn the_level_can_be_changed() {
        let page = Page::default();
        let writer = page.clone();
        let (subscriber, change) = logging(false, false).subscriber(move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::debug!("before");
            change(EnvFilter::new("debug"));
            tracing::debug!("after");
        });
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("after") && !text.contains("before"), "{text}");
    }

    #[test]
    fn obnoxious_levels_are_refused() {
        for level in ["", "inof", "info,provwatch=loud", "info,,debug", "provwatch[", "provwatch[=debug"] {
            let logging = Logging { level: level.to_owned(), ..logging(false, false) };
            assert!(logging.subscriber(io::sink).is_err(), "{level}");
        }
    }

    #[test]
    fn a_writer_that_fails_does_no_harm() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        let (subscriber, _) = logging(false, false).subscriber(|| Closed).unwrap();
        tracing::subscriber::with_default(subscriber, || tracing::error!("into the void"));
    }
}
