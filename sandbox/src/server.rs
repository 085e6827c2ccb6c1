//! One marketplace's server: takes a request whole, lets faults and limits have their say, and hands it to the dialect.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::call::{Answer, Call, decode};
use crate::faults::Fault;
use crate::hub::Hub;
use crate::world::{Market, Millis};

/// Longer bodies are not read.
const LONGEST_BODY: usize = 8 << 20;

/// The connection is to be cut without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
struct Cut;

/// Serves until it is dropped.
pub(crate) async fn serve(listener: TcpListener, hub: Arc<Hub>, market: Market) {
    accept(listener, move |call| {
        let hub = Arc::clone(&hub);
        async move { handle(&hub, market, call).await }
    })
    .await;
}

/// Accepts connections for ever. An answer of none cuts the connection.
pub(crate) async fn accept<F, A>(listener: TcpListener, answer: F)
where
    F: Fn(Call) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Option<Answer>> + Send + 'static,
{
    let mut connections = tokio::task::JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: a moment later some will be free again.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        // Without it small answers wait for each other; a failure only costs time.
        drop(stream.set_nodelay(true));
        let answer = answer.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let answer = answer.clone();
                async move {
                    let call = whole(request).await.ok_or(Cut)?;
                    let answer = answer(call).await.ok_or(Cut)?;
                    Ok::<_, Cut>(respond(answer))
                }
            });
            let served = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
            // A client that goes away is none of our business.
            drop(served);
        });
    }
}

async fn whole(request: Request<Incoming>) -> Option<Call> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, LONGEST_BODY).collect().await.ok()?.to_bytes().to_vec();
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    Some(Call {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(decode).unwrap_or_default(),
        headers: headers.collect(),
        body,
    })
}

fn respond(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(answer.status).header("content-type", answer.content_type);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    let response = response.body(Full::new(Bytes::from(answer.body)));
    response.unwrap_or_else(|_| Response::new(Full::new(Bytes::new())))
}

/// The time that a marketplace says it is, whose clock is wrong by so much; where it is right, the server says it.
fn wrong_date(skew: Millis) -> Option<String> {
    if skew == 0 {
        return None;
    }
    let now = jiff::Timestamp::now().as_millisecond();
    let theirs = jiff::Timestamp::from_millisecond(now.saturating_add(skew)).ok()?;
    Some(theirs.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

/// One call to a marketplace; none when the connection is to be cut.
async fn handle(hub: &Hub, market: Market, call: Call) -> Option<Answer> {
    let dialect = hub.dialect(market);
    let shop = hub.anywhere(|world, _| dialect.caller(world, &call));
    let limit = dialect.limit(&call);
    hub.tally.count(market, shop, |counts| {
        counts.requests += 1;
        *counts.endpoints.entry(limit.endpoint.clone()).or_default() += 1;
    });
    let strike = |pick: fn(&Fault) -> Option<u64>| hub.faults.strike(market, shop, pick);
    if let Some(ms) = strike(|fault| if let Fault::Latency { ms } = fault { Some(*ms) } else { None }) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    let faulted = if strike(|fault| (*fault == Fault::Outage).then_some(0)).is_some() {
        Some(dialect.down())
    } else if strike(|fault| (*fault == Fault::Forbid).then_some(0)).is_some() {
        Some(dialect.forbidden())
    } else if strike(|fault| (*fault == Fault::Html).then_some(0)).is_some() {
        Some(Answer::html(200, MAINTENANCE.to_owned()))
    } else {
        None
    };
    if let Some(answer) = faulted {
        hub.tally.count(market, shop, |counts| counts.faulted += 1);
        return Some(answer);
    }
    let stormy = strike(|fault| (*fault == Fault::Throttle).then_some(0)).is_some();
    if stormy || !hub.limits.allow(market, shop, &limit, Instant::now()) {
        hub.tally.count(market, shop, |counts| counts.throttled += 1);
        return Some(dialect.throttled());
    }
    let mut answer = dialect.answer(hub, &call);
    answer.headers.extend(wrong_date(hub.faults.skew(market, shop)).map(|date| ("date", date)));
    if strike(|fault| (*fault == Fault::LoseAnswer).then_some(0)).is_some() {
        hub.tally.count(market, shop, |counts| counts.answers_lost += 1);
        return None;
    }
    Some(answer)
}

const MAINTENANCE: &str = "<!doctype html><html><head><title>Maintenance</title></head>\
<body><h1>We will be back soon</h1><p>The system is being upgraded.</p></body></html>";
