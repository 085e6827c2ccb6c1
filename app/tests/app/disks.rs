//! Disks that fail or dawdle, by `strace`, which answers system calls in the kernel's place.

use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::program::{Place, Server};
use crate::shop::Shop;

/// How long a state may take to come: long, because a build server may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// What SQLite calls depends on how it was built. `strace` counts for each thread, so this is about the writer's own
/// calls: the first are those of the first start. With `-D` the server is our own child, and not that of `strace`: it ends
/// with the test.
fn syncs(what: &str) -> [String; 6] {
    let inject = format!("inject=fsync,fdatasync:{what}");
    ["-D", "-f", "-qq", "-o/dev/null", "-e", &inject].map(str::to_owned)
}

fn with_strace(place: &Place, flags: &[&str], what: &str) -> Server {
    let found = std::process::Command::new("strace").arg("-V").output();
    assert!(found.is_ok(), "strace is needed to make disks fail: install it");
    let arguments = syncs(what);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Server::with(place, flags, Some(&arguments))
}

#[tokio::test]
async fn a3_a_failed_sync_ends_the_process_and_the_truth_is_found_by_key_sqlite() {
    let place = Place::sqlite();
    let started = Instant::now();
    let mut server = with_strace(&place, &[], "error=EIO:when=25");
    // A second; more only on a machine so busy that the process also took long to start.
    let patience = Duration::from_secs(1).max(2 * started.elapsed());
    let key = server.api_key.clone().expect("a first key");
    let shop = Shop::new(&server.url, &key);
    shop.stock("A", 100).await;
    let mut placed = Vec::new();
    let unknown = loop {
        let name = format!("order-{:03}", placed.len());
        match shop.order("A", &name).await {
            Ok(answer) if answer.status == 201 => placed.push(answer.body["id"].clone()),
            Ok(answer) => {
                assert_eq!((answer.status, answer.code()), (503, "outcome_unknown"), "{answer:?}");
                break name;
            }
            // The process may end before the answer is out; the client knows as little either way.
            Err(_) => break name,
        }
        assert!(placed.len() < 100, "no sync failed");
    };
    let failed = Instant::now();
    assert_eq!(server.process.wait().code(), Some(70));
    let ended = failed.elapsed();
    assert!(ended < patience, "it ended after {ended:?}, and {patience:?} were allowed");
    let server = Server::start(&place);
    let shop = Shop::new(&server.url, &key);
    for id in &placed {
        let path = format!("/v1/orders/{}", id.as_str().expect("an id"));
        assert_eq!(shop.get(&path).await.status, 200, "an acknowledged order is lost");
    }
    let before = shop.reserved("A").await;
    let expected = i64::try_from(placed.len()).expect("few");
    assert!(before == expected || before == expected + 1, "{before} reserved, {expected} acknowledged");
    let first = shop.order("A", &unknown).await.expect("an answer");
    let second = shop.order("A", &unknown).await.expect("an answer");
    assert_eq!((first.status, &first.body["id"]), (201, &second.body["id"]));
    assert_eq!(shop.reserved("A").await, expected + 1);
    shop.assert_clean().await;
}

#[tokio::test]
async fn a10_a_slow_disk_sheds_load_and_loses_nothing_sqlite() {
    const BUYERS: usize = 60;
    let place = Place::sqlite();
    // The writer's own syncs take half a second each, from the fifth on.
    let server = with_strace(&place, &["--queue-max", "16"], "delay_exit=500000:when=5+");
    let shop = Shop::new(&server.url, server.api_key.as_deref().expect("a first key"));
    shop.stock("A", 1_000).await;
    let mut tasks = JoinSet::new();
    for buyer in 0..BUYERS {
        let shop = shop.clone();
        tasks.spawn(async move {
            let key = format!("order-{buyer:03}");
            let answer = shop.order("A", &key).await.expect("an answer");
            (key, answer)
        });
    }
    let (mut accepted, mut refused) = (0, Vec::new());
    while let Some(answer) = tasks.join_next().await {
        let (key, answer) = answer.expect("a buyer");
        if answer.status == 201 {
            accepted += 1;
        } else {
            assert_eq!((answer.status, answer.code()), (503, "busy"), "{answer:?}");
            assert!(answer.retry_after.is_some(), "{answer:?}");
            refused.push(key);
        }
    }
    assert!(accepted > 0 && !refused.is_empty(), "{accepted} accepted, {} refused", refused.len());
    assert_eq!(shop.reserved("A").await, accepted, "a refusal did nothing");
    // Who comes back with the same key is served.
    for key in refused.iter().take(2) {
        let body = json!({"lines": [{"sku": "A", "quantity": 1}]});
        assert_eq!(shop.post("/v1/orders", key, &body).await.status, 201);
    }
    shop.assert_clean().await;
}

