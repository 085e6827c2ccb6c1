//! `/v1/market-orders`.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::response::Response;
use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::market_order::MarketOrderState;
use onhand_rules::{EventBody, MarketOrder, OrderId, Receipt, ShopId};
use onhand_store::{EventRow, MarketOrderFilter};
use serde::Serialize;

use super::queue::{shop_id, word};
use super::shops::codes;
use crate::api::Api;
use crate::body::lists::{List, NoQuery, cursor, limit, position};
use crate::body::market_orders::{
    CancelAnswer, Enqueued, MarketOrderDetail, MarketOrderQuery, MarketOrderView, NewShipment, Sold, parse_id,
};
use crate::extract::{Body, Call, MaybeBody, Params};
use crate::problem::{Problem, Shape};
use crate::respond::{done, found, found_version};

/// Events of one thing in a timeline.
const TIMELINE: usize = 200;

/// Lists orders of marketplaces, newest first.
#[utoipa::path(get, path = "/v1/market-orders", tag = "channels", params(MarketOrderQuery),
    responses((status = 200, description = "A page", body = List<MarketOrderView>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(query): Params<MarketOrderQuery>,
) -> Result<Response, Problem> {
    let filter = MarketOrderFilter {
        shop: shop_id(&api, query.shop.as_deref()).await?,
        state: query.state.as_deref().map(|state| word::<MarketOrderState>("state", state)).transpose()?,
        before: position(query.cursor.as_deref())?,
    };
    let page = api.reads().market_orders(&filter, limit(query.limit)?).await?;
    let shops = codes(&api).await?;
    let next = page.rows.last().and_then(|row| cursor(&(row.received_at, row.shop, &row.reference)));
    let rows = page.rows.iter().map(|order| MarketOrderView::of(order, &shops)).collect();
    found(&List::of(rows, page.more, next))
}

async fn order_of(api: &Api, call: &Call) -> Result<MarketOrder, Problem> {
    let missing = || Problem::not_found("order of a marketplace", call.name(0));
    let (shop, reference) = parse_id(call.name(0)).ok_or_else(missing)?;
    api.reads().market_order(shop, &reference).await?.ok_or_else(missing)
}

/// Reads an order of a marketplace with what became of its lines and what happened to it.
#[utoipa::path(get, path = "/v1/market-orders/{id}", tag = "channels",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The order", body = MarketOrderDetail)))]
pub(crate) async fn read(
    State(api): State<Api>,
    call: Call,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let order = order_of(&api, &call).await?;
    let shops = codes(&api).await?;
    let sold = sold(&api, &order).await?;
    let timeline = timeline(&api, &order, &shops).await?;
    let body = MarketOrderDetail::of(order, &shops, &sold, timeline);
    found_version(body.version, &body)
}

async fn sold(api: &Api, order: &MarketOrder) -> Result<Sold, Problem> {
    let mut listings = BTreeMap::new();
    let keys: BTreeSet<(String, String)> =
        order.snapshot.lines.iter().map(|line| (line.item.clone(), line.variant.clone())).collect();
    for (item, variant) in keys {
        if let Some(listing) = api.reads().listing_by_key(order.shop, &item, &variant).await? {
            listings.insert((item, variant), listing);
        }
    }
    let ids: BTreeSet<_> =
        listings.values().filter_map(|listing| listing.mapping.map(|mapping| mapping.sku)).collect();
    let ids: Vec<_> = ids.into_iter().collect();
    let skus = api.reads().skus_by_id(&ids).await?;
    Ok((listings, skus.into_iter().map(|sku| (sku.id, sku.code)).collect()))
}

/// Events are found by what they are about, and shops may share numbers of orders.
async fn timeline(
    api: &Api,
    order: &MarketOrder,
    shops: &BTreeMap<ShopId, String>,
) -> Result<Vec<EventRow>, Problem> {
    let code = shops.get(&order.shop);
    let mut rows = api.reads().events_of(&order.reference, 0, TIMELINE).await?.rows;
    rows.retain(|row| match &row.body {
        EventBody::MarketOrderChanged { shop, .. } => Some(shop) == code,
        _ => false,
    });
    let ours: BTreeSet<OrderId> = order.applied.iter().map(|line| line.order).collect();
    for id in ours {
        rows.extend(api.reads().events_of(&id.to_string(), 0, TIMELINE).await?.rows);
    }
    Ok(rows)
}

/// Puts jobs into the queue before all others of their lane.
pub(crate) async fn enqueue<T: Serialize>(
    api: &Api,
    call: &Call,
    request: &T,
    bodies: Vec<JobBody>,
) -> Result<Response, Problem> {
    let job = |body| NewJob { body, class: 1, run_at: 0, cause_at: None };
    let command = EnqueueJobs { jobs: bodies.into_iter().map(job).collect() };
    let outcome = api.submit(call, request, Shape::Flat, command).await?;
    let Receipt::Enqueued { jobs } = &outcome.receipt else { return Err(outcome.unexpected()) };
    let jobs = jobs.iter().map(ToString::to_string).collect();
    done(&outcome, &Enqueued { object: "enqueued", jobs })
}

/// Fetches an order again now.
#[utoipa::path(post, path = "/v1/market-orders/{id}/fetch", tag = "channels",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "A job does it", body = Enqueued)))]
pub(crate) async fn fetch(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let order = order_of(&api, &call).await?;
    let body = JobBody::FetchOrder { shop: order.shop, reference: order.reference };
    enqueue(&api, &call, &(), vec![body]).await
}

/// Tells the marketplace that goods leave.
#[utoipa::path(post, path = "/v1/market-orders/{id}/ship", tag = "channels", request_body = NewShipment,
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "A job does it", body = Enqueued)))]
pub(crate) async fn ship(
    State(api): State<Api>,
    call: Call,
    MaybeBody(request): MaybeBody<NewShipment>,
) -> Result<Response, Problem> {
    let order = order_of(&api, &call).await?;
    enqueue(&api, &call, &request, vec![request.job(order.shop, order.reference)]).await
}

/// Answers the buyer's wish to cancel. Whether there is one is for the marketplace to say: the job fails if not.
#[utoipa::path(post, path = "/v1/market-orders/{id}/answer-cancel", tag = "channels", request_body = CancelAnswer,
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "A job does it", body = Enqueued)))]
pub(crate) async fn answer_cancel(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<CancelAnswer>,
) -> Result<Response, Problem> {
    let order = order_of(&api, &call).await?;
    let accept = request.accept;
    let body = JobBody::AnswerCancel { shop: order.shop, reference: order.reference, accept };
    enqueue(&api, &call, &request, vec![body]).await
}
