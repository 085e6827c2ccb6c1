use std::sync::Arc;

use onhand_rules::commands::queue::{ClaimJobs, End, EnqueueJobs, FinishJobs, JobEnd};
use onhand_rules::job::NewJob;
use onhand_rules::{JobBody, Receipt};
use onhand_store::contract::{Driver, Request};
use onhand_store::{Outcome, Store};
use onhand_testbed::{Database, Durability, Postgres};

use super::*;
use crate::{Options, PostgresStore};

const KIND: i16 = 15;
const GONE: usize = 1_000;
/// Far enough behind the ledger clock for nothing to be inside the margin.
const LATER: i64 = 10_000;

struct Shop {
    database: Database<'static>,
    store: Arc<PostgresStore>,
    driver: Driver,
}

impl Shop {
    /// One connection for reading, so that its counts are all counts; looks are slow from `slow` on.
    async fn open(slow: Duration) -> Self {
        let made = tokio::task::spawn_blocking(|| Postgres::shared(Durability::Fast)?.fresh_database());
        let database = made.await.unwrap().unwrap();
        let mut options = Options::new(database.url());
        options.unsafe_durability = true;
        options.read_connections = 1;
        options.slow_look = slow;
        let store = Arc::new(PostgresStore::connect(options).await.unwrap());
        let shared: Arc<dyn Store> = store.clone();
        let mut driver = Driver::new(&shared, 1 << 80).await;
        driver.read_back = false;
        Self { database, store, driver }
    }

    async fn run(&mut self, request: Request) -> Receipt {
        match self.driver.batch(&[request]).await.unwrap().remove(0) {
            Outcome::Done(receipt) => receipt,
            Outcome::Refused(refusal) => panic!("{refusal}"),
        }
    }

    async fn enqueue(&mut self, jobs: Vec<NewJob>) -> Vec<JobId> {
        match self.run(Request::of(EnqueueJobs { jobs })).await {
            Receipt::Enqueued { jobs } => jobs,
            other => panic!("{other:?}"),
        }
    }

    async fn complete(&mut self, jobs: Vec<JobId>) {
        let claim = Request::of(ClaimJobs { owner: 7, lease_ms: 30_000, jobs });
        let leases = self.run(claim).await.leases();
        let end = |(job, lease)| JobEnd { job, lease, end: End::Done { outcome: "done".into() } };
        self.run(Request::of(FinishJobs { ends: leases.into_iter().map(end).collect() })).await;
    }

    /// What a look finds.
    async fn look(&self, kinds: &[i16]) -> Vec<JobId> {
        let filter = ClaimFilter { kinds: kinds.to_vec(), ..ClaimFilter::default() };
        let now = self.store.reads().now().await.unwrap() + LATER;
        let found = self.store.reads().claimable(&filter, now, 10).await.unwrap();
        found.jobs.into_iter().map(|job| job.id).collect()
    }

    async fn lost(&self, now: i64) -> Vec<(JobId, i64)> {
        self.store.reads().lost_leases(now, 9).await.unwrap()
    }

    /// Looks for pushes until these are found.
    async fn finds(&self, wanted: &[JobId], what: &str) {
        let found = async {
            while self.look(&[1]).await != wanted {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), found).await.expect(what);
    }

    /// Entries that have been read so far in the index of waiting jobs.
    async fn entries(&self) -> i64 {
        self.store.reads.keyed("select pg_stat_force_next_flush()", &[]).await.unwrap();
        self.store.reads.number("select pg_stat_get_tuples_returned('job_ready'::regclass)").await.unwrap()
    }
}

fn nothing(class: i16) -> NewJob {
    let body = JobBody::Nothing { shop: None, note: String::new() };
    NewJob { body, class, run_at: 0, cause_at: None }
}

fn push(class: i16) -> NewJob {
    let body = JobBody::PushStock { shop: ShopId(1), unit: "u".into() };
    NewJob { body, class, run_at: 0, cause_at: None }
}

/// Holds a snapshot as long as the client lives.
async fn hold(database: &Database<'_>) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(database.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("begin isolation level repeatable read; select count(*) from job").await.unwrap();
    client
}

