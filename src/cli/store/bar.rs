//! Shows how far a long operation on the store has come: on a terminal, and nowhere else.

use indicatif::{ProgressBar, ProgressStyle};

use crate::store::{Part, Stage};

/// A bar on standard error.
pub(super) struct Bar(ProgressBar);

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Bar {
    pub fn new() -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {bar:30} {percent} %  {wide_msg}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub fn show(&self, stage: Stage) {
        self.0.set_message(match stage.part {
            Part::Copy => "copying",
            Part::Structure => "checking the structure",
            Part::Rows => "comparing the rows with their checksums",
            Part::History => "verifying the history",
            Part::Digest => "hashing",
        });
        self.0.set_length(stage.of);
        self.0.set_position(stage.done);
    }
}
