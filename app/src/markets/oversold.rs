//! Why units were sold that were not there.
//!
//! A marketplace sells what it shows. Two buyers can have the same unit only while a marketplace shows a figure that does
//! not know of an earlier sale: because Onhand had not heard of it yet, because the marketplace could not be told, or because
//! a figure that did not know was written over the marketplace's own deduction. The same goes for units that the house took
//! off by itself before the marketplace was told. Each of these can be seen from the times of the sales there, of the
//! events here and of the ledger's rows. What cannot is told as unexplained, and is an error of ours.

use std::collections::HashMap;

use serde::Serialize;

use super::journal::{Journal, Shortage, What};
use super::sales::Sale;
use super::takings::Taking;
use super::{for_people, since};

/// What bundles are made of: code, components with units. Everything else is itself.
pub(crate) type Recipes = HashMap<String, Vec<(String, i64)>>;

/// A time in which something was wrong on purpose, until it was made good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// In words.
    pub(crate) what: String,
    /// Name of the marketplace; all without it.
    pub(crate) market: Option<String>,
    pub(crate) from: i64,
    pub(crate) until: i64,
}

/// Everything that an explanation can rest on.
pub(crate) struct Evidence<'a> {
    pub(crate) journal: &'a Journal,
    /// The oldest first.
    pub(crate) sales: &'a [Sale],
    /// Of the SKUs that were short.
    pub(crate) takings: &'a [Taking],
    pub(crate) recipes: &'a Recipes,
    pub(crate) troubles: &'a [Trouble],
    /// Moments are told as seconds since this one.
    pub(crate) zero: i64,
}

/// Units of one SKU that one order took and that were not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Oversold {
    pub(crate) sku: String,
    pub(crate) units: i64,
    /// The order that they belong to, if one was found.
    pub(crate) order: Option<String>,
    /// How it came about; none: unexplained.
    pub(crate) cause: Option<Cause>,
    /// For people.
    pub(crate) text: String,
}

/// How it came about, by the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// Onhand had not heard of the earlier sale when the later one happened.
    NotHeard,
    /// It had heard, and the marketplace of the later sale had not been told yet.
    NotTold,
    /// A figure that did not know of the sale was written over the marketplace's own deduction.
    Overwritten,
    /// The house had taken units off its stock by itself, and the marketplace of the sale had not been told yet.
    TakenOff,
    /// The seller's own figure stood there.
    SellerEdit,
    /// Our figure was acknowledged and did not stand there: it was lost, or an older one came after it.
    NotKept,
}

/// Why the shop of a later sale still showed what an earlier one had taken.
struct Gap {
    cause: Cause,
    /// When the later shop was told, if it was.
    told: Option<i64>,
}

