//! Tests of reading the change feed.

use super::*;

const TIP: &str = r#"{"db_name":"registry","doc_count":3628088,"update_seq":12}"#;

#[tokio::test]
async fn without_a_cursor_the_feed_starts_at_its_tip() {
    let stage = stage();
    stage.transport.answer("replicate.example/", 200, &[], TIP);
    let feed = NpmFeed::new("https://replicate.example".parse().unwrap());
    let page = feed.poll(&stage.http, None).await.unwrap();
    assert_eq!(
        page,
        FeedPage { events: Vec::new(), cursor: Cursor("12".to_owned()), more: false, gap: None, withheld: None }
    );
}

#[tokio::test]
async fn a_page_after_the_cursor() {
    let stage = stage();
    let rows = r#"{"results":[{"seq":91,"id":"pino","changes":[{"rev":"37-aa"}]}],"last_seq":"91"}"#;
    stage.transport.answer("/registry/_changes?since=90&limit=10000", 200, &[], rows);
    let page = stage.poll("90").await;
    assert_eq!((page.cursor.0.as_str(), page.more, page.gap), ("91", false, None));
    assert_eq!(page.events[0].change, FeedChange::Document { revision: Some("37-aa".to_owned()) });
}

#[tokio::test]
async fn nothing_new_is_confirmed_by_the_tip() {
    let stage = stage();
    stage.transport.answer("since=12&limit=10000", 200, &[], r#"{"results":[],"last_seq":12}"#);
    stage.transport.answer("replicate.example/", 200, &[], TIP);
    assert_eq!(
        stage.poll("12").await,
        FeedPage { events: Vec::new(), cursor: Cursor("12".to_owned()), more: false, gap: None, withheld: None }
    );
}

#[tokio::test]
async fn a_tip_that_no_page_reaches_is_said() {
    let stage = stage();
    stage.transport.answer("since=11&limit=10000", 200, &[], r#"{"results":[],"last_seq":11}"#);
    stage.transport.answer("replicate.example/", 200, &[], TIP);
    let page = stage.poll("11").await;
    assert_eq!(page.withheld.as_deref(), Some("the feed is at sequence 12 and shows nothing after 11"));
    assert_eq!((page.cursor.0.as_str(), page.gap), ("11", None));
}

#[tokio::test]
async fn a_sequence_that_was_set_back_is_a_gap_and_goes_on_from_the_tip() {
    for (page, why) in [
        (r#"{"results":[],"last_seq":90}"#, "the sequence went back from 90 to 12"),
        (r#"{"results":[],"last_seq":11}"#, "the sequence went back from 90 to 11"),
        (
            r#"{"results":[{"seq":11,"id":"x","changes":[{"rev":"1-a"}]}],"last_seq":99}"#,
            "the page after sequence 90 holds sequence 11",
        ),
    ] {
        let stage = stage();
        stage.transport.answer("since=90&limit=10000", 200, &[], page);
        stage.transport.answer("replicate.example/", 200, &[], TIP);
        let page = stage.poll("90").await;
        assert_eq!(page.gap.map(|gap| gap.why).as_deref(), Some(why));
        assert_eq!((page.cursor.0.as_str(), page.more), ("12", false));
    }
}

#[tokio::test]
async fn a_truncated_page_is_an_error_and_moves_nothing() {
    let stage = stage();
    stage.transport.answer("since=90&limit=10000", 200, &[], r#"{"results":[{"seq":91,"id":"pi"#);
    let feed = NpmFeed::new("https://replicate.example/".parse().unwrap());
    let error = feed.poll(&stage.http, Some(&Cursor("90".to_owned()))).await.unwrap_err();
    assert!(error.to_string().starts_with("reading a page of the change feed of npm: EOF"), "{error}");
}