/// Sets the largest file that a running process may write, in bytes, or lifts the limit.
fn limit_files(pid: u32, bytes: Option<u64>) {
    let limit = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
    let status = std::process::Command::new("prlimit")
        .args(["--pid", &pid.to_string(), &format!("--fsize={limit}:unlimited")])
        .status()
        .expect("prlimit is part of util-linux");
    assert!(status.success());
}

#[tokio::test]
async fn a6_a_limit_on_file_sizes_is_answered_and_ends_with_the_limit_sqlite() {
    let place = Place::sqlite();
    let server = Server::start(&place);
    let key = server.api_key.clone().expect("a first key");
    let shop = Shop::new(&server.url, &key);
    shop.stock("A", 100).await;
    assert_eq!(shop.order("A", "before").await.expect("an answer").status, 201);
    limit_files(server.process.pid(), Some(4_096));
    let refused = shop.order("A", "during").await.expect("the process lives and answers");
    assert_eq!((refused.status, refused.code()), (503, "storage_full"), "{refused:?}");
    assert_eq!(shop.reserved("A").await, 1, "reading goes on");
    limit_files(server.process.pid(), None);
    until_ready(&shop).await;
    assert_eq!(shop.order("A", "during").await.expect("an answer").status, 201, "no restart is needed");
    assert_eq!(shop.reserved("A").await, 2);
}

/// Asks until the server is well again by itself.
async fn until_ready(shop: &Shop) {
    let since = Instant::now();
    while shop.get("/readyz").await.status != 200 {
        assert!(since.elapsed() < PATIENCE, "the server never became well");
    }
}

/// A small file system as a data directory, unmounted when dropped.
struct SmallDisk(String);

impl SmallDisk {
    /// Only root may mount. Says so where it cannot, which is no pass: nothing was tried.
    fn under(dir: &TempDir, size: &str) -> Option<Self> {
        if !onhand_testbed::may_mount() {
            return None;
        }
        let point = dir.path().join("data");
        std::fs::create_dir(&point).expect("a mount point");
        let point = point.display().to_string();
        let options = format!("size={size}");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs", &point])
            .status()
            .expect("mount");
        assert!(mounted.success());
        Some(Self(point))
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        std::path::Path::new(&self.0).join(name)
    }

    /// Somebody else's file takes all that is left.
    fn fill(&self) {
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.file("filler")).expect("a file");
        for size in [1 << 16, 1 << 12] {
            while file.write(&vec![7; size]).is_ok_and(|written| written == size) {}
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(std::process::Command::new("umount").args(["-l", &self.0]).status());
    }
}

#[tokio::test]
async fn a5_a_full_disk_still_takes_what_frees_stock_sqlite() {
    const ORDERS: usize = 250;
    const BALLAST: u64 = 8 * 1024 * 1024;
    let dir = tempfile::tempdir().expect("a directory");
    let Some(disk) = SmallDisk::under(&dir, "40m") else { return };
    let place = Place::Sqlite(dir);
    let server = Server::start(&place);
    let shop = Shop::new(&server.url, server.api_key.as_deref().expect("a first key"));
    let ballast = || std::fs::metadata(disk.file("ballast")).map(|file| file.len()).ok();
    assert_eq!(ballast(), Some(BALLAST));
    shop.stock("A", 1_000).await;
    let mut placed = Vec::new();
    for number in 0..ORDERS {
        let answer = shop.order("A", &format!("order-{number:03}")).await.expect("an answer");
        placed.push(answer.body["id"].as_str().expect("an id").to_owned());
    }
    disk.fill();
    let mut more = 0;
    while shop.order("A", &format!("more-{more:03}")).await.expect("an answer").status == 201 {
        more += 1;
        assert!(more < 1_000, "the disk never was full");
    }
    assert_eq!(ballast(), None, "it makes room");
    // Whoever takes is refused, whoever repeats is answered, whoever reads is served, and nobody is sent here.
    let refused = shop.order("A", "too-much").await.expect("an answer");
    assert_eq!((refused.status, refused.code()), (503, "storage_full"), "{refused:?}");
    let repeated = shop.order("A", "order-007").await.expect("an answer");
    assert_eq!((repeated.status, repeated.body["id"].as_str()), (201, Some(placed[7].as_str())));
    assert_eq!(shop.reserved("A").await, i64::try_from(ORDERS + more).expect("few"));
    assert_eq!(shop.get("/readyz").await.status, 503);
    // Whoever gives back is served, more often than the log has room without being copied.
    for id in &placed {
        let answer = shop.post(&format!("/v1/orders/{id}/cancel"), id, &json!({})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(shop.reserved("A").await, i64::try_from(more).expect("few"));
    let refused = shop.order("A", "too-much").await.expect("an answer");
    assert_eq!((refused.status, refused.code()), (503, "storage_full"), "{refused:?}");
    std::fs::remove_file(disk.file("filler")).expect("removed");
    until_ready(&shop).await;
    assert_eq!(ballast(), Some(BALLAST), "it is kept again");
    assert_eq!(shop.order("A", "too-much").await.expect("an answer").status, 201, "no restart is needed");
    shop.assert_clean().await;
}
