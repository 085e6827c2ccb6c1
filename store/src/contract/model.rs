//! A plain model of the quantities alone, written from their definition and not from the rules: what each command does
//! to `on_hand`, `reserved`, `allocated` and `unavailable`, and whether there is enough. It knows no databases, no
//! versions, no movements and no events.

use std::collections::BTreeMap;

/// A place in the model: SKU and location.
pub(super) type Spot = (&'static str, &'static str);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) on_hand: i64,
    pub(super) reserved: i64,
    pub(super) allocated: i64,
    pub(super) unavailable: i64,
}

impl Figures {
    fn available(self) -> i64 {
        self.on_hand - self.reserved - self.allocated - self.unavailable
    }
}

/// Units that an order or a cart has of one spot.
#[derive(Debug, Clone, Default)]
struct Part {
    held: i64,
    confirmed: i64,
    lost: i64,
    shipped: i64,
}

/// An order or a cart.
#[derive(Debug, Clone, Default)]
pub(super) struct Holder {
    parts: BTreeMap<Spot, Part>,
    due: Option<i64>,
    refund: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) rows: BTreeMap<Spot, Figures>,
    /// Orders and carts, by a name of the test's.
    pub(super) holders: BTreeMap<u128, Holder>,
    pub(super) limits: BTreeMap<&'static str, i64>,
}

impl Model {
    fn row(&mut self, spot: Spot) -> &mut Figures {
        self.rows.entry(spot).or_default()
    }

    fn sellable(&mut self, spot: Spot) -> i64 {
        self.row(spot).available() + self.limits.get(spot.0).copied().unwrap_or(0)
    }

    /// Holds that are over give their units back.
    pub(super) fn expire(&mut self, id: u128, now: i64) {
        let Some(mut holder) = self.holders.remove(&id) else { return };
        if holder.due.is_some_and(|due| due <= now) {
            holder.due = None;
            for (&spot, part) in &mut holder.parts {
                self.row(spot).reserved -= part.held;
                part.lost += std::mem::take(&mut part.held);
            }
        }
        self.holders.insert(id, holder);
    }

    /// Whether everything wanted is there, after holds that are over have gone where something lacks.
    fn enough(&mut self, wanted: &BTreeMap<Spot, i64>, now: i64) -> bool {
        let mut all = true;
        for (&spot, &units) in wanted {
            if self.sellable(spot) < units {
                let over: Vec<u128> = self
                    .holders
                    .iter()
                    .filter(|(_, h)| h.parts.get(&spot).is_some_and(|p| p.held > 0))
                    .map(|(id, _)| *id)
                    .collect();
                over.into_iter().for_each(|id| self.expire(id, now));
            }
            all &= self.sellable(spot) >= units;
        }
        all
    }

    /// Takes units for a new holder; `None` when there are not enough.
    #[must_use]
    pub(super) fn hold(mut self, id: u128, wanted: &BTreeMap<Spot, i64>, how: How, now: i64) -> Option<Self> {
        if how != How::Forced && !self.enough(wanted, now) {
            return None;
        }
        let mut holder = Holder::default();
        for (&spot, &units) in wanted {
            let part = holder.parts.entry(spot).or_default();
            match how {
                How::Held { due } => {
                    holder.due = Some(due);
                    part.held = units;
                    self.row(spot).reserved += units;
                }
                How::Confirmed | How::Forced => {
                    part.confirmed = units;
                    self.row(spot).allocated += units;
                }
            }
        }
        self.holders.insert(id, holder);
        Some(self)
    }

    /// Turns holds into confirmed units of `order` (the holder itself for an order). Money has come, so nothing is
    /// refused; without goods it must go back, unless it is a cart (`None`).
    #[must_use]
    pub(super) fn confirm(mut self, id: u128, order: u128, now: i64) -> Option<Self> {
        self.expire(id, now);
        let mut holder = self.holders.get(&id)?.clone();
        let lost: BTreeMap<Spot, i64> = holder.parts.iter().map(|(spot, part)| (*spot, part.lost)).collect();
        if lost.values().any(|&units| units > 0) {
            if holder.refund {
                return Some(self);
            }
            if !self.enough(&lost, now) {
                self.holders.get_mut(&id)?.refund = true;
                return (id == order).then_some(self);
            }
        } else if holder.parts.values().all(|part| part.held == 0) {
            return (id == order).then_some(self);
        }
        holder.due = None;
        for (&spot, part) in &mut holder.parts {
            let (held, lost) = (std::mem::take(&mut part.held), std::mem::take(&mut part.lost));
            part.confirmed += held + lost;
            let row = self.row(spot);
            row.reserved -= held;
            row.allocated += held + lost;
        }
        self.holders.remove(&id);
        self.holders.insert(order, holder);
        Some(self)
    }

    /// Gives back what a cart holds; what it lost to time may still be had late.
    #[must_use]
    pub(super) fn release(mut self, id: u128) -> Self {
        let Some(mut holder) = self.holders.remove(&id) else { return self };
        for (&spot, part) in &mut holder.parts {
            self.row(spot).reserved -= std::mem::take(&mut part.held);
        }
        self.holders.insert(id, holder);
        self
    }

    /// Its only payment has failed: gives back what is still held, and only that.
    #[must_use]
    pub(super) fn give_up_pending(mut self, id: u128, now: i64) -> Self {
        self.expire(id, now);
        let pending =
            self.holders.get(&id).is_some_and(|holder| holder.parts.values().any(|part| part.held > 0));
        if pending { self.give_up(id) } else { self }
    }

    /// Gives everything back that was not shipped.
    #[must_use]
    pub(super) fn give_up(mut self, id: u128) -> Self {
        let Some(mut holder) = self.holders.remove(&id) else { return self };
        holder.due = None;
        for (&spot, part) in &mut holder.parts {
            let row = self.row(spot);
            row.reserved -= std::mem::take(&mut part.held);
            row.allocated -= std::mem::take(&mut part.confirmed);
            part.lost = 0;
        }
        self.holders.insert(id, holder);
        self
    }

    /// Ships everything that is confirmed; `None` when it is not in the building, or nothing is to be shipped.
    #[must_use]
    pub(super) fn ship(mut self, id: u128) -> Option<Self> {
        let mut holder = self.holders.remove(&id)?;
        if holder.parts.values().all(|part| part.confirmed == 0) {
            return None;
        }
        for (&spot, part) in &mut holder.parts {
            let units = std::mem::take(&mut part.confirmed);
            part.shipped += units;
            let row = self.row(spot);
            if row.on_hand < units {
                return None;
            }
            row.on_hand -= units;
            row.allocated -= units;
        }
        self.holders.insert(id, holder);
        Some(self)
    }

    /// Changes on_hand, downward only as far as nothing is promised, unless it is a count.
    #[must_use]
    pub(super) fn adjust(mut self, spot: Spot, delta: i64, counted: bool) -> Option<Self> {
        let row = self.row(spot);
        if delta < 0 && !counted && row.available() + delta < 0 {
            return None;
        }
        row.on_hand += delta;
        Some(self)
    }

    /// Moves units to `unavailable`, or back.
    #[must_use]
    pub(super) fn set_aside(mut self, spot: Spot, units: i64) -> Option<Self> {
        let row = self.row(spot);
        if (units > 0 && row.available() < units) || row.unavailable + units < 0 {
            return None;
        }
        row.unavailable += units;
        Some(self)
    }
}

/// How units are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Held { due: i64 },
    Confirmed,
    Forced,
}
