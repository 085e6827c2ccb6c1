//! Shops: how they are connected and called, their states, the breaker, and what they may be asked.

use onhand_rules::commands::channels::{
    DisconnectShop, NoteHealth, RaiseNotice, RenewGrant, StartConsent, UpdateShop,
};
use onhand_rules::commands::queue::{BlockBucket, TakeTokens};
use onhand_rules::setting::{bucket_key, consent_key};
use onhand_rules::shop::{Disconnection, ShopState};
use onhand_rules::{EventBody, JobBody, NoticeBody, Receipt, Refusal, Setting, ShopId};

use crate::channels_world::{MINUTE, Market, SHOP, connect};
use ShopState::{Connected, Disconnected, Paused};

const SECOND: i64 = 1_000;

fn disconnect(from_number: Option<i64>) -> DisconnectShop {
    DisconnectShop { shop: SHOP, from_number, why: Disconnection::of("401") }
}

fn pause(paused: bool) -> UpdateShop {
    UpdateShop { shop: SHOP, expected_version: None, name: None, settings: None, paused: Some(paused) }
}

fn renew(from_number: i64) -> RenewGrant {
    let (grant, access_until) = ("next".into(), 300_000_000);
    RenewGrant { shop: SHOP, from_number, grant, access_until, refresh_until: None, grant_until: None }
}

fn shop_in(state: ShopState) -> Market {
    let mut world = Market::with_shop(0);
    match state {
        Connected => {}
        Paused => drop(world.ok(pause(true))),
        Disconnected => drop(world.ok(disconnect(None))),
    }
    assert_eq!(world.shops[&SHOP].state, state);
    world
}

/// Whoever paused a shop wants it paused, also when its grant ended meanwhile, or when he pauses it while it has none.
#[test]
fn a_pause_outlives_a_grant() {
    let mut world = shop_in(Paused);
    world.ok(disconnect(None));
    world.ok(connect("shop", "1"));
    assert_eq!(world.shops[&SHOP].state, Paused);
    world.ok(disconnect(None));
    world.ok(pause(false));
    world.ok(connect("shop", "1"));
    assert_eq!(world.shops[&SHOP].state, Connected);
    world.ok(disconnect(None));
    world.ok(pause(true));
    assert_eq!(world.shops[&SHOP].state, Disconnected);
    world.ok(connect("shop", "1"));
    assert_eq!(world.shops[&SHOP].state, Paused);
    world.ok(pause(false));
    world.ok(disconnect(None));
    world.ok(connect("shop", "1"));
    assert_eq!(world.shops[&SHOP].state, Connected, "a pause that was ended does not come back");
}

/// Each event, then the state that it leads to from connected, paused and disconnected.
#[test]
fn the_states_of_a_shop_and_what_leads_from_one_to_another() {
    let table = [
        ("pause", [Paused, Paused, Disconnected]),
        ("resume", [Connected, Connected, Disconnected]),
        ("disconnect", [Disconnected, Disconnected, Disconnected]),
        ("disconnect the grant that is there", [Disconnected, Disconnected, Disconnected]),
        ("disconnect a grant of before", [Connected, Paused, Disconnected]),
        ("connect again", [Connected, Paused, Connected]),
        ("renew", [Connected, Paused, Disconnected]),
        ("renew a grant of before", [Connected, Paused, Disconnected]),
    ];
    for (event, expected) in table {
        for (before, after) in [Connected, Paused, Disconnected].into_iter().zip(expected) {
            let mut world = shop_in(before);
            let number = world.shops[&SHOP].grant_number;
            let answer = match event {
                "pause" => world.run(pause(true)),
                "resume" => world.run(pause(false)),
                "disconnect" => world.run(disconnect(None)),
                "disconnect the grant that is there" => world.run(disconnect(Some(number))),
                "disconnect a grant of before" => world.run(disconnect(Some(number - 1))),
                "connect again" => world.run(connect("shop", "1")),
                "renew" => world.run(renew(number)),
                _ => world.run(renew(number - 1)),
            };
            assert_eq!(answer.is_err(), event == "renew a grant of before", "{event} from {before:?}");
            let shop = &world.shops[&SHOP];
            assert_eq!(shop.state, after, "{event} from {before:?}");
            let grants = i64::from(matches!(event, "connect again" | "renew"));
            assert_eq!(shop.grant_number, number + grants, "{event} from {before:?}");
            assert_eq!(world.open("shop_disconnected"), after == Disconnected, "{event} from {before:?}");
            assert_eq!(shop.state_reason.is_some(), after == Disconnected, "{event} from {before:?}");
        }
    }
}

