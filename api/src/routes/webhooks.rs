//! `/v1/webhooks`.

use axum::extract::State;
use axum::response::Response;
use onhand_engine::flows::IngestError;
use onhand_rules::Receipt;
use onhand_store::InboxFilter;

use super::queue::shop_id;
use super::shops::codes;
use crate::api::Api;
use crate::body::channels::Changed;
use crate::body::lists::{List, check_text_filter, cursor, limit, position};
use crate::body::webhooks::{WebhookQuery, WebhookView};
use crate::extract::{Call, Params};
use crate::problem::{self, Problem, Shape};
use crate::respond::{done, found};

/// Lists webhooks that marketplaces sent, newest first.
#[utoipa::path(get, path = "/v1/webhooks", tag = "channels", params(WebhookQuery),
    responses((status = 200, description = "A page", body = List<WebhookView>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(query): Params<WebhookQuery>,
) -> Result<Response, Problem> {
    let unknown_shop = match query.state.as_deref() {
        None => false,
        Some("unknown_shop") => true,
        Some(_) => {
            return Err(Problem::new(&problem::INVALID_PARAMETER, "state must be unknown_shop"));
        }
    };
    let filter = InboxFilter {
        shop: shop_id(&api, query.shop.as_deref()).await?,
        unknown_shop,
        before: position(query.cursor.as_deref())?,
    };
    let page = api.reads().inbox(&filter, limit(query.limit)?).await?;
    let shops = codes(&api).await?;
    let next = page.rows.last().and_then(|row| cursor(&(row.received_at, &row.key)));
    let view = |row| {
        let orders = api.0.flows.as_ref().map(|flows| flows.orders_of(&row)).unwrap_or_default();
        WebhookView::of(row, &shops, &orders)
    };
    let rows = page.rows.into_iter().map(view).collect();
    found(&List::of(rows, page.more, next))
}

/// Does once more what follows from a webhook, for example after its shop was connected.
#[utoipa::path(post, path = "/v1/webhooks/{key}/retry", tag = "channels",
    params(("key" = String, Path, description = "Its key")),
    responses((status = 200, description = "Jobs do it", body = Changed)))]
pub(crate) async fn retry(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let key = call.name(0);
    let unknown = || Problem::not_found("webhook", key);
    check_text_filter("key", Some(key)).map_err(|_| unknown())?;
    let inbox = api.reads().webhook(key).await?.ok_or_else(unknown)?;
    let missing = || Problem::not_found("channel", &inbox.channel);
    let flows = api.0.flows.as_ref().ok_or_else(missing)?;
    let command = flows.follow_again(&inbox).await.map_err(|error| match error {
        IngestError::NoKeys(_) => missing(),
        IngestError::Refused(refused) => Problem::new(&problem::INVALID, refused.to_string()),
        IngestError::Submit(error) => error.into(),
        IngestError::Store(error) => error.into(),
    })?;
    let outcome = api.submit(&call, &(), Shape::Flat, command).await?;
    let Receipt::Webhook { .. } = outcome.receipt else { return Err(outcome.unexpected()) };
    done(&outcome, &Changed { object: "change", changed: true, version: 0 })
}
