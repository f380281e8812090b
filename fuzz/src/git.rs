//! Fuzz targets for the answers of Git servers.

use provwatch::git::{References, Wanted};

use crate::web::NOW;

/// No list has more than the bytes allow, every name was asked for, and what is kept of it reads the same.
pub fn references(bytes: &[u8]) {
    let at = NOW.parse().expect("a constant time");
    for wanted in [Wanted::everything(), Wanted::tags(["v1"])] {
        match References::read(bytes, &wanted, at) {
            Ok(found) => {
                let count = found.tags.len() + found.heads.len() + found.left_out;
                assert!(count * 45 <= bytes.len(), "more references than bytes");
                assert!(wanted == Wanted::everything() || found.tags.iter().all(|(name, _)| name.starts_with("v1")));
                let kept = serde_json::to_string(&found).expect("a listing can be written");
                assert_eq!(serde_json::from_str::<References>(&kept).expect("it can be read"), found);
            }
            Err(error) => assert!(error.to_string().chars().count() < 300, "a reason without bound"),
        }
    }
}