#[test]
fn a_shop_that_is_authorised_again_asks_for_orders_and_not_for_all_its_listings() {
    let mut world = Market::with_shop(0);
    let import = |world: &Market| world.job(|body| matches!(body, JobBody::ImportListings { .. })).is_some();
    let poll = |world: &Market| world.job(|body| matches!(body, JobBody::PollOrders { .. })).is_some();
    assert!(import(&world) && poll(&world));
    world.jobs.clear();
    world.ok(disconnect(None));
    world.ok(connect("shop", "1"));
    assert!(!import(&world) && poll(&world));
}

/// The code of a shop never changes, whatever it would be called today: its notices bear that code.
#[test]
fn a_shop_is_known_by_its_account_and_its_notices_by_the_code_it_got() {
    let mut world = Market::with_shop(0);
    world.ok(disconnect(None));
    let told = NoticeBody::GrantEnds { name: "Shop".into(), days: 2 };
    world.ok(RaiseNotice::open("shop".to_owned(), Some(SHOP), told));
    world.ok(connect("another-name", "1"));
    assert_eq!((world.shops.len(), world.shops[&SHOP].code.as_str()), (1, "shop"));
    assert!(!world.open("shop_disconnected") && !world.open("grant_ends"));
}

#[test]
fn no_two_shops_have_one_code() {
    let mut world = Market::with_shop(0);
    world.ok(connect("shop", "2"));
    assert_eq!(world.shops[&ShopId(2)].code, "shop-2", "its own number makes it unique");
    world.ok(connect("shop-4", "3"));
    assert_eq!(world.shops[&ShopId(3)].code, "shop-4");
    let refused = world.run(connect("shop", "4"));
    assert!(matches!(refused, Err(Refusal::Repeated { .. })), "{refused:?}");
    assert_eq!(world.shops.len(), 3);
    world.ok(connect("other", "4"));
    assert_eq!(world.shops[&ShopId(4)].code, "other");
}

#[test]
fn a_consent_is_good_once_for_its_marketplace_and_for_ten_minutes() {
    let start = || StartConsent { state: "s".into(), channel: "shopee".into(), shop: None };
    let back = |channel: &str| {
        let (state, channel) = (Some("s".to_owned()), channel.to_owned());
        onhand_rules::commands::channels::ConnectShop { state, channel, ..connect("new", "9") }
    };
    let fails = |world: &mut Market, channel| {
        let shops = world.shops.len();
        assert!(matches!(world.run(back(channel)), Err(Refusal::NotFound { .. })));
        assert_eq!(world.shops.len(), shops);
    };
    let mut world = Market::with_shop(0);
    fails(&mut world, "shopee");
    world.ok(start());
    assert!(world.run(start()).is_err(), "a state is never used twice");
    fails(&mut world, "lazada");
    world.ok(back("shopee"));
    assert!(!world.settings.contains_key(&consent_key("s")));
    fails(&mut world, "shopee");
    world.ok(start());
    world.now += 10 * MINUTE - 1;
    world.ok(back("shopee"));
    world.ok(start());
    world.now += 10 * MINUTE;
    fails(&mut world, "shopee");
}

fn health(answered: bool) -> NoteHealth {
    NoteHealth { shop: SHOP, answered: Some(answered), webhook: false, clock_offset: None }
}

