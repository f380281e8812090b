//! Detection: the detectors, one file each with its documentation (`rules`), and the rules that combine their signals
//! ([`combine()`]).
//!
//! Transparency logs, and names, have detectors of their own ([`ENTRY_DETECTORS`], [`NAME_DETECTORS`]): each of their
//! signals is an alert of its own.
//!
//! A detector is a pure function of a [`Change`]: no I/O, no clock, the same signals for the same input. A new one is a
//! file in `rules`, a line in [`ALL`] and a folder under `tests/cases`.

mod all;
mod branch;
mod change;
mod combine;
mod comparison;
mod detector;
mod document;
mod entry_change;
mod expected;
mod familiar;
mod habit;
mod inspect;
mod novelty;
mod own;
mod release_context;
mod repetition;
mod rules;
mod tuning;

pub use all::{about, abouts};
pub use change::{AssessmentInputs, Change};
pub use combine::{RULES, Rule, SUPPORT_RULES, Verdict, combine, is_of_another_origin};
use comparison::{Difference, signal, support};
pub use detector::{About, Detector, HEADINGS, SignalCategory};
pub use document::document;
pub use entry_change::{EntryChange, EntryDetector, KnownWorkflow, Logged, Named, OwnEntry};
pub use inspect::{inspect, inspect_entry};
pub use novelty::Novelty;
pub use own::{Explanation, OwnRuns, Told};
use own::{a_run_of, other_workflow};
pub use release_context::{AT_ONCE, Burst, Cadence, ReleaseContext, Runs};
pub use repetition::{Alerted, repeats};
pub use rules::{
    ALL, DIST_TAG, ENTRY_DETECTORS, MovedTag, NAME_DETECTORS, NAMESAKE, Namesake, awaits_run, is_explained_by_run,
    is_open_loss, moved_tag, namesake, never_met, own_explanation, release_workflows, reported, unreadable,
};
pub use tuning::{Limits, Setting, Tuning, UNTUNED};
