//! Applies or refuses a configuration that was read again on SIGHUP.

use super::{
    describe::{describe, watching},
    loops::Context,
    systemd,
};
use crate::{app::App, text::with_causes, watchlist::Watchlist};

/// Applies a configuration with the same meaning as the one in use, in whatever layout.
pub(super) fn taken(context: &Context, watchlist: Watchlist) {
    let app = &context.app;
    app.reload.note(Ok(()), app.clock.now());
    if let Some(configuration) = (context.on_disk)().configuration.digest {
        app.caretaker.goes_by(configuration);
    }
    watch(app, watchlist);
    if let Err(error) = app.caretaker.wake_endpoints(|_| true) {
        tracing::error!("disabled endpoints stay disabled: {}", with_causes(&error));
    }
    tell(context);
}

/// Keeps the old configuration if the new one cannot be read.
pub(super) fn refused(context: &Context, why: String, watchlist: Option<Watchlist>) {
    let app = &context.app;
    tracing::error!("{why}");
    app.reload.note(Err(why), app.clock.now());
    if let Some(watchlist) = watchlist {
        watch(app, watchlist);
    }
    tell(context);
}

fn watch(app: &App, watchlist: Watchlist) {
    tracing::info!("read the watchlist again, {}", watching(&watchlist));
    app.watchlist.replace(watchlist);
    if let Err(error) = app.packages.reconciler.enqueue_unknown() {
        tracing::error!("the new packages wait for the next start: {error}");
    }
}

/// Publishes the files that the daemon uses now for later queries; `systemctl status` receives the verdict with the
/// pulse.
fn tell(context: &Context) {
    systemd::status(&describe(&context.app));
    if let Err(error) = context.look_after() {
        tracing::error!("looking after the daemon itself: {}", with_causes(&error));
    }
}
