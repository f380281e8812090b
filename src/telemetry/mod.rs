//! Logs: what provwatch writes to standard error about itself. Messages, never data: nothing here may hold a secret.

use std::{
    io::{self, IsTerminal, Write},
    panic::PanicHookInfo,
};

use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter,
    filter::{LevelFilter, ParseError},
    fmt::MakeWriter,
    util::SubscriberInitExt,
};

/// The environment variable that comes before the configured level.
pub const VARIABLE: &str = "PROVWATCH_LOG";

/// How logs are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    /// `info`, or directives: `info,provwatch::http=debug`.
    pub level: String,
    /// One JSON object a line, in place of text.
    pub json: bool,
    /// Whether lines of text begin with the time. JSON lines always have it.
    pub times: bool,
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

impl Logging {
    /// The usual set-up: the level of `PROVWATCH_LOG` or else this one, no times where the journal adds them, colours on a
    /// terminal unless `NO_COLOR` is set.
    pub fn usual(level: &str, json: bool) -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            level: set(VARIABLE).unwrap_or_else(|| level.to_owned()),
            json,
            times: set("JOURNAL_STREAM").is_none(),
            colours: io::stderr().is_terminal() && set("NO_COLOR").is_none(),
        }
    }

    /// Sends logs to standard error from now on, panics among them.
    ///
    /// # Errors
    /// The level is not one, or logs are set up already; then nothing changes.
    pub fn install(&self) -> Result<(), TelemetryError> {
        self.subscriber(io::stderr)?.try_init().map_err(|_| TelemetryError::Twice)?;
        std::panic::set_hook(Box::new(log_panic));
        Ok(())
    }

    fn subscriber<W>(&self, writer: W) -> Result<Box<dyn Subscriber + Send + Sync>, TelemetryError>
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        let filter =
            filter(&self.level).map_err(|source| TelemetryError::Level { level: self.level.clone(), source })?;
        // A closed standard error must not end the daemon: the complaint about it would be printed there, and panic.
        let builder = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(writer)
            .with_ansi(self.colours)
            .log_internal_errors(false);
        Ok(match (self.json, self.times) {
            (true, _) => Box::new(builder.json().flatten_event(true).finish()),
            (false, true) => Box::new(builder.finish()),
            (false, false) => Box::new(builder.without_time().finish()),
        })
    }
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
        let subscriber = logging.subscriber(move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(source = "npm-changes", "read a page");
            tracing::debug!("not shown");
        });
        String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
    }

    fn logging(json: bool, times: bool) -> Logging {
        Logging { level: "info".to_owned(), json, times, colours: false }
    }

    #[test]
    fn text_has_no_time_under_systemd() {
        assert_eq!(
            logged(&logging(false, false)),
            " INFO provwatch::telemetry::tests: read a page source=\"npm-changes\"\n"
        );
        assert!(logged(&logging(false, true)).starts_with("20"));
    }

    #[test]
    fn json_is_one_object_a_line() {
        let line: serde_json::Value = serde_json::from_str(&logged(&logging(true, false))).unwrap();
        assert_eq!((&line["message"], &line["source"]), (&"read a page".into(), &"npm-changes".into()));
        assert!(line["timestamp"].is_string());
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
        let subscriber = logging(false, false).subscriber(|| Closed).unwrap();
        tracing::subscriber::with_default(subscriber, || tracing::error!("into the void"));
    }
}
