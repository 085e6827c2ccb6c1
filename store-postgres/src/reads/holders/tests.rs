use std::sync::Arc;

use onhand_store::Store;
use onhand_testbed::{Durability, Postgres};

use super::*;
use crate::{Options, PostgresStore};

const ORDERS_THERE: i64 = 100_000;
/// So often that PostgreSQL has tried the plan that it would keep for every set of values.
const READS: i64 = 12;
/// Of the table and its indexes that one lookup may read. The index of references alone has several hundred.
const PAGES_MAX: i64 = 100;

/// What was read in the table and in its indexes so far. Not in entries: a walk through a whole index counts as those that
/// it found.
const PAGES: &str = "select (pg_stat_get_blocks_fetched('orders'::regclass)
    + (select sum(pg_stat_get_blocks_fetched(indexrelid)) from pg_index where indrelid = 'orders'::regclass))::bigint";

async fn pages(store: &PostgresStore) -> i64 {
    store.reads.query("select pg_stat_force_next_flush()", &[]).await.unwrap();
    store.reads.number(PAGES).await.unwrap()
}

#[tokio::test]
async fn a_reference_is_looked_up_and_never_searched_for() {
    let made = tokio::task::spawn_blocking(|| Postgres::shared(Durability::Fast)?.fresh_database());
    let database = made.await.unwrap().unwrap();
    // One connection, so that its counts are all counts.
    let options = Options { unsafe_durability: true, read_connections: 1, ..Options::new(database.url()) };
    let store = Arc::new(PostgresStore::connect(options).await.unwrap());
    let fill = format!(
        "insert into orders (id, channel, reference, state, payment, fulfilment, forced, late, created_at, updated_at, \
         version) select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'channel-' || n % 5, \
         'R-' || n / 5, 'confirmed', 'none', 'none', false, false, n, n, 1 from generate_series(0, {ORDERS_THERE} - 1) n"
    );
    database.sql(&fill).unwrap();
    database.sql("analyze orders").unwrap();
    let reads = store.reads();
    for (channel, reference, expected) in
        [(None, "R-9", 5), (Some("channel-3"), "R-9", 1), (None, "absent", 0), (Some("absent"), "R-9", 0)]
    {
        let (channel, reference) = (channel.map(str::to_owned), Some(reference.to_owned()));
        let filter = OrderFilter { channel, reference, ..OrderFilter::default() };
        let before = pages(&store).await;
        for _ in 0..READS {
            assert_eq!(reads.orders(&filter, 10).await.unwrap().rows.len(), expected, "{filter:?}");
        }
        let read = pages(&store).await - before;
        assert!(read > 0 && read < READS * PAGES_MAX, "{filter:?}: {read} pages for {READS} lookups");
    }
}
