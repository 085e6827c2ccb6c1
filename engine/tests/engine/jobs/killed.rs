//! Processes that are really gone: killed, or taken along by a job. Each of these tests runs itself once more as the process
//! that dies.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use onhand_engine::jobs::RunnerSettings;
use onhand_rules::job::JobState;
use onhand_store::faulty::Call;

use super::desk::{Desk, becomes, dead, drained, enqueue, finished, job, quick, run, running, stop};
use crate::stage::{Stage, quiet, until, within};

/// Says in its environment where the process that dies is to work.
const PLACE: &str = "ONHAND_TEST_PLACE";
/// … and where it writes that it has come as far as it should.
const MARK: &str = "ONHAND_TEST_MARK";
const SIGABRT: i32 = 6;

/// With leases that are over soon after the process is.
fn short() -> RunnerSettings {
    RunnerSettings { lease: Duration::from_millis(400), beat: Duration::from_millis(100), ..quick() }
}

fn again(test: &str, place: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", test, "--nocapture"]).env(PLACE, place);
    command
}

/// Panics while it panics: nothing catches that.
struct Twice;

impl Drop for Twice {
    fn drop(&mut self) {
        panic!("and once more");
    }
}

pub(super) fn panic_twice() {
    let _twice = Twice;
    panic!("as asked");
}

/// A job that takes its process along: it is counted as a crash, the others are done, and the third time it is poison.
async fn taken_along(test: &str, open: impl AsyncFn() -> Stage) {
    if let Ok(place) = std::env::var(PLACE) {
        let engine = Stage::at(&place).await.engine().await;
        let _runner = run(&engine, &Desk::new(), short());
        return within("the end of this process", std::future::pending()).await;
    }
    let mut stage = open().await;
    let engine = stage.engine().await;
    let mut jobs = vec![job("panic-twice")];
    jobs.extend((0..20).map(|n| job(&n.to_string())));
    let bad = enqueue(&engine, jobs).await[0];
    engine.stop().await;
    drop(engine);
    for crash in 1..=3 {
        let status;
        (stage, status) = stage
            .lend(async |place| {
                let mut child = again(test, place);
                tokio::task::spawn_blocking(move || child.status())
                    .await
                    .expect("no panic")
                    .expect("a process")
            })
            .await;
        assert_eq!(status.signal(), Some(SIGABRT), "{status}");
        stage.pass(2_000).await;
        let engine = stage.engine().await;
        // Nobody may take the bad one before it has been looked at.
        let rescuer = RunnerSettings { lanes: vec![("product_sync".into(), 0)], ..short() };
        let runner = run(&engine, &Desk::new(), rescuer);
        let is_over = async || running(&engine).await == 0;
        within("leases are over with their time", async {
            while !is_over().await {
                tokio::task::yield_now().await;
            }
        })
        .await;
        stop(&runner).await;
        if crash < 3 {
            becomes(&engine, bad, "the crash is counted", |job| {
                job.is_some_and(|job| job.state == JobState::Ready && job.crashes == crash)
            })
            .await;
            stage.pass(61_000).await;
        }
        engine.stop().await;
    }
    let engine = stage.engine().await;
    let dead = dead(&engine).await;
    assert_eq!((dead.len(), dead[0].job.id, dead[0].job.crashes), (1, bad, 3));
    // Who was beside it is done, and every slot is there.
    let desk = Desk::new();
    let runner = run(&engine, &desk, quick());
    drained(&engine).await;
    assert_eq!(finished(&engine).await, 20);
    enqueue(&engine, (0..10).map(|_| job("wait")).collect()).await;
    until("ten run at once", || runner.running() == 10).await;
    desk.open(10);
    stop(&runner).await;
    stage.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_a_job_that_takes_its_process_along_sqlite() {
    taken_along("jobs::killed::b4_a_job_that_takes_its_process_along_sqlite", Stage::sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_a_job_that_takes_its_process_along_postgres() {
    taken_along("jobs::killed::b4_a_job_that_takes_its_process_along_postgres", Stage::postgres).await;
}

/// Ten jobs have had their effect, and their process is killed at the commit of their ends: before it, or when it is durable
/// and nobody was told.
async fn killed_at_the_end(test: &str, open: impl AsyncFn() -> Stage) {
    if let Ok(place) = std::env::var(PLACE) {
        let (engine, plan) = Stage::at(&place).await.faulty(quiet()).await;
        let desk = Desk::new();
        let _runner = run(&engine, &desk, RunnerSettings { beat: Duration::from_secs(3_600), ..short() });
        desk.starts(10).await;
        let mark = std::env::var(MARK).expect("a mark");
        let gate = plan.hold(if mark.contains("before") { Call::BeforeCommit } else { Call::AfterCommit });
        desk.open(10);
        within("the commit", gate.reached()).await;
        std::fs::write(mark, "").expect("a file");
        return within("the end of this process", std::future::pending()).await;
    }
    for moment in ["before", "after"] {
        let stage = open().await;
        let engine = stage.engine().await;
        enqueue(&engine, (0..10).map(|_| job("wait")).collect()).await;
        engine.stop().await;
        drop(engine);
        let dir = tempfile::tempdir().expect("a directory");
        let mark = dir.path().join(moment);
        let (stage, ()) = stage.lend(async |place| kill_at(again(test, place), &mark).await).await;
        let engine = stage.engine().await;
        let done_before = finished(&engine).await;
        match moment {
            "before" => assert_eq!(done_before, 0, "nothing of it was durable"),
            _ => assert!(done_before >= 1, "something of it was"),
        }
        let desk = Desk::new();
        desk.open(10);
        stage.pass(2_000).await;
        let runner = run(&engine, &desk, quick());
        let lost = 10 - done_before as u64;
        until("their leases are taken back", || engine.metrics().queue.rescues.get() == lost).await;
        stage.pass(61_000).await;
        drained(&engine).await;
        stop(&runner).await;
        assert_eq!(finished(&engine).await, 10, "{moment}: none is lost");
        assert_eq!(desk.started(), 10 - done_before, "{moment}: what was done is not done again");
        assert!(desk.runs().values().all(|runs| *runs == 1), "one effect more for a takeover");
        assert_eq!(engine.metrics().queue.rescues.get(), lost, "each once");
        stage.verify().await;
        engine.stop().await;
    }
}

/// Starts it and kills it when it has made its mark.
async fn kill_at(mut command: Command, mark: &Path) {
    let mut child = command.env(MARK, mark).spawn().expect("a process");
    until("the mark", || mark.exists() || child.try_wait().expect("a process").is_some()).await;
    child.kill().expect("killed");
    let status = child.wait().expect("ended");
    assert_eq!(status.signal(), Some(9), "{status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b6_killed_when_ends_are_on_their_way_sqlite() {
    killed_at_the_end("jobs::killed::b6_killed_when_ends_are_on_their_way_sqlite", Stage::sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b6_killed_when_ends_are_on_their_way_postgres() {
    killed_at_the_end("jobs::killed::b6_killed_when_ends_are_on_their_way_postgres", Stage::postgres).await;
}
