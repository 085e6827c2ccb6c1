//! `/v1/low-stock` and `/v1/skus/{sku}/low-stock`.

use axum::extract::State;
use axum::response::Response;
use onhand_rules::Receipt;
use onhand_rules::commands::channels::SetLowStock;
use onhand_rules::setting::{LOW_STOCK, low_stock_key};

use crate::api::Api;
use crate::body::channels::Changed;
use crate::body::lists::NoQuery;
use crate::body::low_stock::{LowStock, LowStockChange, units_of};
use crate::extract::{Body, Call, Params};
use crate::problem::{Problem, Shape};
use crate::respond::{done, found};

/// Reads the threshold of all SKUs that have none of their own.
#[utoipa::path(get, path = "/v1/low-stock", tag = "stock",
    responses((status = 200, description = "The threshold", body = LowStock)))]
pub(crate) async fn read_all(
    State(api): State<Api>,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let rows = api.reads().settings(LOW_STOCK).await?;
    found(&LowStock::of(None, units_of(&rows, LOW_STOCK)))
}

/// Sets it. Each SKU is looked at when its stock changes next.
#[utoipa::path(patch, path = "/v1/low-stock", tag = "stock", request_body = LowStockChange,
    responses((status = 200, description = "It is set", body = Changed)))]
pub(crate) async fn set_all(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<LowStockChange>,
) -> Result<Response, Problem> {
    set(&api, &call, &request, None).await
}

/// Reads the threshold of a SKU.
#[utoipa::path(get, path = "/v1/skus/{sku}/low-stock", tag = "stock",
    params(("sku" = String, Path, description = "Its code")),
    responses((status = 200, description = "The threshold", body = LowStock)))]
pub(crate) async fn read(
    State(api): State<Api>,
    call: Call,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let code = call.code(0, "SKU")?;
    if api.reads().sku(code).await?.is_none() {
        return Err(Problem::not_found("SKU", code));
    }
    let own = api.reads().settings(&low_stock_key(code)).await?;
    let all = api.reads().settings(LOW_STOCK).await?;
    found(&LowStock::of(Some(units_of(&own, &low_stock_key(code))), units_of(&all, LOW_STOCK)))
}

/// Sets the threshold of a SKU: a notice `low_stock` opens when what is available of it at a location falls to it, and
/// closes when it rises above.
#[utoipa::path(patch, path = "/v1/skus/{sku}/low-stock", tag = "stock", request_body = LowStockChange,
    params(("sku" = String, Path, description = "Its code")),
    responses((status = 200, description = "It is set", body = Changed)))]
pub(crate) async fn change(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<LowStockChange>,
) -> Result<Response, Problem> {
    let sku = call.code(0, "SKU")?.to_owned();
    set(&api, &call, &request, Some(sku)).await
}

async fn set(
    api: &Api,
    call: &Call,
    request: &LowStockChange,
    sku: Option<String>,
) -> Result<Response, Problem> {
    let command = SetLowStock { sku, units: request.units };
    let outcome = api.submit(call, request, Shape::Flat, command).await?;
    let Receipt::Kept { version, changed } = outcome.receipt else { return Err(outcome.unexpected()) };
    done(&outcome, &Changed { object: "change", changed, version })
}
