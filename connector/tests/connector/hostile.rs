//! E3: servers that never answer, never end, or say too much.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use onhand_connector::http::{Http, Limits, Request};
use onhand_connector::{Class, Failure, Secret};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Listens, reads a request, and does `answer` with the connection.
pub(crate) async fn server<F>(answer: impl Fn(TcpStream) -> F + Send + 'static) -> (String, JoinHandle<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            assert!(read > 0);
            tokio::spawn(answer(stream));
        }
    });
    (url, task)
}

fn quick() -> Http {
    let patience = Duration::from_millis(300);
    Http::with(Limits { connect: patience, total: patience, ..Limits::default() })
}

async fn fails(http: &Http, url: &str) -> Failure {
    let secret = Secret::new("s3cr3t-token");
    let request = Request::get(url, "/path").query([("token", secret.expose())]).hiding(&secret);
    assert_eq!(format!("{request:?}"), format!("GET {url}/path"));
    let far = tokio::time::Instant::now() + Duration::from_secs(60);
    let began = Instant::now();
    let failure = http.send(request, far).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(15), "it took {:?}", began.elapsed());
    let shown = format!("{failure} {failure:?}");
    assert!(!shown.contains("s3cr3t-token") && !shown.contains("token="), "{shown}");
    failure
}

fn is(failure: &Failure, class: Class, code: &str) {
    assert_eq!((failure.class, failure.code.as_str()), (class, code), "{failure:?}");
}

#[tokio::test]
async fn e3_nobody_listens() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    is(&fails(&Http::new(), &url).await, Class::Network, "connect");
}

#[tokio::test]
async fn e3_an_answer_that_never_begins() {
    let (url, _task) = server(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    is(&fails(&quick(), &url).await, Class::Network, "timeout");
}

#[tokio::test]
async fn e3_an_answer_that_drips() {
    let (url, _task) = server(|mut stream| async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // Each drip comes well before any timeout between two of them would strike.
        let mut drips = tokio::time::interval(Duration::from_millis(20));
        while stream.write_all(b" ").await.is_ok() {
            drips.tick().await;
        }
    })
    .await;
    is(&fails(&quick(), &url).await, Class::Network, "timeout");
}

#[tokio::test]
async fn e3_ten_gigabytes() {
    let (url, _task) = server(|mut stream| async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let block = vec![b'x'; 65_536];
        while stream.write_all(&block).await.is_ok() {}
    })
    .await;
    is(&fails(&Http::new(), &url).await, Class::Unclear, "too_large");
}

/// `bytes` through gzip, by somebody else's implementation.
fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut child =
        Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&bytes).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    output.stdout
}

async fn compressed(body: Vec<u8>) -> (String, JoinHandle<()>) {
    server(move |mut stream| {
        let body = body.clone();
        async move {
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            drop(stream.write_all(&body).await);
        }
    })
    .await
}

#[tokio::test]
async fn e3_a_gzip_bomb() {
    let bomb = gzipped(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 100_000, "small on the wire");
    let (url, _task) = compressed(bomb).await;
    is(&fails(&Http::new(), &url).await, Class::Unclear, "too_large");
}

#[tokio::test]
async fn honest_gzip_is_read() {
    let (url, _task) = compressed(gzipped(br#"{"a": 1}"#)).await;
    let far = tokio::time::Instant::now() + Duration::from_secs(10);
    let answer = Http::new().send(Request::get(&url, "/"), far).await.unwrap();
    assert_eq!(answer.json["a"], 1);
}

#[tokio::test]
async fn e3_damaged_gzip_is_a_cut_body() {
    let mut body = gzipped(br#"{"a": 1}"#);
    body.truncate(body.len() / 2);
    let (url, _task) = compressed(body).await;
    is(&fails(&Http::new(), &url).await, Class::Unclear, "cut");
}

#[tokio::test]
async fn e3_exactly_the_most_is_read_and_one_byte_more_is_not() {
    let most = Limits::default().body;
    for (length, fine) in [(most, true), (most + 1, false)] {
        let mut body = vec![b' '; length];
        body[..2].copy_from_slice(b"{}");
        let (url, _task) = server(move |mut stream| {
            let body = body.clone();
            async move {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                stream.write_all(head.as_bytes()).await.unwrap();
                drop(stream.write_all(&body).await);
            }
        })
        .await;
        let far = tokio::time::Instant::now() + Duration::from_secs(10);
        assert_eq!(Http::new().send(Request::get(&url, "/"), far).await.is_ok(), fine);
    }
}

#[tokio::test]
async fn e3_a_cut_body() {
    let (url, _task) = server(|mut stream| async move {
        let half = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"half\":";
        stream.write_all(half.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    })
    .await;
    is(&fails(&Http::new(), &url).await, Class::Unclear, "cut");
}

#[tokio::test]
async fn e1_a_connection_that_ends_without_an_answer() {
    let (url, _task) = server(|stream| async move { drop(stream) }).await;
    is(&fails(&Http::new(), &url).await, Class::Network, "reset");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (url, _task) = server(|mut stream| async move {
        let head = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
    })
    .await;
    let failure = fails(&Http::new(), &url).await;
    is(&failure, Class::Unclear, "not_json");
    assert_eq!(failure.status, Some(302));
}

#[tokio::test]
async fn e3_a_job_without_time_sends_nothing() {
    let (url, task) = server(|_| async { panic!("something was sent") }).await;
    let request = Request::get(&url, "/");
    let failure = Http::new().send(request, tokio::time::Instant::now()).await.unwrap_err();
    is(&failure, Class::Network, "timeout");
    assert!(!task.is_finished());
}

#[tokio::test]
async fn e2_the_time_of_the_job_bounds_the_request() {
    let (url, _task) = server(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let soon = tokio::time::Instant::now() + Duration::from_millis(100);
    let began = Instant::now();
    let failure = Http::new().send(Request::get(&url, "/"), soon).await.unwrap_err();
    is(&failure, Class::Network, "timeout");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn the_limits_are_those_of_the_design() {
    let limits = Limits::default();
    assert_eq!((limits.connect, limits.total), (Duration::from_secs(3), Duration::from_secs(20)));
    // The design says 1 MiB. An order of a wholesaler is larger: TikTok Shop and Lazada tell a line for each unit.
    assert_eq!(limits.body, 32 * 1_048_576);
}
