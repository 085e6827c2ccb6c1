//! What a shop is told.

use serde::{Deserialize, Serialize};

use crate::id::ShopId;
use crate::quantity::{Quantities, Quantity};

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
    /// Per cent of the rest, rounded down, 0 to 100.
    pub percent: u8,
    /// What would be at or below this becomes 0.
    pub zero_at: Quantity,
    /// Never more than this.
    pub cap: Option<Quantity>,
}

impl Default for PublishRule {
    fn default() -> Self {
        Self { basis: Basis::Available, last_units: None, buffer: 0, percent: 100, zero_at: 0, cap: None }
    }
}

/// One step from a figure to what is told, for the preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// `basis`, `last_units`, `buffer`, `percent`, `zero_at`, `cap`, `maximum`.
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
/// (several for a bundle); a listing without parts is told 0. `maximum` is the most that its marketplace takes.
#[must_use]
pub fn figure(
    rule: &PublishRule,
    shop: ShopId,
    parts: &[(Quantities, Quantity)],
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
    now = apply("buffer", (now - rule.buffer.max(0)).max(0));
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
            assert_eq!(figure(&rule, me, &parts, 99_999).quantity, expected, "{what}");
        }
    }

    #[test]
    fn the_steps_say_why() {
        let rule = PublishRule { buffer: 2, percent: 50, ..PublishRule::default() };
        let told = figure(&rule, ShopId(1), &[(of(10, 0), 1)], 100);
        let steps: Vec<(&str, Quantity)> = told.steps.iter().map(|s| (s.rule.as_str(), s.value)).collect();
        assert_eq!(steps, [("basis", 10), ("buffer", 8), ("percent", 4)]);
    }
}
