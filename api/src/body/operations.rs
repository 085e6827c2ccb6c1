//! What became of requests.

use onhand_rules::{Command, Receipt};
use onhand_store::{OpRow, Outcome};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::problem::{Problem, Shape};
use crate::time::Time;

/// One execution and its outcome, kept for ever.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Operation)]
pub(crate) struct OperationBody {
    /// Always `operation`.
    #[schema(example = "operation")]
    object: &'static str,
    /// The execution; stands in its movements and events.
    id: String,
    /// What kind of command it was.
    #[schema(example = "place_order")]
    command: &'static str,
    /// `done` or `refused`.
    outcome: &'static str,
    /// What was done; its members depend on the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    receipt: Option<Value>,
    /// Why nothing was done, as a problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::problem::ProblemBody<'static>>)]
    refusal: Option<Value>,
    /// When.
    at: Time,
}

impl OperationBody {
    pub(crate) fn of(row: OpRow) -> Self {
        let (outcome, receipt, refusal) = match &row.outcome {
            Outcome::Done(receipt) => ("done", Some(told(receipt)), None),
            Outcome::Refused(refusal) => {
                let problem = Problem::refused(refusal, Shape::List("lines")).of_operation(row.id, false);
                ("refused", None, serde_json::to_value(problem.body(None)).ok())
            }
        };
        Self {
            object: "operation",
            id: row.id.to_string(),
            command: Command::name_of(row.key.kind).unwrap_or("unknown"),
            outcome,
            receipt,
            refusal,
            at: Time(row.at),
        }
    }
}

/// A receipt in the words of the API.
fn told(receipt: &Receipt) -> Value {
    match receipt {
        Receipt::Location { id, version, created_at } => {
            json!({"id": format!("loc_{}", id.0), "version": version, "created_at": Time(*created_at)})
        }
        Receipt::Sku { id, version, created_at, updated_at } => json!({
            "id": format!("sku_{}", id.0),
            "version": version,
            "created_at": Time(*created_at),
            "updated_at": Time(*updated_at),
        }),
        Receipt::Stock { rows, at } => {
            let rows: Vec<Value> = rows
                .iter()
                .map(|row| {
                    json!({
                        "on_hand": row.figures.on_hand,
                        "reserved": row.figures.reserved,
                        "allocated": row.figures.allocated,
                        "unavailable": row.figures.unavailable,
                        "available": row.figures.available(),
                        "version": row.version,
                    })
                })
                .collect();
            json!({"rows": rows, "at": Time(*at)})
        }
        Receipt::Reservation { id, state, expires_at, order, version, at } => json!({
            "id": id.to_string(),
            "state": state.name(),
            "expires_at": Time(*expires_at),
            "order_id": order.map(|order| order.to_string()),
            "version": version,
            "at": Time(*at),
        }),
        Receipt::Order { id, state, payment, fulfilment, expires_at, version, late, lines, at, .. } => {
            json!({
                "id": id.to_string(),
                "state": state.name(),
                "payment_state": payment.name(),
                "fulfilment_state": fulfilment.name(),
                "expires_at": expires_at.map(Time),
                "version": version,
                "late": late,
                "lines": lines.iter().map(|l| json!({"line": l.line, "quantity": l.quantity})).collect::<Vec<_>>(),
                "at": Time(*at),
            })
        }
        Receipt::ApiKey { id, at } => json!({"id": id.to_string(), "at": Time(*at)}),
        Receipt::Expired { count } => json!({"count": count}),
        other => serde_json::to_value(other).unwrap_or_default(),
    }
}
