//! Orders and their steps.

use std::collections::BTreeMap;

use onhand_engine::ids;
use onhand_rules::commands::PlaceOrder;
use onhand_rules::holding::LineRequest;
use onhand_rules::reservation::{HOLD_MAX_MS, HOLD_MIN_MS};
use onhand_rules::{LocationId, Order, OrderLine, Receipt, SkuId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::payments::PaymentBody;
use super::{Check, Errors, ITEMS_MAX, LINES_MAX};
use crate::api::Settings;
use crate::time::Time;

/// One line: so many items of a SKU.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLine {
    /// Code of a SKU, simple or bundle.
    #[schema(min_length = 1, max_length = 200, example = "TSHIRT-M")]
    pub(crate) sku: String,
    /// Items.
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 2)]
    pub(crate) quantity: i64,
    /// Code of the location; the default location when missing.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) location: Option<String>,
    /// Price of one item in minor units of the order's currency.
    pub(crate) unit_minor: Option<i64>,
}

/// Checks lines of an order or reservation.
pub(crate) fn check_lines(lines: &[NewLine], errors: &mut Errors) {
    errors.length(format_args!("/lines"), lines.len(), 1..=LINES_MAX);
    for (index, line) in lines.iter().enumerate() {
        errors.code(format_args!("/lines/{index}/sku"), &line.sku);
        errors.quantity(format_args!("/lines/{index}/quantity"), line.quantity);
        errors.maybe_code(format_args!("/lines/{index}/location"), line.location.as_deref());
        if let Some(price) = line.unit_minor {
            errors.range(format_args!("/lines/{index}/unit_minor"), price, 0..=1_000_000_000_000);
        }
    }
}

/// The lines as the rules take them.
pub(crate) fn line_requests(lines: &[NewLine], settings: &Settings) -> Vec<LineRequest> {
    lines
        .iter()
        .map(|line| LineRequest {
            sku: line.sku.clone(),
            location: place(line.location.as_deref(), settings).to_owned(),
            quantity: line.quantity,
            unit_minor: line.unit_minor,
        })
        .collect()
}

/// The location named, or the default one.
pub(crate) fn place<'a>(named: Option<&'a str>, settings: &'a Settings) -> &'a str {
    named.unwrap_or(&settings.default_location)
}

/// Checks how long a hold shall last.
pub(crate) fn check_ttl(ttl_s: Option<i64>, errors: &mut Errors) {
    if let Some(ttl) = ttl_s {
        errors.range(format_args!("/ttl_s"), ttl, HOLD_MIN_MS / 1000..=HOLD_MAX_MS / 1000);
    }
}

/// How long a hold lasts.
pub(crate) fn hold_ms(ttl_s: Option<i64>, settings: &Settings) -> i64 {
    ttl_s.map_or(settings.hold_default_ms, |seconds| seconds * 1000)
}

/// An order to be placed. All lines are held, or none.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrder {
    /// What is ordered.
    #[schema(min_items = 1, max_items = 2000)]
    pub(crate) lines: Vec<NewLine>,
    /// Where it came from; `api` when missing.
    #[schema(min_length = 1, max_length = 200, example = "api")]
    pub(crate) channel: Option<String>,
    /// The caller's own number, unique within the channel.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) reference: Option<String>,
    /// How long the units are held, in seconds.
    #[schema(minimum = 60, maximum = 604_800)]
    pub(crate) ttl_s: Option<i64>,
    /// Allocate at once instead of holding.
    pub(crate) confirm: Option<bool>,
    /// The payment that confirms it; only with `confirm`.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) payment_reference: Option<String>,
    /// ISO 4217 code of the prices.
    #[schema(pattern = "^[A-Z]{3}$", example = "EUR")]
    pub(crate) currency: Option<String>,
}

impl Check for NewOrder {
    fn check(&self, errors: &mut Errors) {
        check_lines(&self.lines, errors);
        errors.maybe_code(format_args!("/channel"), self.channel.as_deref());
        errors.maybe_code(format_args!("/reference"), self.reference.as_deref());
        errors.maybe_code(format_args!("/payment_reference"), self.payment_reference.as_deref());
        check_ttl(self.ttl_s, errors);
        if self.payment_reference.is_some() && !self.confirms() {
            errors.push(
                format_args!("/payment_reference"),
                "not_allowed",
                "only together with confirm: true",
            );
        }
        if let Some(currency) = &self.currency
            && !(currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase()))
        {
            errors.push(
                format_args!("/currency"),
                "invalid_currency",
                "must be three capital letters (ISO 4217)",
            );
        }
    }
}

