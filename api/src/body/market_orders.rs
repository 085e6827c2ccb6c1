//! Orders of marketplaces.

use std::collections::BTreeMap;

use onhand_rules::job::JobBody;
use onhand_rules::market_order::{MarketLine, MarketStatus};
use onhand_rules::{Listing, MarketOrder, Refusal, ShopId, SkuId};
use onhand_store::EventRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::events::EventView;
use super::{Check, Errors};
use crate::problem::{Problem, Shape};
use crate::time::Time;

/// The id of an order of a marketplace: two shops may use the same number.
pub(crate) fn id_of(shop: ShopId, reference: &str) -> String {
    format!("{}-{reference}", shop.0)
}

/// The inverse of [`id_of`].
pub(crate) fn parse_id(id: &str) -> Option<(ShopId, String)> {
    let (shop, reference) = id.split_once('-')?;
    let shop: i64 = shop.parse().ok().filter(|shop| *shop > 0)?;
    let fits = !reference.is_empty() && reference.len() <= 250 && !reference.contains('\0');
    fits.then(|| (ShopId(shop), reference.to_owned()))
}

/// An order of a marketplace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MarketOrder)]
pub(crate) struct MarketOrderView {
    /// Always `market_order`.
    #[schema(example = "market_order")]
    object: &'static str,
    /// The shop's number, a hyphen and the reference.
    #[schema(example = "1-240614B2K9X1")]
    id: String,
    /// Number of the shop.
    shop_id: i64,
    /// Code of the shop.
    shop: String,
    /// The marketplace's number of it.
    reference: String,
    /// `applied`, `waits_for_mapping` or `needs_attention`.
    state: String,
    /// The marketplace's word.
    status: String,
    /// The buyer asked to cancel and nobody has decided.
    cancel_requested: bool,
    /// Orders of ours that it became.
    order_ids: Vec<String>,
    /// Units in it that were not cancelled.
    units: i64,
    /// What they cost together in minor units, where every line says so.
    total_minor: Option<i64>,
    /// ISO 4217.
    currency: Option<String>,
    /// Why a person must look, in English.
    trouble: Option<String>,
    /// The same as facts, for whoever says it in another language. Null where there is no trouble, and in rows of builds
    /// that had only the text.
    refusal: Option<RefusalView>,
    /// Older news that was ignored.
    stale_news: u32,
    /// When it was placed, by the marketplace's clock.
    placed_at: Time,
    /// When we first heard of it.
    received_at: Time,
    /// When it last changed here.
    updated_at: Time,
}

impl MarketOrderView {
    pub(crate) fn of(order: &MarketOrder, shops: &BTreeMap<ShopId, String>) -> Self {
        let mut order_ids: Vec<String> = order.applied.iter().map(|line| line.order.to_string()).collect();
        order_ids.dedup();
        let lines = &order.snapshot.lines;
        let total = lines
            .iter()
            .try_fold(0_i64, |sum, line| sum.checked_add(line.unit_minor?.checked_mul(living(line))?));
        let state = serde_json::to_value(order.state).ok();
        Self {
            object: "market_order",
            id: id_of(order.shop, &order.reference),
            shop_id: order.shop.0,
            shop: shops.get(&order.shop).cloned().unwrap_or_default(),
            state: state.and_then(|state| state.as_str().map(str::to_owned)).unwrap_or_default(),
            status: order.snapshot.raw_status.clone(),
            cancel_requested: order.snapshot.cancel_requested == Some(true),
            order_ids,
            units: lines.iter().map(living).sum(),
            total_minor: total,
            currency: order.snapshot.currency.clone(),
            trouble: order.trouble.clone(),
            refusal: order.refusal.as_ref().map(RefusalView::of),
            stale_news: order.stale_news,
            placed_at: Time(order.snapshot.created_at),
            received_at: Time(order.received_at),
            updated_at: Time(order.updated_at),
            reference: order.reference.clone(),
        }
    }
}

