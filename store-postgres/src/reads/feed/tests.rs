use std::sync::Arc;

use onhand_store::Store;
use onhand_testbed::{Durability, Postgres};

use super::*;
use crate::{Options, PostgresStore};

const EVENTS_THERE: i64 = 200_000;
/// So often that PostgreSQL has tried the plan that it would keep for every set of values.
const READS: i64 = 12;
/// Of the table and its indexes that one page may read. The feed has several thousand.
const PAGES_MAX: i64 = 100;

/// What was read in the table and in its indexes so far. Not in entries: a walk through a whole index counts as those that
/// it found.
const PAGES: &str = "select (pg_stat_get_blocks_fetched('event'::regclass)
    + (select sum(pg_stat_get_blocks_fetched(indexrelid)) from pg_index where indrelid = 'event'::regclass))::bigint";

async fn pages(store: &PostgresStore) -> i64 {
    store.reads.keyed("select pg_stat_force_next_flush()", &[]).await.unwrap();
    store.reads.number(PAGES).await.unwrap()
}

/// Sales, pushes of one listing, and in the middle an import of another shop; among the first and the last events are few of
/// those that are looked for.
#[tokio::test]
async fn events_are_looked_up_and_never_searched_for() {
    let made = tokio::task::spawn_blocking(|| Postgres::shared(Durability::Fast)?.fresh_database());
    let database = made.await.unwrap().unwrap();
    // One connection, so that its counts are all counts.
    let options = Options { unsafe_durability: true, read_connections: 1, ..Options::new(database.url()) };
    let store = Arc::new(PostgresStore::connect(options).await.unwrap());
    let listing = |number: &str| {
        format!("encode(substr(sha256(convert_to(({number})::text, 'UTF8')), 1, 16), 'hex')::uuid")
    };
    let told = |step: &str, number: &str| {
        format!(
            "'{{\"type\":\"listing.changed\",\"data\":{{\"listing\":' || {number} || \
             ',\"shop\":\"s\",\"step\":\"{step}\",\"sku\":null,\"quantity\":null}}}}'"
        )
    };
    let queue = r#"'{"type":"queue.changed","data":{"key":"k"}}'"#;
    let pushed = r#"'{"type":"stock.shortfall","data":{"sku":"A","location":"L","available":-1}}'"#;
    let fill = format!(
        "insert into event (number, at, actor, op, subject, kind, data) \
         select n, n, 1, '00000000-0000-0000-0000-000000000000', s.subject, s.kind, s.data \
         from generate_series(1, {EVENTS_THERE}) n, lateral ( \
            select {one} as subject, 'listing.changed' as kind, {mapped} as data where n % 50000 = 3 \
            union all select {one}, 'queue.changed', {queue} where n % 50000 = 4 \
            union all select {many}, 'listing.changed', {found} where n between 100000 and 120000 and n % 50000 > 4 \
            union all select {one}, 'listing.pushed', {pushed} where n not between 100000 and 120000 and n % 50000 > 4 \
            union all select {many}, 'stock.changed', {pushed} where n % 50000 < 3) s",
        one = listing("7"),
        many = listing("n"),
        mapped = told("mapped", "7"),
        found = told("found", "n"),
    );
    database.sql(&fill).unwrap();
    database.sql("analyze event").unwrap();
    let reads = store.reads();
    let one = Some("7");
    for (subject, kind, mapping, found) in [
        (None, None, false, 10),
        (None, Some("queue.changed"), false, 4),
        (None, Some("user.changed"), false, 0),
        (None, Some(LISTING_CHANGED), true, 4),
        (None, Some(LISTING_CHANGED), false, 10),
        (one, Some(LISTING_CHANGED), false, 4),
        (one, Some(LISTING_CHANGED), true, 4),
        (one, Some("shop.changed"), false, 0),
        (one, None, false, 10),
    ] {
        for from in [EventsFrom::After(0), EventsFrom::Before(i64::MAX)] {
            let filter = EventFilter { subject: subject.map(str::to_owned), kind, mapping, from };
            let before = pages(&store).await;
            for _ in 0..READS {
                assert_eq!(reads.events_by(&filter, 10).await.unwrap().rows.len(), found, "{filter:?}");
            }
            let read = pages(&store).await - before;
            assert!(read < READS * PAGES_MAX, "{filter:?}: {read} pages for {READS} lookups");
        }
    }
    // Each type that can be asked for is in the indexes, and no other.
    for index in ["event_kind", "event_subject_kind"] {
        let made = database.sql(&format!("select pg_get_indexdef('{index}'::regclass)")).unwrap();
        for kind in onhand_rules::event::KINDS {
            assert_eq!(made.contains(&format!("'{kind}'")), SELDOM.contains(kind), "{kind}: {made}");
        }
    }
}
