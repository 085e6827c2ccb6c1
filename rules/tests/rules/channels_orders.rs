//! Orders of marketplaces: however they arrive, each step counts once.

use onhand_rules::commands::ExpireHolds;
use onhand_rules::commands::channels::{MapListing, TakeMarketOrder};
use onhand_rules::market_order::{MarketLine, MarketOrderState, MarketSnapshot, MarketStatus};
use onhand_rules::{Holder, JobBody, MarketOrder, Receipt, Refusal};
use proptest::prelude::*;

use crate::channels_world::{MINUTE, Market, SHOP};
use crate::commands::{adjust, bundle};
use MarketStatus::{Cancelled, Confirmed, Pending, Shipped};

/// Lines are (item, quantity, cancelled, status).
fn order(at: i64, lines: &[(&str, i64, i64, MarketStatus)]) -> TakeMarketOrder {
    let lines: Vec<MarketLine> = lines
        .iter()
        .map(|(item, quantity, cancelled, status)| MarketLine {
            ids: Vec::new(),
            item: (*item).into(),
            variant: String::new(),
            seller_sku: String::new(),
            title: String::new(),
            quantity: *quantity,
            cancelled: *cancelled,
            status: *status,
            unit_minor: None,
        })
        .collect();
    let living = lines.iter().filter(|line| line.status != Cancelled).map(|line| line.status).min();
    let status = living.unwrap_or(Cancelled);
    let snapshot = MarketSnapshot {
        status,
        lines,
        raw_status: format!("{status:?}"),
        known_status: true,
        cancel_requested: Some(false),
        updated_at: at,
        created_at: 1,
        currency: None,
        completed: false,
        returning: false,
    };
    TakeMarketOrder { shop: SHOP, reference: "R".into(), snapshot, job: None, slots: None }
}

pub(crate) fn one(at: i64, cancelled: i64, status: MarketStatus) -> TakeMarketOrder {
    order(at, &[("i", 5, cancelled, status)])
}

fn market(units: i64) -> Market {
    let mut world = Market::with_shop(units);
    world.listings(&[("i", "A"), ("j", "B")]);
    world
}

/// (on_hand, reserved, allocated)
fn figures(world: &Market, code: &str) -> (i64, i64, i64) {
    let figures = world.figures(code);
    (figures.on_hand, figures.reserved, figures.allocated)
}

fn state(world: &Market) -> MarketOrderState {
    world.market.values().next().expect("an order").state
}

/// Every order in which these can arrive.
fn permutations(of: &[usize]) -> Vec<Vec<usize>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, first) in of.iter().enumerate() {
        let mut rest = of.to_vec();
        rest.remove(index);
        all.extend(permutations(&rest).into_iter().map(|tail| [vec![*first], tail].concat()));
    }
    all
}

#[test]
fn g2_every_order_of_arrival_ends_alike() {
    let stories = [
        (vec![one(1, 0, Pending), one(2, 0, Confirmed), one(3, 5, Cancelled)], (10, 0, 0)),
        (vec![one(1, 0, Pending), one(2, 0, Confirmed), one(3, 0, Shipped)], (5, 0, 0)),
        (vec![one(1, 0, Pending), one(2, 0, Confirmed), one(3, 2, Confirmed), one(4, 2, Shipped)], (7, 0, 0)),
        // All of one second: the rank decides.
        (vec![one(1, 0, Pending), one(1, 0, Confirmed), one(1, 0, Shipped)], (5, 0, 0)),
    ];
    for (story, expected) in stories {
        let twice: Vec<usize> = (0..story.len()).collect();
        for first in permutations(&twice) {
            for second in permutations(&twice) {
                let mut world = market(10);
                for index in first.iter().chain(&second) {
                    world.ok(story[*index].clone());
                }
                assert_eq!(figures(&world, "A"), expected, "{first:?} {second:?}");
                assert_eq!(state(&world), MarketOrderState::Applied);
            }
        }
    }
}

/// Units on hand, the last word, and whether somebody is told that goods have left in vain.
fn end(world: &Market) -> ((i64, i64, i64), MarketStatus, bool) {
    let status = world.market.values().next().expect("an order").snapshot.status;
    (figures(world, "A"), status, world.open("return_received"))
}