impl NewOrder {
    fn confirms(&self) -> bool {
        self.confirm.unwrap_or(false)
    }

    fn channel(&self) -> &str {
        self.channel.as_deref().unwrap_or("api")
    }

    pub(crate) fn command(&self, settings: &Settings) -> PlaceOrder {
        PlaceOrder {
            id: ids::order(),
            channel: self.channel().to_owned(),
            reference: self.reference.clone(),
            lines: line_requests(&self.lines, settings),
            hold_ms: hold_ms(self.ttl_s, settings),
            confirm: self.confirms(),
            // Only what was sold on a marketplace is a fact; through our own API nothing is sold that is not there.
            forced: false,
            payment_reference: self.payment_reference.clone(),
            currency: self.currency.clone(),
        }
    }
}

/// Several orders, each placed by itself.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrders {
    /// The orders.
    #[schema(min_items = 1, max_items = 1000)]
    pub(crate) orders: Vec<NewOrder>,
}

impl Check for NewOrders {
    fn check(&self, errors: &mut Errors) {
        errors.length(format_args!("/orders"), self.orders.len(), 1..=ITEMS_MAX);
    }
}

/// One line as it was placed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlacedLine<'a> {
    /// Number of the line, from 1.
    line: usize,
    /// Code of what was ordered.
    sku: &'a str,
    /// Code of the location.
    location: &'a str,
    /// Items.
    quantity: i64,
}

/// The lines of a request as they were placed.
pub(crate) fn placed_lines<'a>(lines: &'a [NewLine], settings: &'a Settings) -> Vec<PlacedLine<'a>> {
    lines
        .iter()
        .enumerate()
        .map(|(index, line)| PlacedLine {
            line: index + 1,
            sku: &line.sku,
            location: place(line.location.as_deref(), settings),
            quantity: line.quantity,
        })
        .collect()
}

/// An order that was placed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlacedOrder<'a> {
    /// Always `order`.
    #[schema(example = "order")]
    object: &'static str,
    /// Its id.
    #[schema(example = "ord_01jdq3fz6xf8r9t5z1v4k2m7n0")]
    pub(crate) id: String,
    /// Where it came from.
    channel: &'a str,
    /// The caller's own number.
    reference: Option<&'a str>,
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
    /// Its lines.
    lines: Vec<PlacedLine<'a>>,
}

impl<'a> PlacedOrder<'a> {
    /// From the request and its receipt.
    pub(crate) fn of(request: &'a NewOrder, settings: &'a Settings, receipt: &Receipt) -> Option<Self> {
        let Receipt::Order { id, state, payment, fulfilment, expires_at, version, late, at, .. } = receipt
        else {
            return None;
        };
        Some(Self {
            object: "order",
            id: id.to_string(),
            channel: request.channel(),
            reference: request.reference.as_deref(),
            state: state.name(),
            payment_state: payment.name(),
            fulfilment_state: fulfilment.name(),
            expires_at: expires_at.map(Time),
            late: *late,
            version: *version,
            at: Time(*at),
            lines: placed_lines(&request.lines, settings),
        })
    }
}

/// One part of a line of an order: a component of a bundle.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderPart {
    /// Code of the component.
    sku: String,
    /// Units of it in one item.
    per_item: i64,
    #[serde(flatten)]
    units: Units,
}

/// Where the units of a line are. `ordered = reserved + allocated + shipped + cancelled`.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Units {
    /// Asked for.
    ordered: i64,
    /// Held and not yet confirmed.
    reserved: i64,
    /// Confirmed and not yet shipped.
    allocated: i64,
    /// Allocated without goods, when a marketplace forced the order in.
    short: i64,
    /// Shipped.
    shipped: i64,
    /// Cancelled or expired.
    cancelled: i64,
    /// Those of the cancelled that a late confirmation may take back.
    expired: i64,
    /// Came back.
    returned: i64,
}

