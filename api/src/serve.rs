//! Connections and their limits.

mod stream;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::Service;

use crate::api::{Api, Settings};
use crate::people::tries::Peer;
use stream::ReadBefore;

/// How long to wait after an accept that failed for want of something, such as file descriptors.
const BREATH: Duration = Duration::from_millis(50);

/// Serves connections until `shutdown` is done, then lets open requests finish for
/// [`shutdown_timeout`](crate::Settings::shutdown_timeout).
///
/// # Errors
/// When the listener is of no use.
pub async fn serve(api: Api, listener: TcpListener, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let keeper = tokio::spawn(crate::uses::keep(api.clone()));
    let served = serve_router(&api, api.router(), listener, shutdown).await;
    keeper.abort();
    served
}

/// Serves measures and the detail of readiness, and nothing else, until [`serve`] stops. Only for an API whose settings
/// say that these are [apart](crate::Settings::admin_apart).
///
/// # Errors
/// When the listener is of no use.
pub async fn serve_admin(api: Api, listener: TcpListener) -> io::Result<()> {
    let mut closing = api.0.closing.subscribe();
    let stopped = async move { drop(closing.wait_for(|closing| *closing).await) };
    serve_router(&api, api.admin_router(), listener, stopped).await
}

fn http(settings: &Settings) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .max_buf_size(settings.headers_max.max(8_192))
        .keep_alive(true);
    builder
}

async fn serve_router(
    api: &Api,
    router: Router,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let settings = api.settings().clone();
    let proxies = Arc::new(settings.trusted_proxies.clone());
    let connections = Arc::new(Semaphore::new(settings.connections_max));
    let builder = http(&settings);
    let mut shutdown = pin!(shutdown);
    loop {
        let permit = tokio::select! {
            permit = connections.clone().acquire_owned() => permit.map_err(io::Error::other)?,
            () = &mut shutdown => break,
        };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    if !is_about_one_connection(&error) {
                        tracing::warn!(%error, "cannot accept connections for a moment");
                        tokio::time::sleep(BREATH).await;
                    }
                    continue;
                }
            },
            () = &mut shutdown => break,
        };
        let router = router.clone();
        let (peer, proxies) = (peer.ip(), proxies.clone());
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            let client = proxies.client(peer, request.headers());
            request.extensions_mut().insert(Peer(client));
            router.clone().call(request.map(Body::new))
        });
        let stream = ReadBefore::new(ready(stream), settings.write_timeout);
        let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
        let open = api.0.measures.connections.clone();
        let mut closing = api.0.closing.subscribe();
        open.inc();
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                // The sender lives as long as the API; if it is gone, the server stops too.
                () = async { drop(closing.wait_for(|closing| *closing).await) } => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            // A connection that breaks is the client's business.
            if let Err(error) = ended {
                tracing::trace!(%error, "a connection broke");
            }
            open.dec();
            drop(permit);
        });
    }
    drop(listener);
    api.0.closing.send_replace(true);
    // Every connection holds one of these until it has ended.
    let all = connections.acquire_many(u32::try_from(settings.connections_max).unwrap_or(u32::MAX));
    if tokio::time::timeout(settings.shutdown_timeout, all).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
    Ok(())
}

fn ready(stream: TcpStream) -> TcpStream {
    // Small answers must not wait for the client's acknowledgement of the ones before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::trace!(%error, "cannot set TCP_NODELAY");
    }
    stream
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}
