//! What requests cost, and what time it is there.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use onhand_connector::http::{Http, Request, measured};
use tokio::io::AsyncWriteExt as _;

use crate::hostile::server;

/// An hour ahead of this machine.
fn date_there() -> String {
    let there = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(3_600);
    let moment = jiff::Timestamp::from_second(i64::try_from(there.as_secs()).unwrap()).unwrap();
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[tokio::test]
async fn requests_time_and_clock_are_measured() {
    let (url, _task) = server(|mut stream| async move {
        let head = format!(
            "HTTP/1.1 200 OK\r\ndate: {}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}",
            date_there()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
    })
    .await;
    let http = Http::new();
    let far = tokio::time::Instant::now() + Duration::from_secs(10);
    let (_, measured) = measured(async {
        for _ in 0..3 {
            http.send(Request::get(&url, "/"), far).await.unwrap();
        }
        // What is not the network does not count.
        let ready = std::time::Instant::now();
        while ready.elapsed() < Duration::from_millis(50) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(measured.requests, 3);
    assert!(measured.network > Duration::ZERO);
    let offset = measured.offset_ms.unwrap();
    assert!((offset - 3_600_000).abs() <= 1_500, "{offset}");
}

#[tokio::test]
async fn what_is_sent_outside_is_not_counted() {
    let http = Http::new();
    let now = tokio::time::Instant::now();
    drop(http.send(Request::get("http://127.0.0.1:1", "/"), now + Duration::from_secs(5)).await);
    let ((), nothing) = measured(async {}).await;
    assert_eq!((nothing.requests, nothing.offset_ms, nothing.network), (0, None, Duration::ZERO));
    let (failure, one) =
        measured(http.send(Request::get("http://127.0.0.1:1", "/"), now + Duration::from_secs(5))).await;
    assert_eq!((failure.unwrap_err().code.as_str(), one.requests), ("connect", 1));
}
