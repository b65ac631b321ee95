//! Sends webhooks to a server with scripted answers, and reads the requests that it got.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::mpsc,
    thread,
};

use shared::sources::signature::Secret;

use super::*;
use crate::webhook::Source;

const BODY: &str = r#"{"action":"created","data":{"issue":{"id":"7","title":"Łódź"}}}"#;

fn target(url: String) -> Target {
    Target { url, proofs: Proofs { sentry: Secret::new("8d1f0c6ab2e94757".to_owned()), ..Proofs::default() } }
}

fn line() -> String {
    line_of(Source::Sentry)
}

fn line_of(source: Source) -> String {
    let webhook = Webhook {
        source,
        at: "2026-11-23T09:53:08Z".parse().unwrap(),
        headers: BTreeMap::from([("Sentry-Hook-Resource".to_owned(), "issue".to_owned())]),
        body: BODY.to_owned(),
    };
    serde_json::to_string(&webhook).unwrap()
}

#[tokio::test]
async fn answers_are_counted_and_failures_are_tried_again() {
    let (url, requests) = server(vec![
        (500, ""),
        (202, r#"{"status":"accepted","delivery_id":"x"}"#),
        (202, r#"{"status":"ignored","reason":"x"}"#),
        (202, r#"{"status":"quarantined","reason":"x"}"#),
        (202, r#"{"status":"group","accepted":2,"ignored":1,"quarantined":0,"left_out":0}"#),
        (401, r#"{"title":"no"}"#),
    ]);
    let lines = [line(), String::new(), line(), line_of(Source::Datadog), line(), line(), line()].map(Ok);
    let pace = Pace { concurrency: 1, rate: Some(1e6) };
    let mut heard = Vec::new();
    let summary = load(lines.into_iter(), &target(url), pace, |done| heard.push(done)).await.unwrap();
    assert_eq!((summary.accepted, summary.ignored, summary.quarantined), (2, 1, 1));
    assert_eq!(summary.skipped, BTreeMap::from([(Source::Datadog, 1)]));
    assert!(summary.to_string().ends_with("1 skipped: no secret of datadog"), "{summary}");
    assert_eq!(summary.refused, BTreeMap::from([("401 Unauthorized".to_owned(), 1)]));
    assert!(summary.has_refusals());
    assert_eq!(heard, [1, 2, 3, 4, 5, 6]);
    let requests: Vec<String> = requests.iter().collect();
    assert_eq!(requests.len(), 6);
    let is_sent = |request: &String| request.starts_with("POST /webhooks/sentry ") && request.ends_with(BODY);
    assert!(requests.iter().all(is_sent));
}

#[tokio::test]
async fn a_line_that_is_not_a_webhook_is_named() {
    let lines = ["", r#"{"source":"nagios"}"#].map(|line| Ok(line.to_owned()));
    let pace = Pace { concurrency: 4, rate: None };
    let stopped = load(lines.into_iter(), &target("http://127.0.0.1:9".to_owned()), pace, |_| ()).await;
    assert!(matches!(stopped, Err(LoadError::Line { line: 2, .. })), "{stopped:?}");
}

/// Gives these answers, one per connection, and returns the requests.
fn server(answers: Vec<(u16, &'static str)>) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (sender, requests) = mpsc::channel();
    thread::spawn(move || {
        for (status, body) in answers {
            let (mut connection, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(connection.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).unwrap();
            }
            let mut request = vec![0; BODY.len()];
            reader.read_exact(&mut request).unwrap();
            sender.send(head + std::str::from_utf8(&request).unwrap()).unwrap();
            let length = body.len();
            let head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
            write!(connection, "{head}{body}").unwrap();
        }
    });
    (url, requests)
}
