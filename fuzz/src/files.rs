//! Fuzz targets for files that users write or import: lock files, bills of materials, timelines, reports of OSV,
//! configuration, watchlists.

use std::path::Path;

use provwatch::{
    config::Config,
    inventory::{self, Mirrors},
    osv,
    packages::replay::Timeline,
    watchlist::Watchlist,
};

pub fn lock_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match inventory::parse(text, Path::new("lock"), &Mirrors::default()) {
        Ok(listed) => {
            let count = listed.entries.len() + listed.skipped.len();
            assert!(count <= text.len(), "more packages than bytes");
            for entry in listed.entries {
                let place = entry.place;
                assert!(place.through.is_none() || place.depth > Some(1), "a direct dependency through another one");
            }
        }
        Err(error) => assert!(error.to_string().len() < text.len() + 1000, "a message that is longer than the file"),
    }
}

/// What was read reads the same when it is written.
pub fn timeline(bytes: &[u8]) {
    let path = Path::new("timeline.json");
    let Ok(timeline) = Timeline::parse(path, bytes) else { return };
    let written = serde_json::to_vec(&timeline).expect("a timeline can be written");
    let again = Timeline::parse(path, &written).expect("what was written can be read");
    assert_eq!(again, timeline);
}

/// What a report lists is affected, and no report is about more packages than it has bytes.
pub fn osv_report(bytes: &[u8]) {
    let Ok(report) = osv::read("MAL-2026-1", bytes) else { return };
    assert!(report.affected.len() <= bytes.len(), "more packages than bytes");
    for (package, affected) in &report.affected {
        for version in &affected.listed {
            assert!(affected.affects(&package.at(version.as_str())), "{package} {version} is listed and not affected");
        }
    }
}

/// Problems name places that there are.
pub fn configuration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(problems) = Config::parse(text, Path::new("provwatch.toml")) {
        assert!(!problems.to_string().is_empty(), "a refusal without a reason");
    }
}

/// What a watchlist names matches it.
pub fn watchlist(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(watchlist) = Watchlist::parse(text, Path::new("watchlist.toml")) else { return };
    for (package, _) in watchlist.packages() {
        assert!(watchlist.matches(package).is_some(), "{package} is named and not watched");
    }
}
