//! Assessing: one release beside its package's baseline and what was published around it. Pure.

mod assessment;
pub mod chronicle;
pub mod company;

pub use assessment::{Assessment, ComparedWith, alert, assess, links, of_itself};
