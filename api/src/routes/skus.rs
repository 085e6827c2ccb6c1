//! `/v1/skus`.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::future::join_all;
use onhand_rules::{Receipt, Sku, SkuId};

use super::{bulk_result, check_item};
use crate::api::Api;
use crate::body::bulk::Bulk;
use crate::body::lists::{List, NoQuery, check_filter, cursor, limit, position};
use crate::body::skus::{NewSku, NewSkus, SkuBody, SkuChange, SkuChanged, SkuQuery};
use crate::extract::{Body, Call, Params};
use crate::problem::{self, Problem, Shape};
use crate::respond::{created, done, found, found_version, segment};
use crate::time::Time;

/// Creates a SKU: simple, or a bundle when it has components.
#[utoipa::path(post, path = "/v1/skus", tag = "skus", request_body = NewSku,
    responses((status = 201, description = "It was created", body = SkuBody)))]
pub(crate) async fn create(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<NewSku>,
) -> Result<Response, Problem> {
    let outcome = api.submit(&call, &request, Shape::List("components"), request.command()).await?;
    let body = SkuBody::made(&request, &outcome.receipt).ok_or_else(|| outcome.unexpected())?;
    created(&outcome, &format!("/v1/skus/{}", segment(&request.sku)), &body)
}

/// Creates up to 1,000 SKUs, each by itself: what is wrong with one does not stop the others.
#[utoipa::path(post, path = "/v1/skus/bulk", tag = "skus", request_body = NewSkus,
    responses((status = 200, description = "What became of each", body = Bulk<SkuBody>)))]
pub(crate) async fn bulk(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<NewSkus>,
) -> Result<Response, Problem> {
    super::check_bulk_key(&call)?;
    let (api, call) = (&api, &call);
    let each = request.skus.iter().enumerate().map(|(index, sku)| async move {
        check_item(sku)?;
        let outcome = api.submit_item(call, index, sku, Shape::List("components"), sku.command()).await?;
        SkuBody::made(sku, &outcome.receipt).ok_or_else(|| outcome.unexpected())
    });
    let results = join_all(each).await;
    let results = results.into_iter().map(|result| bulk_result(StatusCode::CREATED, result)).collect();
    found(&Bulk::of("independent", results))
}

/// Lists SKUs by code.
#[utoipa::path(get, path = "/v1/skus", tag = "skus", params(SkuQuery),
    responses((status = 200, description = "A page", body = List<SkuBody>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(query): Params<SkuQuery>,
) -> Result<Response, Problem> {
    let after: Option<String> = position(query.cursor.as_deref())?;
    check_filter("cursor", after.as_deref())?;
    let prefix = query.prefix.as_deref().unwrap_or_default();
    if prefix.chars().any(char::is_control) {
        return Err(Problem::new(&problem::INVALID_PARAMETER, "prefix must not contain control characters"));
    }
    let page = api.reads().skus(prefix, after.as_deref(), limit(query.limit)?).await?;
    let codes = component_codes(&api, &page.rows).await?;
    let next = page.rows.last().and_then(|row| cursor(&row.code));
    let rows = page.rows.into_iter().map(|row| SkuBody::of(row, &codes)).collect();
    found(&List::of(rows, page.more, next))
}

/// Codes of the components of these SKUs.
pub(crate) async fn component_codes(api: &Api, skus: &[Sku]) -> Result<BTreeMap<SkuId, String>, Problem> {
    let mut ids: Vec<SkuId> =
        skus.iter().flat_map(|sku| sku.components.iter().map(|part| part.sku)).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let parts = api.reads().skus_by_id(&ids).await?;
    Ok(parts.into_iter().map(|sku| (sku.id, sku.code)).collect())
}

/// Reads a SKU.
#[utoipa::path(get, path = "/v1/skus/{sku}", tag = "skus",
    params(("sku" = String, Path, description = "Its code")),
    responses((status = 200, description = "The SKU", body = SkuBody)))]
pub(crate) async fn read(
    State(api): State<Api>,
    call: Call,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let code = call.code(0, "SKU")?;
    let row = api.reads().sku(code).await?;
    let row = row.ok_or_else(|| Problem::not_found("SKU", code))?;
    let codes = component_codes(&api, std::slice::from_ref(&row)).await?;
    let body = SkuBody::of(row, &codes);
    found_version(body.version, &body)
}

/// Changes a SKU.
#[utoipa::path(patch, path = "/v1/skus/{sku}", tag = "skus", request_body = SkuChange,
    params(("sku" = String, Path, description = "Its code")),
    responses((status = 200, description = "It was changed", body = SkuChanged<'static>)))]
pub(crate) async fn change(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<SkuChange>,
) -> Result<Response, Problem> {
    let code = call.code(0, "SKU")?;
    let command = request.command(code, call.version);
    let outcome = api.submit(&call, &request, Shape::List("components"), command).await?;
    let Receipt::Sku { id, version, created_at, updated_at } = outcome.receipt else {
        return Err(outcome.unexpected());
    };
    done(
        &outcome,
        &SkuChanged {
            object: "sku_change",
            id: format!("sku_{}", id.0),
            sku: code,
            version,
            created_at: Time(created_at),
            updated_at: Time(updated_at),
            changed: &request,
        },
    )
}