impl Units {
    fn of(line: &OrderLine, per: i64) -> Self {
        Self {
            ordered: line.ordered / per,
            reserved: line.reserved / per,
            allocated: line.allocated / per,
            short: line.short / per + i64::from(line.short % per != 0),
            shipped: line.shipped / per,
            cancelled: line.cancelled / per,
            expired: line.expired / per,
            returned: line.returned / per,
        }
    }
}

/// One line of an order, in items.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderLine)]
pub(crate) struct OrderLineBody {
    /// Number of the line, from 1.
    line: i32,
    /// Code of what was ordered.
    sku: String,
    /// Code of the location.
    location: String,
    /// Price of one item in minor units.
    unit_minor: Option<i64>,
    #[serde(flatten)]
    units: Units,
    /// The components of a bundle, in units.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<OrderPart>,
}

/// Codes of the ids in an order or reservation.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    pub(crate) skus: BTreeMap<SkuId, String>,
    pub(crate) locations: BTreeMap<LocationId, String>,
}

impl Codes {
    pub(crate) fn sku(&self, id: SkuId) -> String {
        self.skus.get(&id).cloned().unwrap_or_default()
    }

    pub(crate) fn location(&self, id: LocationId) -> String {
        self.locations.get(&id).cloned().unwrap_or_default()
    }
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderBody {
    /// Always `order`.
    #[schema(example = "order")]
    object: &'static str,
    /// Its id.
    id: String,
    /// Where it came from.
    channel: String,
    /// The caller's own number.
    reference: Option<String>,
    /// Where it stands.
    state: &'static str,
    /// Where its money stands.
    payment_state: &'static str,
    /// Where its goods stand.
    fulfilment_state: &'static str,
    /// Taken as a fact, without regard to stock.
    forced: bool,
    /// Confirmed after its hold had ended.
    late: bool,
    /// The payment that it goes by: the one that paid for it, else the one that may yet.
    payment_reference: Option<String>,
    /// Every payment that is known of it.
    payments: Vec<PaymentBody>,
    /// ISO 4217 code of the prices.
    currency: Option<String>,
    /// When its hold ends, while pending.
    expires_at: Option<Time>,
    /// The `ETag`.
    version: i64,
    /// When it was placed.
    created_at: Time,
    /// When it was last changed.
    updated_at: Time,
    /// Its lines.
    lines: Vec<OrderLineBody>,
}

impl OrderBody {
    pub(crate) fn of(order: Order, codes: &Codes) -> Self {
        let lines =
            order.lines.chunk_by(|a, b| a.line == b.line).filter_map(|parts| line_of(parts, codes)).collect();
        Self {
            object: "order",
            id: order.id.to_string(),
            payments: PaymentBody::all_of(&order),
            channel: order.channel,
            reference: order.reference,
            state: order.state.name(),
            payment_state: order.payment.name(),
            fulfilment_state: order.fulfilment.name(),
            forced: order.forced,
            late: order.late,
            payment_reference: order.payment_reference,
            currency: order.currency,
            expires_at: order.expires_at.map(Time),
            version: order.version,
            created_at: Time(order.created_at),
            updated_at: Time(order.updated_at),
            lines,
        }
    }
}

fn line_of(parts: &[OrderLine], codes: &Codes) -> Option<OrderLineBody> {
    let first = parts.first()?;
    let bundle = first.item != first.key.sku;
    Some(OrderLineBody {
        line: first.line,
        sku: codes.sku(first.item),
        location: codes.location(first.key.location),
        unit_minor: first.unit_minor,
        units: Units::of(first, first.per_item.max(1)),
        parts: parts
            .iter()
            .filter(|_| bundle)
            .map(|part| OrderPart {
                sku: codes.sku(part.key.sku),
                per_item: part.per_item,
                units: Units::of(part, 1),
            })
            .collect(),
    })
}

/// Which orders.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderQuery {
    /// Only in this state.
    pub(crate) state: Option<String>,
    /// With `true`, only those whose money somebody must look after: `refund_pending`, `part_refund_pending`, `disputed`.
    pub(crate) money_due: Option<bool>,
    /// Only from this channel.
    pub(crate) channel: Option<String>,
    /// Only with this reference.
    pub(crate) reference: Option<String>,
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}
