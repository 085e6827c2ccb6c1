//! Telling figures, many changes, and answers that are lost or late.

use onhand_engine::jobs::RunnerSettings;
use onhand_engine::{Request, SubmitError};
use onhand_rules::Job;
use onhand_rules::commands::channels::UpdateShop;
use onhand_rules::commands::queue::PutSetting;
use onhand_rules::commands::{ChangeStock, Reason, StockItem};
use onhand_rules::publish::PublishRule;
use onhand_rules::setting::{Setting, kind_pause_key};
use onhand_rules::shop::ShopSettings;
use serde_json::json;
use tokio::task::JoinSet;

use super::turnstile::Delay;
use super::{Bazaar, LAZADA, SHOPEE, stop};
use crate::publisher::published;
use crate::stage::{MAIN, Stage, confirmed, done, is_done, on_both, publishing, receive, within};

on_both!(
    a_sale_is_told_where_it_was_made_only_if_it_does_not_show_there,
    a_sale_is_told_by_its_own_commit_where_nobody_publishes,
    b9_ten_thousand_changes_while_one_push_is_on_its_way,
    e1_an_answer_that_is_lost_is_not_done_twice,
    e2_a_write_that_arrives_too_late_is_told_over_at_the_next_look,
    e2_a_write_of_a_worker_that_died_is_told_over_at_the_next_look,
    e2_what_timed_out_may_have_been_written_and_is_told_over,
    e2_what_a_dead_worker_may_have_written_is_told_over,
);

fn one_less() -> ChangeStock {
    let (sku, location) = ("A".to_owned(), MAIN.to_owned());
    let item = StockItem::Adjust { sku, location, delta: -1, reason: Reason::Correction, note: None };
    ChangeStock { items: vec![item] }
}

