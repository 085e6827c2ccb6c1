//! Shops, listings, orders of marketplaces, webhooks and notices, on the store and on plain maps, and their lists.

use onhand_rules::commands::channels::{
    ConnectShop, DisconnectShop, MapListing, RaiseNotice, SeenListing, TakeListings, TakeMarketOrder,
    TakeWebhook,
};
use onhand_rules::listing::ListingState;
use onhand_rules::market_order::{MarketLine, MarketOrderState, MarketSnapshot, MarketStatus};
use onhand_rules::notice::NoticeKind;
use onhand_rules::shop::{Disconnection, ShopSettings};
use onhand_rules::{Inbox, JobBody, Listing, ListingId, MarketOrder, Notice, NoticeBody};
use onhand_rules::{ShopId, job::NewJob};

use super::Fixture;
use super::commands::*;
use super::driver::Request;
use super::world::{FEW, START, World};
use crate::sync_reads::{InboxFilter, ListingFilter, MarketOrderFilter, NoticeFilter};

const SHOP: ShopId = ShopId(1);

pub(super) fn connect(code: &str, account: &str) -> ConnectShop {
    ConnectShop {
        state: None,
        code: code.into(),
        channel: "shopee".into(),
        account: account.into(),
        name: "Caf\u{e9} \"Zw\u{f6}lf\"".into(),
        grant: "not to be shown".into(),
        access_until: START + 100_000_000,
        refresh_until: None,
        grant_until: Some(START + 200_000_000),
        settings: ShopSettings { location: "L".into(), ..ShopSettings::default() },
    }
}

fn seen(item: &str, code: &str) -> SeenListing {
    SeenListing {
        item: item.into(),
        variant: "red\tXL".into(),
        seller_sku: code.into(),
        title: "\u{1f455} shirt".into(),
        warehouses: vec!["W1".into()],
        unit: item.into(),
        stock: 5,
        promotion_reserved: Some(0),
        theirs: None,
    }
}

fn sold(reference: &str, item: &str, at: i64, status: MarketStatus) -> TakeMarketOrder {
    let line = MarketLine {
        ids: vec!["1".into()],
        item: item.into(),
        variant: "red\tXL".into(),
        seller_sku: String::new(),
        title: String::new(),
        quantity: 1,
        cancelled: 0,
        status,
        unit_minor: Some(995),
    };
    let snapshot = MarketSnapshot {
        status,
        lines: vec![line],
        raw_status: format!("{status:?}"),
        known_status: true,
        cancel_requested: Some(false),
        updated_at: at,
        created_at: 1,
        currency: Some("SGD".into()),
        completed: false,
        returning: false,
    };
    TakeMarketOrder { shop: SHOP, reference: reference.into(), snapshot, job: None, slots: None }
}

pub(super) fn webhook(number: i64, shop: Option<ShopId>) -> TakeWebhook {
    let inbox = Inbox {
        key: format!("shopee:{number}"),
        channel: "shopee".into(),
        account: "1001".into(),
        shop,
        topic: "3".into(),
        body: "{\"data\":\t\"?\"}".into(),
        deliveries: 0,
        received_at: 0,
    };
    let body = JobBody::FetchOrder { shop: SHOP, reference: format!("R{number}") };
    let jobs = vec![NewJob { body, class: 1, run_at: 0, cause_at: None }];
    TakeWebhook { inbox, jobs, grant_ends: None, retry: false }
}

/// Two shops; the first has listings `a` and `b` of the SKUs A and B and one that nobody has mapped.
pub(super) async fn market(world: &mut World) {
    world.stock(&["L"], &[("A", 9), ("B", 9)]).await;
    world.done(bundle("BOX", &[("A", 2), ("B", 1)])).await;
    world.done(connect("one", "1001")).await;
    world.done(connect("two", "1002")).await;
    let listings = vec![seen("a", "A"), seen("b", "B"), seen("c", "nobody's")];
    world.done(TakeListings { shop: SHOP, listings }).await;
    world.done(TakeListings { shop: ShopId(2), listings: vec![seen("a", "BOX")] }).await;
    world.equals_memory().await;
}

