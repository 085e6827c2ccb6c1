use std::net::SocketAddr;
use std::time::Duration;

use onhand_testbed::{FaultProxy, Reaction};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

const PATIENCE: Duration = Duration::from_secs(10);
/// Long enough to see that nothing comes.
const SILENCE: Duration = Duration::from_millis(150);

/// Answers every piece with itself, and tells what arrived.
async fn echo() -> (SocketAddr, mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (arrived, arrivals) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let arrived = arrived.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 1024];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    if arrived.send(buffer[..count].to_vec()).is_err() {
                        return;
                    }
                    if stream.write_all(&buffer[..count]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, arrivals)
}

async fn connected(proxy: &FaultProxy) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    assert_eq!(ask(&mut stream, b"hello").await, b"hello");
    stream
}

async fn ask(stream: &mut TcpStream, bytes: &[u8]) -> Vec<u8> {
    stream.write_all(bytes).await.unwrap();
    let mut answer = vec![0; bytes.len()];
    timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    answer
}

async fn is_cut(stream: &mut TcpStream) -> bool {
    matches!(timeout(PATIENCE, stream.read(&mut [0; 16])).await, Ok(Ok(0) | Err(_)))
}

async fn is_silent(stream: &mut TcpStream) -> bool {
    timeout(SILENCE, stream.read(&mut [0; 16])).await.is_err()
}

#[tokio::test]
async fn passes_everything_on() {
    let (target, _arrivals) = echo().await;
    let proxy = FaultProxy::start(target).await.unwrap();
    let mut stream = connected(&proxy).await;
    assert_eq!(ask(&mut stream, b"again").await, b"again");
    assert_eq!((proxy.accepted(), proxy.open(), proxy.triggered()), (1, 1, 0));
}

#[tokio::test]
async fn a_client_that_has_said_everything_still_hears_the_answer() {
    let (target, _arrivals) = echo().await;
    let proxy = FaultProxy::start(target).await.unwrap();
    let mut stream = connected(&proxy).await;
    proxy.delay(Duration::from_millis(50));
    stream.write_all(b"last words").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, b"last words");
    let closed = async {
        while proxy.open() > 0 {
            tokio::task::yield_now().await
        }
    };
    timeout(PATIENCE, closed).await.unwrap();
}

#[tokio::test]
async fn loses_replies_until_told_to_pass() {
    let (target, mut arrivals) = echo().await;
    let proxy = FaultProxy::start(target).await.unwrap();
    let mut stream = connected(&proxy).await;
    arrivals.recv().await.unwrap();
    proxy.lose_replies();
    stream.write_all(b"lost").await.unwrap();
    assert_eq!(timeout(PATIENCE, arrivals.recv()).await.unwrap().unwrap(), b"lost");
    assert!(is_silent(&mut stream).await);
    proxy.pass();
    assert_eq!(ask(&mut stream, b"back").await, b"back");
}

#[tokio::test]
async fn cuts_every_open_connection_and_serves_new_ones() {
    let (target, _arrivals) = echo().await;
    let proxy = FaultProxy::start(target).await.unwrap();
    let (mut one, mut two) = (connected(&proxy).await, connected(&proxy).await);
    proxy.cut();
    assert!(is_cut(&mut one).await);
    assert!(is_cut(&mut two).await);
    connected(&proxy).await;
}

#[tokio::test]
async fn delays() {
    let (target, _arrivals) = echo().await;
    let proxy = FaultProxy::start(target).await.unwrap();
    let mut stream = connected(&proxy).await;
    proxy.delay(Duration::from_millis(100));
    let start = Instant::now();
    ask(&mut stream, b"slow").await;
    assert!(start.elapsed() >= Duration::from_millis(200), "both directions are held back");
}

#[tokio::test]
async fn refuses_new_connections_and_keeps_the_open_ones() {
    let (target, _arrivals) = echo().await;
    let proxy = FaultProxy::start(target).await.unwrap();
    let mut old = connected(&proxy).await;
    proxy.refuse();
    let mut refused = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(is_cut(&mut refused).await);
    ask(&mut old, b"still here").await;
    proxy.pass();
    connected(&proxy).await;
}

#[tokio::test]
async fn loses_the_replies_to_one_request_that_arrived() {
    let (target, mut arrivals) = echo().await;
    let proxy = FaultProxy::start(target).await.unwrap();
    let mut victim = connected(&proxy).await;
    arrivals.recv().await.unwrap();
    proxy.on_request(b"COMMIT", Reaction::LoseReplies);
    ask(&mut victim, b"BEGIN;").await;
    arrivals.recv().await.unwrap();
    victim.write_all(b"COMMIT;").await.unwrap();
    assert_eq!(timeout(PATIENCE, arrivals.recv()).await.unwrap().unwrap(), b"COMMIT;");
    assert!(is_silent(&mut victim).await);
    assert_eq!(proxy.triggered(), 1);
    let mut other = connected(&proxy).await;
    assert_eq!(ask(&mut other, b"COMMIT;").await, b"COMMIT;", "it happens once");
}

#[tokio::test]
async fn cuts_instead_of_the_answer() {
    let (target, mut arrivals) = echo().await;
    let proxy = FaultProxy::start(target).await.unwrap();
    let mut victim = connected(&proxy).await;
    arrivals.recv().await.unwrap();
    proxy.on_request(b"COMMIT", Reaction::CutAtReply);
    victim.write_all(b"COMMIT").await.unwrap();
    assert!(is_cut(&mut victim).await);
    assert_eq!(timeout(PATIENCE, arrivals.recv()).await.unwrap().unwrap(), b"COMMIT", "the server has acted");
}

#[tokio::test]
async fn cuts_before_the_request_arrives_even_in_two_pieces() {
    let (target, mut arrivals) = echo().await;
    let proxy = FaultProxy::start(target).await.unwrap();
    let mut victim = connected(&proxy).await;
    arrivals.recv().await.unwrap();
    proxy.on_request(b"COMMIT", Reaction::CutBeforeRequest);
    assert_eq!(ask(&mut victim, b"..COM").await, b"..COM");
    arrivals.recv().await.unwrap();
    victim.write_all(b"MIT").await.unwrap();
    assert!(is_cut(&mut victim).await);
    assert!(arrivals.try_recv().is_err(), "the server never saw the rest");
}