/// They contradict each other, and what left has left: it is not for sale before somebody has it in his hands again.
#[test]
fn g2_cancelled_and_shipped_end_alike_whichever_comes_first() {
    // Versions of pending, confirmed, shipped and cancelled; 0 where the marketplace tells none.
    let versions = [
        [1, 2, 3, 4],
        [1, 2, 4, 3],
        [1, 2, 3, 3],
        [1, 1, 1, 1],
        [0, 0, 0, 0],
        [1, 2, 0, 3],
        [1, 2, 3, 0],
        [4, 3, 2, 1],
    ];
    for at in versions {
        let story = [
            one(at[0], 0, Pending),
            one(at[1], 0, Confirmed),
            one(at[2], 0, Shipped),
            one(at[3], 5, Cancelled),
        ];
        for of in [&[2, 3][..], &[0, 2, 3], &[1, 2, 3], &[0, 1, 2, 3]] {
            for first in permutations(of) {
                for second in permutations(of) {
                    let mut world = market(10);
                    for index in first.iter().chain(&second) {
                        world.ok(story[*index].clone());
                    }
                    let expected = ((5, 0, 0), Cancelled, true);
                    assert_eq!(end(&world), expected, "{at:?}: {first:?}, then {second:?}");
                    assert_eq!(state(&world), MarketOrderState::Applied);
                }
            }
        }
    }
}

#[test]
fn g2_without_shipping_a_cancellation_gives_back_once_whatever_the_versions() {
    for at in [[1, 2, 3], [2, 3, 1], [1, 1, 1], [0, 0, 0], [0, 2, 0]] {
        let story = [one(at[0], 0, Pending), one(at[1], 0, Confirmed), one(at[2], 5, Cancelled)];
        for first in permutations(&[0, 1, 2]) {
            let mut world = market(10);
            first.iter().chain(&first).for_each(|index| drop(world.ok(story[*index].clone())));
            assert_eq!(end(&world), ((10, 0, 0), Cancelled, false), "{at:?}: {first:?}");
        }
    }
}

#[test]
fn g2_one_line_is_shipped_and_cancelled_and_the_other_goes_its_way() {
    for (shipped_at, cancelled_at) in [(2, 3), (3, 2), (2, 2)] {
        let shipped = order(shipped_at, &[("i", 5, 0, Shipped), ("j", 2, 0, Confirmed)]);
        let cancelled = order(cancelled_at, &[("i", 5, 0, Cancelled), ("j", 2, 0, Confirmed)]);
        for story in [[&shipped, &cancelled, &shipped], [&cancelled, &shipped, &cancelled]] {
            let mut world = market(10);
            story.into_iter().for_each(|news| drop(world.ok(news.clone())));
            let found = (figures(&world, "A"), figures(&world, "B"));
            assert_eq!(found, ((5, 0, 0), (10, 0, 2)), "{shipped_at} and {cancelled_at}");
        }
    }
}

#[test]
fn g2_of_one_version_and_rank_what_says_more_is_later() {
    for story in [[2, 0], [0, 2], [2, 2]] {
        let mut world = market(10);
        story.into_iter().for_each(|cancelled| drop(world.ok(one(1, cancelled, Confirmed))));
        assert_eq!(figures(&world, "A"), (10, 0, 3), "{story:?}");
    }
}

#[test]
fn part_of_an_order_is_cancelled_before_and_after_it_is_confirmed() {
    let mut world = market(10);
    world.ok(one(1, 0, Pending));
    assert_eq!(figures(&world, "A"), (10, 5, 0));
    world.ok(one(2, 1, Pending));
    assert_eq!(figures(&world, "A"), (10, 4, 0));
    world.ok(one(3, 1, Confirmed));
    assert_eq!(figures(&world, "A"), (10, 0, 4));
    world.ok(one(4, 3, Confirmed));
    assert_eq!(figures(&world, "A"), (10, 0, 2));
    world.ok(one(4, 3, Confirmed));
    assert_eq!(figures(&world, "A"), (10, 0, 2), "once");
    world.ok(one(5, 3, Shipped));
    assert_eq!(figures(&world, "A"), (8, 0, 0));
}

#[test]
fn lines_of_one_order_may_stand_differently() {
    let mut world = market(10);
    world.ok(order(1, &[("i", 1, 0, Confirmed), ("i", 1, 0, Confirmed), ("j", 2, 0, Confirmed)]));
    world.ok(order(2, &[("i", 1, 0, Shipped), ("i", 1, 0, Cancelled), ("j", 2, 0, Confirmed)]));
    assert_eq!((figures(&world, "A"), figures(&world, "B")), ((9, 0, 0), (10, 0, 2)));
    world.ok(order(3, &[("i", 1, 0, Shipped), ("i", 1, 0, Cancelled), ("j", 2, 0, Shipped)]));
    assert_eq!((figures(&world, "A"), figures(&world, "B")), ((9, 0, 0), (8, 0, 0)));
}

