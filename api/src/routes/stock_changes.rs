//! `/v1/stock/adjust`, `set`, `count`, `move`, `bulk`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::future::join_all;
use onhand_rules::Receipt;
use onhand_rules::commands::ChangeStock;
use serde::Serialize;

use super::{bulk_result, check_bulk_key, check_item};
use crate::api::Api;
use crate::body::bulk::Bulk;
use crate::body::stock_bulk::{BulkChange, BulkMode};
use crate::body::stock_changes::{Adjustment, Count, Move, Setting, StockChange, StockChanged};
use crate::extract::{Body, Call};
use crate::problem::{Problem, Shape};
use crate::respond::{done, found};

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

/// Sets stock to a value, if it is what the caller believes: name `expected` or `If-Match`, or both.
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

/// Makes up to 1,000 changes: `atomic`, all or none, or `independent`, each by itself.
#[utoipa::path(post, path = "/v1/stock/bulk", tag = "stock changes", request_body = BulkChange,
    responses((status = 200, description = "What became of each", body = Bulk<StockChanged<'static>>)))]
pub(crate) async fn bulk(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<BulkChange>,
) -> Result<Response, Problem> {
    check_bulk_key(&call)?;
    match request.mode {
        BulkMode::Atomic => atomic(&api, &call, &request).await,
        BulkMode::Independent => independent(&api, &call, &request).await,
    }
}

async fn atomic(api: &Api, call: &Call, request: &BulkChange) -> Result<Response, Problem> {
    let settings = api.settings();
    let mut items = Vec::with_capacity(request.items.len());
    for (index, change) in request.items.iter().enumerate() {
        let item = check_item(change).and_then(|()| change.item(settings, None));
        items.push(item.map_err(|problem| problem.inside(&format!("/items/{index}")))?);
    }
    let outcome = api.submit(call, request, Shape::List("items"), ChangeStock { items }).await?;
    let Receipt::Stock { rows, at } = &outcome.receipt else {
        return Err(outcome.unexpected());
    };
    let mut rows = rows.iter();
    let results = request
        .items
        .iter()
        .map(|change| {
            let body = StockChanged::of(change, settings, &mut rows, *at);
            bulk_result(StatusCode::OK, body.ok_or_else(|| outcome.unexpected()))
        })
        .collect();
    done(&outcome, &Bulk::of("atomic", results))
}

async fn independent(api: &Api, call: &Call, request: &BulkChange) -> Result<Response, Problem> {
    let settings = api.settings();
    let each = request.items.iter().enumerate().map(|(index, change)| async move {
        check_item(change)?;
        let items = vec![change.item(settings, None)?];
        let outcome = api.submit_item(call, index, change, Shape::Flat, ChangeStock { items }).await?;
        StockChanged::only(change, settings, &outcome.receipt).ok_or_else(|| outcome.unexpected())
    });
    let results = join_all(each).await;
    let results = results.into_iter().map(|result| bulk_result(StatusCode::OK, result)).collect();
    found(&Bulk::of("independent", results))
}
