//! `/v1/orders/{id}/…`: what can be done to an order.

use axum::extract::State;
use axum::response::Response;
use onhand_rules::Command;
use onhand_rules::commands::{
    CancelOrder, ConfirmOrder, DeliverOrder, RecordPayment, ReturnOrder, ShipOrder,
};
use serde::Serialize;

use crate::api::Api;
use crate::body::order_steps::{Cancellation, Confirmation, Delivery, OrderStep, Return, Shipment, choices};
use crate::body::payments::{PaymentNews, PaymentStep};
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

/// Tells what happened to a payment of the order. It is a fact and never a request: what the order is past already is
/// answered with the order as it stands, and nothing is written.
///
/// `succeeded` confirms the order if its goods are there, also after its hold has ended; if they are gone, the order is
/// cancelled, or it was paid for already, this payment must go back (`refund_pending`). `failed` with `final`, and `canceled`,
/// cancel a pending order when no other payment of it may still succeed. Refunds and disputes never move stock; while a
/// payment is disputed, the order is shipped only with `despite_dispute`.
#[utoipa::path(post, path = "/v1/orders/{id}/payments", tag = "orders", request_body = PaymentNews,
    params(("id" = String, Path, description = "Id of the order")),
    responses((status = 200, description = "It is known", body = PaymentStep)))]
pub(crate) async fn payments(
    State(api): State<Api>,
    call: Call,
    Body(request): Body<PaymentNews>,
) -> Result<Response, Problem> {
    let command = RecordPayment {
        id: call.id("order")?,
        payment_reference: request.payment_reference.clone(),
        event: request.event(),
        note: request.note.clone(),
        expected_version: call.version,
    };
    let outcome = api.submit(&call, &request, Shape::List("lines"), command).await?;
    let body = PaymentStep::of(&request, &outcome.receipt).ok_or_else(|| outcome.unexpected())?;
    done(&outcome, &body)
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
        despite_dispute: request.despite_dispute.unwrap_or(false),
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
