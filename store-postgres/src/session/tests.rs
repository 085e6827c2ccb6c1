use onhand_store::Store as _;
use onhand_testbed::{Durability, Postgres};

use super::*;
use crate::{Options, PostgresStore};

/// Of one shop.
const LISTINGS_THERE: i64 = 20_000;
/// So often that PostgreSQL keeps a plan for every set of values.
const READS: usize = 12;
/// Of the table and its indexes that a lookup of one listing may read. The table alone has about a thousand.
const PAGES_MAX: i64 = 20;

const FETCHED: &str = "select (pg_stat_get_blocks_fetched('listing'::regclass)
    + (select sum(pg_stat_get_blocks_fetched(indexrelid)) from pg_index where indrelid = 'listing'::regclass))::bigint";

async fn pages(desk: &Desk) -> i64 {
    desk.batch("select pg_stat_force_next_flush()").await.unwrap();
    desk.link.client.query_one(FETCHED, &[]).await.unwrap().get(0)
}

/// A shop is read in the first minute of a new database: the plans were made while the table was empty, and nobody has
/// analysed it since.
#[tokio::test]
async fn listings_are_looked_up_by_every_name_before_anybody_has_analysed_them() {
    let made = tokio::task::spawn_blocking(|| Postgres::shared(Durability::Fast)?.fresh_database());
    let database = made.await.unwrap().unwrap();
    let options = Options { unsafe_durability: true, ..Options::new(database.url()) };
    let store = PostgresStore::connect(options).await.unwrap();
    store.reads().feed_head().await.unwrap();
    database.sql("alter table listing set (autovacuum_enabled = false)").unwrap();
    let desk = Desk::open(&store.shared).await.unwrap();
    let (shops, skus) = (vec![1_i64], vec![77_i64]);
    let (items, variants) = (vec!["item-77"], vec!["0"]);
    let (codes, units) = (vec!["sku-77"], vec!["unit-77"]);
    let by_name: [(Sql, Vec<&(dyn ToSql + Sync)>); 4] = [
        (Sql::ListingsByKey, vec![&shops, &items, &variants]),
        (Sql::ListingsBySellerSku, vec![&shops, &codes]),
        (Sql::ListingsOfUnit, vec![&shops, &units]),
        (Sql::ListingsOfSku, vec![&skus]),
    ];
    for (sql, values) in &by_name {
        for _ in 0..READS {
            assert!(desk.query(*sql, values).await.unwrap().is_empty());
        }
    }
    let fill = format!(
        "insert into listing (id, shop, item, variant, seller_sku, unit, sku, state, desired, acked, dirty_since, edited, \
         version, body) select n, 1, 'item-' || n, '0', 'sku-' || n, 'unit-' || n, n, 'active', 0, 0, 0, false, 1, \
         '{{\"filler\":\"' || repeat('x', 300) || '\"}}' from generate_series(1, {LISTINGS_THERE}) n"
    );
    database.sql(&fill).unwrap();
    for (sql, values) in &by_name {
        let before = pages(&desk).await;
        assert_eq!(desk.query(*sql, values).await.unwrap().len(), 1, "{sql:?}");
        let read = pages(&desk).await - before;
        assert!(read > 0 && read < PAGES_MAX, "{sql:?}: {read} pages for one listing");
    }
}
