//! `/v1/stock`, read.

use std::collections::{BTreeSet, HashMap};

use axum::extract::State;
use axum::response::Response;
use onhand_rules::{Sku, SkuId, Stock, StockKey};
use onhand_store::{StockFilter, StockView};

use super::skus::component_codes;
use crate::api::Api;
use crate::body::lists::{List, check_filter, cursor, limit, position};
use crate::body::skus::{ComponentBody, kind};
use crate::body::stock::{AsOfQuery, BundleStock, SkuStock, StockBody, StockQuery};
use crate::extract::{Call, Params};
use crate::problem::{self, Problem};
use crate::respond::{found, found_version};
use crate::time::{Time, parse};

/// Rows of one page when everything is wanted.
const PAGE: usize = 1_000;

/// Lists stock rows by SKU and location.
#[utoipa::path(get, path = "/v1/stock", tag = "stock", params(StockQuery),
    responses((status = 200, description = "A page", body = List<StockBody>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(query): Params<StockQuery>,
) -> Result<Response, Problem> {
    pages(&api, query, false).await
}

/// Lists stock rows whose `available` is below what their backorder limit allows.
#[utoipa::path(get, path = "/v1/shortfalls", tag = "stock", params(StockQuery),
    responses((status = 200, description = "A page", body = List<StockBody>)))]
pub(crate) async fn shortfalls(
    State(api): State<Api>,
    Params(query): Params<StockQuery>,
) -> Result<Response, Problem> {
    pages(&api, query, true).await
}

async fn pages(api: &Api, query: StockQuery, shortfall: bool) -> Result<Response, Problem> {
    check_filter("sku", query.sku.as_deref())?;
    check_filter("location", query.location.as_deref())?;
    let after: Option<(String, String)> = position(query.cursor.as_deref())?;
    if let Some((sku, location)) = &after {
        check_filter("cursor", Some(sku))?;
        check_filter("cursor", Some(location))?;
    }
    check_filter("from", query.from.as_deref())?;
    check_filter("prefix", query.prefix.as_deref())?;
    // The later of the two begins the list; no location has an empty code, so all rows of that SKU come after it.
    let from = query.from.as_deref().max(query.prefix.as_deref());
    let after = after.or_else(|| from.map(|code| (code.to_owned(), String::new())));
    let filter = StockFilter {
        sku: query.sku,
        location: query.location,
        available_below: query.available_below,
        shortfall,
        after,
    };
    let mut page = api.reads().stock(&filter, limit(query.limit)?).await?;
    if let Some(prefix) = &query.prefix
        && let Some(end) = page.rows.iter().position(|row| !row.sku.starts_with(prefix.as_str()))
    {
        // Codes come in order: none that begins so follows.
        page.rows.truncate(end);
        page.more = false;
    }
    let next = page.rows.last().and_then(|row| cursor(&(&row.sku, &row.location)));
    let ids: BTreeSet<SkuId> = page.rows.iter().map(|row| row.stock.key.sku).collect();
    let ids: Vec<SkuId> = ids.into_iter().collect();
    let names: HashMap<SkuId, String> =
        api.reads().skus_by_id(&ids).await?.into_iter().map(|sku| (sku.id, sku.name)).collect();
    let named = |view: StockView| StockBody {
        name: Some(names.get(&view.stock.key.sku).cloned().unwrap_or_default()),
        ..StockBody::of(view)
    };
    found(&List::of(page.rows.into_iter().map(named).collect(), page.more, next))
}

/// Every row of a SKU.
async fn rows_of(api: &Api, sku: &str) -> Result<Vec<StockView>, Problem> {
    let mut filter = StockFilter { sku: Some(sku.to_owned()), ..StockFilter::default() };
    let mut rows: Vec<StockView> = Vec::new();
    loop {
        let page = api.reads().stock(&filter, PAGE).await?;
        rows.extend(page.rows);
        if !page.more {
            return Ok(rows);
        }
        filter.after = rows.last().map(|row| (row.sku.clone(), row.location.clone()));
    }
}

/// Reads a SKU's stock over all locations, now or as of a past instant; a bundle's is derived from its components, and only
/// now.
#[utoipa::path(get, path = "/v1/stock/{sku}", tag = "stock",
    params(("sku" = String, Path, description = "Code of the SKU"), AsOfQuery),
    responses((status = 200, description = "Its stock", body = SkuStock)))]
pub(crate) async fn of_sku(
    State(api): State<Api>,
    call: Call,
    Params(query): Params<AsOfQuery>,
) -> Result<Response, Problem> {
    let code = call.code(0, "SKU")?;
    let at = instant(&query)?;
    let sku = api.reads().sku(code).await?;
    let sku = sku.ok_or_else(|| Problem::not_found("SKU", code))?;
    if sku.is_bundle() {
        if at.is_some() {
            let detail = "as_of: the past of a bundle is not kept; ask for that of its components";
            return Err(Problem::new(&problem::INVALID_PARAMETER, detail));
        }
        return found(&bundle(&api, &sku).await?);
    }
    let mut rows = rows_of(&api, code).await?;
    if let Some(at) = at {
        for row in &mut rows {
            row.stock = as_of(&api, &row.stock, at).await?;
        }
    }
    let sum = |figure: fn(&Stock) -> i64| rows.iter().map(|row| figure(&row.stock)).sum::<i64>();
    found(&SkuStock {
        object: "sku_stock",
        sku: sku.code,
        kind: kind(false),
        on_hand: Some(sum(|row| row.figures.on_hand)),
        reserved: Some(sum(|row| row.figures.reserved)),
        allocated: Some(sum(|row| row.figures.allocated)),
        unavailable: Some(sum(|row| row.figures.unavailable)),
        available: sum(|row| row.figures.available()),
        locations: Some(rows.into_iter().map(StockBody::of).collect()),
        bundles: None,
        components: None,
        as_of: at.map(Time),
    })
}

