//! A look inside the files of a release, on a person's request: contents, what runs by itself, and what differs from
//! another release. It is pure: bytes come in, a report goes out; nothing is written, and nothing is run.
//!
//! Attackers write these files. Every reader has limits, and what one reader may understand differently from another is
//! an anomaly, not a detail: attackers show one content to the person who looks, and install another.

mod anomaly;
mod archive;
mod compare;
mod digests;
mod findings;
mod format;
mod limits;
mod look;
mod nature;
mod record;
mod report;
mod script_report;
mod scripts;

pub use anomaly::{Anomalies, Anomaly, AnomalyKind};
pub use archive::{Contents, Kept, Kind, Member};
pub use compare::{Changes, FileChanged, FileMoved, FileShown, Listed};
pub use digests::digests;
pub use findings::{Finding, FindingKind, findings};
pub use format::Format;
pub use limits::{Limits, Stop, Stopped};
pub use look::Look;
pub use nature::Nature;
pub use report::{Agreement, By, ContentsReport, FileReport, LinkShown, Statement};
pub use script_report::{ScriptShown, State, TextShown};
pub use scripts::{Script, Scripts, When};
