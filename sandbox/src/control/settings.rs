//! Buyers, messages, limits and the time.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Desk, Refused};
use crate::buyers::Habits;
use crate::limits::RateLimits;
use crate::world::Market;

pub(super) async fn buyers(State(desk): State<Desk>) -> Json<Value> {
    Json(json!({"habits": desk.hub.buyers.habits(), "attempts": desk.hub.buyers.attempts()}))
}

/// What is not said is as it is by default, not as it was.
pub(super) async fn set_buyers(State(desk): State<Desk>, Json(habits): Json<Habits>) -> Json<Value> {
    desk.hub.buyers.set(habits);
    buyers(State(desk)).await
}

pub(super) async fn webhooks(State(desk): State<Desk>) -> Json<Value> {
    let told = Market::ALL.map(|market| {
        json!({
            "market": market,
            "url": desk.hub.outbox.url(market),
            "counts": desk.hub.outbox.counts(market),
            "lost": desk.hub.outbox.lost(market, std::time::Duration::MAX).len(),
        })
    });
    let (waiting, in_flight) = desk.hub.outbox.waiting();
    Json(json!({"markets": told, "waiting": waiting, "in_flight": in_flight}))
}

/// Where a marketplace sends its messages; null: nowhere.
#[derive(Debug, Deserialize)]
pub(super) struct Address {
    market: Market,
    url: Option<String>,
}

pub(super) async fn set_webhook(
    State(desk): State<Desk>,
    Json(address): Json<Address>,
) -> Result<Json<Value>, Refused> {
    if address.url.as_ref().is_some_and(|url| reqwest::Url::parse(url).is_err()) {
        return Err(Refused::wrong("`url` is no address"));
    }
    desk.hub.outbox.set_url(address.market, address.url);
    Ok(webhooks(State(desk)).await)
}

pub(super) async fn suspend(State(desk): State<Desk>, Path(market): Path<Market>) -> Json<Value> {
    desk.hub.outbox.suspend(market);
    webhooks(State(desk)).await
}

pub(super) async fn resume(State(desk): State<Desk>, Path(market): Path<Market>) -> Json<Value> {
    desk.hub.outbox.resume(market);
    webhooks(State(desk)).await
}

/// Where TikTok Shop sends a seller back to when he has consented; null: nowhere.
#[derive(Debug, Deserialize)]
pub(super) struct Redirect {
    url: Option<String>,
}

pub(super) async fn set_redirect(
    State(desk): State<Desk>,
    Json(redirect): Json<Redirect>,
) -> Result<Json<Value>, Refused> {
    if redirect.url.as_ref().is_some_and(|url| reqwest::Url::parse(url).is_err()) {
        return Err(Refused::wrong("`url` is no address"));
    }
    desk.hub.set_redirect(redirect.url);
    Ok(Json(json!({"url": desk.hub.redirect()})))
}

/// Which limits hold: `{"limits": "published"}`, `{"limits": "off"}` or `{"per_second": 5}`.
#[derive(Debug, Deserialize)]
pub(super) struct Limits {
    limits: Option<String>,
    per_second: Option<u32>,
}

pub(super) async fn set_limits(
    State(desk): State<Desk>,
    Json(wanted): Json<Limits>,
) -> Result<Json<Value>, Refused> {
    let policy = match (wanted.limits.as_deref(), wanted.per_second) {
        (None, Some(rate)) => RateLimits::PerSecond(rate),
        (Some("published"), None) => RateLimits::Published,
        (Some("off"), None) => RateLimits::Off,
        _ => return Err(Refused::wrong("say `limits`: `published` or `off`, or `per_second`")),
    };
    desk.hub.limits.set(policy);
    Ok(Json(json!({"limits": format!("{policy:?}")})))
}

pub(super) async fn clock(State(desk): State<Desk>) -> Json<Value> {
    Json(json!({"now": desk.hub.clock.now()}))
}

/// By how many seconds the time of all shops jumps forward, so that what expires need not be waited for.
#[derive(Debug, Deserialize)]
pub(super) struct Jump {
    advance_seconds: i64,
}

pub(super) async fn move_clock(State(desk): State<Desk>, Json(jump): Json<Jump>) -> Json<Value> {
    desk.hub.clock.advance(jump.advance_seconds.saturating_mul(1_000));
    desk.hub.anywhere(|world, now| world.look_at_consents(now));
    clock(State(desk)).await
}