/// How many whole bundles each location has: its scarcest component decides.
async fn bundle(api: &Api, sku: &Sku) -> Result<SkuStock, Problem> {
    let codes = component_codes(api, std::slice::from_ref(sku)).await?;
    let mut per_location: Option<std::collections::BTreeMap<String, i64>> = None;
    let mut components = Vec::with_capacity(sku.components.len());
    for part in &sku.components {
        let code = codes.get(&part.sku).cloned().unwrap_or_default();
        let has: std::collections::BTreeMap<String, i64> = rows_of(api, &code)
            .await?
            .into_iter()
            .map(|row| (row.location, row.stock.figures.available().div_euclid(part.quantity.max(1))))
            .collect();
        per_location = Some(match per_location {
            None => has,
            Some(before) => before
                .into_iter()
                .filter_map(|(place, units)| has.get(&place).map(|&here| (place, units.min(here))))
                .collect(),
        });
        components.push(ComponentBody { sku: code, quantity: part.quantity });
    }
    let bundles: Vec<BundleStock> = per_location
        .unwrap_or_default()
        .into_iter()
        .map(|(location, available)| BundleStock { location, available })
        .collect();
    Ok(SkuStock {
        object: "sku_stock",
        sku: sku.code.clone(),
        kind: kind(true),
        on_hand: None,
        reserved: None,
        allocated: None,
        unavailable: None,
        available: bundles.iter().map(|place| place.available.max(0)).sum(),
        locations: None,
        bundles: Some(bundles),
        components: Some(components),
        as_of: None,
    })
}

/// The row that the path names; one that nothing has happened to is all zero.
pub(crate) async fn row_of(api: &Api, call: &Call) -> Result<StockView, Problem> {
    let (sku, location) = (call.code(0, "SKU")?, call.code(1, "location")?);
    let filter = StockFilter {
        sku: Some(sku.to_owned()),
        location: Some(location.to_owned()),
        ..StockFilter::default()
    };
    if let Some(row) = api.reads().stock(&filter, 1).await?.rows.into_iter().next() {
        return Ok(row);
    }
    let known = api.reads().sku(sku).await?;
    let known = known.ok_or_else(|| Problem::not_found("SKU", sku))?;
    let place = api.reads().location(location).await?;
    let place = place.ok_or_else(|| Problem::not_found("location", location))?;
    if known.is_bundle() {
        return Err(Problem::new(
            &problem::NOT_FOUND,
            "a bundle has no stock of its own; see its components",
        ));
    }
    let key = StockKey { sku: known.id, location: place.id };
    Ok(StockView { sku: known.code, location: place.code, stock: Stock::empty(key, known.backorder_limit) })
}

/// The instant that is asked for, if any.
fn instant(query: &AsOfQuery) -> Result<Option<i64>, Problem> {
    let Some(text) = &query.as_of else { return Ok(None) };
    let wrong = "as_of must be a time such as 2026-11-21T04:00:00Z";
    parse(text).map(Some).ok_or_else(|| Problem::new(&problem::INVALID_PARAMETER, wrong))
}

/// A stock row as it was.
async fn as_of(api: &Api, now: &Stock, at: i64) -> Result<Stock, Problem> {
    let empty = Stock::empty(now.key, now.backorder_limit);
    Ok(match api.reads().movement_at(now.key, at).await? {
        None => empty,
        Some(movement) => Stock {
            figures: movement.after,
            backorder_limit: movement.backorder_limit,
            version: movement.version,
            changed_at: movement.at,
            ..empty
        },
    })
}

/// Reads a SKU's stock at a location, now or as of a past instant.
#[utoipa::path(get, path = "/v1/stock/{sku}/{location}", tag = "stock",
    params(("sku" = String, Path, description = "Code of the SKU"),
        ("location" = String, Path, description = "Code of the location"), AsOfQuery),
    responses((status = 200, description = "The row", body = StockBody)))]
pub(crate) async fn row(
    State(api): State<Api>,
    call: Call,
    Params(query): Params<AsOfQuery>,
) -> Result<Response, Problem> {
    let at = instant(&query)?;
    let mut view = row_of(&api, &call).await?;
    let Some(at) = at else {
        return found_version(view.stock.version, &StockBody::of(view));
    };
    view.stock = as_of(&api, &view.stock, at).await?;
    let mut body = StockBody::of(view);
    body.as_of = Some(Time(at));
    found(&body)
}