/// Why a step of it could not be done here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MarketOrderRefusal)]
pub(crate) struct RefusalView {
    /// As of a problem; `/problems` lists them.
    #[schema(example = "not_on_hand")]
    code: &'static str,
    /// What it is about, where it is about goods.
    about: Vec<RefusedGoods>,
}

/// Goods of which there are not as many as the marketplace says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MarketOrderRefusedGoods)]
pub(crate) struct RefusedGoods {
    /// Code of the SKU.
    sku: Option<String>,
    /// Code of the location.
    location: Option<String>,
    /// Units that were to be moved.
    requested: Option<i64>,
    /// Units that could be.
    available: Option<i64>,
}

impl RefusalView {
    fn of(refusal: &Refusal) -> Self {
        let (code, places) = Problem::refused(refusal, Shape::Flat).into_places();
        let about = places.into_iter().map(|place| RefusedGoods {
            sku: place.sku,
            location: place.location,
            requested: place.requested,
            available: place.available,
        });
        Self { code, about: about.filter(|goods| goods.sku.is_some()).collect() }
    }
}

fn living(line: &MarketLine) -> i64 {
    if line.status == MarketStatus::Cancelled { 0 } else { (line.quantity - line.cancelled).max(0) }
}

/// A line of ours that a line of the marketplace became.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MarketOrderApplied)]
pub(crate) struct Applied {
    /// Order of ours.
    order_id: String,
    /// Number of the line in it.
    line: i32,
    /// Units of the listing.
    quantity: i64,
    /// Units of the SKU in one unit of the listing at the time.
    per_unit: i64,
    /// Units of the listing given back.
    cancelled: i64,
    /// Units of the listing shipped.
    shipped: i64,
}

/// One line as the marketplace tells it, with what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MarketOrderLine)]
pub(crate) struct Line {
    /// The marketplace's ids of the line.
    ids: Vec<String>,
    /// The marketplace's id of the item.
    item: String,
    /// The marketplace's id of the variation.
    variant: String,
    /// As the order shows it.
    seller_sku: String,
    /// As the order shows it. Text of strangers.
    title: String,
    /// Units of the listing, including `cancelled`.
    quantity: i64,
    /// Of these, cancelled.
    cancelled: i64,
    /// `pending`, `confirmed`, `shipped` or `cancelled`.
    status: String,
    /// Price of one unit in minor units.
    unit_minor: Option<i64>,
    /// `applied`: it has taken its stock. `waits_for_mapping`: nobody has said which SKU it sells. `none`: there was
    /// nothing to take.
    state: &'static str,
    /// Number of the listing, if it was read.
    listing_id: Option<i64>,
    /// Code of the SKU that the listing sells now.
    sku: Option<String>,
    /// Units of the SKU in one unit of the listing now.
    sku_quantity: Option<i64>,
    /// What became of it.
    applied: Vec<Applied>,
}

/// An order of a marketplace with its lines and what happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MarketOrderDetail {
    #[serde(flatten)]
    order: MarketOrderView,
    /// Its lines.
    lines: Vec<Line>,
    /// What happened to it and to the orders that it became, oldest first; the first 200 events of each.
    timeline: Vec<EventView>,
    /// The job that last changed it.
    job_id: Option<String>,
    /// The `ETag`.
    pub(crate) version: i64,
}

/// The listings of an order's lines, by (item, variant), and the codes of what they sell.
pub(crate) type Sold = (BTreeMap<(String, String), Listing>, BTreeMap<SkuId, String>);

impl MarketOrderDetail {
    pub(crate) fn of(
        order: MarketOrder,
        shops: &BTreeMap<ShopId, String>,
        sold: &Sold,
        mut timeline: Vec<EventRow>,
    ) -> Self {
        timeline.sort_by_key(|row| row.number);
        let lines = order.snapshot.lines.iter().map(|line| line_of(&order, line, sold)).collect();
        Self {
            order: MarketOrderView::of(&order, shops),
            lines,
            timeline: timeline.into_iter().map(EventView::of).collect(),
            job_id: order.job.map(|job| job.to_string()),
            version: order.version,
        }
    }
}