fn open_for(world: &Market) -> Option<i64> {
    world.shops[&SHOP].health.open_until.map(|until| until - world.now)
}

#[test]
fn the_breaker_opens_at_the_fifth_failure_in_a_row_and_twice_as_long_each_time() {
    let mut world = Market::with_shop(0);
    for _ in 0..3 {
        (0..4).for_each(|_| drop(world.ok(health(false))));
        assert_eq!(open_for(&world), None, "four in a row are not enough");
        world.now += SECOND;
        world.ok(health(true));
    }
    (0..5).for_each(|_| drop(world.ok(health(false))));
    for seconds in [30, 60, 120, 240, 480, 900, 900] {
        assert_eq!(open_for(&world), Some(seconds * SECOND));
        assert!(world.open("shop_failing"));
        world.now += seconds * SECOND - 1;
        world.ok(health(false));
        assert_eq!(open_for(&world), Some(1), "what was on its way already does not count");
        world.now += 1;
        // The probe fails.
        world.ok(health(false));
    }
    let told = |world: &Market| {
        let told = |body: &EventBody| matches!(body, EventBody::NoticeChanged { .. });
        world.events.iter().filter(|event| told(&event.body)).count()
    };
    assert_eq!(told(&world), 1, "said once");
    world.ok(health(true));
    assert_eq!((open_for(&world), world.shops[&SHOP].health.failures), (None, 0));
    assert!(!world.open("shop_failing"));
    (0..5).for_each(|_| drop(world.ok(health(false))));
    assert_eq!(open_for(&world), Some(30 * SECOND), "from the start again");
}

#[test]
fn good_answers_and_webhooks_are_noted_every_ten_seconds() {
    let mut world = Market::with_shop(0);
    let note = |world: &mut Market, answered, webhook| {
        let command = NoteHealth { shop: SHOP, answered, webhook, clock_offset: None };
        match world.ok(command) {
            Receipt::Kept { changed, .. } => changed,
            other => panic!("{other:?}"),
        }
    };
    assert!(note(&mut world, Some(true), false) && note(&mut world, None, true));
    world.now += 10 * SECOND - 1;
    assert!(!note(&mut world, Some(true), false) && !note(&mut world, None, true));
    world.now += 1;
    assert!(note(&mut world, Some(true), false) && note(&mut world, None, true));
    assert!(note(&mut world, Some(false), false), "a failure always");
    assert!(note(&mut world, Some(true), false), "and what ends it");
}

#[test]
fn clocks_that_differ_by_more_than_half_a_minute_are_told() {
    let mut world = Market::with_shop(0);
    for (offset, open) in [(30_000, false), (30_001, true), (-30_000, false), (-30_001, true), (0, false)] {
        world.ok(NoteHealth { shop: SHOP, answered: None, webhook: false, clock_offset: Some(offset) });
        assert_eq!(world.shops[&SHOP].health.clock_offset, offset);
        assert_eq!(world.open("clock_skew"), open, "{offset}");
    }
}

/// Two requests a second, three saved up.
fn take(want: u32) -> TakeTokens {
    TakeTokens { shop: SHOP, endpoint: "stock".into(), rate: 2_000, burst: 3_000, want, spent: 0 }
}

/// What is granted, and how many milliseconds until the next one.
fn taken(world: &mut Market, command: TakeTokens) -> (u32, i64) {
    match world.ok(command) {
        Receipt::Tokens { granted, next_at } => (granted, next_at - world.now),
        other => panic!("{other:?}"),
    }
}

