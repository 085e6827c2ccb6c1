//! `/v1/search`: one question, one bounded read for each kind of thing, over indexes that are there for other reasons; only names
//! of SKUs are looked through one by one.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use onhand_rules::access::ScopeName;
use onhand_rules::job::JobState;
use onhand_rules::{JobId, Order, OrderId, ReservationId, Sku};
use onhand_store::{OrderFilter, Reads};

use crate::api::Api;
use crate::body::lists::{List, check_text_filter};
use crate::body::market_orders::id_of;
use crate::body::search::{Hit, SearchQuery};
use crate::extract::{Call, Params};
use crate::problem::{self, Problem};
use crate::respond::found;

/// Names are looked through from so many letters on: fewer say nothing.
const NAME_MIN: usize = 3;
/// Words of a name that count.
const WORDS_MAX: usize = 5;

/// Finds SKUs by the beginning of their code or by words of their name, orders by their reference or their marketplace's number,
/// shops by a part of their name, and SKUs, orders, reservations and jobs by their id.
///
/// Only what the caller's scopes allow to read is looked at.
#[utoipa::path(get, path = "/v1/search", tag = "operations", params(SearchQuery),
    responses((status = 200, description = "SKUs first, then orders, reservations, jobs and shops", body = List<Hit>)))]
pub(crate) async fn search(
    State(api): State<Api>,
    call: Call,
    Params(query): Params<SearchQuery>,
) -> Result<Response, Problem> {
    let q = query.q.trim();
    check_text_filter("q", Some(q))?;
    let limit = query.limit.unwrap_or(6);
    if q.is_empty() || !(1..=50).contains(&limit) {
        return Err(Problem::new(&problem::INVALID_PARAMETER, "q must not be empty, and limit from 1 to 50"));
    }
    let (reads, limit, caller) = (api.reads(), limit as usize, call.caller()?);
    let mut hits = Vec::new();
    if caller.allows(ScopeName::StockRead) {
        hits.extend(skus(reads, q, limit).await?);
    }
    if caller.allows(ScopeName::OrdersRead) {
        let mut orders = orders(reads, q, limit).await?;
        orders.extend(market_orders(reads, q).await?);
        orders.truncate(limit);
        hits.extend(orders);
        hits.extend(reservation(reads, q).await?);
    }
    if caller.allows(ScopeName::StockRead) {
        hits.extend(job(reads, q).await?);
        hits.extend(shops(reads, q, limit).await?);
    }
    found(&List::of(hits, false, None))
}

/// By the beginning of the code as it was typed, and in capitals, as most shops write them; then by words of the name.
async fn skus(reads: &dyn Reads, q: &str, limit: usize) -> Result<Vec<Hit>, Problem> {
    let mut hits: Vec<Hit> = Vec::new();
    for prefix in BTreeSet::from([q.to_owned(), q.to_uppercase()]) {
        for sku in reads.skus(&prefix, None, limit).await?.rows {
            if hits.len() < limit && hits.iter().all(|hit| hit.id != sku.code) {
                hits.push(of_sku(sku));
            }
        }
    }
    let words: Vec<String> = q.split_whitespace().take(WORDS_MAX).map(str::to_owned).collect();
    if hits.len() < limit && q.chars().count() >= NAME_MIN {
        let named = reads.skus_named(&words, limit).await?;
        let known: BTreeSet<String> = hits.iter().map(|hit| hit.id.clone()).collect();
        hits.extend(named.into_iter().filter(|sku| !known.contains(&sku.code)).map(of_sku));
        hits.truncate(limit);
    }
    Ok(hits)
}

fn of_sku(sku: Sku) -> Hit {
    let title = (!sku.name.is_empty()).then_some(sku.name);
    let state = sku.archived.then(|| "archived".to_owned());
    Hit { title, state, ..Hit::new("sku", sku.code) }
}

async fn orders(reads: &dyn Reads, q: &str, limit: usize) -> Result<Vec<Hit>, Problem> {
    let found = match q.parse::<OrderId>() {
        Ok(id) => reads.order(id).await?.into_iter().collect(),
        Err(_) => {
            let filter = OrderFilter { reference: Some(q.to_owned()), ..OrderFilter::default() };
            reads.orders(&filter, limit).await?.rows
        }
    };
    Ok(found.into_iter().map(of_order).collect())
}

fn of_order(order: Order) -> Hit {
    Hit {
        title: order.reference,
        channel: Some(order.channel),
        state: Some(order.state.name().to_owned()),
        ..Hit::new("order", order.id.to_string())
    }
}

/// By the marketplace's own number, in any shop: our orders by it, or what waits to become one.
async fn market_orders(reads: &dyn Reads, q: &str) -> Result<Vec<Hit>, Problem> {
    let mut hits = Vec::new();
    for shop in reads.shops().await? {
        let Some(order) = reads.market_order(shop.id, q).await? else { continue };
        let ours: BTreeSet<OrderId> = order.applied.iter().map(|line| line.order).collect();
        if ours.is_empty() {
            let state = serde_json::to_value(order.state).ok();
            hits.push(Hit {
                title: Some(order.reference.clone()),
                channel: Some(shop.channel),
                state: state.and_then(|state| state.as_str().map(str::to_owned)),
                ..Hit::new("market_order", id_of(shop.id, &order.reference))
            });
        }
        for id in ours {
            hits.extend(reads.order(id).await?.map(of_order));
        }
    }
    Ok(hits)
}

async fn reservation(reads: &dyn Reads, q: &str) -> Result<Option<Hit>, Problem> {
    let Ok(id) = q.parse::<ReservationId>() else { return Ok(None) };
    Ok(reads.reservation(id).await?.map(|reservation| Hit {
        title: reservation.owner,
        state: Some(reservation.state.name().to_owned()),
        ..Hit::new("reservation", id.to_string())
    }))
}

/// Wherever it is.
async fn job(reads: &dyn Reads, q: &str) -> Result<Option<Hit>, Problem> {
    let Ok(id) = q.parse::<JobId>() else { return Ok(None) };
    let (body, state) = if let Some(job) = reads.job(id).await? {
        let state = if job.state == JobState::Running { "running" } else { "ready" };
        (job.body, state)
    } else if let Some(dead) = reads.dead_job(id).await? {
        (dead.job.body, "dead")
    } else if let Some(done) = reads.done_job(id).await? {
        (done.job.body, "done")
    } else {
        return Ok(None);
    };
    let title = body.kind().to_owned();
    Ok(Some(Hit { title: Some(title), state: Some(state.to_owned()), ..Hit::new("job", id.to_string()) }))
}

/// There are few; they are read whole.
async fn shops(reads: &dyn Reads, q: &str, limit: usize) -> Result<Vec<Hit>, Problem> {
    let wanted = q.to_lowercase();
    let shops = reads.shops().await?.into_iter();
    let fits = shops.filter(|shop| {
        shop.code.to_lowercase().contains(&wanted) || shop.name.to_lowercase().contains(&wanted)
    });
    let hit = |shop: onhand_rules::Shop| Hit {
        title: Some(shop.name),
        channel: Some(shop.channel),
        ..Hit::new("shop", shop.code)
    };
    Ok(fits.take(limit).map(hit).collect())
}
