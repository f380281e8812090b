//! Table of all findings with their documentation. The table of `docs/OPERATIONS.md` is generated from it.

mod limited;
mod unhealthy;

use serde::{Serialize, Serializer};

use super::{About, Id};
use limited::LIMITED;
use unhealthy::UNHEALTHY;

/// Every finding with its documentation, in the order of [`Id`].
pub const ALL: &[(Id, About)] = &joined();

const fn joined() -> [(Id, About); UNHEALTHY.len() + LIMITED.len()] {
    let mut all = [UNHEALTHY[0]; UNHEALTHY.len() + LIMITED.len()];
    let mut place = 0;
    while place < all.len() {
        all[place] = if place < UNHEALTHY.len() { UNHEALTHY[place] } else { LIMITED[place - UNHEALTHY.len()] };
        place += 1;
    }
    all
}

impl Id {
    /// Its documentation.
    pub const fn about(self) -> &'static About {
        &ALL[self as usize].1
    }

    /// Its name in the JSON form and the documents.
    pub const fn as_str(self) -> &'static str {
        self.about().id
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
