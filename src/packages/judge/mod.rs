//! Judgement of a release or a history: assessment, baseline update, alert, and its receivers.

pub mod accusation;
pub mod audience;
pub mod baseline_update;
pub mod campaign;
pub mod claimed_time;
pub mod company;
pub mod explained;
pub mod history;
pub mod own;
pub mod past;
pub mod reasons;
pub mod recheck;
pub mod record;
pub mod relearn;
pub mod repetition;
pub mod reported;
mod sample;
pub mod tag_history;
pub mod told;
pub mod unlearn;
pub mod withdrawn;
