//! What a connection may cost.

use std::time::Duration;

use onhand_api::Settings;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::world::World;

/// Sends bytes as they are and reads to the end of the connection.
async fn raw(world: &World, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    // The server may close before it has read everything.
    drop(stream.write_all(bytes).await);
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_413() {
    let world = World::with(Settings { body_max: 4_096, ..Settings::default() }).await;
    let long = json!({"sku": "A", "name": "x".repeat(5_000)}).to_string();
    world.call("POST", "/v1/skus").raw(long.clone()).send().await.problem(413, "body_too_large");
    // In chunks, without a length said before.
    let head = format!(
        "POST /v1/skus HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nidempotency-key: k\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n",
        world.admin
    );
    let chunked = format!("{head}{:x}\r\n{long}\r\n0\r\n\r\n", long.len());
    let answer = raw(&world, chunked.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    world.get("/v1/skus/A").await.problem(404, "not_found");
}

#[tokio::test]
async fn headers_beyond_the_limit_are_431() {
    let world = World::new().await;
    let long = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-long: {}\r\n\r\n",
        "x".repeat(40_000)
    );
    let answer = raw(&world, long.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let answer = raw(
        &world,
        format!("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{many}\r\n").as_bytes(),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_eq!(world.get("/healthz").await.bytes, b"ok");
}

#[tokio::test]
async fn a_head_or_a_body_that_dawdles_is_given_up() {
    let world = World::with(Settings {
        header_timeout: Duration::from_millis(200),
        body_timeout: Duration::from_millis(200),
        ..Settings::default()
    })
    .await;
    // The connection ends by itself; otherwise this never returns.
    let answer = raw(&world, b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
    assert!(!answer.contains("200 OK"), "{answer}");
    let head = format!(
        "POST /v1/skus HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nidempotency-key: k\r\n\
         content-type: application/json\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{{",
        world.admin
    );
    let answer = raw(&world, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("body_timeout"), "{answer}");
}

/// The whole connection is one place of one: somebody else is served only when it was cut.
#[tokio::test]
async fn a_client_that_never_reads_is_cut_off() {
    let write_timeout = Duration::from_millis(200);
    let world = World::with(Settings { connections_max: 1, write_timeout, ..Settings::default() }).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut deaf = socket.connect(world.address).await.unwrap();
    // Far more than the sockets on both sides keep.
    const ASKED: usize = 200;
    let request = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(ASKED);
    deaf.write_all(request.as_bytes()).await.unwrap();
    let served = tokio::time::timeout(Duration::from_secs(60), async {
        let mut second = TcpStream::connect(world.address).await.unwrap();
        second.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        second.read(&mut [0; 1024]).await.unwrap()
    });
    assert!(served.await.expect("the one that does not read keeps its place for ever") > 0);
    let mut rest = Vec::new();
    drop(deaf.read_to_end(&mut rest).await);
    let whole = world.get("/openapi.json").await.bytes.len();
    assert!(rest.len() < whole * ASKED, "it was cut off in the middle");
}

/// A stream with nothing to say is not one that nobody reads.
#[tokio::test]
async fn a_silent_stream_is_not_cut_off() {
    let (stream_heartbeat, write_timeout) = (Duration::from_millis(200), Duration::from_millis(20));
    let world = World::with(Settings { stream_heartbeat, write_timeout, ..Settings::default() }).await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let head =
        format!("GET /v1/events/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", world.admin);
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut heard, mut buffer) = (String::new(), [0; 1024]);
    while heard.matches("\n:").count() < 3 {
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "it was cut off: {heard}");
        heard.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
}

#[tokio::test]
async fn s40_framing_that_can_be_read_in_two_ways_is_refused() {
    let world = World::new().await;
    for framing in [
        "content-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        "content-length: +5\r\n\r\nhello",
        "content-length: -1\r\n\r\n",
        "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let answer = raw(
            &world,
            format!("POST /v1/skus HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{framing}").as_bytes(),
        )
        .await;
        assert!(
            !answer.starts_with("HTTP/1.1 2") && !answer.starts_with("HTTP/1.1 5"),
            "{framing}: {answer}"
        );
    }
    assert_eq!(world.get("/healthz").await.bytes, b"ok");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let world = World::with(Settings { connections_max: 1, ..Settings::default() }).await;
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut first = TcpStream::connect(world.address).await.unwrap();
    first.write_all(request).await.unwrap();
    let mut buffer = [0; 1024];
    assert!(first.read(&mut buffer).await.unwrap() > 0, "the first is served");
    let mut second = TcpStream::connect(world.address).await.unwrap();
    second.write_all(request).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(200), second.read(&mut buffer)).await;
    assert!(early.is_err(), "the second is not served while the first is open");
    drop(first);
    assert!(second.read(&mut buffer).await.unwrap() > 0, "and then it is");
}

#[tokio::test]
async fn the_media_type_must_be_json() {
    let world = World::new().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
        let call = world.call("POST", "/v1/skus").json(&json!({"sku": "A"}));
        call.header("content-type", kind).send().await.problem(415, "unsupported_media_type");
    }
    let call = world.call("POST", "/v1/skus").json(&json!({"sku": "A"}));
    call.header("content-type", "Application/JSON; charset=utf-8").send().await.expect(201);
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let world = World::new().await;
    world.get("/v1/nothing").await.problem(404, "no_such_route");
    world.get("/").await.problem(404, "no_such_route");
    let answer = world.call("DELETE", "/v1/orders").send().await;
    answer.problem(405, "method_not_allowed");
    let allowed = answer.header("allow").unwrap();
    assert!(allowed.contains("GET") && allowed.contains("POST"), "{allowed}");
}

