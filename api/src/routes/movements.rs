//! `/v1/stock/{sku}/{location}/movements`, `holders` and `explain`.

use axum::extract::State;
use axum::response::Response;
use onhand_rules::{Holder, OrderId, ReservationId, Stock};
use onhand_store::{Figure, HolderUnits};

use super::stock::row_of;
use crate::api::Api;
use crate::body::lists::{List, NoQuery, cursor, limit, position};
use crate::body::movements::{
    Checks, Explanation, HolderBody, MovementBody, MovementQuery, PageQuery, Term, TermRow,
};
use crate::extract::{Call, Params};
use crate::problem::Problem;
use crate::respond::{found, segment};

/// Movements looked at for each term of an explanation: some milliseconds, however often the SKU sells.
const RECENT_SEEN: usize = 2_000;
/// Movements looked at for one page of those that changed something.
const LOOK: usize = 20_000;
/// Movements told for each term.
const RECENT_TOLD: usize = 5;
/// Rows told for each term.
const ROWS_TOLD: usize = 50;
/// Rows added up for an explanation.
const ROWS_ADDED: usize = 1_000;

/// Lists the movements of a stock row, newest first.
#[utoipa::path(get, path = "/v1/stock/{sku}/{location}/movements", tag = "stock",
    params(("sku" = String, Path, description = "Code of the SKU"),
        ("location" = String, Path, description = "Code of the location"), MovementQuery),
    responses((status = 200, description = "A page", body = List<MovementBody>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    call: Call,
    Params(query): Params<MovementQuery>,
) -> Result<Response, Problem> {
    let before: Option<i64> = position(query.cursor.as_deref())?;
    let limit = limit(query.limit)?;
    let Stock { key, version, .. } = row_of(&api, &call).await?.stock;
    if let Some(changed) = query.changed {
        let below = before.unwrap_or(i64::MAX).min(version.saturating_add(1));
        let stretch = api.reads().movements_changing(key, changed.figure(), below, limit, LOOK).await?;
        let rows = stretch.rows.into_iter().map(MovementBody::of).collect();
        let next = stretch.rest.and_then(|rest| cursor(&rest));
        return found(&List::of(rows, next.is_some(), next));
    }
    let page = api.reads().movements(key, before, limit).await?;
    let next = page.rows.last().and_then(|row| cursor(&row.version));
    let rows = page.rows.into_iter().map(MovementBody::of).collect();
    found(&List::of(rows, page.more, next))
}

/// Where a page of holders ends: which kind, whose id, line, part.
type Place = (bool, String, i32, i32);

fn place_of(row: &HolderUnits) -> Place {
    match row.holder {
        Holder::Order(id) => (true, id.to_string(), row.line, row.part),
        Holder::Reservation(id) => (false, id.to_string(), row.line, row.part),
    }
}

fn holder_at(place: Place) -> Option<(Holder, i32, i32)> {
    let (is_order, id, line, part) = place;
    let holder = if is_order {
        Holder::Order(id.parse::<OrderId>().ok()?)
    } else {
        Holder::Reservation(id.parse::<ReservationId>().ok()?)
    };
    Some((holder, line, part))
}

/// Lists the orders and reservations that hold or are allocated units of a stock row.
#[utoipa::path(get, path = "/v1/stock/{sku}/{location}/holders", tag = "stock",
    params(("sku" = String, Path, description = "Code of the SKU"),
        ("location" = String, Path, description = "Code of the location"), PageQuery),
    responses((status = 200, description = "A page", body = List<HolderBody>)))]
pub(crate) async fn holders(
    State(api): State<Api>,
    call: Call,
    Params(query): Params<PageQuery>,
) -> Result<Response, Problem> {
    let after = position::<Place>(query.cursor.as_deref())?.and_then(holder_at);
    let key = row_of(&api, &call).await?.stock.key;
    let page = api.reads().holders(key, after, limit(query.limit)?).await?;
    let next = page.rows.last().and_then(|row| cursor(&place_of(row)));
    let rows = page.rows.into_iter().map(HolderBody::of).collect();
    found(&List::of(rows, page.more, next))
}

/// Why the figures of a stock row are what they are: the equation, with the rows behind each term.
#[utoipa::path(get, path = "/v1/stock/{sku}/{location}/explain", tag = "stock",
    params(("sku" = String, Path, description = "Code of the SKU"),
        ("location" = String, Path, description = "Code of the location")),
    responses((status = 200, description = "The explanation", body = Explanation)))]
pub(crate) async fn explain(
    State(api): State<Api>,
    call: Call,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let view = row_of(&api, &call).await?;
    let (key, figures) = (view.stock.key, view.stock.figures);
    let behind = api.reads().holders(key, None, ROWS_ADDED).await?;
    let base = format!("/v1/stock/{}/{}", segment(&view.sku), segment(&view.location));
    let sum = |units: fn(&HolderUnits) -> i64| behind.rows.iter().map(units).sum::<i64>();
    let equal = sum(|row| row.reserved) == figures.reserved && sum(|row| row.allocated) == figures.allocated;
    let plain = async |term, figure: Figure| {
        let below = view.stock.version.saturating_add(1);
        let seen = api.reads().movements_changing(key, figure, below, RECENT_TOLD, RECENT_SEEN).await?;
        Ok::<_, Problem>(Term {
            term,
            value: figure.of(&figures),
            movements_url: format!("{base}/movements?changed={term}"),
            recent: seen.rows.into_iter().map(MovementBody::of).collect(),
            rows: None,
            has_more: false,
            next: None,
        })
    };
    let held = |term: Term, units: fn(&HolderUnits) -> i64| {
        let rows: Vec<&HolderUnits> = behind.rows.iter().filter(|row| units(row) > 0).collect();
        let has_more = behind.more || rows.len() > ROWS_TOLD;
        let told = rows.into_iter().take(ROWS_TOLD);
        Term {
            rows: Some(told.map(|row| TermRow::of(HolderBody::of(row.clone()), units(row))).collect()),
            has_more,
            next: has_more.then(|| format!("{base}/holders")),
            ..term
        }
    };
    found(&Explanation {
        object: "explanation",
        equation: "available = on_hand − reserved − allocated − unavailable",
        available: figures.available(),
        version: view.stock.version,
        terms: vec![
            plain("on_hand", Figure::OnHand).await?,
            held(plain("reserved", Figure::Reserved).await?, |row| row.reserved),
            held(plain("allocated", Figure::Allocated).await?, |row| row.allocated),
            plain("unavailable", Figure::Unavailable).await?,
        ],
        checks: Checks { sum_of_rows_equals: (!behind.more).then_some(equal) },
        sku: view.sku,
        location: view.location,
    })
}
