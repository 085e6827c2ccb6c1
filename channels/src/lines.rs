//! Orders of one-unit items, summed to lines; and the status of an order from its lines.

use std::collections::BTreeMap;

use onhand_connector::{ListingKey, RemoteLine, RemoteStatus};

/// One unit of an order.
pub(crate) struct Unit {
    /// Their id of the item.
    pub(crate) id: String,
    /// What was bought.
    pub(crate) listing: ListingKey,
    /// As the order shows it.
    pub(crate) seller_sku: String,
    /// As the order shows it.
    pub(crate) title: String,
    /// How many of the listing this item stands for: more than one only for components of a bundle.
    pub(crate) quantity: i64,
    /// State.
    pub(crate) status: RemoteStatus,
    /// Price of one.
    pub(crate) unit_minor: Option<i64>,
}

/// Sums items by listing and status. Lines come in the order of listing and status, ids sorted.
pub(crate) fn sum(units: Vec<Unit>) -> Vec<RemoteLine> {
    let mut lines: BTreeMap<(ListingKey, RemoteStatus), RemoteLine> = BTreeMap::new();
    for unit in units {
        let line = lines.entry((unit.listing.clone(), unit.status)).or_insert_with(|| RemoteLine {
            ids: Vec::new(),
            listing: unit.listing,
            seller_sku: unit.seller_sku,
            title: unit.title,
            quantity: 0,
            cancelled: 0,
            status: unit.status,
            unit_minor: unit.unit_minor,
        });
        line.quantity += unit.quantity;
        if unit.status == RemoteStatus::Cancelled {
            line.cancelled += unit.quantity;
        }
        // Items of one order rarely differ in price; where they do, no price is truer than a wrong one.
        if line.unit_minor != unit.unit_minor {
            line.unit_minor = None;
        }
        line.ids.push(unit.id);
    }
    let mut lines: Vec<_> = lines.into_values().collect();
    for line in &mut lines {
        line.ids.sort();
    }
    lines
}

/// All cancelled → cancelled; else the least advanced of the others.
pub(crate) fn aggregate(statuses: impl Iterator<Item = RemoteStatus>) -> RemoteStatus {
    statuses.min().unwrap_or(RemoteStatus::Cancelled)
}

#[cfg(test)]
mod tests {
    use onhand_connector::{ListingKey, RemoteStatus};

    use super::{Unit, aggregate, sum};

    fn unit(id: &str, variant: &str, status: RemoteStatus, price: i64) -> Unit {
        Unit {
            id: id.into(),
            listing: ListingKey { item: "i".into(), variant: variant.into() },
            seller_sku: "S".into(),
            title: "T".into(),
            quantity: 1,
            status,
            unit_minor: Some(price),
        }
    }

    #[test]
    fn units_are_summed_by_listing_and_status() {
        use RemoteStatus::{Cancelled, Confirmed};
        let lines = sum(vec![
            unit("3", "a", Confirmed, 5),
            unit("1", "a", Confirmed, 5),
            unit("2", "a", Cancelled, 5),
            unit("4", "b", Confirmed, 5),
            unit("5", "b", Confirmed, 6),
        ]);
        let seen: Vec<_> = lines
            .iter()
            .map(|line| (line.ids.join(","), line.quantity, line.cancelled, line.unit_minor))
            .collect();
        assert_eq!(
            seen,
            [
                ("1,3".to_owned(), 2, 0, Some(5)),
                ("2".to_owned(), 1, 1, Some(5)),
                ("4,5".to_owned(), 2, 0, None)
            ]
        );
    }

    #[test]
    fn the_least_advanced_line_that_is_not_cancelled_decides() {
        use RemoteStatus::{Cancelled, Confirmed, Pending, Shipped};
        for (statuses, expected) in [
            (vec![Cancelled, Cancelled], Cancelled),
            (vec![Cancelled, Shipped], Shipped),
            (vec![Shipped, Confirmed, Cancelled], Confirmed),
            (vec![Pending, Shipped], Pending),
        ] {
            assert_eq!(aggregate(statuses.into_iter()), expected);
        }
    }
}