#[test]
fn tokens_are_gained_by_time_saved_up_and_never_made_of_nothing() {
    let mut world = Market::with_shop(0);
    // After so many milliseconds, so many wanted: granted, and the next one in so many.
    let table = [
        (0, 2, 2, 0),
        (0, 9, 1, 500),
        (0, 1, 0, 500),
        (499, 1, 0, 1),
        (1, 1, 1, 500),
        (250, 1, 0, 250),
        (250, 1, 1, 500),
        (1_000, 1, 1, 0),
        (0, 5, 1, 500),
        (60_000, 9, 3, 500),
    ];
    for (row, (later, want, granted, next)) in table.into_iter().enumerate() {
        world.now += later;
        assert_eq!(taken(&mut world, take(want)), (granted, next), "row {row}");
    }
    for bad in [
        TakeTokens { want: 0, ..take(1) },
        TakeTokens { rate: 0, ..take(1) },
        TakeTokens { burst: 999, ..take(1) },
    ] {
        assert_eq!(world.run(bad), Err(Refusal::OutOfRange));
    }
}

#[test]
fn however_often_it_is_asked_the_rate_is_kept() {
    for every in [1, 7, 100, 499, 501, 1_700] {
        let mut world = Market::with_shop(0);
        let mut granted = 0;
        let mut asked = 0;
        while asked < 60_000 {
            granted += i64::from(taken(&mut world, take(1)).0);
            world.now += every;
            asked += every;
        }
        let most = 3 + asked * 2 / 1_000;
        let least = (asked / every).min(asked * 2 / 1_000) - 1;
        assert!((least..=most).contains(&granted), "every {every} ms: {granted} of {least} to {most}");
    }
}

fn block(retry_after_ms: Option<i64>, lift: bool) -> BlockBucket {
    BlockBucket { shop: SHOP, endpoint: "stock".into(), retry_after_ms, lift }
}

fn blocked(world: &mut Market, said: Option<i64>) -> i64 {
    taken_of(world.ok(block(said, false))) - world.now
}

fn taken_of(receipt: Receipt) -> i64 {
    match receipt {
        Receipt::Tokens { granted: 0, next_at } => next_at,
        other => panic!("{other:?}"),
    }
}

#[test]
fn b8_a_bucket_is_blocked_longer_each_time_in_a_row() {
    let mut world = Market::with_shop(0);
    taken(&mut world, take(1));
    for seconds in [5, 10, 30, 30, 30] {
        assert_eq!(blocked(&mut world, None), seconds * SECOND);
        world.now += seconds * SECOND - 1;
        assert_eq!(taken(&mut world, take(1)), (0, 1), "not a millisecond early");
        world.now += 1;
        assert_eq!(taken(&mut world, take(1)), (0, 500), "nothing was saved up meanwhile");
        world.now += 500;
        assert_eq!(taken(&mut world, take(1)).0, 1);
    }
    world.ok(block(None, true));
    assert_eq!(blocked(&mut world, None), 5 * SECOND, "a good answer ends the series");
}

#[test]
fn b8_what_they_say_is_kept_to_and_several_in_flight_are_one_time() {
    let mut world = Market::with_shop(0);
    assert_eq!(blocked(&mut world, Some(7_000)), 7_000);
    assert_eq!(blocked(&mut world, Some(2_000)), 7_000, "never earlier than was said before");
    assert_eq!(blocked(&mut world, None), 10_000);
    let Some(Setting::Bucket(bucket)) = world.settings.get(&bucket_key(SHOP, "stock")) else { panic!() };
    assert_eq!(bucket.throttled, 1);
    assert_eq!(blocked(&mut world, Some(24 * 60 * MINUTE)), 15 * MINUTE, "not for a day");
    let mut world = Market::with_shop(0);
    assert_eq!(blocked(&mut world, Some(-5)), 1);
}

#[test]
fn b8_ten_minutes_without_a_break_are_told_until_it_answers() {
    let mut world = Market::with_shop(0);
    blocked(&mut world, None);
    world.now += 10 * MINUTE - 1;
    blocked(&mut world, None);
    assert!(!world.open("shop_throttled"));
    world.now += 1;
    blocked(&mut world, None);
    assert!(world.open("shop_throttled"));
    world.ok(block(None, true));
    assert!(!world.open("shop_throttled"));
    blocked(&mut world, None);
    assert!(!world.open("shop_throttled"), "the ten minutes begin again");
}
