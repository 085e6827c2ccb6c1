//! What a shop is told.

use serde::{Deserialize, Serialize};

use crate::id::{LocationId, ShopId};
use crate::listing::{Listing, Mapping};
use crate::quantity::{Millis, Quantities, Quantity};
use crate::shop::Shop;
use crate::sku::Sku;
use crate::stock::StockKey;

/// Which figure is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// on_hand − reserved − allocated − unavailable: pending orders count.
    #[default]
    Available,
    /// on_hand − allocated − unavailable (Lunara's Master Stock): pending orders do not count, so two shops can sell the
    /// same unit while one of the orders is pending.
    Master,
}

/// The last units go to one shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUnits {
    /// At or below this many units of the basis, other shops are told 0.
    pub units: Quantity,
    /// The one that is told.
    pub shop: ShopId,
}

/// Units kept back by how fast a listing sells: what may be bought there before we have heard of it, and elsewhere before
/// it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Velocity {
    /// As many units as are sold in so many minutes at the speed of the last hour, rounded up. 1 to a day.
    pub minutes: u32,
    /// But never more than this.
    pub most: Quantity,
}

/// The longest that may be covered, in minutes.
pub const VELOCITY_MINUTES_MAX: u32 = 24 * 60;

impl Velocity {
    /// What is kept back of a listing that sold so many units in an hour.
    #[must_use]
    pub fn kept(&self, sold_in_an_hour: Quantity) -> Quantity {
        let units = sold_in_an_hour.max(0).saturating_mul(i64::from(self.minutes));
        (units / 60 + i64::from(units % 60 > 0)).min(self.most.max(0))
    }
}

/// How much of a listing is sold, in whole hours of the ledger clock: enough to tell a speed by, and two numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sales {
    /// Hours since 1970: the one that `units` is of.
    pub hour: i64,
    /// Units sold in it so far.
    pub units: Quantity,
    /// Units sold in the hour before.
    pub before: Quantity,
}

const HOUR: Millis = 60 * 60_000;

impl Sales {
    /// Notes units that were sold now.
    pub fn add(&mut self, units: Quantity, now: Millis) {
        *self = self.at(now);
        self.units = self.units.saturating_add(units.max(0));
    }

    /// Units sold in the last hour: those of the running hour, and of the one before the share that is still within an
    /// hour, rounded up.
    #[must_use]
    pub fn in_an_hour(&self, now: Millis) -> Quantity {
        let sales = self.at(now);
        let left = HOUR - now.rem_euclid(HOUR);
        let share = i128::from(sales.before) * i128::from(left);
        let share = share / i128::from(HOUR) + i128::from(share % i128::from(HOUR) > 0);
        sales.units.saturating_add(Quantity::try_from(share).unwrap_or(Quantity::MAX))
    }

    fn at(self, now: Millis) -> Self {
        let hour = now.div_euclid(HOUR);
        match hour - self.hour {
            ..=0 => self,
            1 => Self { hour, units: 0, before: self.units },
            _ => Self { hour, units: 0, before: 0 },
        }
    }
}

/// How a figure becomes what a shop is told; steps apply in the order of the fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PublishRule {
    /// From which figure.
    pub basis: Basis,
    /// The last units go to one shop.
    pub last_units: Option<LastUnits>,
    /// Units kept back, 0 and more.
    pub buffer: Quantity,
    /// Units kept back by the speed of sales; of this and `buffer` the larger one counts.
    pub velocity: Option<Velocity>,
    /// Per cent of the rest, rounded down, 0 to 100.
    pub percent: u8,
    /// What would be at or below this becomes 0.
    pub zero_at: Quantity,
    /// Never more than this.
    pub cap: Option<Quantity>,
}

impl Default for PublishRule {
    fn default() -> Self {
        Self {
            basis: Basis::Available,
            last_units: None,
            buffer: 0,
            velocity: None,
            percent: 100,
            zero_at: 0,
            cap: None,
        }
    }
}

/// One step from a figure to what is told, for the preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// `basis`, `last_units`, `buffer`, `velocity`, `percent`, `zero_at`, `cap`, `maximum`.
    pub rule: String,
    /// What is left after it.
    pub value: Quantity,
}

/// What a shop is told about one listing, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// 0 and more.
    pub quantity: Quantity,
    /// The basis first, then each rule that changed it.
    pub steps: Vec<Step>,
}

/// What can be published of one stock row.
#[must_use]
pub fn basis_of(basis: Basis, figures: &Quantities) -> Quantity {
    match basis {
        Basis::Available => figures.available(),
        Basis::Master => figures.on_hand - figures.allocated - figures.unavailable,
    }
}

/// What `shop` is told. `parts` are the stock rows behind the listing with the units of each in one unit of the listing
/// (several for a bundle); a listing without parts is told 0. `sold` is what was sold of it in the last hour
/// ([`Sales::in_an_hour`]), `maximum` the most that its marketplace takes.
#[must_use]
pub fn figure(
    rule: &PublishRule,
    shop: ShopId,
    parts: &[(Quantities, Quantity)],
    sold: Quantity,
    maximum: Quantity,
) -> Published {
    let base = parts
        .iter()
        .map(|(figures, units)| basis_of(rule.basis, figures).max(0) / (*units).max(1))
        .min()
        .unwrap_or(0);
    let mut steps = vec![Step { rule: "basis".to_owned(), value: base }];
    let mut value = base;
    let mut apply = |name: &str, next: Quantity| {
        if next != value {
            steps.push(Step { rule: name.to_owned(), value: next });
            value = next;
        }
        value
    };
    let mut now = base;
    if let Some(last) = rule.last_units
        && last.shop != shop
        && now <= last.units
    {
        now = apply("last_units", 0);
    }
    let kept = rule.velocity.map_or(0, |velocity| velocity.kept(sold));
    let (name, kept) = if kept > rule.buffer { ("velocity", kept) } else { ("buffer", rule.buffer.max(0)) };
    now = apply(name, (now - kept).max(0));
    now = apply("percent", now.saturating_mul(i64::from(rule.percent.min(100))) / 100);
    if now <= rule.zero_at {
        now = apply("zero_at", 0);
    }
    if let Some(cap) = rule.cap {
        now = apply("cap", now.min(cap.max(0)));
    }
    let quantity = apply("maximum", now.min(maximum));
    Published { quantity, steps }
}

