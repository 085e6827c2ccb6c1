//! `/v1/pushes` and `/v1/push-latency`.

use axum::extract::State;
use axum::response::Response;
use onhand_engine::telemetry::PushTimes;

use crate::api::Api;
use crate::body::lists::{List, cursor, limit, position};
use crate::body::pushes::{Latency, LatencyQuery, PushLatency, PushQuery, PushView};
use crate::extract::Params;
use crate::problem::{self, Problem};
use crate::respond::found;

/// Events that are read at once.
const WINDOW: i64 = 1_000;
/// Events that one request looks at.
const LOOKED_AT: i64 = 5_000;
/// The most recent pushes when nobody says how many.
const RECENT: u32 = 20;

/// Pushes with a smaller number than `before`, newest first, and the number of the last event that was looked at.
async fn backwards(
    api: &Api,
    query: &PushQuery,
    before: i64,
    limit: usize,
) -> Result<(Vec<PushView>, i64), Problem> {
    let (mut found, mut end) = (Vec::new(), before);
    let stop = before.saturating_sub(LOOKED_AT).max(1);
    while end > stop {
        let start = end.saturating_sub(WINDOW).max(stop);
        // The feed has no gaps: so many rows are exactly those from `start` to before `end`.
        let count = usize::try_from(end - start).unwrap_or(0);
        let page = api.reads().events(start - 1, count).await?;
        for row in page.rows.into_iter().rev() {
            let number = row.number;
            found.extend(PushView::of(row, query));
            if found.len() == limit {
                return Ok((found, number));
            }
        }
        end = start;
    }
    Ok((found, end))
}

/// Lists figures that marketplaces have acknowledged, newest first.
#[utoipa::path(get, path = "/v1/pushes", tag = "channels", params(PushQuery),
    responses((status = 200, description = "A page", body = List<PushView>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(query): Params<PushQuery>,
) -> Result<Response, Problem> {
    let limit = limit(query.limit)?;
    let head = api.reads().feed_head().await?;
    let before = match position(query.cursor.as_deref())? {
        Some(before) if (1..=head + 1).contains(&before) => before,
        Some(_) => {
            let detail = "cursor must be a next_cursor of the same list";
            return Err(Problem::new(&problem::INVALID_PARAMETER, detail));
        }
        None => head + 1,
    };
    let (rows, reached) = backwards(&api, &query, before, limit).await?;
    found(&List::of(rows, reached > 1, cursor(&reached)))
}

/// Shows how long pushes took, from the change of stock to the marketplace's answer.
#[utoipa::path(get, path = "/v1/push-latency", tag = "channels", params(LatencyQuery),
    responses((status = 200, description = "By shop, and the most recent ones", body = PushLatency)))]
pub(crate) async fn latency(
    State(api): State<Api>,
    Params(query): Params<LatencyQuery>,
) -> Result<Response, Problem> {
    let recent = query.recent.unwrap_or(RECENT);
    if recent > 200 {
        return Err(Problem::new(&problem::INVALID_PARAMETER, "recent must be from 0 to 200"));
    }
    super::queue::shop_id(&api, query.shop.as_deref()).await?;
    let mut pushes = api.0.engine.metrics().queue.recent_pushes();
    pushes.retain(|(shop, _)| query.shop.as_ref().is_none_or(|wanted| wanted == shop));
    let all: Vec<PushTimes> = pushes.iter().flat_map(|(_, times)| times).copied().collect();
    let of_shops = pushes.iter().map(|(shop, times)| Latency::of(Some(shop.clone()), times));
    let before = api.reads().feed_head().await? + 1;
    let which = PushQuery { shop: query.shop.clone(), ..PushQuery::default() };
    let recent = match recent {
        0 => Vec::new(),
        recent => backwards(&api, &which, before, recent as usize).await?.0,
    };
    found(&PushLatency {
        object: "push_latency",
        all: Latency::of(None, &all),
        shops: of_shops.collect(),
        recent,
    })
}
