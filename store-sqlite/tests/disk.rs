//! Disks that fail, fill up or stop taking writes (faults A3 to A7). Each puts the store into a process of its own or on
//! a file system of its own, so that nothing else is harmed.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is test code"
)]

mod shop;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use onhand_store::StoreError;
use shop::{Shop, role, spawn};

/// Runs in a process of its own; see [`shop::spawn`].
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Some((role, dir)) = role() else { return };
    let mut shop = Shop::open(&dir);
    match role.as_str() {
        "sell" => sell(&mut shop, 1).await,
        "sell much" => sell(&mut shop, 1000).await,
        "sell until full" => sell_until_full(&mut shop).await,
        "sell a little" => sell_a_little(&mut shop).await,
        other => panic!("no such role: {other}"),
    }
}

/// Sells, saying how much was acknowledged, until the outcome of a commit is unknown; then ends as a server must.
async fn sell(shop: &mut Shop, each: u64) {
    let mut sold = 0;
    println!("\nready");
    loop {
        match shop.sell(sold + 1, each).await {
            Ok(()) => sold += each,
            Err(StoreError::Unknown(why)) => {
                println!("unknown after {sold}: {why}");
                let again = shop.sell(sold + 1, each).await;
                assert!(matches!(again, Err(StoreError::Unknown(_))), "it wrote on: {again:?}");
                std::process::exit(70);
            }
            Err(other) => panic!("neither done nor unknown: {other:?}"),
        }
        assert!(sold < 200 * each, "nothing ever failed");
    }
}

/// Sells until the disk is full, shows that reading goes on, and sells again when told that there is room.
async fn sell_until_full(shop: &mut Shop) {
    let mut sold = 0;
    println!("\nready");
    let why = loop {
        match shop.sell(sold + 1, 50).await {
            Ok(()) => sold += 50,
            Err(StoreError::Full(why)) => break why,
            Err(other) => panic!("not full: {other:?}"),
        }
    };
    shop.holds_exactly(sold).await;
    let again = shop.sell(sold + 1, 50).await;
    assert!(matches!(again, Err(StoreError::Full(_))), "{again:?}");
    println!("full after {sold}: {why}");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("standard input");
    shop.sell(sold + 1, 50).await.expect("there is room again");
    shop.holds_exactly(sold + 50).await;
    println!("sold {}", sold + 50);
}

/// Commits that [`sell_a_little`] makes.
const LITTLE: u64 = 40;

/// Sells, one commit an order.
async fn sell_a_little(shop: &mut Shop) {
    for number in 1..=LITTLE {
        shop.sell(number, 1).await.expect("a sale");
    }
}

/// The first line of a child that begins with `wanted`, and the number in it.
fn line(lines: &mut impl Iterator<Item = String>, wanted: &str) -> (String, u64) {
    let mut said = Vec::new();
    for line in lines {
        if line.starts_with(wanted) {
            let number = line.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty());
            let number = number.and_then(|number| number.parse().ok()).unwrap_or(0);
            return (line, number);
        }
        said.push(line);
    }
    panic!("the child never said {wanted:?}, but {said:?}");
}

fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let out = child.stdout.take().expect("its output");
    BufReader::new(out).lines().map_while(Result::ok)
}