fn line_of(order: &MarketOrder, line: &MarketLine, (listings, codes): &Sold) -> Line {
    let key = (line.item.clone(), line.variant.clone());
    let applied: Vec<Applied> = order
        .applied
        .iter()
        .filter(|applied| applied.item == line.item && applied.variant == line.variant)
        .map(|applied| Applied {
            order_id: applied.order.to_string(),
            line: applied.line,
            quantity: applied.quantity,
            per_unit: applied.per_unit,
            cancelled: applied.cancelled,
            shipped: applied.shipped,
        })
        .collect();
    let listing = listings.get(&key);
    let mapping = listing.and_then(|listing| listing.mapping);
    let state = if order.waits_for.contains(&key) {
        "waits_for_mapping"
    } else if applied.is_empty() {
        "none"
    } else {
        "applied"
    };
    let status = serde_json::to_value(line.status).ok();
    Line {
        ids: line.ids.clone(),
        seller_sku: line.seller_sku.clone(),
        title: line.title.clone(),
        quantity: line.quantity,
        cancelled: line.cancelled,
        status: status.and_then(|status| status.as_str().map(str::to_owned)).unwrap_or_default(),
        unit_minor: line.unit_minor,
        state,
        listing_id: listing.map(|listing| listing.id.0),
        sku: mapping.and_then(|mapping| codes.get(&mapping.sku).cloned()),
        sku_quantity: mapping.map(|mapping| mapping.quantity),
        applied,
        item: key.0,
        variant: key.1,
    }
}

/// Which orders of marketplaces.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MarketOrderQuery {
    /// Only of the shop with this code.
    pub(crate) shop: Option<String>,
    /// `applied`, `waits_for_mapping` or `needs_attention`.
    pub(crate) state: Option<String>,
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}

/// Goods that leave.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewShipment {
    /// The carrier as the marketplace knows it.
    #[schema(max_length = 1000)]
    carrier: Option<String>,
    /// The carrier's number of the parcel.
    #[schema(max_length = 1000, example = "SPXMY012345678")]
    tracking_number: Option<String>,
    /// The marketplace's ids of the lines that leave (`ids` of a line); empty means all.
    #[serde(default)]
    #[schema(max_items = 200)]
    line_ids: Vec<String>,
}

impl Check for NewShipment {
    fn check(&self, errors: &mut Errors) {
        errors.maybe_text(format_args!("/carrier"), self.carrier.as_deref());
        errors.maybe_text(format_args!("/tracking_number"), self.tracking_number.as_deref());
        errors.length(format_args!("/line_ids"), self.line_ids.len(), 0..=200);
        for (index, line) in self.line_ids.iter().enumerate() {
            errors.maybe_text(format_args!("/line_ids/{index}"), Some(line));
        }
    }
}

impl NewShipment {
    pub(crate) fn job(&self, shop: ShopId, reference: String) -> JobBody {
        JobBody::ShipOrder {
            shop,
            reference,
            line_ids: self.line_ids.clone(),
            carrier: self.carrier.clone(),
            tracking: self.tracking_number.clone(),
        }
    }
}

/// Yes or no.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelAnswer {
    /// Whether the buyer may cancel.
    pub(crate) accept: bool,
}

impl Check for CancelAnswer {
    fn check(&self, _errors: &mut Errors) {}
}

/// Jobs that were put into the queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Enqueued {
    /// Always `enqueued`.
    #[schema(example = "enqueued")]
    pub(crate) object: &'static str,
    /// Their ids; a job that waits already is named instead of a second one.
    pub(crate) jobs: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_a_shop_and_a_reference() {
        let id = id_of(ShopId(12), "2406-14B");
        assert_eq!(parse_id(&id), Some((ShopId(12), "2406-14B".to_owned())));
        for bad in ["", "12", "12-", "-x", "0-x", "-1-x", "a-x", "1-\0"] {
            assert_eq!(parse_id(bad), None, "{bad}");
        }
    }
}
