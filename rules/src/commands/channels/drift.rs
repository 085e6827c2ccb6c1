//! Why a marketplace shows another figure than it was told (`RecordSeen`).

use super::edits::LAG_MS;
use crate::listing::{LATE_ANY_MS, LATE_MS, Listing, Unanswered};
use crate::notice_body::DriftCause as Cause;
use crate::quantity::{Millis, Quantity};

/// What should stand there: what was told, less what was sold there since.
pub(super) fn expected(listing: &Listing) -> Option<Quantity> {
    listing.pushed.map(|pushed| (pushed - listing.sold_there).max(0))
}

/// Why `stock` is seen instead of what should be; `None` when it may be seen, for good or for a while after a write.
/// `listing` is as it was before this look, with the campaign's units of then; `promotion` are those of now.
pub(super) fn cause(listing: &Listing, stock: Quantity, promotion: Quantity, now: Millis) -> Option<Cause> {
    let (pushed, expected) = (listing.pushed?, expected(listing)?);
    if stock == expected {
        return None;
    }
    let old = |before: Quantity| stock == before || stock == (before - listing.sold_there).max(0);
    let old = listing.pushed_before.is_some_and(old);
    // Sales come off one by one.
    let not_off_yet = (expected..=pushed).contains(&stock);
    if listing.pushed_at.is_some_and(|at| now - at < LAG_MS) && (old || not_off_yet) {
        return None;
    }
    let freed = listing.promotion_reserved - promotion;
    let put_aside = promotion > 0 && (stock + promotion == expected || stock == promotion);
    if put_aside || (freed != 0 && stock - expected == freed) {
        return Some(Cause::Campaign);
    }
    // Once the figure was seen there, it was not lost: who sets the old one afterwards means it.
    let arrived = listing.seen_at >= listing.pushed_at && listing.seen != listing.pushed_before;
    if old && !arrived && listing.edit.is_none() {
        return Some(Cause::LostPush);
    }
    if late_write(listing, stock, now) {
        return Some(Cause::LateWrite);
    }
    if not_off_yet {
        return Some(Cause::UnseenOrder);
    }
    // Whoever died while he told a figure cannot say which.
    let any = |write: &Unanswered| write.quantity.is_none() && now - write.at < LATE_ANY_MS;
    if listing.edit.is_none() && listing.unanswered.iter().any(any) {
        return Some(Cause::LateWrite);
    }
    Some(Cause::SellerEdit)
}