/// The marketplace where a unit is sold takes it off its figure itself.
async fn a_sale_is_told_where_it_was_made_only_if_it_does_not_show_there(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, LAZADA], 100).await;
    // A look that comes between the sale and its order sees one too few, and has it told over.
    let value = Some(Setting::KindPaused { reason: "a test".into() });
    done(&bazaar.engine, PutSetting { key: kind_pause_key("read_back"), value }).await;
    let runner = bazaar.run();
    let before = within("a clean listing", async {
        loop {
            let listing = bazaar.listing(SHOPEE, "A").await;
            if !listing.dirty() {
                return listing;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    // A marketplace tells the second of an order. One in the second of the last figure may be older than it, and is told over.
    let next_second = before.pushed_at.expect("a figure") / 1_000 * 1_000 + 1_000;
    within("the next second", async {
        while bazaar.now().await <= next_second {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let (there, writes) = (bazaar.listing(LAZADA, "A").await, bazaar.gates[LAZADA].writes());
    let order = bazaar.buy(SHOPEE, "A", 1).await;
    bazaar.until_taken(SHOPEE, &order).await;
    bazaar.until_it_shows(LAZADA, "A", 99).await;
    published(&bazaar.engine).await;
    let told = (bazaar.listing(LAZADA, "A").await.desired, bazaar.gates[LAZADA].writes());
    assert_eq!(told, (there.desired + 1, writes + 1), "once: the publisher knows what the commit has marked");
    let after = bazaar.listing(SHOPEE, "A").await;
    assert_eq!((after.desired, after.sold_there), (before.desired, 1), "nothing is to be told");
    assert_eq!((after.dirty(), bazaar.shows(SHOPEE, "A").await), (false, 99));
    // Of two units it shows one now, so of one sale it shows one too few half of the time.
    let (shop, rule) = (bazaar.shop_id(SHOPEE), PublishRule { percent: 50, ..PublishRule::default() });
    let settings = ShopSettings { rule, ..bazaar.shop(SHOPEE).await.settings };
    let change =
        UpdateShop { shop, expected_version: None, name: None, settings: Some(settings), paused: None };
    done(&bazaar.engine, change).await;
    bazaar.until_it_shows(SHOPEE, "A", 49).await;
    let order = bazaar.buy(SHOPEE, "A", 1).await;
    bazaar.until_taken(SHOPEE, &order).await;
    bazaar.until_it_shows(SHOPEE, "A", 49).await;
    bazaar.until_it_shows(LAZADA, "A", 98).await;
    stop(&runner).await;
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}

/// Whoever takes the order marks the others, and begins to tell them.
async fn a_sale_is_told_by_its_own_commit_where_nobody_publishes(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, LAZADA], 100).await;
    let settings =
        RunnerSettings { publish: false, timers: false, gauges_every: None, ..RunnerSettings::default() };
    let runner = bazaar.run_with(settings);
    for left in (95..100).rev() {
        let order = bazaar.buy(SHOPEE, "A", 1).await;
        bazaar.until_taken(SHOPEE, &order).await;
        bazaar.until_it_shows(LAZADA, "A", left).await;
    }
    stop(&runner).await;
    assert_eq!(bazaar.engine.metrics().queue.rescues.get(), 0, "what was leased has begun");
    assert_eq!(bazaar.engine.metrics().queue.published.get(), 0);
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}

async fn b9_ten_thousand_changes_while_one_push_is_on_its_way(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE], 20_000).await;
    let gate = &bazaar.gates[SHOPEE];
    let before = gate.writes();
    let runner = bazaar.run();
    gate.close();
    done(&bazaar.engine, confirmed("A", 1)).await;
    gate.written(before + 1).await;
    // It is on its way; and now 9,999 more.
    let mut changes = JoinSet::new();
    for _ in 0..9_999 {
        let engine = bazaar.engine.clone();
        changes.spawn(async move {
            loop {
                match engine.submit(Request::internal(one_less())).await {
                    Ok(answer) => return answer.outcome,
                    Err(SubmitError::Busy) => tokio::task::yield_now().await,
                    Err(other) => panic!("{other}"),
                }
            }
        });
    }
    while let Some(outcome) = within("a change", changes.join_next()).await {
        assert!(is_done(&outcome.expect("no panic")));
    }
    published(&bazaar.engine).await;
    assert_eq!(gate.writes(), before + 1, "the others wait for it");
    gate.open();
    bazaar.until_it_shows(SHOPEE, "A", 10_000).await;
    assert_eq!(bazaar.available("A").await, 10_000);
    assert_eq!(gate.most(), 1, "one write of a listing at a time");
    assert_eq!(gate.writes(), before + 2, "one for the first change and one for all others");
    stop(&runner).await;
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}

async fn e1_an_answer_that_is_lost_is_not_done_twice(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, LAZADA], 10).await;
    // The lost answer is to be that of a write, and not of the poll that a connection asks for.
    for kind in ["read_back", "poll_orders"] {
        let value = Some(Setting::KindPaused { reason: "a test".into() });
        done(&bazaar.engine, PutSetting { key: kind_pause_key(kind), value }).await;
    }
    let runner = bazaar.run();
    for (channel, left) in [(SHOPEE, 9), (LAZADA, 8)] {
        let gate = &bazaar.gates[channel];
        gate.close();
        let before = gate.writes();
        done(&bazaar.engine, confirmed("A", 1)).await;
        gate.written(before + 1).await;
        bazaar.fault(channel, json!({"fault": "lose_answer", "count": 1})).await;
        gate.open();
        // The figure is there before anybody here knows.
        bazaar.until_it_shows(channel, "A", left).await;
        // Nobody answered the first, so there is a second.
        gate.written(before + 2).await;
        let report = bazaar.look("report").await;
        assert!(report.to_string().contains("\"answers_lost\":1"), "{report}");
    }
    // What was told is read back: it is what it should be.
    stop(&runner).await;
    bazaar.stage.pass(31_000).await;
    assert!(bazaar.work("read_back").await >= 2);
    assert_eq!(bazaar.steps().await, Vec::<String>::new(), "nothing differs");
    for channel in [SHOPEE, LAZADA] {
        assert_eq!(bazaar.listing(channel, "A").await.seen, Some(8), "{channel}");
    }
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}

/// The first write has no answer in time and is given up; the second one is acknowledged; then the first arrives.
async fn e2_a_write_that_arrives_too_late_is_told_over_at_the_next_look(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE], 10).await;
    let gate = &bazaar.gates[SHOPEE];
    let runner = bazaar.run();
    gate.delay(Some(Delay::TimedOut));
    let before = gate.writes();
    done(&bazaar.engine, confirmed("A", 2)).await;
    gate.written(before + 1).await;
    // The time of its lease is over, so to speak; a newer figure is told by whoever takes over.
    done(&bazaar.engine, confirmed("A", 1)).await;
    published(&bazaar.engine).await;
    gate.delay(None);
    bazaar.until_it_shows(SHOPEE, "A", 7).await;
    stop(&runner).await;
    gate.land().await;
    assert_eq!(bazaar.shows(SHOPEE, "A").await, 8, "the old figure is there again");
    told_over(&bazaar, 7).await;
}

