//! Tests of redirects: where they lead, what they carry along, and where they end.

use super::*;

#[tokio::test]
async fn redirects_are_followed_where_the_rules_allow() {
    let lab = Lab::new(|policy| policy.redirect_hosts = vec!["static.example".parse().unwrap()]);
    lab.script.answer("/a", 301, &[("location", "/b?x=1")], "");
    lab.script.answer("/b?x=1", 302, &[("location", "//static.example/c")], "");
    lab.script.answer("/c", 200, &[], "there");
    let request = get("https://npm.example/a").header("authorization", "Bearer secret").accept("application/json");
    assert_eq!(body(lab.client.fetch(request).await), "there");
    let sent = lab.script.requests();
    assert_eq!(sent[1].header_value("authorization"), Some("Bearer secret"));
    assert_eq!(sent[2].url.as_str(), "https://static.example/c");
    assert_eq!(sent[2].header_value("authorization"), None);
    assert_eq!(sent[2].header_value("accept"), Some("application/json"));
    assert!(sent[2].header_value("user-agent").is_some());
}

#[tokio::test]
async fn redirects_that_the_rules_forbid_end_the_exchange() {
    let table = [
        ("http://npm.example/b", "redirects from https to plain http"),
        ("https://evil.example/b", "redirects to the host evil.example, which is not among"),
        ("https://169.254.169.254/latest/meta-data/", "redirects to the host 169.254.169.254"),
        ("https://metadata.example/", "metadata.example"),
        ("file:///etc/passwd", "redirects from https to plain http"),
    ];
    for (location, expected) in table {
        let lab = Lab::new(|_| {});
        lab.script.answer("/a", 307, &[("location", location)], "");
        let error = lab.get("https://npm.example/a").await.unwrap_err();
        assert!(matches!(error, HttpError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{location}: {error}");
        assert_eq!(lab.requests(), 1);
    }
}

#[tokio::test]
async fn credentials_stay_with_the_origin_they_were_meant_for() {
    let lab = Lab::new(|policy| policy.redirect_hosts = vec!["static.example".parse().unwrap()]);
    lab.script.answer("/a", 302, &[("location", "https://evil:evil@npm.example/b")], "");
    lab.script.answer("/b", 302, &[("location", "https://evil:evil@static.example/c")], "");
    lab.answers(&[404]);
    let error = lab.get("https://me:secret@npm.example/a").await.unwrap_err();
    let sent: Vec<_> = lab.script.requests().iter().map(|request| request.url.to_string()).collect();
    let expected = ["https://me:secret@npm.example/a", "https://me:secret@npm.example/b", "https://static.example/c"];
    assert_eq!(sent, expected);
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let lab = Lab::new(|_| {});
    for _ in 0..10 {
        lab.script.answer("/a", 302, &[("location", "/a")], "");
    }
    let error = told(lab.get("https://npm.example/a").await);
    assert!(error.ends_with("the server redirects more than 5 times"), "{error}");
    assert_eq!(lab.requests(), 6);
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_a_status() {
    for headers in [&[][..], &[("location", "https://[::1")]] {
        let lab = Lab::new(|_| {});
        lab.script.answer("/a", 302, headers, "");
        let error = told(lab.get("https://npm.example/a").await);
        assert!(error.ends_with("the redirect names no usable location"), "{error}");
    }
}

#[tokio::test]
async fn a_post_keeps_its_body_or_is_not_redirected() {
    let post = || Request::post("https://hooks.example/a".parse().unwrap(), "text/plain", "hello");
    let lab = Lab::new(|_| {});
    lab.script.answer("/a", 308, &[("location", "/b")], "");
    lab.script.answer("/b", 200, &[], "done");
    assert_eq!(body(lab.client.fetch(post()).await), "done");
    assert_eq!(lab.script.requests()[1].body.as_deref(), Some(&b"hello"[..]));
    for status in [301, 302, 303] {
        let lab = Lab::new(|_| {});
        lab.script.answer("/a", status, &[("location", "/b")], "");
        assert!(told(lab.client.fetch(post()).await).contains("loses its body"), "{status}");
    }
}

#[tokio::test]
async fn private_hosts_are_refused_before_anything_is_sent() {
    for url in
        ["https://127.0.0.1/", "https://[fd00::1]/", "https://localhost/", "http://npm.example/", "ftp://npm.example/"]
    {
        let lab = Lab::new(|_| {});
        assert!(matches!(lab.get(url).await, Err(HttpError::Refused { .. })), "{url}");
        assert_eq!(lab.requests(), 0);
    }
    let lab = Lab::new(|policy| policy.allow_private = vec!["127.0.0.1:4873".parse().unwrap()]);
    lab.answers(&[200]);
    assert_eq!(body(lab.get("http://127.0.0.1:4873/axios").await), "body");
}

#[tokio::test]
async fn a_caller_who_takes_redirects_gets_them_as_they_are() {
    for status in [301, 302, 307, 308] {
        let lab = Lab::new(|_| {});
        lab.script.answer("/a", status, &[("location", "https://evil.example/b")], "");
        let fetched = lab.client.fetch(get("https://forge.example/a").takes_redirects()).await;
        let Ok(Fetched::Fresh(response)) = fetched else { panic!("{fetched:?}") };
        assert_eq!((response.status, response.header("location")), (status, Some("https://evil.example/b")));
        assert_eq!(lab.requests(), 1);
    }
    for status in [300, 303, 304] {
        let lab = Lab::new(|_| {});
        lab.answers(&[status, status]);
        let error = lab.client.fetch(get("https://forge.example/a").takes_redirects()).await.unwrap_err();
        assert!(matches!(error, HttpError::Status { .. }), "{status}: {error:?}");
    }
}

#[tokio::test]
async fn a_caller_who_takes_refusals_gets_them_as_they_are() {
    for status in [200, 301, 400, 404, 429, 500, 599] {
        let lab = Lab::new(|_| {});
        lab.script.answer("/a", status, &[("retry-after", "7")], "why");
        let fetched = lab.client.fetch(get("https://forge.example/a").takes_refusals()).await;
        let Ok(Fetched::Fresh(response)) = fetched else { panic!("{fetched:?}") };
        assert_eq!((response.status, response.body.as_ref()), (status, b"why".as_slice()));
        assert_eq!(lab.client.retry_after(&response).map(|wait| wait.as_secs()), Some(7));
        assert_eq!(lab.requests(), 1);
    }
}