#[tokio::test]
async fn c1_a_look_steps_over_the_rows_that_a_snapshot_keeps() {
    let mut shop = Shop::open(Duration::ZERO).await;
    let _held = hold(&shop.database).await;
    let gone = shop.enqueue(vec![nothing(2); GONE]).await;
    shop.complete(gone).await;
    let waiting = shop.enqueue(vec![nothing(2); 3]).await;
    let before = shop.entries().await;
    assert_eq!(shop.look(&[KIND]).await, waiting);
    let whole = shop.entries().await;
    assert!(whole - before >= GONE as i64, "the snapshot keeps nothing: {}", whole - before);
    // At once, so that it is no whole look again; on a machine that stands still for a second, the next one.
    let mut last = whole;
    loop {
        assert_eq!(shop.look(&[KIND]).await, waiting);
        let entries = shop.entries().await;
        if entries - last < GONE as i64 / 10 {
            break;
        }
        assert!(last - before < 100 * GONE as i64, "every look reads everything");
        last = entries;
    }
}

#[tokio::test]
async fn c1_what_short_looks_cannot_see_is_found_by_the_next_whole_one() {
    let mut shop = Shop::open(Duration::ZERO).await;
    let first = shop.enqueue(vec![push(1)]).await;
    assert_eq!(shop.look(&[1]).await, first);
    shop.complete(first).await;
    let waiting = shop.enqueue(vec![push(3)]).await;
    shop.finds(&waiting, "the first job of a group").await;
    assert_eq!(
        shop.enqueue(vec![push(1)]).await,
        waiting,
        "the same job, with the class that it is given now"
    );
    shop.finds(&waiting, "a job that waited before it came into its group").await;
}

#[tokio::test]
async fn looks_that_are_quick_are_whole() {
    let mut shop = Shop::open(Duration::MAX).await;
    let first = shop.enqueue(vec![push(1)]).await;
    assert_eq!(shop.look(&[1]).await, first);
    shop.complete(first).await;
    let waiting = shop.enqueue(vec![push(3)]).await;
    assert_eq!(shop.look(&[1]).await, waiting);
    assert_eq!(shop.enqueue(vec![push(1)]).await, waiting);
    assert_eq!(shop.look(&[1]).await, waiting, "although it waited already when its class was raised");
}

#[test]
fn a_floor_is_the_first_waiting_job_or_the_margin_whichever_is_earlier() {
    let mut known = Known::default();
    let group = (KIND, 0, 2);
    for (first, now, floor) in
        [(None, 1_000, 750), (Some(100), 1_000, 100), (Some(900), 1_000, 750), (None, 2_000, 1_750)]
    {
        let found = Found { groups: BTreeMap::from([(group, first)]), ..Found::default() };
        known.learn(&found, now);
        assert_eq!(known.floors[&group], floor);
    }
    assert!(!known.serves(2_000), "no look was slow");
    known.pace.slow_look = Some((Instant::now(), Duration::from_secs(60)));
    assert!(known.serves(2_000) && !known.serves(1_999), "a clock that went back");
}

#[test]
fn looks_are_short_once_several_whole_ones_in_a_row_were_slow() {
    let mut pace = Pace::default();
    let (quick, slow, limit) = (Duration::from_millis(1), Duration::from_millis(3), Duration::from_millis(2));
    for took in [slow, slow, slow, quick, slow, slow, slow] {
        pace.note(took, limit);
        assert!(!pace.may_be_short());
    }
    pace.note(slow, limit);
    assert!(pace.may_be_short());
    pace.note_short(quick);
    pace.note(slow, limit);
    assert!(pace.may_be_short(), "three times as long as a short one");
    pace.note(quick, limit);
    assert!(!pace.may_be_short());
    // Where short looks take as long, nothing is gained by them.
    pace.short = Some(slow);
    (0..9).for_each(|_| pace.note(slow, limit));
    assert!(!pace.may_be_short());
    (0..9).for_each(|_| pace.note_short(quick));
    assert_eq!(pace.short, Some(quick));
    pace.note_short(slow);
    assert_eq!(pace.short, Some(quick + quick / 8), "one slow answer says little");
}

#[tokio::test]
async fn c1_lost_leases_are_found_behind_what_was_looked_through() {
    let mut shop = Shop::open(Duration::ZERO).await;
    let jobs = shop.enqueue(vec![nothing(2); 2]).await;
    let claim = |jobs| Request::of(ClaimJobs { owner: 7, lease_ms: 60_000, jobs });
    shop.run(claim(vec![jobs[0]])).await;
    let now = shop.store.reads().now().await.unwrap();
    for _ in 0..SLOW_IN_A_ROW {
        assert_eq!(shop.store.reads.floors.leases_from(), None, "each of them is whole");
        assert_eq!(shop.lost(now).await, []);
    }
    assert_eq!(shop.store.reads.floors.leases_from(), Some(now - LEASE_MARGIN_MS));
    shop.run(claim(vec![jobs[1]])).await;
    assert_eq!(shop.lost(now + 120_000).await, [(jobs[0], 1), (jobs[1], 1)]);
}
