//! `/v1/live`: the feed over a WebSocket, for consoles and storefronts.
//!
//! The first message is `hello` with the number of the last event. Then each event follows with its number, which is the
//! one that `/v1/events` knows it by: whoever sees a gap, or comes back after a while, connects with `?after=`. A client
//! that does not read is cut off; it loses nothing, because it knows where it was.

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use onhand_rules::access::ScopeName;
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::api::Api;
use crate::auth::Who;
use crate::body::events::{EventView, StreamQuery};
use crate::extract::Params;
use crate::problem::{self, Problem};
use crate::routes::events::{Waiter, check_after, check_head};

/// How often a silent line shows that it lives, and whoever listens is looked at again.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a client may take to accept one message.
const PATIENCE: Duration = Duration::from_secs(10);
/// Events read at once.
const PAGE: usize = 200;
/// The close code of a client that is too slow (RFC 6455: 1008, policy).
const TOO_SLOW: u16 = 1008;
/// The close code of a server that stops (RFC 6455: 1001, going away).
const GOING_AWAY: u16 = 1001;

/// The feed over a WebSocket: `hello`, then `event` after `event`, and `heartbeat` when there is nothing to say.
#[utoipa::path(get, path = "/v1/live", tag = "events", params(StreamQuery),
    responses((status = 101, description = "Messages are JSON: {type: hello|event|heartbeat, seq, event?}")))]
pub(crate) async fn live(
    State(api): State<Api>,
    headers: HeaderMap,
    Params(query): Params<StreamQuery>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|error| {
        let detail = format!("this is a WebSocket ({error}); /v1/events has the same for other clients");
        Problem::new(&problem::INVALID_HEADER, detail)
    })?;
    let after = match query.after {
        Some(after) => check_after(Some(after))?,
        None => api.reads().feed_head().await?,
    };
    check_head(&api, after).await?;
    let busy = || Problem::new(&problem::BUSY, "too many live lines are open; read /v1/events instead");
    let line = api.0.lines.clone().try_acquire_owned().map_err(|_| busy())?;
    Ok(upgrade.on_upgrade(move |socket| async move {
        let code = tell(&api, &headers, socket, after).await;
        tracing::debug!(code, "a live line ended");
        drop(line);
    }))
}

/// Tells until somebody hangs up, and with which code.
async fn tell(api: &Api, headers: &HeaderMap, mut socket: WebSocket, mut after: i64) -> u16 {
    let mut waiter = Waiter::new(api);
    let audit = may(api, headers, ScopeName::AuditRead).await;
    if !say(&mut socket, &json!({"type": "hello", "seq": after})).await {
        return TOO_SLOW;
    }
    let mut beat = Instant::now() + HEARTBEAT;
    loop {
        let page = match api.reads().events(after, PAGE).await {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(%error, "a live line ends because the database does not answer");
                return close(socket, GOING_AWAY).await;
            }
        };
        for row in page.rows {
            after = row.number;
            if !audit && EventView::is_secret(&row) {
                continue;
            }
            let message = json!({"type": "event", "seq": row.number, "event": EventView::of(row)});
            if !say(&mut socket, &message).await {
                return close(socket, TOO_SLOW).await;
            }
        }
        if page.more {
            continue;
        }
        if Instant::now() >= beat {
            beat = Instant::now() + HEARTBEAT;
            if !may(api, headers, ScopeName::EventsRead).await {
                return close(socket, TOO_SLOW).await;
            }
            if !say(&mut socket, &json!({"type": "heartbeat", "seq": after})).await {
                return close(socket, TOO_SLOW).await;
            }
        }
        tokio::select! {
            // Whatever clients say is read and forgotten: pings are answered, and a close ends the line.
            heard = socket.recv() => match heard {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return 1000,
                Some(Ok(_)) => {}
            },
            woken = waiter.wait(beat) => {
                if !woken && Instant::now() < beat {
                    return close(socket, GOING_AWAY).await;
                }
            }
        }
    }
}

/// Whether whoever opened the line still may listen: sessions end, keys are revoked.
async fn may(api: &Api, headers: &HeaderMap, scope: ScopeName) -> bool {
    match api.0.callers.who(&api.0.engine, &Method::GET, headers).await {
        Who::Known(caller) => caller.allows(scope),
        // A database that does not answer ends the line elsewhere.
        Who::CannotTell(_) => true,
        Who::Anonymous(_) | Who::Foreign => false,
    }
}

async fn say(socket: &mut WebSocket, message: &serde_json::Value) -> bool {
    let sent = timeout(PATIENCE, socket.send(Message::Text(message.to_string().into()))).await;
    matches!(sent, Ok(Ok(())))
}

async fn close(mut socket: WebSocket, code: u16) -> u16 {
    let frame = axum::extract::ws::CloseFrame { code, reason: "".into() };
    let sent = timeout(PATIENCE, socket.send(Message::Close(Some(frame)))).await;
    tracing::trace!(said = sent.is_ok(), "a live line is closed");
    code
}