async fn listing(world: &World, item: &str) -> Listing {
    world.reads().listing_by_key(SHOP, item, "red\tXL").await.unwrap().expect("a listing")
}

async fn state(world: &World, reference: &str) -> MarketOrderState {
    world.reads().market_order(SHOP, reference).await.unwrap().expect("an order").state
}

pub(super) async fn rows_of_the_channels_round_trip(fixture: Fixture) {
    let mut world = World::mirrored(fixture).await;
    market(&mut world).await;
    world.done(sold("R1", "a", 1, MarketStatus::Pending)).await;
    world.done(sold("R1", "a", 2, MarketStatus::Confirmed)).await;
    world.done(sold("R2", "c", 1, MarketStatus::Confirmed)).await;
    world.equals_memory().await;
    assert_eq!(state(&world, "R2").await, MarketOrderState::WaitsForMapping);
    // The mapping wakes what waits for it.
    let unmapped = listing(&world, "c").await;
    assert_eq!(unmapped.mapping, None);
    let map = MapListing { listing: unmapped.id, expected_version: None, to: Some(("BOX".into(), 3)) };
    world.done(map).await;
    world.equals_memory().await;
    world.done(sold("R2", "c", 1, MarketStatus::Confirmed)).await;
    world.equals_memory().await;
    assert_eq!(state(&world, "R2").await, MarketOrderState::Applied);
    for (number, shop) in [(1, Some(SHOP)), (1, Some(SHOP)), (2, None)] {
        world.batch(&[Request::of(webhook(number, shop))]).await;
        world.equals_memory().await;
    }
    world.done(DisconnectShop { shop: ShopId(2), from_number: None, why: Disconnection::of("so") }).await;
    world.done(notice("x", true)).await;
    world.done(notice("x", false)).await;
    world.equals_memory().await;
    world.verify().await;
    let dump = world.dump().await;
    assert!(!dump.contains("not to be shown"), "the text holds no grants");
    let shop = world.reads().shop_by_code("one").await.unwrap().expect("a shop");
    assert_eq!(shop.grant, "not to be shown");
    assert_eq!(world.reads().shop_by_account("shopee", "1001").await.unwrap().as_ref(), Some(&shop));
    let mut world = world.reopened().await;
    assert_eq!(world.dump().await, dump);
    world.done(sold("R1", "a", 3, MarketStatus::Cancelled)).await;
    world.verify().await;
}

fn notice(subject: &str, open: bool) -> RaiseNotice {
    match open {
        true => {
            let told = NoticeBody::ClockSkew { name: format!("{subject} \u{26a0}\n"), seconds: -45 };
            RaiseNotice::open(subject.into(), Some(SHOP), told)
        }
        false => RaiseNotice::over(NoticeKind::ClockSkew, subject.into()),
    }
}

pub(super) async fn a_bundle_is_found_by_its_parts(fixture: Fixture) {
    let mut world = World::mirrored(fixture).await;
    market(&mut world).await;
    let found = async |skus: &[&str]| world.reads().listings_concerning(skus).await.unwrap();
    let of = async |shop: i64, item: &str| {
        world.reads().listing_by_key(ShopId(shop), item, "red\tXL").await.unwrap().expect("a listing").id
    };
    let (plain, boxed) = (of(1, "a").await, of(2, "a").await);
    let by = |code: &str, listing| (code.to_owned(), listing);
    assert_eq!(found(&["A"]).await, [by("A", plain), by("A", boxed)]);
    assert_eq!(found(&["BOX", "nobody's"]).await, [by("BOX", boxed)]);
    assert_eq!(found(&["B"]).await.len(), 2);
    assert_eq!(found(&["BOX", "A"]).await.len(), 3, "by code and listing");
    assert_eq!(found(&[]).await, []);
}