#[test]
fn a_payment_after_the_hold_has_ended_takes_the_stock_all_the_same() {
    let mut world = market(5);
    world.ok(one(1, 0, Pending));
    world.now += 61 * 60_000;
    let holders = world.orders.keys().map(|id| Holder::Order(*id)).collect();
    world.ok(ExpireHolds { holders });
    assert_eq!(figures(&world, "A"), (5, 0, 0));
    world.ok(adjust("A", "main", -3));
    world.ok(one(2, 0, Confirmed));
    assert_eq!(figures(&world, "A"), (2, 0, 5), "a fact: short by three, and told");
    assert!(world.events.iter().any(|event| format!("{event:?}").contains("StockShortfall")));
}

#[test]
fn what_a_marketplace_still_calls_pending_is_held_longer_and_what_has_ended_is_not_taken_back() {
    let mut world = market(9);
    let due = |world: &Market| world.orders.values().next().expect("an order").expires_at;
    world.ok(one(1, 0, Pending));
    let first = due(&world);
    assert_eq!(first, Some(world.now + 60 * MINUTE));
    world.now += 29 * MINUTE;
    world.ok(one(1, 0, Pending));
    assert_eq!(due(&world), first, "more than half of it is left");
    world.now += 2 * MINUTE;
    world.ok(one(1, 0, Pending));
    assert_eq!(due(&world), Some(world.now + 60 * MINUTE));
    world.now += 60 * MINUTE;
    let ended = due(&world);
    world.ok(one(1, 0, Pending));
    assert_eq!(due(&world), ended, "it is past due: others may have it");
    world.now -= MINUTE;
    world.ok(one(2, 2, Pending));
    assert_eq!((due(&world), figures(&world, "A")), (Some(world.now + 60 * MINUTE), (9, 3, 0)));
    world.ok(one(3, 0, Confirmed));
    assert_eq!(due(&world), None);
}

#[test]
fn an_unknown_status_is_never_a_cancellation() {
    let mut world = market(10);
    world.ok(one(1, 0, Confirmed));
    let mut odd = one(2, 5, Cancelled);
    odd.snapshot.known_status = false;
    odd.snapshot.lines[0].cancelled = 0;
    world.ok(odd);
    assert_eq!(figures(&world, "A"), (10, 0, 5));
    assert!(world.open("unknown_status"));
    world.ok(one(3, 0, Shipped));
    assert_eq!(figures(&world, "A"), (5, 0, 0));
    assert!(!world.open("unknown_status"));
}

#[test]
fn g7_lines_that_nobody_mapped_wait_and_go_on() {
    let mut world = market(10);
    world.listings(&[("odd", "no such SKU")]);
    let bought = order(1, &[("i", 1, 0, Confirmed), ("odd", 2, 0, Confirmed)]);
    world.ok(bought.clone());
    assert_eq!(state(&world), MarketOrderState::WaitsForMapping);
    assert_eq!(figures(&world, "A"), (10, 0, 1), "the rest does not wait");
    assert!(world.open("unmapped"));
    let listing = world.listing("odd").id;
    world.ok(MapListing { listing, expected_version: None, to: Some(("B".into(), 3)) });
    assert!(world.job(|body| matches!(body, JobBody::FetchOrder { .. })).is_some(), "it is fetched again");
    assert!(!world.open("unmapped"));
    world.ok(bought.clone());
    let Receipt::MarketOrder { orders, .. } = world.ok(bought) else { panic!() };
    assert_eq!(orders.len(), 2);
    assert_eq!((figures(&world, "A"), figures(&world, "B")), ((10, 0, 1), (10, 0, 6)), "a pack of three");
    assert_eq!(state(&world), MarketOrderState::Applied);
}

#[test]
fn a_bundle_takes_and_gives_back_its_parts() {
    let mut world = market(10);
    world.ok(bundle("SET", &[("A", 1), ("B", 2)]));
    world.listings(&[("set", "SET")]);
    world.ok(order(1, &[("set", 3, 0, Confirmed)]));
    assert_eq!((figures(&world, "A"), figures(&world, "B")), ((10, 0, 3), (10, 0, 6)));
    world.ok(order(2, &[("set", 3, 1, Confirmed)]));
    assert_eq!((figures(&world, "A"), figures(&world, "B")), ((10, 0, 2), (10, 0, 4)));
    world.ok(order(3, &[("set", 3, 1, Shipped)]));
    assert_eq!((figures(&world, "A"), figures(&world, "B")), ((8, 0, 0), (6, 0, 0)));
}

