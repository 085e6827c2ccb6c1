//! `/v1/overview`.

use axum::extract::State;
use axum::response::Response;
use onhand_engine::telemetry::PushTimes;
use onhand_rules::market_order::MarketOrderState;
use onhand_store::{ListingFilter, MarketOrderFilter, NoticeFilter, StockFilter};

use crate::api::Api;
use crate::body::lists::NoQuery;
use crate::body::overview::{Attention, Overview, Queue, Shops, Tally, Untold, latency_of};
use crate::extract::Params;
use crate::problem::Problem;
use crate::respond::found;
use crate::time::Time;

/// Rows that are counted one by one at most.
const COUNTED: usize = 1_000;

/// Tells whether it is all right: shops, queue, what is not told yet, what a person should look at, latency.
#[utoipa::path(get, path = "/v1/overview", tag = "channels",
    responses((status = 200, description = "Numbers up to 1,000 are exact", body = Overview)))]
pub(crate) async fn overview(
    State(api): State<Api>,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let reads = api.reads();
    let now = reads.now().await?;
    let mut notices =
        reads.notices(&NoticeFilter { open: Some(true), ..NoticeFilter::default() }, COUNTED).await?;
    notices.rows.retain(|notice| notice.is_awake(now));
    let short = StockFilter { shortfall: true, ..StockFilter::default() };
    let shortfalls = reads.stock(&short, COUNTED).await?;
    let unmapped = ListingFilter { mapped: Some(false), ..ListingFilter::default() };
    let unmapped = reads.listings(&unmapped, COUNTED).await?;
    let state = Some(MarketOrderState::WaitsForMapping);
    let waiting = MarketOrderFilter { state, ..MarketOrderFilter::default() };
    let waiting = reads.market_orders(&waiting, COUNTED).await?;
    let pushes = api.0.engine.metrics().queue.recent_pushes();
    let times: Vec<PushTimes> = pushes.into_iter().flat_map(|(_, times)| times).collect();
    let overview = Overview {
        object: "overview",
        well: false,
        at: Time(now),
        feed_head: reads.feed_head().await?,
        shops: Shops::of(&reads.shops().await?, now),
        queue: Queue::of(&reads.job_counts().await?, &reads.dead_groups().await?, now),
        untold: Untold::of(&reads.staleness().await?),
        attention: Attention::of(&notices.rows, notices.more),
        shortfalls: Tally { count: shortfalls.rows.len(), more: shortfalls.more },
        unmapped: Tally { count: unmapped.rows.len(), more: unmapped.more },
        waiting_orders: Tally { count: waiting.rows.len(), more: waiting.more },
        pushes: times.len(),
        latency: latency_of(&times),
    };
    found(&overview.judged())
}
