//! When a job runs again, row by row of the table in `docs/queue.md`.

use onhand_rules::commands::queue::{End, EnqueueJobs, HurryJobs, ReplayDead, RescueJobs, SettleCause};
use onhand_rules::job::{JobState, NewJob};
use onhand_rules::retry::{FailureClass, LOCKED_MAX, RETRY_AFTER_MAX, cause};
use onhand_rules::{EventBody, JobBody, JobId, Receipt, ShopId};

use crate::queue_world::*;
use FailureClass::{
    Auth, Conflict, Crash, Forbidden, Gone, Invalid, Locked, Network, RateLimited, Server, Unclear,
    Undecodable,
};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const SERVER: [i64; 3] = [MINUTE, 5 * MINUTE, 15 * MINUTE];
const SERVER_PUSH: [i64; 5] = [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, 60 * MINUTE];
const NETWORK: [i64; 4] = [SECOND, 5 * SECOND, 15 * SECOND, 60 * SECOND];

/// Not a push.
fn poll() -> JobBody {
    JobBody::PollOrders { shop: ShopId(1) }
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
enum Then {
    /// It runs again after so many milliseconds.
    After(i64),
    Dead,
    Done,
}

/// Claims the job when it is due and ends the attempt so.
fn fail(rows: &mut Rows, id: JobId, class: FailureClass, jitter: u16, said: Option<i64>) -> Then {
    rows.now = rows.now.max(rows.jobs[&id].run_at);
    let lease = rows.claim(id).unwrap();
    let (code, message) = ("c".into(), "m".into());
    let end = End::Failed { class, code, message, retry_after_ms: said, jitter };
    assert!(!is_stale(&rows.run(finish(id, lease, end)).unwrap()));
    after(rows, id)
}

fn after(rows: &Rows, id: JobId) -> Then {
    match rows.jobs.get(&id) {
        Some(job) => Then::After(job.run_at - rows.now),
        None if rows.dead.contains_key(&id) => Then::Dead,
        None => Then::Done,
    }
}

/// All delays until the job is dead, with the whole of each.
fn until_dead(body: JobBody, classes: impl IntoIterator<Item = FailureClass>) -> Vec<i64> {
    let mut rows = Rows::new();
    let id = rows.enqueue(body);
    let mut delays = Vec::new();
    for class in classes {
        match fail(&mut rows, id, class, u16::MAX, None) {
            Then::After(delay) => delays.push(delay),
            Then::Dead => return delays,
            Then::Done => panic!("done after {delays:?}"),
        }
    }
    panic!("not dead after {delays:?}");
}

fn always(class: FailureClass) -> impl Iterator<Item = FailureClass> {
    std::iter::repeat_n(class, 200)
}

#[test]
fn each_class_that_is_tried_again_has_its_delays_and_then_dies() {
    let push_network = [&NETWORK[..], &SERVER_PUSH].concat();
    let conflict = [&[100; 3][..], &SERVER].concat();
    let locked = vec![15 * MINUTE; LOCKED_MAX as usize];
    let rows = [
        (Server, poll(), SERVER.to_vec()),
        (Server, push(), SERVER_PUSH.to_vec()),
        (Network, poll(), [&NETWORK[..], &SERVER].concat()),
        (Network, push(), push_network.clone()),
        (Unclear, poll(), [&NETWORK[..], &SERVER].concat()),
        (Unclear, push(), push_network),
        (Conflict, poll(), conflict.clone()),
        (Conflict, push(), [&[100; 3][..], &SERVER_PUSH].concat()),
        (Locked, push(), locked.clone()),
        (Locked, poll(), locked),
        (Crash, poll(), vec![5 * SECOND, MINUTE]),
    ];
    for (class, body, delays) in rows {
        assert_eq!(until_dead(body.clone(), always(class)), delays, "{class:?} of {}", body.kind());
    }
    assert_eq!(LOCKED_MAX, 24 * 4, "a day");
}

#[test]
fn delays_are_between_half_and_the_whole() {
    for (class, whole) in [(Server, MINUTE), (Network, SECOND), (Conflict, 100), (Locked, 15 * MINUTE)] {
        for (jitter, expected) in [(0, whole / 2), (u16::MAX, whole)] {
            let mut rows = Rows::new();
            let id = rows.enqueue(push());
            assert_eq!(fail(&mut rows, id, class, jitter, None), Then::After(expected), "{class:?} {jitter}");
        }
    }
}

#[test]
fn what_cannot_be_mended_by_waiting_ends_at_once() {
    for class in [Forbidden, Invalid, Undecodable, Gone] {
        let mut rows = Rows::new();
        let id = rows.enqueue(push());
        let then = if class == Gone { Then::Done } else { Then::Dead };
        assert_eq!(fail(&mut rows, id, class, 0, None), then, "{class:?}");
    }
}

#[test]
fn b8_a_429_uses_up_nothing_however_often() {
    let mut rows = Rows::new();
    let id = rows.enqueue(poll());
    for turn in 0..100 {
        let floor = [5 * SECOND, 10 * SECOND, 30 * SECOND][turn.min(2)];
        let Then::After(delay) = fail(&mut rows, id, RateLimited, u16::MAX, None) else { panic!("dead") };
        assert!((floor..=floor + SECOND / 2).contains(&delay), "turn {turn}: {delay}");
        assert_eq!((rows.jobs[&id].attempts, rows.jobs[&id].crashes), (0, 0));
    }
    for (said, expected) in [(0, 1), (40 * SECOND, 40 * SECOND), (24 * 60 * MINUTE, RETRY_AFTER_MAX)] {
        assert_eq!(fail(&mut rows, id, RateLimited, 0, Some(said)), Then::After(expected), "they say {said}");
    }
    // A series ends with the first other answer.
    fail(&mut rows, id, Server, 0, None);
    assert_eq!(fail(&mut rows, id, RateLimited, 0, None), Then::After(5 * SECOND));
}

#[test]
fn a_dead_token_uses_up_nothing_and_the_job_waits_for_its_shop() {
    let mut rows = Rows::new();
    let id = rows.enqueue(poll());
    fail(&mut rows, id, Server, 0, None);
    for _ in 0..100 {
        assert_eq!(fail(&mut rows, id, Auth, 0, None), Then::After(0));
        assert_eq!(rows.jobs[&id].attempts, 1);
    }
    assert_eq!(fail(&mut rows, id, Server, u16::MAX, None), Then::After(SERVER[1]), "what was spent is kept");
}

/// Trouble on the way to the marketplace does not use up the patience with the marketplace, nor one with the other.
#[test]
fn classes_do_not_use_up_each_others_attempts() {
    let push_after = |before: &[FailureClass], then| {
        until_dead(push(), before.iter().copied().chain(always(then)))[before.len()..].to_vec()
    };
    let poll_after = |before: &[FailureClass], then| {
        until_dead(poll(), before.iter().copied().chain(always(then)))[before.len()..].to_vec()
    };
    assert_eq!(poll_after(&[Network; 4], Server), SERVER);
    assert_eq!(poll_after(&[Conflict; 3], Server), SERVER);
    assert_eq!(poll_after(&[Crash; 2], Server), SERVER);
    assert_eq!(push_after(&[Locked; 90], Server), SERVER_PUSH);
    assert_eq!(poll_after(&[Server; 2], Network), [&NETWORK[..], &SERVER[2..]].concat());
    assert_eq!(poll_after(&[Server; 2], Conflict), [&[100; 3][..], &SERVER[2..]].concat());
    assert_eq!(push_after(&[Server; 3], Locked).len(), LOCKED_MAX as usize);
    assert_eq!(poll_after(&[RateLimited, Auth, Server], Crash), [5 * SECOND, MINUTE]);
}

/// In whatever order failures come, a job is given up after a bounded number that count.
#[test]
fn no_series_of_failures_goes_on_for_ever() {
    let all = [Server, Network, Conflict, Locked, Unclear];
    let series = (0..2_000).map(|turn| all[turn % all.len()]);
    let delays = until_dead(push(), series);
    assert!(delays.len() <= 4 + 3 + 5 + LOCKED_MAX as usize, "{}", delays.len());
}

#[test]
fn a_good_end_forgets_what_was_spent() {
    let mut rows = Rows::new();
    let id = rows.enqueue(push());
    for class in [Server, Server, Network, Conflict] {
        fail(&mut rows, id, class, 0, None);
    }
    assert_eq!(rows.jobs[&id].attempts, 4);
    rows.now = rows.jobs[&id].run_at;
    let lease = rows.claim(id).unwrap();
    rows.enqueue(push());
    rows.run(finish(id, lease, well())).unwrap();
    assert_eq!((after(&rows, id), rows.jobs[&id].attempts), (Then::After(0), 0));
    assert_eq!(fail(&mut rows, id, Server, u16::MAX, None), Then::After(SERVER_PUSH[0]));
}

#[test]
fn a_lost_lease_is_a_crash_and_keeps_what_was_spent() {
    let mut rows = Rows::new();
    let id = rows.enqueue(push());
    fail(&mut rows, id, Server, 0, None);
    rows.now = rows.jobs[&id].run_at;
    let lease = rows.claim(id).unwrap();
    rows.now += LEASE;
    rows.run(RescueJobs { jobs: vec![(id, lease)] }).unwrap();
    let job = &rows.jobs[&id];
    assert_eq!((job.attempts, job.crashes), (1, 1));
    assert_eq!(fail(&mut rows, id, Server, u16::MAX, None), Then::After(SERVER_PUSH[1]));
}

#[test]
fn a_retry_is_not_brought_forward_by_asking_again() {
    for class in [Server, Network, Conflict, Locked, RateLimited, Crash] {
        let mut rows = Rows::new();
        let id = rows.enqueue(push());
        fail(&mut rows, id, class, u16::MAX, None);
        let before = rows.jobs[&id].run_at;
        assert_eq!(rows.enqueue(push()), id);
        assert_eq!(rows.jobs[&id].run_at, before, "{class:?}");
    }
}

/// The same push asked for again, as a sale does it or as a person.
fn ask(rows: &mut Rows, class: i16) -> JobId {
    rows.now += 1;
    let new = NewJob { body: push(), class, run_at: rows.now, cause_at: None };
    let Receipt::Enqueued { jobs } = rows.run(EnqueueJobs { jobs: vec![new] }).unwrap() else {
        panic!("jobs")
    };
    jobs[0]
}

fn hurry(rows: &mut Rows, id: JobId) -> bool {
    !is_stale(&rows.run(HurryJobs { jobs: vec![id] }).unwrap())
}

#[test]
fn a_change_of_stock_does_not_cut_a_delay_short_and_a_shop_that_is_well_again_does() {
    let rows = [
        (Server, true),
        (Network, true),
        (Unclear, true),
        (RateLimited, false),
        (Locked, false),
        (Conflict, false),
        (Crash, false),
    ];
    for (class, hurried) in rows {
        let mut rows = Rows::new();
        let id = rows.enqueue(push());
        fail(&mut rows, id, class, u16::MAX, Some(60_000));
        let waits = rows.jobs[&id].run_at;
        assert_eq!(ask(&mut rows, 1), id);
        assert_eq!(rows.jobs[&id].run_at, waits, "{class:?}: what it waits out still stands");
        assert_eq!(hurry(&mut rows, id), hurried, "{class:?}");
        let due = if hurried { rows.now } else { waits };
        assert_eq!(rows.jobs[&id].run_at, due, "{class:?}");
        assert!(!hurry(&mut rows, id), "{class:?}: once");
    }
}

#[test]
fn what_runs_is_done_or_never_failed_is_not_hurried() {
    let mut rows = Rows::new();
    let id = rows.enqueue(push());
    assert!(!hurry(&mut rows, id), "it has no failure");
    rows.claim(id).unwrap();
    assert!(!hurry(&mut rows, id), "it runs");
    assert!(!hurry(&mut rows, JobId(7)), "it is not there");
}

/// A shop that answers some calls and not others opens and closes its breaker again and again: its jobs must not be used up
/// by that faster than by their delays.
#[test]
fn a_delay_that_was_cut_short_is_not_used_up() {
    for class in [Server, Network, Unclear] {
        let mut rows = Rows::new();
        let id = rows.enqueue(push());
        for _ in 0..50 {
            assert!(matches!(fail(&mut rows, id, class, u16::MAX, None), Then::After(_)), "{class:?}");
            rows.now += 1;
            assert!(hurry(&mut rows, id));
        }
        let mut delays = Vec::new();
        while let Then::After(delay) = fail(&mut rows, id, class, u16::MAX, None) {
            delays.push(delay);
        }
        let whole =
            if class == Server { SERVER_PUSH.to_vec() } else { [&NETWORK[..], &SERVER_PUSH].concat() };
        assert_eq!(delays, whole, "{class:?}");
    }
}

#[test]
fn a_delay_of_the_servers_that_a_network_failure_used_is_given_back_as_such() {
    let mut rows = Rows::new();
    let id = rows.enqueue(push());
    for _ in 0..NETWORK.len() + 1 {
        fail(&mut rows, id, Network, u16::MAX, None);
    }
    rows.now += 1;
    assert!(hurry(&mut rows, id));
    assert_eq!(fail(&mut rows, id, Network, u16::MAX, None), Then::After(SERVER_PUSH[0]));
}

#[test]
fn a_replay_brings_what_waits_forward_and_what_it_waited_for_is_not_used_up() {
    let mut rows = Rows::new();
    let dead = rows.enqueue(push());
    fail(&mut rows, dead, Invalid, 0, None);
    let id = ask(&mut rows, 3);
    fail(&mut rows, id, Server, u16::MAX, None);
    rows.now += 1;
    rows.run(ReplayDead { dead: vec![dead], after_ms: 0, every_ms: 0 }).unwrap();
    assert_eq!(rows.jobs[&id].run_at, rows.now, "it is the same work");
    assert_eq!(fail(&mut rows, id, Server, u16::MAX, None), Then::After(SERVER_PUSH[0]));
}

#[test]
fn whoever_is_asked_for_takes_the_better_class_waiting_or_running() {
    let mut rows = Rows::new();
    let id = ask(&mut rows, 3);
    assert_eq!(ask(&mut rows, 4), id);
    assert_eq!(rows.jobs[&id].class, 3);
    ask(&mut rows, 2);
    assert_eq!(rows.jobs[&id].class, 2, "waiting");
    let lease = rows.claim(id).unwrap();
    ask(&mut rows, 1);
    rows.run(finish(id, lease, well())).unwrap();
    assert_eq!((rows.jobs[&id].class, rows.jobs[&id].state), (1, JobState::Ready), "running, so once more");
}

/// What was sent by an attempt that was cut off may still arrive: the job knows it until it is done.
#[test]
fn e2_a_job_knows_that_an_attempt_was_cut_off_until_it_is_done() {
    let mut rows = Rows::new();
    let id = rows.enqueue(push());
    fail(&mut rows, id, Network, 0, None);
    assert!(!rows.jobs[&id].was_cut_off(), "that one has said what it sent");
    fail(&mut rows, id, Crash, 0, None);
    assert!(rows.jobs[&id].was_cut_off());
    fail(&mut rows, id, Server, 0, None);
    assert!(rows.jobs[&id].was_cut_off(), "whatever failed since");
    rows.now = rows.jobs[&id].run_at;
    let lease = rows.claim(id).unwrap();
    ask(&mut rows, 1);
    rows.run(finish(id, lease, well())).unwrap();
    assert!(!rows.jobs[&id].was_cut_off(), "it is done, and runs once more");
    rows.now += 1;
    let lease = rows.claim(id).unwrap();
    let end = End::PutBack { code: "stopped".into(), message: "m".into() };
    rows.run(finish(id, lease, end)).unwrap();
    let job = &rows.jobs[&id];
    assert_eq!(
        (job.run_at, job.attempts, job.crashes),
        (rows.now, 0, 0),
        "nothing counts, and it runs at once"
    );
    assert!(job.was_cut_off());
}

#[test]
fn a_cause_is_settled_only_by_who_has_seen_its_last_death() {
    let mut rows = Rows::new();
    let die = |rows: &mut Rows| {
        let id = rows.enqueue(nothing("x"));
        let lease = rows.claim(id).unwrap();
        rows.run(finish(id, lease, failed(FailureClass::Invalid))).unwrap();
        rows.notices.values().next().unwrap().version
    };
    let subject = cause(nothing("x").number(), FailureClass::Invalid, "c");
    let settle = |rows: &mut Rows, version| {
        rows.run(SettleCause { subject: subject.clone(), version }).unwrap();
        !rows.notices.values().next().unwrap().open
    };
    let first = die(&mut rows);
    let second = die(&mut rows);
    assert!(!settle(&mut rows, first), "one more died since");
    assert!(settle(&mut rows, second));
    assert_eq!(rows.event_count(|event| matches!(event, EventBody::NoticeChanged { open: false, .. })), 1);
    let version = rows.notices.values().next().unwrap().version;
    assert!(settle(&mut rows, version));
    assert_eq!(rows.notices.values().next().unwrap().version, version, "settled once");
    die(&mut rows);
    let notice = rows.notices.values().next().unwrap();
    assert_eq!((notice.open, notice.count), (true, 1), "it happens again");
}