/// Starts a child under strace, which lets the syncs of one file fail from the `when`-th on.
fn with_failing_syncs(role: &str, dir: &Path, file: &Path, when: u32) -> Child {
    let inject = format!("inject=fdatasync,fsync:error=EIO:when={when}");
    let file = file.to_str().expect("a plain name");
    let wrapper =
        ["strace", "-f", "-qq", "-o", "/dev/null", "-P", file, "-e", "trace=fdatasync,fsync", "-e", &inject];
    spawn(role, dir, &wrapper)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_waits_for_the_disk_once_and_for_data_only() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(Shop::new(dir.path()).await);
    let trace = dir.path().join("trace");
    let log = shop::log_of(dir.path());
    let (to, log) = (trace.to_str().expect("a plain name"), log.to_str().expect("a plain name"));
    let wrapper = ["strace", "-f", "-qq", "-o", to, "-P", log, "-e", "trace=fdatasync,fsync"];
    let ended = spawn("sell a little", dir.path(), &wrapper).wait_with_output().expect("its end");
    assert!(ended.status.success(), "{ended:?}");
    let syncs = std::fs::read_to_string(&trace).expect("the calls");
    let calls = |name: &str| syncs.lines().filter(|line| line.contains(name)).count() as u64;
    assert_eq!(calls(" fsync("), 0, "SQLite was compiled without HAVE_FDATASYNC:\n{syncs}");
    // A few more for the log's header at the start and for copying the log at the end.
    let allowed = LITTLE..=LITTLE + 3;
    assert!(allowed.contains(&calls(" fdatasync(")), "{} syncs\n{syncs}", calls(" fdatasync("));
}

#[tokio::test(flavor = "multi_thread")]
async fn a3_a_failed_sync_at_commit_is_an_unknown_outcome_and_ends_the_process() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(Shop::new(dir.path()).await);
    let mut child = with_failing_syncs("sell", dir.path(), &shop::log_of(dir.path()), 12);
    let (said, sold) = line(&mut lines(&mut child), "unknown after");
    assert!(sold >= 5, "too early: {said}");
    assert_eq!(child.wait().expect("its end").code(), Some(70));

    // Wholly there or wholly absent, and the same order sent again comes to one answer.
    let mut shop = Shop::open(dir.path());
    let there = shop.has(sold + 1).await;
    shop.holds_exactly(if there { sold + 1 } else { sold }).await;
    shop.sell(sold + 1, 1).await.expect("the order again");
    shop.holds_exactly(sold + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a4_a_failed_sync_in_a_checkpoint_ends_the_process_and_loses_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(Shop::new(dir.path()).await);
    // Commits sync the log alone; the first sync of the database itself is that of a checkpoint.
    let database = dir.path().join("onhand.sqlite");
    let mut child = with_failing_syncs("sell much", dir.path(), &database, 1);
    let (said, sold) = line(&mut lines(&mut child), "unknown after");
    assert!(said.contains("checkpoint failed"), "{said}");
    assert!(sold >= 1000, "{said}");
    assert_eq!(child.wait().expect("its end").code(), Some(70));
    Shop::open(dir.path()).holds_exactly(sold).await;
}

