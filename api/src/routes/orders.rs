//! `/v1/orders`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::future::join_all;
use onhand_rules::order::OrderState;
use onhand_rules::{LocationId, Order, OrderId, SkuId};
use onhand_store::OrderFilter;

use super::{bulk_result, check_bulk_key, check_item};
use crate::api::Api;
use crate::body::bulk::Bulk;
use crate::body::lists::{List, NoQuery, check_filter, cursor, limit, position};
use crate::body::orders::{Codes, NewOrder, NewOrders, OrderBody, OrderQuery, PlacedOrder};
use crate::extract::{Body, Call, Params};
use crate::problem::{self, Problem, Shape};
use crate::respond::{created, etag, found};

/// Places an order: the units of every line are held, or of none.
#[utoipa::path(post, path = "/v1/orders", tag = "orders", request_body = NewOrder,
    responses((status = 201, description = "It was placed", body = PlacedOrder<'static>)))]
pub(crate) async fn place(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<NewOrder>,
) -> Result<Response, Problem> {
    let settings = api.settings();
    let outcome = api.submit(&call, &request, Shape::List("lines"), request.command(settings)).await?;
    let body = PlacedOrder::of(&request, settings, &outcome.receipt).ok_or_else(|| outcome.unexpected())?;
    created(&outcome, &format!("/v1/orders/{}", body.id), &body)
}

/// Places up to 1,000 orders, each by itself: what is wrong with one does not stop the others.
#[utoipa::path(post, path = "/v1/orders/bulk", tag = "orders", request_body = NewOrders,
    responses((status = 200, description = "What became of each", body = Bulk<PlacedOrder<'static>>)))]
pub(crate) async fn bulk(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<NewOrders>,
) -> Result<Response, Problem> {
    check_bulk_key(&call)?;
    let (api, call, settings) = (&api, &call, api.settings());
    let each = request.orders.iter().enumerate().map(|(index, order)| async move {
        check_item(order)?;
        let outcome =
            api.submit_item(call, index, order, Shape::List("lines"), order.command(settings)).await?;
        PlacedOrder::of(order, settings, &outcome.receipt).ok_or_else(|| outcome.unexpected())
    });
    let results = join_all(each).await;
    let results = results.into_iter().map(|result| bulk_result(StatusCode::CREATED, result)).collect();
    found(&Bulk::of("independent", results))
}

/// Codes of everything that these orders name.
async fn codes_of(api: &Api, orders: &[Order]) -> Result<Codes, Problem> {
    let lines = || orders.iter().flat_map(|order| &order.lines);
    let skus = lines().flat_map(|line| [line.item, line.key.sku]).collect();
    let locations = lines().map(|line| line.key.location).collect();
    codes(api, skus, locations).await
}

/// Codes of ids.
pub(crate) async fn codes(
    api: &Api,
    mut skus: Vec<SkuId>,
    mut locations: Vec<LocationId>,
) -> Result<Codes, Problem> {
    skus.sort_unstable();
    skus.dedup();
    locations.sort_unstable();
    locations.dedup();
    let mut codes = Codes::default();
    if !skus.is_empty() {
        let rows = api.reads().skus_by_id(&skus).await?;
        codes.skus = rows.into_iter().map(|row| (row.id, row.code)).collect();
    }
    if !locations.is_empty() {
        let rows = api.reads().locations_by_id(&locations).await?;
        codes.locations = rows.into_iter().map(|row| (row.id, row.code)).collect();
    }
    Ok(codes)
}

/// Lists orders, newest first.
#[utoipa::path(get, path = "/v1/orders", tag = "orders", params(OrderQuery),
    responses((status = 200, description = "A page", body = List<OrderBody>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(query): Params<OrderQuery>,
) -> Result<Response, Problem> {
    let state = match query.state.as_deref() {
        None => None,
        Some(name) => Some(
            OrderState::from_name(name)
                .ok_or_else(|| Problem::new(&problem::INVALID_PARAMETER, "state is not a state of orders"))?,
        ),
    };
    check_filter("channel", query.channel.as_deref())?;
    check_filter("reference", query.reference.as_deref())?;
    let filter = OrderFilter {
        state,
        money_due: query.money_due.unwrap_or(false),
        channel: query.channel,
        reference: query.reference,
        before: position::<OrderId>(query.cursor.as_deref())?,
    };
    let page = api.reads().orders(&filter, limit(query.limit)?).await?;
    let codes = codes_of(&api, &page.rows).await?;
    let next = page.rows.last().and_then(|row| cursor(&row.id));
    let rows = page.rows.into_iter().map(|row| OrderBody::of(row, &codes)).collect();
    found(&List::of(rows, page.more, next))
}

/// Reads an order with its lines.
#[utoipa::path(get, path = "/v1/orders/{id}", tag = "orders",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The order", body = OrderBody)))]
pub(crate) async fn read(
    State(api): State<Api>,
    call: Call,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let id: OrderId = call.id("order")?;
    let order = api.reads().order(id).await?;
    let order = order.ok_or_else(|| Problem::not_found("order", call.name(0)))?;
    let codes = codes_of(&api, std::slice::from_ref(&order)).await?;
    let version = order.version;
    let mut response = found(&OrderBody::of(order, &codes))?;
    etag(response.headers_mut(), version);
    Ok(response)
}
