//! Fuzz targets for the change feeds of registries. A page never has more events than bytes, and the place after it can
//! be gone on from.

use futures::executor::block_on;
use provwatch::registry::{CargoFeed, Cursor, Feed, NpmFeed, PypiFeed};

use crate::web::{body, client};

fn poll(feed: &dyn Feed, path: &'static str, cursor: &str, bytes: &[u8]) {
    let web = client([(path, body(bytes))]);
    let cursor = Cursor(cursor.to_owned());
    for cursor in [None, Some(&cursor)] {
        let Ok(page) = block_on(feed.poll(&web, cursor)) else { continue };
        assert!(page.events.len() <= bytes.len(), "more events than bytes");
        assert!(!page.more || page.cursor != *cursor.unwrap_or(&page.cursor), "the same page without end");
        assert!(page.cursor.0.len() <= bytes.len() + 4096, "a cursor that grows");
        let _ = block_on(feed.poll(&web, Some(&page.cursor)));
    }
}

pub fn npm_changes(bytes: &[u8]) {
    let feed = NpmFeed::new("https://replicate.example/".parse().expect("a constant URL"));
    poll(&feed, "/_changes", "5", bytes);
    poll(&feed, "/", "5", bytes);
}

pub fn pypi_changelog(bytes: &[u8]) {
    poll(&PypiFeed::new("https://pypi.example/".parse().expect("a constant URL")), "/pypi", "5", bytes);
}

pub fn crates_updates(bytes: &[u8]) {
    let feed = CargoFeed::new("https://static.example/".parse().expect("a constant URL"));
    let place = r#"{"newest":"2026-05-30T12:00:00Z","seen":["widget@1.0.0"]}"#;
    poll(&feed, "/rss/updates.xml", place, bytes);
}
