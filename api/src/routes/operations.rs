//! `/v1/operations/{idempotency_key}`.

use axum::extract::State;
use axum::response::Response;

use crate::api::Api;
use crate::body::lists::{List, NoQuery};
use crate::body::operations::OperationBody;
use crate::extract::{Call, Params};
use crate::problem::Problem;
use crate::respond::found;

/// Tells what became of the requests that the caller made with this `Idempotency-Key`: one for each kind of command. An
/// empty list means that nothing was done under it. Other callers' equal keys are other keys and are never shown.
#[utoipa::path(get, path = "/v1/operations/{idempotency_key}", tag = "operations",
    params(("idempotency_key" = String, Path, description = "The key as it was sent")),
    responses((status = 200, description = "The outcomes", body = List<OperationBody>)))]
pub(crate) async fn read(
    State(api): State<Api>,
    call: Call,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<Response, Problem> {
    let key = call.name(0);
    if crate::idempotency::check(key).is_err() {
        return found(&List::<OperationBody>::of(Vec::new(), false, None));
    }
    let rows = api.reads().operations(call.caller()?.principal, key).await?;
    found(&List::of(rows.into_iter().map(OperationBody::of).collect(), false, None))
}
