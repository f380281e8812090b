//! `provwatch doctor`: checks the installation, one line for each possible fault, each with the next step.

pub(super) mod check;
mod checks;
mod exposure;
mod heartbeat;
mod inventory;
pub(super) mod local;
mod network;
mod own;
mod quiet;
mod reports;
mod unit;

use std::path::Path;

use anstyle::{AnsiColor, Color, Style};
use clap::Args;

use self::check::{CLOCK, Check, State};
use super::{
    callable::with_callable,
    context::Context,
    exit::{Exit, Outcome},
    output::{self, Printing},
    setup, words, wrap,
};

/// Check the configuration, the store, the trust root and the connection to every source
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  provwatch doctor
  provwatch doctor --offline              # without the network
  provwatch doctor --format json

The command changes nothing, and asks every source once.

Exit codes: 0 fine, warnings included · 1 something failed · 2 the configuration is wrong")]
pub struct Doctor {
    /// Skip the checks that need the network
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    printing: Printing,
}

impl Doctor {
    pub fn run(&self, config: Option<&Path>) -> Outcome {
        let context = Context::load(config)?;
        let mut checks = checks::local(&context);
        checks.extend(exposure::checks(&context));
        if !self.offline {
            checks.extend(setup::runtime()?.block_on(network::checks(&context)));
        }
        let checks = with_one_clock(checks);
        for check in &checks {
            if self.printing.is_json() { output::json(check)? } else { print(check) }
        }
        if !self.printing.is_json() {
            output::line(conclusion(&checks));
        }
        Ok(match worst(&checks) {
            State::Ok | State::Limited | State::Warning => Exit::Clean,
            State::Failed => Exit::Failed,
            State::Misconfigured => Exit::Usage,
        })
    }
}

const GOOD: Style = Style::new().fg_color(Some(Color::Ansi(AnsiColor::Green)));
const DOUBTFUL: Style = Style::new().fg_color(Some(Color::Ansi(AnsiColor::Yellow)));
const BAD: Style = Style::new().bold().fg_color(Some(Color::Ansi(AnsiColor::Red)));

/// Merges the checks of the clock: the stored times and a registry's time are reported together, or the worse of both.
fn with_one_clock(mut checks: Vec<Check>) -> Vec<Check> {
    let is_clock = |check: &Check| check.name == CLOCK;
    let places = (checks.iter().position(is_clock), checks.iter().rposition(is_clock));
    let (Some(first), Some(second)) = places else { return checks };
    if first == second {
        return checks;
    }
    let compared = checks.remove(second);
    let own = &mut checks[first];
    if compared.state > own.state {
        *own = compared;
    } else if compared.state == own.state {
        own.detail = format!("{}; {}", own.detail, compared.detail);
    }
    checks
}

fn worst(checks: &[Check]) -> State {
    checks.iter().map(|check| check.state).max().unwrap_or(State::Ok)
}

fn print(check: &Check) {
    let Check { name, state, detail, next } = check;
    let (style, word) = match state {
        State::Ok => (GOOD, "ok     "),
        State::Limited => (DOUBTFUL, "limited"),
        State::Warning => (DOUBTFUL, "warning"),
        State::Failed | State::Misconfigured => (BAD, "failed "),
    };
    output::line(format!("{style}{word}{style:#}  {name}"));
    let show = |text: &str| output::line(wrap::sentence(text, wrap::width(), "           "));
    detail.lines().for_each(|line| show(&with_callable(&words::sentence(line))));
    if let Some(next) = next {
        show(&format!("next: {}", with_callable(&words::sentence(next))));
    }
}

fn conclusion(checks: &[Check]) -> String {
    let count = |wanted: fn(State) -> bool| checks.iter().filter(|check| wanted(check.state)).count();
    let (warnings, failed) = (count(|state| state == State::Warning), count(|state| state >= State::Failed));
    match (failed, warnings) {
        (0, 0) => match count(|state| state == State::Limited) as u64 {
            0 => "\nEverything is in place.".to_owned(),
            limits => format!("\nEverything is in place, within {}.", words::counted(limits, "limit")),
        },
        (0, warnings) => format!("\nIt works, with {}.", words::counted(warnings, "warning")),
        (failed, _) => format!("\n{failed} of {} checks failed.", checks.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_has_one_line_which_says_the_worse() {
        let clock = |state, detail: &str| Check::new(CLOCK, state, detail);
        let told = |own, compared| {
            let store = Check::new("store", State::Ok, "fine");
            let checks = with_one_clock(vec![clock(own, "12:00"), store, clock(compared, "9 d ahead of that of npm")]);
            assert_eq!(checks.len(), 2);
            (checks[0].state, checks[0].detail.clone())
        };
        assert_eq!(told(State::Ok, State::Failed), (State::Failed, "9 d ahead of that of npm".to_owned()));
        assert_eq!(told(State::Failed, State::Ok), (State::Failed, "12:00".to_owned()));
        assert_eq!(told(State::Ok, State::Ok), (State::Ok, "12:00; 9 d ahead of that of npm".to_owned()));
    }
}
