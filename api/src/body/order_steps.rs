//! Steps of orders that exist.

use onhand_rules::Receipt;
use onhand_rules::commands::{Condition, LineChoice, ReturnLine};
use onhand_rules::receipt::LineReceipt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Check, Errors, LINES_MAX};
use crate::time::Time;

/// Some items of one line.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChosenLine {
    /// Number of the line, from 1.
    #[schema(minimum = 1, example = 1)]
    pub(crate) line: i32,
    /// Items.
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 1)]
    pub(crate) quantity: i64,
}

/// Checks lines that were chosen; naming none at all means every line, an empty list is a mistake.
pub(crate) fn check_chosen(lines: Option<&Vec<ChosenLine>>, errors: &mut Errors) {
    let Some(lines) = lines else { return };
    errors.length(format_args!("/lines"), lines.len(), 1..=LINES_MAX);
    for (index, line) in lines.iter().enumerate() {
        errors.range(format_args!("/lines/{index}/line"), i64::from(line.line), 1..=i64::from(i32::MAX));
        errors.quantity(format_args!("/lines/{index}/quantity"), line.quantity);
    }
}

/// The lines as the rules take them.
pub(crate) fn choices(lines: Option<&Vec<ChosenLine>>) -> Vec<LineChoice> {
    let chosen = lines.map(Vec::as_slice).unwrap_or_default();
    chosen.iter().map(|line| LineChoice { line: line.line, quantity: line.quantity }).collect()
}

/// The payment that confirms, if one does.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirmation {
    /// The payment's own number.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) payment_reference: Option<String>,
}

impl Check for Confirmation {
    fn check(&self, errors: &mut Errors) {
        errors.maybe_code(format_args!("/payment_reference"), self.payment_reference.as_deref());
    }
}

/// What to cancel.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cancellation {
    /// Some items of some lines; everything that can still be cancelled when missing.
    #[schema(min_items = 1, max_items = 2000)]
    pub(crate) lines: Option<Vec<ChosenLine>>,
    /// Why.
    #[schema(max_length = 1000)]
    pub(crate) reason: Option<String>,
}

impl Check for Cancellation {
    fn check(&self, errors: &mut Errors) {
        check_chosen(self.lines.as_ref(), errors);
        errors.maybe_text(format_args!("/reason"), self.reason.as_deref());
    }
}

/// What leaves the building.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shipment {
    /// Some items of some lines; everything that is confirmed when missing.
    #[schema(min_items = 1, max_items = 2000)]
    pub(crate) lines: Option<Vec<ChosenLine>>,
    /// The tracking number.
    #[schema(max_length = 1000)]
    pub(crate) tracking: Option<String>,
    /// Who carries it.
    #[schema(max_length = 1000)]
    pub(crate) carrier: Option<String>,
    /// Ship although a payment of the order is disputed.
    // Not written when missing: a request of an older client is known again by what it was then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) despite_dispute: Option<bool>,
}

impl Check for Shipment {
    fn check(&self, errors: &mut Errors) {
        check_chosen(self.lines.as_ref(), errors);
        errors.maybe_text(format_args!("/tracking"), self.tracking.as_deref());
        errors.maybe_text(format_args!("/carrier"), self.carrier.as_deref());
    }
}

impl Shipment {
    /// Carrier and tracking number as one text.
    pub(crate) fn text(&self) -> Option<String> {
        match (&self.carrier, &self.tracking) {
            (Some(carrier), Some(tracking)) => Some(format!("{carrier} {tracking}")),
            (one, other) => one.clone().or_else(|| other.clone()),
        }
    }
}

/// Nothing more to say.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Delivery {}

impl Check for Delivery {
    fn check(&self, _errors: &mut Errors) {}
}

/// What becomes of goods that came back.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReturnCondition {
    /// Sold again.
    Sellable,
    /// Kept aside.
    Damaged,
    /// Thrown away or left with the buyer.
    Discarded,
}

/// Items of one line that came back.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReturnedLine {
    /// Number of the line, from 1.
    #[schema(minimum = 1, example = 1)]
    line: i32,
    /// Items.
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 1)]
    quantity: i64,
    /// What becomes of them.
    condition: ReturnCondition,
}

/// What came back.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Return {
    /// The lines; the same line may stand here twice with different conditions.
    #[schema(min_items = 1, max_items = 2000)]
    lines: Vec<ReturnedLine>,
    /// Why.
    #[schema(max_length = 1000)]
    pub(crate) reason: Option<String>,
}

impl Check for Return {
    fn check(&self, errors: &mut Errors) {
        errors.length(format_args!("/lines"), self.lines.len(), 1..=LINES_MAX);
        for (index, line) in self.lines.iter().enumerate() {
            errors.range(format_args!("/lines/{index}/line"), i64::from(line.line), 1..=i64::from(i32::MAX));
            errors.quantity(format_args!("/lines/{index}/quantity"), line.quantity);
        }
        errors.maybe_text(format_args!("/reason"), self.reason.as_deref());
    }
}

impl Return {
    pub(crate) fn lines(&self) -> Vec<ReturnLine> {
        self.lines
            .iter()
            .map(|line| ReturnLine {
                line: line.line,
                quantity: line.quantity,
                condition: match line.condition {
                    ReturnCondition::Sellable => Condition::Sellable,
                    ReturnCondition::Damaged => Condition::Damaged,
                    ReturnCondition::Discarded => Condition::Discarded,
                },
            })
            .collect()
    }
}

/// One line that a step moved.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MovedLine {
    /// Number of the line.
    line: i32,
    /// Items.
    quantity: i64,
}

/// An order after a step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderStep {
    /// Always `order`.
    #[schema(example = "order")]
    object: &'static str,
    /// Its id.
    id: String,
    /// Where it stands.
    state: &'static str,
    /// Where its money stands.
    payment_state: &'static str,
    /// Where its goods stand.
    fulfilment_state: &'static str,
    /// When its hold ends, while pending.
    expires_at: Option<Time>,
    /// Confirmed after its hold had ended.
    late: bool,
    /// The version for `If-Match`.
    version: i64,
    /// When.
    at: Time,
    /// The lines that the step moved, in items; empty when it moved all of them or none.
    lines: Vec<MovedLine>,
}

impl OrderStep {
    /// From the receipt.
    pub(crate) fn of(receipt: &Receipt) -> Option<Self> {
        let Receipt::Order { id, state, payment, fulfilment, expires_at, version, late, lines, at, .. } =
            receipt
        else {
            return None;
        };
        let moved = |&LineReceipt { line, quantity }: &LineReceipt| MovedLine { line, quantity };
        Some(Self {
            object: "order",
            id: id.to_string(),
            state: state.name(),
            payment_state: payment.name(),
            fulfilment_state: fulfilment.name(),
            expires_at: expires_at.map(Time),
            late: *late,
            version: *version,
            at: Time(*at),
            lines: lines.iter().map(moved).collect(),
        })
    }
}
