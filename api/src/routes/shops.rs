//! `/v1/shops`.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use onhand_engine::flows::ConnectError;
use onhand_rules::commands::channels::DisconnectShop;
use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::{Receipt, Shop};

use crate::api::Api;
use crate::body::channels::{Changed, ConsentPage, NewConsent, ShopBody, ShopChange};
use crate::body::lists::List;
use crate::extract::{Body, Call};
use crate::problem::{self, Problem, Shape};
use crate::respond::{done, found, found_version};

async fn shop_of(api: &Api, code: &str) -> Result<Shop, Problem> {
    api.reads().shop_by_code(code).await?.ok_or_else(|| Problem::not_found("shop", code))
}

/// Lists the shops.
#[utoipa::path(get, path = "/v1/shops", tag = "channels",
    responses((status = 200, description = "All of them", body = List<ShopBody>)))]
pub(crate) async fn list(State(api): State<Api>) -> Result<Response, Problem> {
    let stale: BTreeMap<_, _> =
        api.reads().staleness().await?.into_iter().map(|row| (row.shop, row)).collect();
    let shops = api.reads().shops().await?;
    let rows = shops.into_iter().map(|shop| (stale.get(&shop.id), shop));
    found(&List::of(rows.map(|(stale, shop)| ShopBody::of(shop, stale)).collect(), false, None))
}

/// Reads a shop.
#[utoipa::path(get, path = "/v1/shops/{shop}", tag = "channels",
    params(("shop" = String, Path, description = "Its code")),
    responses((status = 200, description = "The shop", body = ShopBody)))]
pub(crate) async fn read(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let shop = shop_of(&api, call.name(0)).await?;
    let stale = api.reads().staleness().await?;
    let body = ShopBody::of(shop.clone(), stale.iter().find(|row| row.shop == shop.id));
    found_version(body.version, &body)
}

/// Changes what people set on a shop, or pauses it.
#[utoipa::path(patch, path = "/v1/shops/{shop}", tag = "channels", request_body = ShopChange,
    params(("shop" = String, Path, description = "Its code")),
    responses((status = 200, description = "It was changed", body = Changed)))]
pub(crate) async fn change(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<ShopChange>,
) -> Result<Response, Problem> {
    let shop = shop_of(&api, call.name(0)).await?;
    let command = request.command(&shop, call.version);
    let outcome = api.submit(&call, &request, Shape::Flat, command).await?;
    let Receipt::Shop { version, .. } = outcome.receipt else { return Err(outcome.unexpected()) };
    done(&outcome, &Changed { object: "change", changed: true, version })
}

/// Where the owner of a shop must go to connect it. The marketplace sends him back to `/connect/{channel}/callback`.
#[utoipa::path(post, path = "/v1/shops/connect", tag = "channels", request_body = NewConsent,
    responses((status = 200, description = "The marketplace's page", body = ConsentPage)))]
pub(crate) async fn connect(
    State(api): State<Api>,
    Body(request): Body<NewConsent>,
) -> Result<Response, Problem> {
    let channel = request.channel.as_str();
    let flows = api.0.flows.as_ref().ok_or_else(|| Problem::not_found("channel", channel))?;
    let back = format!("{}/connect/{channel}/callback", api.settings().public_url);
    let url = flows.start_consent(channel, None, &back).await.map_err(|error| match error {
        ConnectError::NoKeys(_) => Problem::not_found("channel", channel),
        other => Problem::new(&problem::INTERNAL, problem::INTERNAL.advice).because(other.to_string()),
    })?;
    found(&ConsentPage { object: "consent", url })
}

/// Ends the grant: its jobs wait until it is authorised again.
#[utoipa::path(post, path = "/v1/shops/{shop}/disconnect", tag = "channels",
    params(("shop" = String, Path, description = "Its code")),
    responses((status = 200, description = "It is disconnected", body = Changed)))]
pub(crate) async fn disconnect(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    let shop = shop_of(&api, call.name(0)).await?;
    let reason = "disconnected by a person".to_owned();
    let command = DisconnectShop { shop: shop.id, from_number: None, reason };
    let outcome = api.submit(&call, &(), Shape::Flat, command).await?;
    let Receipt::Shop { version, .. } = outcome.receipt else { return Err(outcome.unexpected()) };
    done(&outcome, &Changed { object: "change", changed: true, version })
}

async fn run(api: Api, call: Call, body: fn(onhand_rules::ShopId) -> JobBody) -> Result<Response, Problem> {
    let shop = shop_of(&api, call.name(0)).await?;
    let job = NewJob { body: body(shop.id), class: 1, run_at: 0, cause_at: None };
    let outcome = api.submit(&call, &(), Shape::Flat, EnqueueJobs { jobs: vec![job] }).await?;
    let Receipt::Enqueued { .. } = outcome.receipt else { return Err(outcome.unexpected()) };
    done(&outcome, &Changed { object: "change", changed: true, version: 0 })
}

/// Reads the listings of a shop again.
#[utoipa::path(post, path = "/v1/shops/{shop}/import", tag = "channels",
    params(("shop" = String, Path, description = "Its code")),
    responses((status = 200, description = "A job does it", body = Changed)))]
pub(crate) async fn import(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    run(api, call, |shop| JobBody::ImportListings { shop }).await
}

/// Looks for changed orders now.
#[utoipa::path(post, path = "/v1/shops/{shop}/poll", tag = "channels",
    params(("shop" = String, Path, description = "Its code")),
    responses((status = 200, description = "A job does it", body = Changed)))]
pub(crate) async fn poll(State(api): State<Api>, call: Call) -> Result<Response, Problem> {
    run(api, call, |shop| JobBody::PollOrders { shop }).await
}
