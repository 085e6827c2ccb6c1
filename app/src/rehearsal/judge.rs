//! Whether everything that must be so is so, from what the buyers were told and what the server has.

use std::collections::BTreeMap;

use onhand_api::rehearsal::{Counts, Figures, Invariant, Plan, Report};

/// What a buyer was told last of an order, or what the server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// A unit is held.
    Held,
    /// It is paid.
    Paid,
    /// The unit was given back.
    Released,
}

/// Both sides.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    /// What buyers were told last, by the order's id: their own account.
    pub(super) told: BTreeMap<String, Word>,
    /// What the server has.
    pub(super) kept: BTreeMap<String, Word>,
    /// Acknowledged changes that were asked again with their keys.
    pub(super) asked_again: u64,
    /// … of which the answer was another one, or came from doing it a second time.
    pub(super) answered_differently: u64,
    /// Requests of which nobody knows to this day what became of them.
    pub(super) unknown: u64,
    /// The figures of the SKU.
    pub(super) stock: Figures,
    /// Violations that `verify` found.
    pub(super) violations: u64,
    /// Movements that it checked.
    pub(super) movements: u64,
}

/// The verdict.
pub(super) fn judge(plan: &Plan, counts: &Counts, evidence: &Evidence) -> Report {
    let stock = evidence.stock;
    let kept = |word: Word| whole(evidence.kept.values().filter(|kept| **kept == word).count());
    let sold = kept(Word::Paid) + kept(Word::Held);
    // An order is lost if the server does not have it at all, or not as its buyer was told.
    let lost = evidence.told.iter().filter(|(id, word)| evidence.kept.get(*id) != Some(*word)).count();
    let promised = stock.reserved + stock.allocated;
    let equal = |name, expected, found| Invariant { name, holds: expected == found, expected, found };
    let invariants = vec![
        Invariant { name: "sold_within_pool", holds: sold <= plan.units, expected: plan.units, found: sold },
        equal("claims_add_up", count(counts.claims), kept(Word::Paid) + kept(Word::Released)),
        equal("acknowledged_kept", 0, whole(lost) + count(evidence.answered_differently)),
        equal("nobody_twice", count(counts.claims), whole(evidence.kept.len())),
        equal("outcomes_known", 0, count(evidence.unknown)),
        equal("stock_adds_up", plan.units, promised + stock.available),
        equal("promised_is_sold", sold, promised),
        equal("ledger_verifies", 0, count(evidence.violations)),
    ];
    Report {
        holds: invariants.iter().all(|invariant| invariant.holds),
        invariants,
        asked_again: evidence.asked_again,
        stock,
        movements: evidence.movements,
    }
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three units; two were bought, one was given back, and everything is as it should be.
    fn good() -> (Plan, Counts, Evidence) {
        let orders = || {
            let words = [("a", Word::Paid), ("b", Word::Paid), ("c", Word::Released)];
            words.map(|(id, word)| (id.to_owned(), word)).into()
        };
        let stock = Figures { on_hand: 3, reserved: 0, allocated: 2, available: 1 };
        let evidence = Evidence { told: orders(), kept: orders(), stock, ..Evidence::default() };
        let counts = Counts { claims: 3, orders: 2, releases: 1, ..Counts::default() };
        (Plan { units: 3, ..Plan::default() }, counts, evidence)
    }

    /// Which invariants are broken after this change of what is good.
    fn broken(change: impl FnOnce(&mut Plan, &mut Counts, &mut Evidence)) -> Vec<&'static str> {
        let (mut plan, mut counts, mut evidence) = good();
        change(&mut plan, &mut counts, &mut evidence);
        let report = judge(&plan, &counts, &evidence);
        let broken: Vec<_> = report.invariants.iter().filter(|one| !one.holds).map(|one| one.name).collect();
        assert_eq!(report.holds, broken.is_empty());
        broken
    }

    #[test]
    fn what_is_good_is_found_good() {
        assert_eq!(broken(|_, _, _| {}), Vec::<&str>::new());
    }

    #[test]
    fn each_invariant_is_seen_broken() {
        assert_eq!(broken(|plan, _, _| plan.units = 1), ["sold_within_pool", "stock_adds_up"]);
        let lost = broken(|_, _, evidence| evidence.kept.retain(|id, _| id != "a"));
        assert_eq!(lost, ["claims_add_up", "acknowledged_kept", "nobody_twice", "promised_is_sold"]);
        let undone = broken(|_, _, evidence| evidence.kept.extend([("a".to_owned(), Word::Held)]));
        assert_eq!(undone, ["claims_add_up", "acknowledged_kept"]);
        let twice = broken(|_, _, evidence| evidence.kept.extend([("d".to_owned(), Word::Paid)]));
        assert_eq!(twice, ["claims_add_up", "nobody_twice", "promised_is_sold"]);
        assert_eq!(broken(|_, _, evidence| evidence.answered_differently = 1), ["acknowledged_kept"]);
        assert_eq!(broken(|_, _, evidence| evidence.unknown = 1), ["outcomes_known"]);
        assert_eq!(broken(|_, _, evidence| evidence.violations = 1), ["ledger_verifies"]);
        assert_eq!(broken(|_, _, evidence| evidence.stock.available = 0), ["stock_adds_up"]);
        let held = broken(|_, _, evidence| evidence.stock.allocated = 1);
        assert_eq!(held, ["stock_adds_up", "promised_is_sold"]);
    }
}