/// Reads every page, and what one page of everything says.
macro_rules! paged {
    ($world:expr, $list:ident, $filter:expr, $next:ident, $key:expr) => {{
        let mut filter = $filter;
        let whole = $world.reads().$list(&filter, 100).await.unwrap().rows;
        let mut listed = Vec::new();
        loop {
            let page = $world.reads().$list(&filter, FEW).await.unwrap();
            assert!(page.rows.len() <= FEW);
            filter.$next = page.rows.last().map($key);
            listed.extend(page.rows);
            if !page.more {
                break;
            }
        }
        assert_eq!(listed, whole, "pages neither skip nor repeat");
        listed
    }};
}

pub(super) async fn channel_lists_and_pages(fixture: Fixture) {
    let mut world = World::mirrored(fixture).await;
    market(&mut world).await;
    // Several at one time, so that the rest of the key decides.
    for number in 0..5_i64 {
        world.at(START + number / 2).await;
        let item = ["a", "c"][usize::from(number % 2 == 1)];
        world.done(sold(&format!("R{number}"), item, 1, MarketStatus::Confirmed)).await;
        world.done(webhook(number, (number % 2 == 0).then_some(SHOP))).await;
        world.done(notice(&number.to_string(), true)).await;
    }
    world.done(notice("3", false)).await;
    let after = |row: &Listing| row.id;
    let all = paged!(world, listings, ListingFilter::default(), after, after);
    assert_eq!(all.iter().map(|row| row.id).collect::<Vec<_>>(), (1..=4).map(ListingId).collect::<Vec<_>>());
    let mapped = ListingFilter { shop: Some(SHOP), mapped: Some(true), ..ListingFilter::default() };
    assert_eq!(paged!(world, listings, mapped, after, after).len(), 2);
    let dirty = paged!(world, listings, ListingFilter { dirty: true, ..Default::default() }, after, after);
    assert!(!dirty.is_empty() && dirty.iter().all(Listing::dirty), "{dirty:?}");
    let stale = world.reads().staleness().await.unwrap();
    assert_eq!(stale.iter().map(|row| row.dirty).sum::<i64>(), i64::try_from(dirty.len()).unwrap());
    let key = |row: &MarketOrder| (row.received_at, row.shop, row.reference.clone());
    assert_eq!(paged!(world, market_orders, MarketOrderFilter::default(), before, key).len(), 5);
    for (state, count) in [(MarketOrderState::WaitsForMapping, 2), (MarketOrderState::Applied, 3)] {
        let filter = MarketOrderFilter { state: Some(state), ..MarketOrderFilter::default() };
        assert_eq!(paged!(world, market_orders, filter, before, key).len(), count, "{state:?}");
    }
    let key = |row: &Inbox| (row.received_at, row.key.clone());
    assert_eq!(paged!(world, inbox, InboxFilter::default(), before, key).len(), 5);
    let unknown = InboxFilter { unknown_shop: true, ..InboxFilter::default() };
    let unknown = paged!(world, inbox, unknown, before, key);
    assert!(unknown.len() == 2 && unknown.iter().all(|row| row.shop.is_none()));
    let key = |row: &Notice| (row.last_at, row.key.clone());
    let low = NoticeFilter { kind: Some(NoticeKind::ClockSkew), ..NoticeFilter::default() };
    assert_eq!(paged!(world, notices, low.clone(), before, key).len(), 5);
    let open = NoticeFilter { open: Some(true), ..low };
    assert_eq!(paged!(world, notices, open, before, key).len(), 4);
    let kit = SeenListing { theirs: Some("a kit".to_owned()), ..seen("kit", "K") };
    world.done(TakeListings { shop: SHOP, listings: vec![kit] }).await;
    assert_eq!(listing(&world, "kit").await.state, ListingState::Theirs);
    for (active, count) in [(true, 4), (false, 1)] {
        let filter = ListingFilter { active: Some(active), ..ListingFilter::default() };
        assert_eq!(paged!(world, listings, filter, after, after).len(), count, "{active}");
    }
}
