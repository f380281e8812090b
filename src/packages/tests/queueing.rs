//! Tests of the queue: from feeds and the safety net to processed packages.

use super::lab::{Lab, package, private_registry};
use crate::{
    http::Client,
    model::{Ecosystem, Package},
    packages::{error::LookError, services::Packages},
    registry::{Cursor, Event, Feed, FeedChange, FeedPage, PackageState, RegistryError},
    store::{EventKind, Setback},
};
use std::{sync::Mutex, time::Duration};

use futures::{FutureExt, future::BoxFuture};

/// A feed with these pages; after the last it fails.
#[derive(Debug)]
struct Pages(Mutex<Vec<FeedPage>>);

impl Feed for Pages {
    fn name(&self) -> &'static str {
        "pages"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NPM
    }

    fn poll<'a>(&'a self, _: &'a Client, _: Option<&'a Cursor>) -> BoxFuture<'a, Result<FeedPage, RegistryError>> {
        let page = self.0.lock().unwrap().pop();
        async move { page.ok_or_else(|| unreadable("no page is left")) }.boxed()
    }
}

fn unreadable(why: &str) -> RegistryError {
    RegistryError::Document { registry: "npm".into(), what: "pages".to_owned(), why: why.to_owned() }
}

fn page(cursor: &str, packages: &[&str]) -> FeedPage {
    let event = |name: &&str| Event {
        package: package(name),
        change: FeedChange::Document { revision: None },
        key: format!("{cursor} {name}"),
        at: None,
    };
    let events = packages.iter().map(event).collect();
    FeedPage { events, cursor: Cursor(cursor.to_owned()), more: false, gap: None, withheld: None }
}

#[tokio::test]
async fn of_a_feed_only_what_is_watched_is_kept() {
    let lab = Lab::new();
    let Packages { feeds, .. } = Packages::over(&lab.parts);
    let feed = Pages(Mutex::new(vec![page("2", &["widget", "stranger"]), page("1", &[])]));
    assert_eq!(feeds.observe(&feed).await.unwrap(), 0);
    let first = lab.parts.store.work_of(&package("gadget")).unwrap().unwrap();
    assert_eq!(first.reason, "pages", "what was before the first page is looked at");
    assert_eq!(feeds.observe(&feed).await.unwrap(), 1);
    let events = |name| lab.parts.store.events_of(&package(name), Some(EventKind::Document), 10).unwrap().len();
    assert_eq!((events("widget"), events("stranger")), (1, 0));
    feeds.observe(&feed).await.unwrap_err();
    let source = &lab.parts.store.sources().unwrap()[0];
    assert_eq!((source.cursor.as_deref(), source.last_error.is_some()), (Some("2"), true), "it stands where it stood");
}

#[test]
fn what_is_watched_is_what_the_list_names_and_what_is_known_of_its_globs() {
    let lab = Lab::new();
    lab.known("stranger");
    let watched = lab.parts.watched();
    assert_eq!(watched.of_feed(Ecosystem::NPM).unwrap(), [package("gadget"), package("widget")]);
    assert!(watched.of_feed(Ecosystem::PYPI).unwrap().is_empty());
}

#[test]
fn what_nobody_looked_at_is_due_and_what_was_not_compared_for_long() {
    let lab = Lab::new();
    lab.known("widget");
    let reconciler = lab.parts.reconciler();
    assert_eq!(reconciler.enqueue_unknown().unwrap(), 1);
    assert_eq!(lab.parts.store.work_of(&package("gadget")).unwrap().unwrap().reason, "first sight");
    assert_eq!(reconciler.enqueue_overdue().unwrap(), 1);
    assert!(lab.parts.store.work_of(&package("widget")).unwrap().is_some());
    assert_eq!(reconciler.interval(), Duration::from_mins(10), "an hour would be too long");
}

#[test]
fn a_registry_without_a_feed_is_said_to_be_read_or_not() {
    let lab = Lab::new();
    let outages = lab.parts.outages();
    let private = package("widget").of(&private_registry());
    let said = || {
        let sources = lab.parts.store.sources().unwrap();
        sources.into_iter().map(|source| (source.last_success.is_some(), source.last_error)).collect::<Vec<_>>()
    };
    outages.note_answer(&package("widget")).unwrap();
    assert!(said().is_empty(), "a feed tells of the public one");
    outages.note_answer(&private).unwrap();
    assert_eq!(said(), [(true, None)]);
    let error = LookError::Registry(unreadable("it is no document"));
    outages.note_setback(&lab.work(&private), Setback::Failed, &error).unwrap();
    assert!(said()[0].1.as_ref().is_some_and(|why| why.contains("it is no document")), "{:?}", said());
}

/// Panics for one package, and has no other.
fn fragile(package: &Package) -> PackageState {
    assert_ne!(package.name(), "gadget", "a document of {} bytes", 17);
    PackageState::Gone
}

#[tokio::test]
async fn a_panic_over_one_package_puts_that_package_off_and_no_other() {
    let lab = Lab::answering(fragile);
    let Packages { reconciler, queue, .. } = Packages::over(&lab.parts);
    reconciler.enqueue_unknown().unwrap();
    let pass = queue.work().await.unwrap();
    assert_eq!((pass.packages, pass.postponed), (1, 1));
    for attempts in 1..=6 {
        let failing = lab.parts.store.failing_work(10).unwrap();
        assert_eq!((failing.len(), failing[0].attempts), (1, attempts));
        let error = failing[0].last_error.as_deref().unwrap();
        assert!(error.starts_with("internal error"), "{error}");
        assert!(error.contains("a document of 17 bytes"), "{error}");
        lab.clock.advance(Duration::from_hours(7));
        assert_eq!(queue.work().await.unwrap().postponed, 1);
    }
    assert_eq!(lab.titles(), ["pkg:npm/gadget cannot be checked"]);
}