#[test]
fn goods_that_left_and_were_never_here_need_a_person_and_then_go_on() {
    let mut world = market(2);
    world.ok(one(1, 0, Confirmed));
    assert_eq!(figures(&world, "A"), (2, 0, 5), "sold there, so it is sold");
    world.ok(one(2, 0, Shipped));
    assert_eq!(state(&world), MarketOrderState::NeedsAttention);
    assert!(world.open("order_trouble"));
    // Why, as facts and in words; of rows of builds that had only the words both are read.
    let row = world.market[&(SHOP, "R".to_owned())].clone();
    let why = Refusal::NotOnHand { line: 0, sku: "A".into(), requested: 5, on_hand: 2 };
    assert_eq!((row.refusal.as_ref(), row.trouble.as_ref()), (Some(&why), Some(&why.to_string())));
    let mut stored = serde_json::to_value(&row).expect("JSON");
    assert_eq!(serde_json::from_value::<MarketOrder>(stored.clone()).expect("a row"), row);
    stored.as_object_mut().expect("members").remove("refusal");
    let older = serde_json::from_value::<MarketOrder>(stored).expect("a row");
    assert_eq!(older, MarketOrder { refusal: None, ..row });
    world.ok(adjust("A", "main", 3));
    world.ok(one(2, 0, Shipped));
    let row = &world.market[&(SHOP, "R".to_owned())];
    assert_eq!((&row.refusal, &row.trouble), (&None, &None));
    assert_eq!(figures(&world, "A"), (0, 0, 0));
    assert_eq!(state(&world), MarketOrderState::Applied);
    assert!(!world.open("order_trouble"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// The world checks the equations after every step; here, that the last word is what counts.
    #[test]
    fn g2_whatever_arrives_the_stock_equations_hold(
        steps in prop::collection::vec((1i64..6, 0i64..6, 0usize..4, 0usize..4), 1..14)
    ) {
        const STATES: [MarketStatus; 4] = [Pending, Confirmed, Shipped, Cancelled];
        let mut world = market(20);
        for (at, cancelled, a, b) in steps {
            let cancelled = cancelled.min(5);
            world.ok(order(at, &[("i", 5, cancelled, STATES[a]), ("j", 2, 0, STATES[b])]));
        }
        let gone = |code: &str| 20 - world.figures(code).on_hand;
        prop_assert!((0..=5).contains(&gone("A")) && (0..=2).contains(&gone("B")));
        for code in ["A", "B"] {
            prop_assert!(world.figures(code).available() <= 20);
        }
    }
}

/// Lazada says of many orders at once nothing about it: what was known stays until the order has left or is cancelled.
#[test]
fn news_that_does_not_say_leaves_a_wish_to_cancel_as_it_is() {
    let news = |at: i64, asked: Option<bool>, status: MarketStatus| {
        let mut news = one(at, 0, status);
        news.snapshot.cancel_requested = asked;
        news
    };
    let mut world = market(10);
    let wish = |world: &Market| world.market.values().next().expect("an order").snapshot.cancel_requested;
    world.ok(news(1, None, Confirmed));
    assert_eq!(wish(&world), None);
    let told = world.events.len();
    world.ok(news(2, Some(true), Confirmed));
    assert_eq!(world.events.len(), told + 2, "who looks at it learns of it, and somebody has to answer");
    let asks = |world: &Market| world.open("cancel_requested");
    assert!(asks(&world));
    world.ok(news(3, None, Confirmed));
    assert_eq!((wish(&world), asks(&world)), (Some(true), true));
    assert_eq!(world.notices.values().map(|notice| notice.count).collect::<Vec<_>>(), [1], "asked once");
    world.ok(news(4, Some(false), Confirmed));
    assert_eq!((wish(&world), asks(&world)), (Some(false), false), "it was refused");
    world.ok(news(5, Some(true), Confirmed));
    assert!(asks(&world));
    world.ok(news(6, None, Shipped));
    assert_eq!((wish(&world), asks(&world)), (None, false), "it is too late");
    world.ok(news(7, Some(true), Shipped));
    assert!(!asks(&world), "what has left is a return");
}

/// Of two processes over one database the one that waited for the other has read its clock before it: what it changes is
/// not changed before it was heard of.
#[test]
fn a_clock_that_was_read_earlier_moves_nothing_back() {
    let mut world = market(10);
    world.ok(one(1, 0, Pending));
    let (heard, listing) = (world.now, world.listing("i").updated_at);
    world.now -= 5;
    world.ok(one(2, 0, Confirmed));
    let order = world.market.values().next().expect("an order");
    assert_eq!((order.version, order.received_at, order.updated_at), (2, heard, heard));
    assert!(world.listing("i").updated_at >= listing);
    // Old news that says shipped of what was cancelled.
    world.ok(one(3, 5, Cancelled));
    world.now -= 5;
    world.ok(one(2, 0, Shipped));
    let order = world.market.values().next().expect("an order");
    assert_eq!((order.version, order.updated_at), (4, heard));
}