impl Evidence<'_> {
    /// Every unit that was short, with its cause.
    pub(crate) fn explain(&self) -> Vec<Oversold> {
        let wanted = self.journal.short_skus();
        let mut takers: HashMap<&str, Vec<(&Sale, i64)>> = HashMap::new();
        for sale in self.sales {
            for sku in &wanted {
                let units = self.units(sale, sku);
                if units > 0 {
                    takers.entry(sku).or_default().push((sale, units));
                }
            }
        }
        let none = Vec::new();
        let of = |shortage: &Shortage| {
            self.explain_one(shortage, takers.get(shortage.sku.as_str()).unwrap_or(&none))
        };
        self.journal.shortages.iter().flat_map(of).collect()
    }

    /// Units of a SKU that an order takes, through bundles too.
    fn units(&self, sale: &Sale, sku: &str) -> i64 {
        sale.lines.iter().map(|(code, units)| units * self.units_of(code, sku)).sum()
    }

    fn units_of(&self, code: &str, sku: &str) -> i64 {
        match self.recipes.get(code) {
            Some(parts) => parts.iter().filter(|(part, _)| part == sku).map(|(_, units)| units).sum(),
            None => i64::from(code == sku),
        }
    }

    fn heard(&self, sale: &Sale) -> Option<i64> {
        self.journal.placed.get(&sale.name()).copied()
    }

    fn explain_one(&self, shortage: &Shortage, takers: &[(&Sale, i64)]) -> Vec<Oversold> {
        let during = shortage.opened..=shortage.cleared.unwrap_or(i64::MAX);
        let mut late: Vec<(i64, &Sale, i64)> = takers
            .iter()
            .filter_map(|(sale, units)| Some((self.heard(sale)?, *sale, *units)))
            .filter(|(heard, ..)| during.contains(heard))
            .collect();
        late.sort_by_key(|(heard, ..)| std::cmp::Reverse(*heard));
        let mut left = -shortage.lowest;
        let mut told = Vec::new();
        for (heard, sale, units) in late {
            if left == 0 {
                break;
            }
            let units = units.min(left);
            left -= units;
            told.push(self.explain_order(shortage, sale, heard, units, takers));
        }
        if left > 0 {
            let text = format!(
                "{left} of {}: no order took them; something else changed the stock, and nothing here says what",
                shortage.sku
            );
            let sku = shortage.sku.clone();
            told.push(Oversold { sku, units: left, order: None, cause: None, text });
        }
        told
    }

    fn explain_order(
        &self,
        shortage: &Shortage,
        sale: &Sale,
        heard: i64,
        units: i64,
        takers: &[(&Sale, i64)],
    ) -> Oversold {
        let sku = &shortage.sku;
        // Those that our books gave the units to before, the last one first: it took the last of them.
        let mut earlier: Vec<(i64, &Sale)> = takers
            .iter()
            .filter(|(other, _)| other.name() != sale.name())
            .filter_map(|(other, _)| Some((self.heard(other)?, *other)))
            .filter(|(other, _)| *other <= heard)
            .collect();
        earlier.sort_by_key(|(other, _)| std::cmp::Reverse(*other));
        let found = earlier.into_iter().find_map(|(_, other)| {
            let (first, second) = if other.at <= sale.at { (other, sale) } else { (sale, other) };
            self.gap(first, second, sku).map(|gap| (first, second, gap))
        });
        let (cause, why) = match found {
            Some((first, second, gap)) => (Some(gap.cause), self.in_words(first, second, &gap)),
            None => match self.taken_off(sale, sku, heard).or_else(|| self.other_figure(sale)) {
                Some((cause, why)) => (Some(cause), why),
                None => (None, "no sale, edit or change of stock explains it".to_owned()),
            },
        };
        let text = format!("{units} of {sku} in order {}: {why}", sale.name());
        Oversold { sku: sku.clone(), units, order: Some(sale.name()), cause, text }
    }

    /// Why the shop of the later sale did not know of the earlier one; none if it did.
    fn gap(&self, first: &Sale, second: &Sale, sku: &str) -> Option<Gap> {
        let heard = self.heard(first)?;
        let listing = second.lines.iter().map(|(code, _)| code).find(|code| self.units_of(code, sku) > 0)?;
        let told = self.journal.told_of(&second.shop, listing, heard).map(|push| push.at);
        if first.shop == second.shop {
            // A marketplace takes its own sales off by itself: somebody must have written over it.
            let between = (first.at, second.at);
            return self
                .journal
                .blind(&second.shop, listing, between, heard)
                .then_some(Gap { cause: Cause::Overwritten, told });
        }
        if heard > second.at {
            return Some(Gap { cause: Cause::NotHeard, told });
        }
        told.is_none_or(|told| told > second.at).then_some(Gap { cause: Cause::NotTold, told })
    }

    fn in_words(&self, first: &Sale, second: &Sale, gap: &Gap) -> String {
        let heard = self.heard(first).unwrap_or(first.at);
        let at = |moment: i64| since(self.zero, moment);
        let mut text = format!(
            "{} sold it at {} (order {}) and {} again {} later (order {})",
            first.shop,
            at(first.at),
            first.reference,
            second.shop,
            for_people(second.at - first.at),
            second.reference,
        );
        let told = gap.told.map_or_else(
            || "and never was".to_owned(),
            |told| format!("in time: it was after {}", for_people(told - heard)),
        );
        text.push_str(&match gap.cause {
            Cause::NotHeard => {
                format!("; Onhand heard of the first sale {} after it", for_people(heard - first.at))
            }
            Cause::Overwritten => format!(
                "; a figure that did not know of the first sale was written over it; Onhand heard of it after {}",
                for_people(heard - first.at)
            ),
            _ => format!("; {} was not told of the first sale {told}", second.shop),
        });
        let end = gap.told.unwrap_or(second.at).max(second.at);
        let concerned = |trouble: &&Trouble| {
            let where_ = trouble.market.as_ref();
            let here = where_.is_none_or(|market| *market == first.market || *market == second.market);
            here && trouble.from <= end && trouble.until >= first.at
        };
        let troubles: Vec<&str> =
            self.troubles.iter().filter(concerned).map(|trouble| trouble.what.as_str()).collect();
        match troubles.as_slice() {
            [] => text.push_str("; no fault was in force"),
            some => text.push_str(&format!("; in force or being made good: {}", some.join(", "))),
        }
        text
    }

    /// Units that were taken off here before the sale was heard of, and of which its shop did not know when it sold.
    fn taken_off(&self, sale: &Sale, sku: &str, heard: i64) -> Option<(Cause, String)> {
        let listing = sale.lines.iter().map(|(code, _)| code).find(|code| self.units_of(code, sku) > 0)?;
        let of_sku = self.takings.iter().filter(|taking| taking.sku == sku && taking.at <= heard);
        of_sku.rev().find_map(|taking| {
            let told = self.journal.told_of(&sale.shop, listing, taking.at).map(|push| push.at);
            if told.is_some_and(|told| told <= sale.at) {
                return None;
            }
            let text = format!(
                "{} were taken off the stock here at {}; {} sold at {} and was told of it {}",
                taking.units,
                since(self.zero, taking.at),
                sale.shop,
                since(self.zero, sale.at),
                told.map_or_else(|| "never".to_owned(), |told| format!("at {}", since(self.zero, told))),
            );
            Some((Cause::TakenOff, text))
        })
    }

    /// A figure that was too great and not ours, or not ours any more, as it was seen on the shop of this sale for its goods.
    fn other_figure(&self, sale: &Sale) -> Option<(Cause, String)> {
        self.journal.happened.iter().find_map(|one| match &one.what {
            What::Edit { step, sku, seen, expected }
                if seen > expected
                    && one.shop.as_ref() == Some(&sale.shop)
                    && sale.lines.iter().any(|(code, _)| code == sku) =>
            {
                let (cause, who) = match step.as_str() {
                    "suspected" => (Cause::SellerEdit, "the seller himself had set"),
                    "lost_push" => (Cause::NotKept, "the marketplace acknowledged a figure and still showed"),
                    "late_write" => {
                        (Cause::NotKept, "a write that it never answered had arrived late and set")
                    }
                    _ => return None,
                };
                let at = since(self.zero, one.at);
                let text = format!("{who} {seen} instead of {expected} on {} (seen at {at})", sale.shop);
                Some((cause, text))
            }
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests;
