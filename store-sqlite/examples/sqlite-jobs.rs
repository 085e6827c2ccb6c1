//! How many jobs that do nothing the store itself puts into the queue, claims and finishes, without the engine: commands of
//! the rules in batches of a fixed size, each commit synced.
//!
//! `cargo run --release -p onhand-store-sqlite --example sqlite-jobs [DIR] [JOBS] [BATCH]`. Machines differ and neighbours
//! disturb: compare figures of one run only.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement for people")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use onhand_rules::commands::queue::{ClaimJobs, End, EnqueueJobs, FinishJobs, JobEnd};
use onhand_rules::job::NewJob;
use onhand_rules::{JobBody, JobId, Receipt, ShopId};
use onhand_store::contract::{Driver, Request};
use onhand_store::{Outcome, Store};
use onhand_store_sqlite::{Options, SqliteStore};

fn enqueue(first: usize, count: usize) -> Request {
    let new = |number: usize| NewJob {
        body: JobBody::Nothing { shop: Some(ShopId(1 + number as i64 % 3)), note: format!("job {number}") },
        class: 2,
        run_at: 0,
        cause_at: None,
    };
    Request::of(EnqueueJobs { jobs: (first..first + count).map(new).collect() })
}

async fn run(driver: &mut Driver, request: Request) -> Receipt {
    match driver.batch(&[request]).await.unwrap().remove(0) {
        Outcome::Done(receipt) => receipt,
        Outcome::Refused(refusal) => unreachable!("{refusal}"),
    }
}

fn told(what: &str, jobs: usize, since: Instant) {
    let seconds = since.elapsed().as_secs_f64();
    println!("{what:>10} {jobs:>9} jobs {seconds:>8.2} s {:>9.0} jobs/s", jobs as f64 / seconds);
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let own = tempfile::tempdir().unwrap();
    let dir = arguments.next().map_or(own.path().to_owned(), PathBuf::from);
    let jobs: usize = arguments.next().map_or(100_000, |number| number.parse().unwrap());
    let batch: usize = arguments.next().map_or(1_000, |number| number.parse().unwrap());
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(Options::new(dir)).unwrap());
    let mut driver = Driver::new(&store, 1 << 80).await;
    driver.read_back = false;
    let whole = Instant::now();

    let begun = Instant::now();
    let mut ids: Vec<JobId> = Vec::new();
    for first in (0..jobs).step_by(batch) {
        let Receipt::Enqueued { jobs } = run(&mut driver, enqueue(first, batch)).await else { return };
        ids.extend(jobs);
    }
    told("enqueue", ids.len(), begun);

    let begun = Instant::now();
    let mut leases = Vec::new();
    for chunk in ids.chunks(batch) {
        let claim = Request::of(ClaimJobs { owner: 7, lease_ms: 30_000, jobs: chunk.to_vec() });
        leases.extend(run(&mut driver, claim).await.leases());
    }
    told("claim", leases.len(), begun);

    let begun = Instant::now();
    for chunk in leases.chunks(batch) {
        let end =
            |&(job, lease): &(JobId, i64)| JobEnd { job, lease, end: End::Done { outcome: "done".into() } };
        run(&mut driver, Request::of(FinishJobs { ends: chunk.iter().map(end).collect() })).await;
    }
    told("complete", leases.len(), begun);
    told("all", leases.len(), whole);
}
