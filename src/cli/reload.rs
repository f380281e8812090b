//! `provwatch reload`: makes the running daemon read configuration and watchlist again.

use std::path::Path;

use clap::Args;

use super::{
    context::Context,
    exit::{CliError, Exit, Outcome},
    output,
};
use crate::daemon::{self, Lock};

/// Make the running daemon read its configuration and watchlist again
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  provwatch reload  # what `systemctl reload provwatch` does
  provwatch -c ./provwatch.toml reload

Checks configuration and watchlist, and always sends SIGHUP to the daemon. If the daemon cannot use a part, for \
example because a secret is missing, it keeps the old one; the log and `systemctl status` have the reason.

Exit codes: 0 the daemon got the signal · 1 no daemon runs · 2 the configuration or the watchlist is wrong")]
pub struct Reload {}

impl Reload {
    pub fn run(config: Option<&Path>) -> Outcome {
        let context = Context::load(config);
        let holder = context.as_ref().ok().map(|context| Lock::holder(&context.config.store_path())).transpose()?;
        let process = holder.flatten().or_else(service);
        let checked = context.and_then(|context| {
            context.refuse_mistakes()?;
            context.watchlist()
        });
        let Some(process) = process else {
            return Err(checked.err().unwrap_or_else(|| {
                CliError::failed("no daemon runs on this database").next("`provwatch run` starts one")
            }));
        };
        daemon::ask_to_reload(process)
            .map_err(|error| CliError::failed(format!("sending SIGHUP to the process {process}: {error}")))?;
        checked?;
        output::line(format!("The daemon (process {process}) reads configuration and watchlist again."));
        Ok(Exit::Clean)
    }
}

/// The main process of the service for which this command runs, as `ExecReload=` of systemd names it.
fn service() -> Option<u32> {
    std::env::var("MAINPID").ok()?.parse().ok()
}