/// The worker dies with its request on the way and can remember nothing; another one takes over.
async fn e2_a_write_of_a_worker_that_died_is_told_over_at_the_next_look(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE], 10).await;
    let gate = &bazaar.gates[SHOPEE];
    gate.delay(Some(Delay::Silent));
    let job = owed(&bazaar, 2).await;
    let lease = die_waiting(&bazaar, &job).await;
    let again = bazaar.rescued(&job, lease).await;
    gate.delay(None);
    owed(&bazaar, 1).await;
    assert_eq!(bazaar.attempt(&again).await, None);
    assert_eq!(bazaar.shows(SHOPEE, "A").await, 7);
    gate.land().await;
    assert_eq!(bazaar.shows(SHOPEE, "A").await, 8, "the dead one's figure");
    told_over(&bazaar, 7).await;
}

async fn e2_what_timed_out_may_have_been_written_and_is_told_over(stage: Stage) {
    comes_back(stage, Delay::TimedOut).await;
}

async fn e2_what_a_dead_worker_may_have_written_is_told_over(stage: Stage) {
    comes_back(stage, Delay::Silent).await;
}

/// A write without an answer was done: the figure that was acknowledged before it is not there any more, though it is what
/// is to be told again.
async fn comes_back(stage: Stage, how: Delay) {
    let bazaar = Bazaar::open(stage, &[SHOPEE], 10).await;
    let gate = &bazaar.gates[SHOPEE];
    gate.delay(Some(how));
    let job = owed(&bazaar, 2).await;
    let again = match how {
        Delay::TimedOut => {
            assert!(bazaar.attempt(&job).await.is_some(), "no answer");
            bazaar.stage.pass(2_000).await;
            bazaar.engine.reads().job(job.id).await.expect("a read").expect("it waits again")
        }
        Delay::Silent => {
            let lease = die_waiting(&bazaar, &job).await;
            bazaar.rescued(&job, lease).await
        }
    };
    gate.delay(None);
    gate.land().await;
    assert_eq!(bazaar.shows(SHOPEE, "A").await, 8);
    done(&bazaar.engine, receive("A", 2)).await;
    assert_eq!(bazaar.attempt(&again).await, None);
    assert_eq!(bazaar.shows(SHOPEE, "A").await, 10);
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}

/// What Onhand does by itself within half a minute.
async fn told_over(bazaar: &Bazaar, figure: i64) {
    bazaar.stage.pass(31_000).await;
    assert!(bazaar.work("read_back").await >= 1);
    bazaar.work("push_stock").await;
    assert_eq!(bazaar.steps().await, ["late_write"]);
    assert_eq!(bazaar.shows(SHOPEE, "A").await, figure);
    // And it looks again while another one could arrive, and no longer.
    for _ in 0..8 {
        bazaar.stage.pass(31_000).await;
        bazaar.work("read_back").await;
    }
    assert_eq!(bazaar.jobs("read_back").await, []);
    assert_eq!(bazaar.steps().await, ["late_write"]);
    bazaar.nothing_is_dead().await;
    bazaar.stage.verify().await;
}

/// Sells so many and makes the push of it; the job.
async fn owed(bazaar: &Bazaar, units: i64) -> Job {
    done(&bazaar.engine, confirmed("A", units)).await;
    let listings = vec![(bazaar.listing(SHOPEE, "A").await.id, bazaar.now().await)];
    done(&bazaar.engine, publishing(listings)).await;
    bazaar.jobs("push_stock").await.into_iter().next().expect("a push")
}

/// An attempt that ends with its process while it waits for an answer; its lease.
async fn die_waiting(bazaar: &Bazaar, job: &Job) -> i64 {
    let gate = &bazaar.gates[SHOPEE];
    let before = gate.writes();
    let lease = bazaar.claim(job, 1_000).await;
    tokio::select! {
        _ = bazaar.flow(&bazaar.flows, job, lease) => panic!("an answer"),
        () = gate.written(before + 1) => {}
    }
    lease
}