/// The stock rows behind a listing that is mapped to this SKU, at the location whose stock its shop publishes, with the units
/// of each in one unit of the listing.
#[must_use]
pub fn parts_of(mapping: &Mapping, sku: &Sku, location: LocationId) -> Vec<(StockKey, Quantity)> {
    if !sku.is_bundle() {
        return vec![(StockKey { sku: sku.id, location }, mapping.quantity)];
    }
    let part = |component: &crate::sku::Component| {
        let row = StockKey { sku: component.sku, location };
        (row, component.quantity.saturating_mul(mapping.quantity))
    };
    sku.components.iter().map(part).collect()
}

/// What is to be done about one listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is told so much.
    Send(Quantity),
    /// So much is there already.
    Same(Quantity),
    /// Nothing is told: there is nothing to tell, the shop is not to be written to, or a seller's own figure stands below it.
    HeldBack,
}

/// What is to be told, by what was told before and sold there since. `in_doubt`: whatever was sent before may be there.
#[must_use]
pub fn decide(shop: &Shop, listing: &Listing, told: Option<&Published>, in_doubt: bool) -> Decision {
    let Some(published) = told.filter(|_| shop.settings.push) else {
        return Decision::HeldBack;
    };
    // A campaign's units cannot be taken away: the marketplace would refuse less.
    let quantity = published.quantity.max(listing.promotion_reserved);
    if let Some(edit) = &listing.edit {
        // The seller may be stopping sales: his figure is not raised. Lowering goes out at once.
        return if quantity >= edit.seen { Decision::HeldBack } else { Decision::Send(quantity) };
    }
    // The marketplace where a sale happened has deducted it itself.
    let there = listing.pushed.map(|pushed| (pushed - listing.sold_there).max(0));
    if there == Some(quantity) && listing.trouble.is_none() && !in_doubt {
        return Decision::Same(quantity);
    }
    Decision::Send(quantity)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(on_hand: Quantity, reserved: Quantity) -> Quantities {
        Quantities { on_hand, reserved, ..Quantities::default() }
    }

    #[test]
    fn each_rule_does_what_its_name_says() {
        let me = ShopId(1);
        let plain = PublishRule::default();
        let other = Some(LastUnits { units: 3, shop: ShopId(2) });
        let mine = Some(LastUnits { units: 3, shop: me });
        let cases = [
            ("available", plain.clone(), vec![(of(10, 4), 1)], 6),
            (
                "pending units count in the master basis",
                PublishRule { basis: Basis::Master, ..plain.clone() },
                vec![(of(10, 4), 1)],
                10,
            ),
            ("never below zero", plain.clone(), vec![(of(1, 4), 1)], 0),
            ("a multipack", plain.clone(), vec![(of(10, 0), 3)], 3),
            (
                "a bundle has as many as its scarcest part",
                plain.clone(),
                vec![(of(10, 0), 1), (of(7, 0), 2)],
                3,
            ),
            ("nothing behind it", plain.clone(), vec![], 0),
            ("buffer", PublishRule { buffer: 4, ..plain.clone() }, vec![(of(10, 0), 1)], 6),
            (
                "a buffer above the stock",
                PublishRule { buffer: 40, ..plain.clone() },
                vec![(of(10, 0), 1)],
                0,
            ),
            ("per cent round down", PublishRule { percent: 33, ..plain.clone() }, vec![(of(10, 0), 1)], 3),
            ("few become none", PublishRule { zero_at: 2, ..plain.clone() }, vec![(of(2, 0), 1)], 0),
            ("one more than few stays", PublishRule { zero_at: 2, ..plain.clone() }, vec![(of(3, 0), 1)], 3),
            ("cap", PublishRule { cap: Some(5), ..plain.clone() }, vec![(of(10, 0), 1)], 5),
            (
                "the last units are another shop's",
                PublishRule { last_units: other, ..plain.clone() },
                vec![(of(3, 0), 1)],
                0,
            ),
            (
                "more than the last units",
                PublishRule { last_units: other, ..plain.clone() },
                vec![(of(4, 0), 1)],
                4,
            ),
            (
                "the last units are ours",
                PublishRule { last_units: mine, ..plain.clone() },
                vec![(of(3, 0), 1)],
                3,
            ),
            ("the marketplace's maximum", plain, vec![(of(1_000_000, 0), 1)], 99_999),
        ];
        for (what, rule, parts, expected) in cases {
            assert_eq!(figure(&rule, me, &parts, 0, 99_999).quantity, expected, "{what}");
        }
    }

    #[test]
    fn the_steps_say_why() {
        let rule = PublishRule { buffer: 2, percent: 50, ..PublishRule::default() };
        let told = figure(&rule, ShopId(1), &[(of(10, 0), 1)], 0, 100);
        let steps: Vec<(&str, Quantity)> = told.steps.iter().map(|s| (s.rule.as_str(), s.value)).collect();
        assert_eq!(steps, [("basis", 10), ("buffer", 8), ("percent", 4)]);
    }
}
