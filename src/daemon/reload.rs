//! What was read again on SIGHUP, taken or refused.

use super::{
    describe::{describe, watching},
    loops::Context,
    systemd,
};
use crate::{pipeline::Pipeline, text::with_causes, watchlist::Watchlist};

/// The configuration says the same as the one in use, however it is written now.
pub(super) fn taken(context: &Context, watchlist: Watchlist) {
    let pipeline = &context.pipeline;
    pipeline.note_reload(Ok(()));
    if let Some(configuration) = (context.on_disk)().configuration.digest {
        pipeline.goes_by(configuration);
    }
    watch(pipeline, watchlist);
    tell(context);
}

/// What cannot be read leaves the old in place.
pub(super) fn refused(context: &Context, why: String, watchlist: Option<Watchlist>) {
    let pipeline = &context.pipeline;
    tracing::error!("{why}");
    pipeline.note_reload(Err(why));
    if let Some(watchlist) = watchlist {
        watch(pipeline, watchlist);
    }
    tell(context);
}

fn watch(pipeline: &Pipeline, watchlist: Watchlist) {
    tracing::info!("read the watchlist again, {}", watching(&watchlist));
    pipeline.replace_watchlist(watchlist);
    if let Err(error) = pipeline.enqueue_unknown() {
        tracing::error!("the new packages wait for the next start: {error}");
    }
}

/// Whoever asks next is to hear by which files the daemon goes now; the verdict comes to `systemctl status` with the pulse.
fn tell(context: &Context) {
    systemd::status(&describe(&context.pipeline));
    if let Err(error) = context.look_after() {
        tracing::error!("looking after the daemon itself: {}", with_causes(&error));
    }
}
