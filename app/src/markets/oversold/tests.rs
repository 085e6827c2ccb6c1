use super::super::journal::{Happened, Push};
use super::*;

fn sale(shop: &str, reference: &str, at: i64, code: &str, units: i64) -> Sale {
    Sale {
        reference: reference.to_owned(),
        shop: format!("{shop}-1"),
        market: shop.to_owned(),
        at,
        lines: vec![(code.to_owned(), units)],
        cancelled: 0,
    }
}

fn journal(placed: &[(&str, i64)], pushes: &[(&str, &str, i64)], lowest: i64, opened: i64) -> Journal {
    let mut journal = Journal::default();
    journal.placed = placed.iter().map(|(name, at)| ((*name).to_owned(), *at)).collect();
    for (shop, sku, at) in pushes {
        let of_shop = journal.pushes.entry((*shop).to_owned()).or_default();
        let push = Push { at: *at, read_at: *at, cause_at: 0, total_ms: 0, ours_ms: 0 };
        of_shop.entry((*sku).to_owned()).or_default().push(push);
    }
    journal.shortages.push(Shortage { sku: "A".to_owned(), opened, cleared: None, lowest });
    journal
}

fn explained(journal: &Journal, sales: &[Sale], troubles: &[Trouble]) -> Vec<Oversold> {
    explained_with(journal, sales, &[], troubles)
}

fn explained_with(
    journal: &Journal,
    sales: &[Sale],
    takings: &[Taking],
    troubles: &[Trouble],
) -> Vec<Oversold> {
    let recipes = Recipes::from([("PACK".to_owned(), vec![("A".to_owned(), 3)])]);
    Evidence { journal, sales, takings, recipes: &recipes, troubles, zero: 0 }.explain()
}

fn outage() -> Trouble {
    Trouble { what: "Lazada is down".to_owned(), market: Some("lazada".to_owned()), from: 150, until: 5_000 }
}

#[test]
fn a_shop_that_could_not_be_told_is_named_with_the_time_and_the_fault() {
    let sales = [sale("shopee", "1", 100, "A", 1), sale("lazada", "2", 900, "A", 1)];
    let journal = journal(&[("shopee-1/1", 120), ("lazada-1/2", 950)], &[("lazada-1", "A", 6_120)], -1, 950);
    let told = explained(&journal, &sales, &[outage()]);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].cause, told[0].units), (Some(Cause::NotTold), 1));
    assert_eq!(told[0].order.as_deref(), Some("lazada-1/2"));
    let text = &told[0].text;
    assert!(text.contains("lazada-1 was not told of the first sale in time: it was after 6.0 s"), "{text}");
    assert!(text.contains("being made good: Lazada is down"), "{text}");
}

#[test]
fn news_that_came_late_are_named_whichever_order_came_first() {
    // The first sale was heard last: the later one took the unit in our books.
    let sales = [sale("shopee", "1", 100, "A", 1), sale("lazada", "2", 900, "A", 1)];
    let journal = journal(&[("shopee-1/1", 4_000), ("lazada-1/2", 950)], &[], -1, 4_000);
    let told = explained(&journal, &sales, &[]);
    assert_eq!((told[0].cause, told[0].order.as_deref()), (Some(Cause::NotHeard), Some("shopee-1/1")));
    assert!(told[0].text.contains("heard of the first sale 3.9 s after it"), "{}", told[0].text);
    assert!(told[0].text.contains("no fault was in force"), "{}", told[0].text);
}

#[test]
fn a_shop_that_had_been_told_explains_nothing() {
    let sales = [sale("shopee", "1", 100, "A", 1), sale("lazada", "2", 900, "A", 1)];
    let journal = journal(&[("shopee-1/1", 120), ("lazada-1/2", 950)], &[("lazada-1", "A", 130)], -1, 950);
    let told = explained(&journal, &sales, &[outage()]);
    assert_eq!((told.len(), told[0].cause), (1, None));
}

#[test]
fn one_shop_sells_a_unit_twice_only_when_it_was_written_over() {
    let sales = [sale("shopee", "1", 100, "A", 1), sale("shopee", "2", 900, "A", 1)];
    let placed = [("shopee-1/1", 600), ("shopee-1/2", 950)];
    let over = journal(&placed, &[("shopee-1", "A", 300)], -1, 950);
    assert_eq!(explained(&over, &sales, &[])[0].cause, Some(Cause::Overwritten));
    let plain = journal(&placed, &[("shopee-1", "A", 700)], -1, 950);
    assert_eq!(explained(&plain, &sales, &[])[0].cause, None);
}

