//! What marketplaces and the browsers of shop owners call.

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use onhand_connector::{RawWebhook, Refused};
use onhand_engine::flows::{ConnectError, IngestError};
use onhand_rules::ShopId;
use onhand_rules::shop::ShopSettings;

use crate::api::Api;
use crate::body::lists::NoQuery;
use crate::extract::{Params, collect};
use crate::problem::{self, Problem};

/// The largest webhook, in bytes. The largest that is documented has a few kilobytes; whoever sends more, before anybody
/// knows who it is, has nothing to say.
const WEBHOOK_MAX: usize = 512 * 1024;

/// Takes a webhook of a marketplace in. The body is verified as it came; when this answers 200, with an empty body, it is
/// durable. Anything else means: send it again.
#[utoipa::path(post, path = "/hooks/{channel}", tag = "channels", request_body = String,
    params(("channel" = String, Path, description = "`shopee`, `tiktok` or `lazada`")),
    responses((status = 200, description = "It is kept; the body is empty")))]
pub(crate) async fn receive(
    State(api): State<Api>,
    Path(channel): Path<String>,
    Params(NoQuery {}): Params<NoQuery>,
    request: Request,
) -> Result<Response, Problem> {
    let flows = api.0.flows.as_ref().ok_or_else(|| Problem::not_found("channel", &channel))?;
    let headers = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let url = format!("{}{}", api.settings().public_url, request.uri().path());
    let body = collect(request, &api, WEBHOOK_MAX.min(api.settings().body_max)).await?;
    let raw = RawWebhook { url, headers, body: body.to_vec() };
    match flows.receive(&channel, &raw).await {
        Ok(_) => Ok(Response::new(Body::empty())),
        Err(IngestError::NoKeys(_)) => Err(Problem::not_found("channel", &channel)),
        Err(IngestError::Refused(refused @ Refused::Body(_))) => {
            Err(Problem::new(&problem::INVALID, refused.to_string()))
        }
        Err(IngestError::Refused(refused)) => {
            tracing::info!(channel, why = %refused, "a webhook was not believed");
            Err(Problem::new(&problem::UNAUTHENTICATED, refused.to_string()))
        }
        Err(IngestError::Submit(error)) => Err(error.into()),
        Err(IngestError::Store(error)) => Err(error.into()),
    }
}

/// The owner of a shop comes back from the marketplace's consent page. Answers with a page for people.
#[utoipa::path(get, path = "/connect/{channel}/callback", tag = "channels",
    params(("channel" = String, Path, description = "`shopee`, `tiktok` or `lazada`")),
    responses((status = 200, description = "A page that says what became of it", content_type = "text/html")))]
pub(crate) async fn callback(
    State(api): State<Api>,
    Path(channel): Path<String>,
    Query(parameters): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let flows = api.0.flows.as_ref().ok_or_else(|| Problem::not_found("channel", &channel))?;
    let value = |name: &str| {
        let found = parameters.iter().find(|(have, _)| have == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let (state, code) = (value("state"), value("code"));
    let settings =
        ShopSettings { location: api.settings().default_location.clone(), ..ShopSettings::default() };
    let (status, text) =
        match flows.finish_consent(&channel, &state, &code, parameters.clone(), settings).await {
            Ok(done) if done.shops.is_empty() => (StatusCode::OK, "The grant covers no shop.".to_owned()),
            Ok(done) => (StatusCode::OK, connected(&api, &done.shops).await?),
            Err(error) => {
                let status = match &error {
                    ConnectError::NoKeys(_) => StatusCode::NOT_FOUND,
                    ConnectError::State => StatusCode::BAD_REQUEST,
                    ConnectError::OtherAccount { .. } => StatusCode::CONFLICT,
                    ConnectError::Refused(_) => StatusCode::BAD_GATEWAY,
                    ConnectError::Ours(_) => StatusCode::SERVICE_UNAVAILABLE,
                };
                tracing::warn!(channel, %error, "a shop could not be connected");
                (status, format!("The shop was not connected: {error}"))
            }
        };
    let page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Onhand</title>\
         <main style=\"font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem\">\
         <p>{}</p><p><a href=\"/shops\">Back to the console</a></p></main></html>",
        escaped(&text)
    );
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
    );
    Ok(response)
}

/// Names the shops that a grant covers, as their marketplace and we call them.
async fn connected(api: &Api, ids: &[ShopId]) -> Result<String, Problem> {
    let shops = api.reads().shops().await?;
    let names: Vec<String> = shops
        .iter()
        .filter(|shop| ids.contains(&shop.id))
        .map(|shop| format!("{} ({})", shop.name, shop.code))
        .collect();
    Ok(format!("Connected: {}. You can close this page.", names.join(", ")))
}

/// Text of strangers inside HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
