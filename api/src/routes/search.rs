//! `/v1/search`: one question, one bounded read for each kind of thing, over indexes that are there for other reasons.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use onhand_rules::access::ScopeName;
use onhand_rules::job::JobState;
use onhand_rules::{JobId, Order, OrderId, ReservationId};
use onhand_store::{OrderFilter, Reads};

use crate::api::Api;
use crate::body::lists::{List, check_text_filter};
use crate::body::search::{Hit, SearchQuery};
use crate::extract::{Call, Params};
use crate::problem::{self, Problem};
use crate::respond::found;

/// Finds SKUs by the beginning of their code, orders by their reference, shops by a part of their name, and SKUs, orders,
/// reservations and jobs by their id.
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
        hits.extend(orders(reads, q, limit).await?);
        hits.extend(reservation(reads, q).await?);
    }
    if caller.allows(ScopeName::StockRead) {
        hits.extend(job(reads, q).await?);
        hits.extend(shops(reads, q, limit).await?);
    }
    found(&List::of(hits, false, None))
}

/// By the beginning of the code as it was typed, and in capitals, as most shops write them.
async fn skus(reads: &dyn Reads, q: &str, limit: usize) -> Result<Vec<Hit>, Problem> {
    let mut hits: Vec<Hit> = Vec::new();
    for prefix in BTreeSet::from([q.to_owned(), q.to_uppercase()]) {
        for sku in reads.skus(&prefix, None, limit).await?.rows {
            if hits.len() < limit && hits.iter().all(|hit| hit.id != sku.code) {
                let title = (!sku.name.is_empty()).then_some(sku.name);
                let state = sku.archived.then_some("archived");
                hits.push(Hit { title, state, ..Hit::new("sku", sku.code) });
            }
        }
    }
    Ok(hits)
}

async fn orders(reads: &dyn Reads, q: &str, limit: usize) -> Result<Vec<Hit>, Problem> {
    let found = match q.parse::<OrderId>() {
        Ok(id) => reads.order(id).await?.into_iter().collect(),
        Err(_) => {
            let filter = OrderFilter { reference: Some(q.to_owned()), ..OrderFilter::default() };
            reads.orders(&filter, limit).await?.rows
        }
    };
    let hit = |order: Order| Hit {
        title: order.reference,
        channel: Some(order.channel),
        state: Some(order.state.name()),
        ..Hit::new("order", order.id.to_string())
    };
    Ok(found.into_iter().map(hit).collect())
}

async fn reservation(reads: &dyn Reads, q: &str) -> Result<Option<Hit>, Problem> {
    let Ok(id) = q.parse::<ReservationId>() else { return Ok(None) };
    Ok(reads.reservation(id).await?.map(|reservation| Hit {
        title: reservation.owner,
        state: Some(reservation.state.name()),
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
    Ok(Some(Hit { title: Some(title), state: Some(state), ..Hit::new("job", id.to_string()) }))
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