#[tokio::test]
async fn a_request_id_is_taken_or_made() {
    let world = World::new().await;
    let answer = world.call("GET", "/v1/nothing").header("x-request-id", "abc-1").send().await;
    assert_eq!(answer.header("x-request-id"), Some("abc-1"));
    assert_eq!(answer.json()["request_id"], "abc-1");
    for bad in ["", "a b", "<x>", &"x".repeat(129)] {
        let answer = world.call("GET", "/healthz").header("x-request-id", bad).send().await;
        let made = answer.header("x-request-id").unwrap();
        assert!(made.starts_with("req_"), "{bad}: {made}");
    }
    let one = world.get("/healthz").await;
    let two = world.get("/healthz").await;
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
    assert_eq!(one.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(world.get("/v1/skus").await.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn measures_are_there_for_whoever_may_see_them() {
    let world = World::new().await;
    world.stocked("A", 1).await;
    let text = String::from_utf8(world.get("/metrics").await.bytes).unwrap();
    assert!(
        text.contains("onhand_http_requests_total{method=\"POST\",route=\"/v1/skus\",status=\"201\"} 1"),
        "{text}"
    );
    assert!(text.contains("onhand_commands_total{command=\"create_sku\",outcome=\"done\"} 1"), "{text}");
    let public = World::with(Settings { metrics_public: true, ..Settings::default() }).await;
    public.call("GET", "/metrics").without("authorization").send().await;
    let answer = public.call("GET", "/metrics").without("authorization").send().await;
    assert_eq!(answer.status.as_u16(), 200);
}

#[tokio::test]
async fn a13_given_up_durability_is_measured() {
    let lax = World::new().await;
    let dir = tempfile::tempdir().unwrap();
    let options = onhand_store_sqlite::Options::new(dir.path());
    let store = onhand_store_sqlite::SqliteStore::open(options).unwrap();
    let safe = World::over(std::sync::Arc::new(store), Settings::default()).await;
    for (world, durable) in [(lax, "onhand_durable 0\n"), (safe, "onhand_durable 1\n")] {
        let text = String::from_utf8(world.get("/metrics").await.bytes).unwrap();
        assert!(text.contains(durable), "{durable} is not in {text}");
        assert!(text.contains("onhand_not_replicated_total 0\n"), "{text}");
    }
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_429_and_others_are_served() {
    let world = World::with(Settings { rate_limit: 1, rate_burst: 3, ..Settings::default() }).await;
    let (_, other) = world.make_key(&["stock:read"]).await;
    let mut left = Vec::new();
    // Far more often than once a second, however slow the machine.
    let refused = loop {
        let answer = world.get("/v1/locations").await;
        assert_eq!(answer.header("ratelimit-policy"), Some("\"default\";q=3;w=3"));
        assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
        left.push(answer.header("x-ratelimit-remaining").expect("a header").to_owned());
        if answer.status == 429 {
            break answer;
        }
        assert!(left.len() < 1_000, "never too often");
    };
    refused.problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("ratelimit"), Some("\"default\";r=0;t=1"));
    assert_eq!(left.last().map(String::as_str), Some("0"));
    let call = world.call("GET", "/v1/locations").without("authorization");
    let served = call.header("authorization", &format!("Bearer {other}")).send().await;
    assert_eq!(served.status, 200, "another key has tokens of its own");
    // Who needs no key is not counted, and without the setting nobody is.
    let health = world.get("/readyz").await;
    assert_eq!((health.status.as_u16(), health.header("ratelimit")), (200, None));
    assert_eq!(World::new().await.get("/v1/locations").await.header("ratelimit"), None);
}
