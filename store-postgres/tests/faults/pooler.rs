//! C7: a pooler between us and the server.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use onhand_store::Outcome;
use onhand_store_postgres::PostgresStore;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::schema::address;
use crate::shop::{assert_sound, broken, database, open, options, order, stocked, writer};

/// How it gives out sessions of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// A client keeps its session.
    Session,
    /// The same, and what a client wants its session to begin with is not passed on.
    SessionWithoutOptions,
    /// A transaction gets the session that was given back last (as PgBouncer does it) …
    Last,
    /// … or first.
    First,
}

/// A connection pooler. It knows of the protocol where transactions end, and no more.
struct Pooler {
    server: SocketAddr,
    mode: Mode,
    idle: Mutex<Vec<Backend>>,
}

struct Backend {
    stream: TcpStream,
    /// What the server said until it was ready.
    greeting: Vec<u8>,
}

/// One message: its kind and the whole of it. `None` at the end.
async fn message(stream: &mut (impl AsyncRead + Unpin)) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await.ok()?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    let mut whole = head.to_vec();
    whole.resize(1 + length, 0);
    stream.read_exact(&mut whole[5..]).await.ok()?;
    Some((head[0], whole))
}

impl Pooler {
    /// Where it listens; `url` is that of the database behind it.
    async fn start(url: &str, mode: Mode) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let (server, _) = address(url);
        let pooler = Arc::new(Self { server, mode, idle: Mutex::default() });
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let pooler = pooler.clone();
                tokio::spawn(async move { pooler.serve(client).await });
            }
        });
        url.replace(&server.to_string(), &here.to_string())
    }

    /// The first message of a client has no kind.
    async fn start_message(client: &mut TcpStream) -> Option<Vec<u8>> {
        loop {
            let mut head = [0; 8];
            client.read_exact(&mut head).await.ok()?;
            let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
            // It asks for encryption.
            if head[4..] == 80_877_103_u32.to_be_bytes() {
                client.write_all(b"N").await.ok()?;
                continue;
            }
            let mut whole = head.to_vec();
            whole.resize(length, 0);
            client.read_exact(&mut whole[8..]).await.ok()?;
            return Some(whole);
        }
    }

    async fn backend(&self, start: &[u8]) -> Option<Backend> {
        let pooled = matches!(self.mode, Mode::Last | Mode::First);
        let idle = pooled.then(|| {
            let mut idle = self.idle.lock().unwrap();
            let place = if self.mode == Mode::Last { idle.len().checked_sub(1) } else { Some(0) };
            place.filter(|place| *place < idle.len()).map(|place| idle.remove(place))
        });
        if let Some(backend) = idle.flatten() {
            return Some(backend);
        }
        let mut stream = TcpStream::connect(self.server).await.ok()?;
        stream.write_all(start).await.ok()?;
        let mut greeting = Vec::new();
        loop {
            let (kind, bytes) = message(&mut stream).await?;
            greeting.extend(bytes);
            if kind == b'Z' {
                return Some(Backend { stream, greeting });
            }
        }
    }

    async fn serve(&self, mut client: TcpStream) -> Option<()> {
        let mut start = Self::start_message(&mut client).await?;
        if self.mode != Mode::Session {
            start = without_options(&start);
        }
        let first = self.backend(&start).await?;
        client.write_all(&first.greeting).await.ok()?;
        if matches!(self.mode, Mode::Session | Mode::SessionWithoutOptions) {
            let mut server = first.stream;
            return tokio::io::copy_bidirectional(&mut client, &mut server).await.map(|_| ()).ok();
        }
        self.idle.lock().unwrap().push(first);
        loop {
            let (mut kind, mut bytes) = message(&mut client).await?;
            let mut backend = self.backend(&start).await?;
            loop {
                backend.stream.write_all(&bytes).await.ok()?;
                // A query, or the end of several steps: the server answers, and says whether a transaction is open.
                if matches!(kind, b'Q' | b'S') && !answer(&mut backend, &mut client).await? {
                    break;
                }
                (kind, bytes) = message(&mut client).await?;
            }
            self.idle.lock().unwrap().push(backend);
        }
    }
}

/// Passes on what the server says until it is ready for more. Whether a transaction is open then.
async fn answer(backend: &mut Backend, client: &mut TcpStream) -> Option<bool> {
    loop {
        let (kind, bytes) = message(&mut backend.stream).await?;
        client.write_all(&bytes).await.ok()?;
        if kind == b'Z' {
            return Some(bytes.last() != Some(&b'I'));
        }
    }
}

/// The first message of a client, with nothing in it but who it is and which database it wants.
fn without_options(start: &[u8]) -> Vec<u8> {
    let words: Vec<&[u8]> = start[8..].split(|byte| *byte == 0).collect();
    let kept = words.chunks(2).filter(|pair| matches!(pair[0], b"user" | b"database"));
    let mut whole = start[..8].to_vec();
    for word in kept.flatten() {
        whole.extend_from_slice(word);
        whole.push(0);
    }
    whole.push(0);
    let length = u32::try_from(whole.len()).unwrap();
    whole[..4].copy_from_slice(&length.to_be_bytes());
    whole
}

/// Clients that have made a pooler open so many sessions, and use none of them now.
async fn clients(url: &str, sessions: usize) -> Vec<tokio_postgres::Client> {
    let mut clients = Vec::new();
    for _ in 0..sessions {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("begin").await.unwrap();
        clients.push(client);
    }
    for client in &clients {
        client.batch_execute("rollback").await.unwrap();
    }
    clients
}

/// With one session whoever asks gets the same. With four that take turns nobody meets another, but neither does anybody keep
/// the one that he had.
#[tokio::test(flavor = "multi_thread")]
async fn c7_a_pooler_that_shares_sessions_is_refused() {
    for (mode, sessions) in [(Mode::Last, 0), (Mode::First, 0), (Mode::First, 4)] {
        let database = database().await;
        let url = Pooler::start(database.url(), mode).await;
        let _others = clients(&url, sessions).await;
        let text = broken(PostgresStore::connect(options(&url)).await);
        assert!(text.contains("pool_mode = session"), "{mode:?}: it is not said what to do: {text}");
        let tables = database.sql("select count(*) from pg_tables where schemaname = 'public'").unwrap();
        assert_eq!(tables, "0", "{mode:?}: and nothing was made");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c7_a_pooler_that_loses_settings_is_refused() {
    let database = database().await;
    let url = Pooler::start(database.url(), Mode::SessionWithoutOptions).await;
    let text = broken(PostgresStore::connect(options(&url)).await);
    assert!(text.contains("does not pass on `options`"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c7_a_pooler_that_keeps_sessions_is_as_good_as_none() {
    let database = database().await;
    let url = Pooler::start(database.url(), Mode::Session).await;
    let store = open(options(&url)).await;
    let mut driver = writer(&store, 1).await;
    stocked(&mut driver, &["A"], 9).await;
    let outcome = driver.batch(&[order(1, &["A"])]).await.unwrap().remove(0);
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    assert_sound(&store).await;
}