#[test]
fn bundles_take_their_components_and_units_that_nobody_took_are_unexplained() {
    let sales = [sale("shopee", "1", 100, "A", 1), sale("lazada", "2", 110, "PACK", 1)];
    let journal = journal(&[("shopee-1/1", 120), ("lazada-1/2", 130)], &[], -5, 130);
    let told = explained(&journal, &sales, &[]);
    let units: Vec<_> = told.iter().map(|one| (one.units, one.cause)).collect();
    assert_eq!(units, [(3, Some(Cause::NotHeard)), (2, None)]);
}

/// The figure was read before the sale was heard of, waited for the limit, and was acknowledged after it.
#[test]
fn a_figure_that_was_read_before_a_sale_does_not_tell_it_whenever_it_arrives() {
    let sales = [sale("shopee", "1", 100, "A", 1), sale("lazada", "2", 900, "A", 1)];
    let mut late = journal(&[("shopee-1/1", 200), ("lazada-1/2", 950)], &[("lazada-1", "A", 500)], -1, 950);
    assert_eq!(explained(&late, &sales, &[])[0].cause, None, "it was told in time");
    let blind = |journal: &mut Journal, shop: &str| {
        journal.pushes.get_mut(shop).and_then(|skus| skus.get_mut("A")).expect("pushes")[0].read_at = 150;
    };
    blind(&mut late, "lazada-1");
    assert_eq!(explained(&late, &sales, &[])[0].cause, Some(Cause::NotTold));
    // The same over a sale of its own.
    let sales = [sale("shopee", "1", 100, "A", 1), sale("shopee", "2", 900, "A", 1)];
    let mut over = journal(&[("shopee-1/1", 200), ("shopee-1/2", 950)], &[("shopee-1", "A", 500)], -1, 950);
    assert_eq!(explained(&over, &sales, &[])[0].cause, None, "it knew of the first");
    blind(&mut over, "shopee-1");
    assert_eq!(explained(&over, &sales, &[])[0].cause, Some(Cause::Overwritten));
}

#[test]
fn a_figure_that_did_not_stand_is_named() {
    for (step, words) in [("late_write", "never answered"), ("lost_push", "acknowledged a figure")] {
        let sales = [sale("shopee", "1", 100, "A", 1), sale("lazada", "2", 900, "A", 1)];
        let placed = [("shopee-1/1", 110), ("lazada-1/2", 950)];
        let mut journal = journal(&placed, &[("lazada-1", "A", 200)], -1, 950);
        let what = What::Edit { step: step.into(), sku: "A".into(), seen: 1, expected: 0 };
        let mut seen = Happened { at: 1_000, shop: Some("shopee-1".into()), what };
        journal.happened.push(seen.clone());
        assert_eq!(explained(&journal, &sales, &[])[0].cause, None, "another shop");
        seen.shop = Some("lazada-1".into());
        journal.happened.push(seen);
        let told = explained(&journal, &sales, &[]);
        assert_eq!(told[0].cause, Some(Cause::NotKept));
        assert!(told[0].text.contains(words), "{}", told[0].text);
    }
}

/// The house writes units off, and the shop sells them before it is told.
#[test]
fn units_that_the_house_took_off_are_named_when_the_shop_was_told_too_late() {
    let sales = [sale("lazada", "1", 300, "A", 1)];
    let taking = |at| Taking { sku: "A".to_owned(), units: 4, at };
    let cause = |taken_at, told_at| {
        let journal = journal(&[("lazada-1/1", 900)], &[("lazada-1", "A", told_at)], -1, 900);
        let mut told = explained_with(&journal, &sales, &[taking(taken_at)], &[]);
        (told[0].cause, told.remove(0).text)
    };
    let (found, text) = cause(200, 310);
    assert_eq!(found, Some(Cause::TakenOff));
    assert!(text.contains("4 were taken off the stock here at 200 ms"), "{text}");
    assert!(text.contains("sold at 300 ms and was told of it at 310 ms"), "{text}");
    assert_eq!(cause(400, 310).0, Some(Cause::TakenOff), "sold before, and heard of after it");
    assert_eq!(cause(200, 290).0, None, "it was told in time");
    assert_eq!(cause(901, 310).0, None, "the order was here first");
    let other = Taking { sku: "B".to_owned(), ..taking(200) };
    let journal = journal(&[("lazada-1/1", 900)], &[], -1, 900);
    assert_eq!(explained_with(&journal, &sales, &[other], &[])[0].cause, None, "another SKU");
}
