//! A TCP proxy that misbehaves on demand.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What happens to a connection whose client sent the awaited bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// The request arrives, the server acts, and nothing it says comes back. The client waits for ever.
    LoseReplies,
    /// The request arrives, the server acts and answers, and the connection breaks instead of the answer.
    CutAtReply,
    /// The connection breaks before the request arrives.
    CutBeforeRequest,
}

#[derive(Debug, Clone, Default)]
struct Settings {
    refuse: bool,
    lose_replies: bool,
    delay: Option<Duration>,
    trigger: Option<(Arc<[u8]>, Reaction)>,
    /// Every connection breaks when this rises.
    cuts: u64,
}

#[derive(Debug, Default)]
struct Counters {
    accepted: AtomicU64,
    open: AtomicUsize,
    triggered: AtomicU64,
}

/// A TCP proxy on 127.0.0.1 between a client and a server. It passes everything on until told otherwise, and what it
/// is told applies at once, also to the connections that are open.
///
/// A client that encrypts hides its bytes from [`FaultProxy::on_request`]; the other faults work all the same.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    settings: Arc<watch::Sender<Settings>>,
    counters: Arc<Counters>,
    accept: JoinHandle<()>,
}

impl FaultProxy {
    /// Listens on a free port and passes connections on to `target`.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(target: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port")?;
        let address = listener.local_addr()?;
        let settings = Arc::new(watch::Sender::new(Settings::default()));
        let counters = Arc::new(Counters::default());
        let accept = tokio::spawn(accept_all(listener, target, Arc::clone(&settings), Arc::clone(&counters)));
        Ok(Self { address, settings, counters, accept })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every fault. Connections that were cut stay cut; bytes that were lost stay lost.
    pub fn pass(&self) {
        self.settings.send_modify(|settings| {
            *settings = Settings { cuts: settings.cuts, ..Settings::default() };
        });
    }

    /// From now on, nothing that the server says reaches a client.
    pub fn lose_replies(&self) {
        self.settings.send_modify(|settings| settings.lose_replies = true);
    }

    /// Once, on the first connection whose client sends these bytes.
    pub fn on_request(&self, bytes: &[u8], reaction: Reaction) {
        self.settings.send_modify(|settings| settings.trigger = Some((bytes.into(), reaction)));
    }

    /// Breaks every open connection. New ones are served.
    pub fn cut(&self) {
        self.settings.send_modify(|settings| settings.cuts += 1);
    }

    /// Holds back each piece of data this long, in both directions; zero for not at all.
    pub fn delay(&self, by: Duration) {
        self.settings.send_modify(|settings| settings.delay = (!by.is_zero()).then_some(by));
    }

    /// Closes new connections at once. The open ones go on; [`Self::cut`] ends them.
    pub fn refuse(&self) {
        self.settings.send_modify(|settings| settings.refuse = true);
    }

    /// How many connections were ever accepted, refused ones included.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.counters.accepted.load(Ordering::SeqCst)
    }

    /// How many connections are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.counters.open.load(Ordering::SeqCst)
    }

    /// How often the bytes given to [`Self::on_request`] were seen.
    #[must_use]
    pub fn triggered(&self) -> u64 {
        self.counters.triggered.load(Ordering::SeqCst)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        // The task owns those of the connections, so all of them end.
        self.accept.abort();
    }
}

async fn accept_all(
    listener: TcpListener,
    target: SocketAddr,
    settings: Arc<watch::Sender<Settings>>,
    counters: Arc<Counters>,
) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        counters.accepted.fetch_add(1, Ordering::SeqCst);
        if settings.borrow().refuse {
            continue;
        }
        connections.spawn(serve(client, target, Arc::clone(&settings), Arc::clone(&counters)));
        while connections.try_join_next().is_some() {}
    }
}

/// One less open connection when it goes, however its task ends.
struct Open(Arc<Counters>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn serve(
    client: TcpStream,
    target: SocketAddr,
    settings: Arc<watch::Sender<Settings>>,
    counters: Arc<Counters>,
) {
    counters.open.fetch_add(1, Ordering::SeqCst);
    let _open = Open(Arc::clone(&counters));
    let mut changes = settings.subscribe();
    let cuts = changes.borrow().cuts;
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    // Delays are ours to add, not the kernel's.
    if client.set_nodelay(true).is_err() || server.set_nodelay(true).is_err() {
        return;
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let reaction = watch::Sender::new(None);
    tokio::select! {
        () = requests(from_client, to_server, &settings, &reaction, &counters) => {}
        () = replies(from_server, to_client, &settings, &reaction) => {}
        _ = changes.wait_for(|now| now.cuts > cuts) => {}
    }
}

async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    settings: &watch::Sender<Settings>,
    reaction: &watch::Sender<Option<Reaction>>,
    counters: &Counters,
) {
    let mut buffer = vec![0; 64 * 1024];
    // The end of what went before: the awaited bytes may arrive in two pieces.
    let mut tail: Vec<u8> = Vec::new();
    loop {
        let Ok(count) = from.read(&mut buffer).await else {
            return;
        };
        if count == 0 {
            // The client has said everything and may still listen; the connection ends when the server ends it.
            if to.shutdown().await.is_ok() {
                std::future::pending::<()>().await;
            }
            return;
        }
        wait(settings).await;
        tail.extend_from_slice(&buffer[..count]);
        if let Some(seen) = take_trigger(settings, &mut tail) {
            counters.triggered.fetch_add(1, Ordering::SeqCst);
            if seen == Reaction::CutBeforeRequest {
                return;
            }
            // Before the request goes on: its answer may be very fast.
            reaction.send_replace(Some(seen));
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// Whether the awaited bytes are in `seen`; if so nobody awaits them any longer.
fn take_trigger(settings: &watch::Sender<Settings>, seen: &mut Vec<u8>) -> Option<Reaction> {
    let mut taken = None;
    settings.send_if_modified(|settings| {
        let Some((bytes, reaction)) = &settings.trigger else {
            seen.clear();
            return false;
        };
        if bytes.is_empty() || seen.windows(bytes.len()).any(|window| window == &bytes[..]) {
            taken = Some(*reaction);
            settings.trigger = None;
            seen.clear();
            return true;
        }
        seen.drain(..seen.len().saturating_sub(bytes.len() - 1));
        false
    });
    taken
}

async fn replies(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    settings: &watch::Sender<Settings>,
    reaction: &watch::Sender<Option<Reaction>>,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        wait(settings).await;
        match *reaction.borrow() {
            Some(Reaction::LoseReplies) => continue,
            Some(Reaction::CutAtReply | Reaction::CutBeforeRequest) => return,
            None => {}
        }
        if settings.borrow().lose_replies {
            continue;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

async fn wait(settings: &watch::Sender<Settings>) {
    let delay = settings.borrow().delay;
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
}
