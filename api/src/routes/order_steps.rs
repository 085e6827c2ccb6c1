//! `/v1/orders/{id}/…`: what can be done to an order.

use axum::extract::State;
use axum::response::Response;
use onhand_rules::Command;
use onhand_rules::commands::{CancelOrder, ConfirmOrder, DeliverOrder, ReturnOrder, ShipOrder};
use serde::Serialize;

use crate::api::Api;
use crate::body::order_steps::{Cancellation, Confirmation, Delivery, OrderStep, Return, Shipment, choices};
use crate::extract::{Body, Call, MaybeBody};
use crate::problem::{Problem, Shape};
use crate::respond::done;

async fn step<T: Serialize>(
    api: &Api,
    call: &Call,
    request: &T,
    command: impl Into<Command>,
) -> Result<Response, Problem> {
    let outcome = api.submit(call, request, Shape::List("lines"), command).await?;
    let body = OrderStep::of(&outcome.receipt).ok_or_else(|| outcome.unexpected())?;
    done(&outcome, &body)
}

/// Turns an order's holds into allocations, also after they have ended if the goods are still there.
#[utoipa::path(post, path = "/v1/orders/{id}/confirm", tag = "orders", request_body = Confirmation,
    params(("id" = String, Path, description = "Id of the order")),
    responses((status = 200, description = "It is confirmed", body = OrderStep)))]
pub(crate) async fn confirm(
    State(api): State<Api>,
    call: Call,
    MaybeBody(request): MaybeBody<Confirmation>,
) -> Result<Response, Problem> {
    let command = ConfirmOrder {
        id: call.id("order")?,
        payment_reference: request.payment_reference.clone(),
        expected_version: call.version,
    };
    step(&api, &call, &request, command).await
}

/// Gives units back, all that can still be cancelled or some of some lines.
#[utoipa::path(post, path = "/v1/orders/{id}/cancel", tag = "orders", request_body = Cancellation,
    params(("id" = String, Path, description = "Id of the order")),
    responses((status = 200, description = "It is cancelled", body = OrderStep)))]
pub(crate) async fn cancel(
    State(api): State<Api>,
    call: Call,
    MaybeBody(request): MaybeBody<Cancellation>,
) -> Result<Response, Problem> {
    let command = CancelOrder {
        id: call.id("order")?,
        lines: choices(request.lines.as_ref()),
        reason: request.reason.clone(),
        expected_version: call.version,
    };
    step(&api, &call, &request, command).await
}

/// Goods leave the building, all that is confirmed or some of some lines.
#[utoipa::path(post, path = "/v1/orders/{id}/ship", tag = "orders", request_body = Shipment,
    params(("id" = String, Path, description = "Id of the order")),
    responses((status = 200, description = "They have left", body = OrderStep)))]
pub(crate) async fn ship(
    State(api): State<Api>,
    call: Call,
    MaybeBody(request): MaybeBody<Shipment>,
) -> Result<Response, Problem> {
    let command = ShipOrder {
        id: call.id("order")?,
        lines: choices(request.lines.as_ref()),
        tracking: request.text(),
        expected_version: call.version,
    };
    step(&api, &call, &request, command).await
}

/// The buyer has the goods.
#[utoipa::path(post, path = "/v1/orders/{id}/deliver", tag = "orders", request_body = Delivery,
    params(("id" = String, Path, description = "Id of the order")),
    responses((status = 200, description = "It is delivered", body = OrderStep)))]
pub(crate) async fn deliver(
    State(api): State<Api>,
    call: Call,
    MaybeBody(request): MaybeBody<Delivery>,
) -> Result<Response, Problem> {
    let command = DeliverOrder { id: call.id("order")?, expected_version: call.version };
    step(&api, &call, &request, command).await
}

/// Goods come back; each line says what becomes of them.
#[utoipa::path(post, path = "/v1/orders/{id}/return", tag = "orders", request_body = Return,
    params(("id" = String, Path, description = "Id of the order")),
    responses((status = 200, description = "They are back", body = OrderStep)))]
pub(crate) async fn take_back(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<Return>,
) -> Result<Response, Problem> {
    let command = ReturnOrder {
        id: call.id("order")?,
        lines: request.lines(),
        reason: request.reason.clone(),
        expected_version: call.version,
    };
    step(&api, &call, &request, command).await
}