/// Waits for a child that fills its disk, makes room, and sees it go on without a restart.
async fn fills_up_and_goes_on(mut child: Child, dir: &Path, make_room: impl FnOnce(&Child)) {
    let mut lines = lines(&mut child);
    let (said, _) = line(&mut lines, "full after");
    println!("{said}");
    make_room(&child);
    let mut input = child.stdin.take().expect("its input");
    input.write_all(b"go on\n").expect("a word to it");
    let (_, sold) = line(&mut lines, "sold");
    assert!(child.wait().expect("its end").success());
    Shop::open(dir).holds_exactly(sold).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a5_a_full_disk_refuses_writes_and_takes_them_again_when_there_is_room() {
    let Some(disk) = Disk::tmpfs("4m") else { return };
    drop(Shop::new(&disk.data()).await);
    let child = spawn("sell until full", &disk.data(), &[]);
    fills_up_and_goes_on(child, &disk.data(), |_| {
        run("mount", &["-o", "remount,size=64m", disk.point()]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a6_a_limit_on_file_sizes_is_a_full_disk() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(Shop::new(dir.path()).await);
    // Blocks of 512 bytes in dash, of 1024 in bash: 2 or 4 MiB. Without the trap the limit would be a deadly signal.
    let limited = "trap '' XFSZ; ulimit -S -f 4096; exec \"$@\"";
    let child = spawn("sell until full", dir.path(), &["sh", "-c", limited, "sh"]);
    fills_up_and_goes_on(child, dir.path(), |child| {
        run("prlimit", &["--pid", &child.id().to_string(), "--fsize=unlimited"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a7_a_disk_that_turns_read_only_can_still_be_read() {
    let Some(mut disk) = Disk::ext4() else { return };
    let mut shop = Shop::new(&disk.data()).await;
    shop.sell(1, 10).await.expect("sales");
    disk.fail();
    let refused = shop.sell(11, 1).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly(_))), "{refused:?}");
    shop.holds_exactly(10).await;
    let refused = shop.sell(11, 1).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly(_))), "{refused:?}");
    drop(shop);
    disk.repair();
    let mut shop = Shop::open(&disk.data());
    shop.holds_exactly(10).await;
    shop.sell(11, 1).await.expect("it can be written again");
    shop.holds_exactly(11).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a7_a_directory_that_cannot_be_written_is_named_at_the_start() {
    let Some(disk) = Disk::tmpfs("16m") else { return };
    drop(Shop::new(&disk.data()).await);
    run("mount", &["-o", "remount,ro", disk.point()]);
    let options = onhand_store_sqlite::Options::new(disk.data());
    match onhand_store_sqlite::SqliteStore::open(options) {
        Err(StoreError::ReadOnly(why)) => assert!(why.contains("lock"), "{why}"),
        other => panic!("{other:?}"),
    }
}

/// A file system of its own, unmounted when dropped.
struct Disk {
    dir: tempfile::TempDir,
    point: PathBuf,
}

impl Disk {
    /// Only root may mount. Says so where it cannot, which is no pass: nothing was tried.
    fn new() -> Option<Self> {
        if !onhand_testbed::may_mount() {
            return None;
        }
        let dir = tempfile::tempdir().expect("a directory");
        let point = dir.path().join("disk");
        std::fs::create_dir(&point).expect("a mount point");
        Some(Self { dir, point })
    }

    fn tmpfs(size: &str) -> Option<Self> {
        let disk = Self::new()?;
        let size = format!("size={size}");
        run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", disk.point()]);
        Some(disk)
    }

    fn ext4() -> Option<Self> {
        let disk = Self::new()?;
        run("truncate", &["-s", "64M", disk.image()]);
        run("mkfs.ext4", &["-q", "-F", disk.image()]);
        disk.mount();
        Some(disk)
    }

    fn mount(&self) {
        run("mount", &["-o", "loop,errors=remount-ro", self.image(), self.point()]);
    }

    fn image(&self) -> &str {
        // Leaked: a few bytes in a test.
        self.dir.path().join("image").display().to_string().leak()
    }

    fn point(&self) -> &str {
        self.point.to_str().expect("a plain name")
    }

    fn data(&self) -> PathBuf {
        self.point.join("data")
    }

    /// An error that makes the kernel turn the file system read-only under its users.
    fn fail(&self) {
        let found = Command::new("findmnt").args(["-no", "SOURCE", self.point()]).output().expect("findmnt");
        let device = String::from_utf8(found.stdout).expect("a name");
        let device = device.trim().trim_start_matches("/dev/");
        let switch = format!("/sys/fs/ext4/{device}/trigger_fs_error");
        std::fs::write(&switch, "1").expect(&switch);
    }

    fn repair(&mut self) {
        run("umount", &[self.point()]);
        // Exit code 1 says that something was repaired.
        let code = Command::new("e2fsck").args(["-fy", self.image()]).output().expect("e2fsck").status.code();
        assert!(matches!(code, Some(0 | 1)), "e2fsck ended with {code:?}");
        self.mount();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let ended = Command::new("umount").arg(&self.point).output();
        if !ended.is_ok_and(|output| output.status.success()) {
            eprintln!("{} stays mounted", self.point.display());
        }
    }
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().expect(program);
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