/// Whether it is a figure that was sent and never answered, with none, some or all of what was sold there since taken off.
fn late_write(listing: &Listing, stock: Quantity, now: Millis) -> bool {
    let of = |quantity: Quantity| ((quantity - listing.sold_there).max(0)..=quantity).contains(&stock);
    listing.unanswered.iter().any(|write| now - write.at < LATE_MS && write.quantity.is_some_and(of))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ListingId, ShopId};
    use crate::listing::{EditWindow, ListingState};

    const TOLD_AT: Millis = 1_000_000;

    /// Told 10 after 7; one was sold there since.
    fn listing() -> Listing {
        Listing {
            id: ListingId(1),
            shop: ShopId(1),
            item: "i".into(),
            variant: String::new(),
            seller_sku: String::new(),
            title: String::new(),
            warehouses: Vec::new(),
            unit: "i".into(),
            state: ListingState::Active,
            mapping: None,
            hands_off: false,
            rule: None,
            desired: 1,
            acked: 1,
            pushed: Some(10),
            pushed_at: Some(TOLD_AT),
            pushed_before: Some(7),
            dirty_since: 0,
            seen: Some(7),
            seen_at: Some(TOLD_AT - 1),
            promotion_reserved: 0,
            sold_there: 1,
            unsure: false,
            sales: Default::default(),
            unanswered: Vec::new(),
            edit: None,
            settled: None,
            trouble: None,
            version: 1,
            created_at: 0,
            updated_at: 0,
        }
    }

    #[test]
    fn each_figure_has_its_cause() {
        let later = TOLD_AT + LAG_MS;
        let cases = [
            ("as it should be", 9, 0, later, None),
            ("the sale is not off yet", 10, 0, later - 1, None),
            ("and never came off", 10, 0, later, Some(Cause::UnseenOrder)),
            ("the old figure shows for a while", 7, 0, later - 1, None),
            ("and still does", 7, 0, later, Some(Cause::LostPush)),
            ("less the sale", 6, 0, later, Some(Cause::LostPush)),
            ("units put aside", 5, 4, later, Some(Cause::Campaign)),
            ("only the campaign's are left", 4, 4, later, Some(Cause::Campaign)),
            ("nobody knows", 3, 0, later, Some(Cause::SellerEdit)),
            ("nobody knows at once either", 3, 0, later - 1, Some(Cause::SellerEdit)),
            ("more than ever", 11, 0, later, Some(Cause::SellerEdit)),
        ];
        for (what, stock, promotion, now, wanted) in cases {
            assert_eq!(cause(&listing(), stock, promotion, now), wanted, "{what}");
        }
    }

    #[test]
    fn a_campaign_that_ends_gives_its_units_back() {
        let before = Listing { promotion_reserved: 4, ..listing() };
        assert_eq!(cause(&before, 13, 0, TOLD_AT + LAG_MS), Some(Cause::Campaign));
    }

    /// Told 5, without an answer, half a minute before 10 was acknowledged; one was sold there since.
    fn doubtful(quantity: Option<Quantity>) -> Listing {
        Listing { unanswered: vec![Unanswered { quantity, at: TOLD_AT - 30_000 }], ..listing() }
    }

    #[test]
    fn e2_a_figure_that_was_never_answered_is_known_when_it_arrives_late() {
        let later = TOLD_AT + LAG_MS;
        let last = TOLD_AT - 30_000 + LATE_MS - 1;
        let cases = [
            ("it is there", 5, later, Some(Cause::LateWrite)),
            ("at once, too", 5, TOLD_AT + 1, Some(Cause::LateWrite)),
            ("less the sale", 4, later, Some(Cause::LateWrite)),
            ("for a quarter of an hour", 5, last, Some(Cause::LateWrite)),
            ("and no longer", 5, last + 1, Some(Cause::SellerEdit)),
            ("another figure is nobody's", 3, later, Some(Cause::SellerEdit)),
            ("more than that, too", 8, later, Some(Cause::SellerEdit)),
            ("as it should be", 9, later, None),
            ("what was lost is lost all the same", 7, later, Some(Cause::LostPush)),
            ("and an order is an order", 10, later, Some(Cause::UnseenOrder)),
        ];
        for (what, stock, now, wanted) in cases {
            assert_eq!(cause(&doubtful(Some(5)), stock, 0, now), wanted, "{what}");
        }
    }

    #[test]
    fn e2_after_a_worker_that_died_any_figure_may_be_its_own_for_a_while() {
        let last = TOLD_AT - 30_000 + LATE_ANY_MS - 1;
        let suspected = EditWindow {
            seen: 3,
            expected: 9,
            since: TOLD_AT,
            first_since: TOLD_AT,
            reads: 1,
            last_read: TOLD_AT,
            generation: 1,
            escalated: false,
        };
        let edited = Listing { edit: Some(suspected), ..doubtful(None) };
        let cases = [
            ("whatever it is", doubtful(None), 3, last, Some(Cause::LateWrite)),
            ("for two minutes", doubtful(None), 3, last + 1, Some(Cause::SellerEdit)),
            ("an order is an order", doubtful(None), 10, last, Some(Cause::UnseenOrder)),
            ("what is suspected already stays so", edited, 3, last, Some(Cause::SellerEdit)),
        ];
        for (what, listing, stock, now, wanted) in cases {
            assert_eq!(cause(&listing, stock, 0, now), wanted, "{what}");
        }
    }

    #[test]
    fn what_was_seen_there_was_not_lost() {
        let arrived = Listing { seen: Some(10), seen_at: Some(TOLD_AT + 2_000), ..listing() };
        assert_eq!(cause(&arrived, 7, 0, TOLD_AT + LAG_MS), Some(Cause::SellerEdit));
    }
}
