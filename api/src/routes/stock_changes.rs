//! `/v1/stock/adjust`, `set`, `count`, `move`, `bulk`.

use axum::extract::State;
use axum::response::Response;
use onhand_rules::commands::ChangeStock;
use serde::Serialize;

use crate::api::Api;
use crate::body::stock_changes::{Adjustment, Count, Move, Setting, StockChange, StockChanged};
use crate::extract::{Body, Call};
use crate::problem::{Problem, Shape};
use crate::respond::done;

async fn one<C: StockChange + Serialize>(api: &Api, call: &Call, change: &C) -> Result<Response, Problem> {
    let settings = api.settings();
    let items = vec![change.item(settings, call.version)?];
    let outcome = api.submit(call, change, Shape::Flat, ChangeStock { items }).await?;
    let body = StockChanged::only(change, settings, &outcome.receipt).ok_or_else(|| outcome.unexpected())?;
    done(&outcome, &body)
}

/// Adjusts stock by a difference; downward only as far as nothing is promised to anybody.
#[utoipa::path(post, path = "/v1/stock/adjust", tag = "stock changes", request_body = Adjustment,
    responses((status = 200, description = "It was adjusted", body = StockChanged<'static>)))]
pub(crate) async fn adjust(
    State(api): State<Api>,
    call: Call,
    Body(change): Body<Adjustment>,
) -> Result<Response, Problem> {
    one(&api, &call, &change).await
}

/// Sets stock to a value, if it is what the caller believes: name `expected` or `If-Match`.
#[utoipa::path(post, path = "/v1/stock/set", tag = "stock changes", request_body = Setting,
    responses((status = 200, description = "It was set", body = StockChanged<'static>)))]
pub(crate) async fn set(
    State(api): State<Api>,
    call: Call,
    Body(change): Body<Setting>,
) -> Result<Response, Problem> {
    one(&api, &call, &change).await
}

/// Sets stock to what was counted, whatever is promised; it may open a shortfall.
#[utoipa::path(post, path = "/v1/stock/count", tag = "stock changes", request_body = Count,
    responses((status = 200, description = "It was set", body = StockChanged<'static>)))]
pub(crate) async fn count(
    State(api): State<Api>,
    call: Call,
    Body(change): Body<Count>,
) -> Result<Response, Problem> {
    one(&api, &call, &change).await
}

/// Moves units between locations, or between sellable and unavailable at one location.
#[utoipa::path(post, path = "/v1/stock/move", tag = "stock changes", request_body = Move,
    responses((status = 200, description = "They were moved", body = StockChanged<'static>)))]
pub(crate) async fn moves(
    State(api): State<Api>,
    call: Call,
    Body(change): Body<Move>,
) -> Result<Response, Problem> {
    one(&api, &call, &change).await
}
