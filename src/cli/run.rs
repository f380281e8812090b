//! `provwatch run`: runs the daemon, or one full pass.

use std::{path::Path, sync::Arc};

use clap::Args;

use super::{
    callable::with_callable,
    context::Context,
    exit::{CliError, Exit, FailOn, Outcome},
    on_disk::OnDisk,
    output::{self, Printing},
    progress::ProgressBars,
    renewal::{Renewer, trust_interval},
    setup::{self, Prepared},
    summary::Summary,
};
use crate::{
    app::App,
    clock::Clock,
    daemon::{self, Health, HealthProgress, Options},
};

/// Watch packages and logs, as a daemon or in one full pass
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  provwatch run         # watch until stopped; for systemd see systemd/README.md
  provwatch run --once  # one full pass over all sources, then a summary
  provwatch run --once --format json --fail-on medium

The daemon ends on SIGTERM, and reads configuration and watchlist again on SIGHUP. --format and --fail-on are \
options of --once. With --format json the last line is the summary; subscriptions of type stdout print their alerts \
before it.

Exit codes of --once:
  0 clean · 1 failed · 3 alerts at or above --fail-on were raised
  4 provwatch could not check something")]
pub struct Run {
    /// Make one full pass and exit: read every source, check the due packages, send the alerts
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    fail_on: FailOn,
    #[command(flatten)]
    printing: Printing,
}

impl Run {
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        context.start_logs()?;
        context.log_exposures();
        let on_disk = OnDisk::of(&context);
        let prepared = context.prepare()?;
        let _only_runner = context.lock()?;
        if self.once { self.once(&context, prepared) } else { watch(&context, config, prepared, on_disk) }
    }

    fn once(&self, context: &Context, prepared: Prepared) -> Outcome {
        let progress = Arc::new(ProgressBars::over(0));
        let app = context.app_of(prepared, Arc::clone(&progress) as _)?;
        say_if_nothing_is_watched(&app);
        app.packages.reconciler.enqueue_unknown()?;
        progress.expect(app.store.work_summary(app.clock.now())?.due);
        let pass = setup::runtime()?.block_on(async {
            setup::refresh_trust(&app).await;
            app.pass().await
        });
        let seen = progress.finish();
        let work = app.store.work_summary(app.clock.now())?;
        // A re-check is a precaution, and no other work waits for it.
        let summary = Summary::new(&pass?, seen, work.waiting - work.again);
        if self.printing.is_json() {
            output::json(&summary)?;
        } else {
            summary.print();
        }
        Ok(summary.exit(self.fail_on.fail_on))
    }
}

fn watch(context: &Context, named: Option<&Path>, prepared: Prepared, on_disk: OnDisk) -> Outcome {
    let health = Arc::new(Health::default());
    let clock: Arc<dyn Clock> = Context::clock();
    let progress = Arc::new(HealthProgress { health: Arc::clone(&health), clock });
    let app = Arc::new(context.app_of(prepared, Arc::clone(&progress) as _)?);
    say_if_nothing_is_watched(&app);
    if let Some(configuration) = on_disk.look_beside(&app.watchlist.now()).configuration.digest {
        app.caretaker.goes_by(configuration);
    }
    let renewer = Renewer::new(named, &context.config, progress);
    let options = Options {
        reload: Box::new(move |app| renewer.read(app)),
        on_disk: Arc::new(move || on_disk.look()),
        health,
        trust_interval: trust_interval(&context.config),
        grace: context.config.daemon.shutdown_grace.duration(),
    };
    setup::runtime()?.block_on(daemon::run(app, options)).map_err(CliError::failed)?;
    Ok(Exit::Clean)
}

fn say_if_nothing_is_watched(app: &App) {
    let watchlist = app.watchlist.now();
    for warning in watchlist.warnings() {
        output::note(format!("warning: {warning}"));
    }
    if watchlist.is_empty() && !app.sources.is_empty() {
        output::note(with_callable(
            "warning: the watchlist is empty; `provwatch watch add` and `provwatch watch import` fill it",
        ));
    }
}
