//! Limits of a look into one archive, and the reasons why it ends before the archive does.

use schemars::JsonSchema;
use serde::Serialize;

use crate::text::size;

const MIB: u64 = 1024 * 1024;

/// The limits of a look into one archive. Whatever the archive holds, memory beside it stays below 32 MiB: some 200
/// bytes for each member, the paths, and the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of all members together, unpacked.
    pub unpacked: u64,
    /// Most members.
    pub members: usize,
    /// Most bytes of one path; a longer one is cut.
    pub path: usize,
    /// Most bytes of all paths together.
    pub paths: usize,
    /// Most folders in each other.
    pub depth: usize,
    /// How many times as large as the packed bytes the unpacked ones may be, beyond `free`. Deflate reaches 1030 with
    /// zeros; real packages stay below 50.
    pub ratio: u64,
    /// The unpacked bytes for which the ratio does not count.
    pub free: u64,
    /// Most bytes of one text that is kept.
    pub text: usize,
    /// Most bytes of all texts that are kept.
    pub texts: usize,
    /// Most bytes of a header that describes another member.
    pub header: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unpacked: 1024 * MIB,
            members: 100_000,
            path: 1024,
            paths: 8 << 20,
            depth: 100,
            ratio: 300,
            free: 8 * MIB,
            text: 1 << 20,
            texts: 4 << 20,
            header: MIB,
        }
    }
}

/// Why a look ended before the archive did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// Its content grows out of proportion: it is made to fill the memory or disk of a reader.
    Bomb,
    /// It has more unpacked bytes than are read.
    Unpacked,
    /// It has more members than are read.
    Members,
    /// The paths of its members are longer than are kept.
    Paths,
    /// What follows cannot be read.
    Damaged,
}

/// The end of a look before that of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stopped {
    /// The kind of reason.
    pub kind: Stop,
    /// The reason, for people.
    pub why: String,
}

impl Stopped {
    /// What follows cannot be read, for this reason.
    pub(super) fn damaged(why: impl Into<String>) -> Self {
        Self { kind: Stop::Damaged, why: why.into() }
    }

    pub(super) fn at(kind: Stop, limits: &Limits) -> Self {
        let why = match kind {
            Stop::Bomb => format!(
                "its content is more than {} times as large as the archive, and larger than {}",
                limits.ratio,
                size(limits.free)
            ),
            Stop::Unpacked => format!("it has more than {} unpacked", size(limits.unpacked)),
            Stop::Members => format!("it has more than {} members", limits.members),
            Stop::Paths => format!("the paths of its members have more than {}", size(limits.paths as u64)),
            Stop::Damaged => "what follows cannot be read".to_owned(),
        };
        Self { kind, why }
    }
}

/// Counts what was unpacked of an archive, and ends the look at a limit.
#[derive(Debug)]
pub(super) struct Meter {
    limits: Limits,
    unpacked: u64,
}

impl Meter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { limits: *limits, unpacked: 0 }
    }

    /// Counts bytes that were unpacked, of an archive of which `packed` bytes were read.
    ///
    /// # Errors
    /// A limit is reached.
    pub(super) fn count(&mut self, bytes: usize, packed: u64) -> Result<(), Stopped> {
        self.unpacked = self.unpacked.saturating_add(bytes as u64);
        let allowed = packed.saturating_mul(self.limits.ratio).saturating_add(self.limits.free);
        if self.unpacked > allowed {
            return Err(Stopped::at(Stop::Bomb, &self.limits));
        }
        if self.unpacked > self.limits.unpacked {
            return Err(Stopped::at(Stop::Unpacked, &self.limits));
        }
        Ok(())
    }

    pub(super) fn unpacked(&self) -> u64 {
        self.unpacked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_ends_where_the_content_outgrows_the_archive() {
        let limits = Limits { unpacked: 1000, ratio: 10, free: 100, ..Limits::default() };
        for (bytes, packed, stop) in [
            (100, 0, None),
            (101, 0, Some(Stop::Bomb)),
            (150, 5, None),
            (151, 5, Some(Stop::Bomb)),
            (1000, 500, None),
            (1001, 500, Some(Stop::Unpacked)),
        ] {
            let outcome = Meter::new(&limits).count(bytes, packed);
            assert_eq!(outcome.err().map(|stopped| stopped.kind), stop, "{bytes} of {packed}");
        }
        let mut meter = Meter::new(&limits);
        assert!(meter.count(60, 0).is_ok() && meter.count(60, 0).is_err(), "they are added up");
    }
}
