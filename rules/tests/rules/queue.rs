//! The queue: its state table, who wins a lease, and that the last change is never lost.

use std::collections::BTreeSet;

use onhand_rules::commands::queue::{BeatJobs, ClaimJobs, End, FinishJobs, JobEnd};
use onhand_rules::commands::queue::{CancelJobs, DiscardDead, EnqueueJobs, ReplayDead, RescueJobs};
use onhand_rules::job::{JobState, NewJob};
use onhand_rules::retry::FailureClass;
use onhand_rules::{Command, EventBody, JobBody, JobId, Receipt, ShopId};

use crate::queue_world::*;

/// A job in each state, and the lease number that the one who acts holds.
fn job_in(state: &str) -> (Rows, JobId, i64) {
    let mut rows = Rows::new();
    let id = rows.enqueue(push());
    if state == "ready" {
        return (rows, id, 0);
    }
    let lease = rows.claim(id).unwrap();
    let mut run = |command: Command| drop(rows.run(command).unwrap());
    match state {
        "running" | "late" | "lost" => {}
        "back" => run(finish(id, lease, End::Snooze { until: START })),
        "waits" => run(finish(id, lease, failed(FailureClass::Server))),
        "asked" => drop(rows.enqueue(push())),
        "dead" => run(finish(id, lease, failed(FailureClass::Invalid))),
        "done" => run(finish(id, lease, well())),
        other => panic!("no state {other}"),
    }
    match state {
        "lost" => rows.now += LEASE,
        "late" => {
            rows.now += LEASE;
            rows.run(rescue(id, lease)).unwrap();
            rows.now += 60_000;
            assert_eq!(rows.claim(id), Some(lease + 1));
        }
        _ => {}
    }
    (rows, id, lease)
}

fn rescue(id: JobId, lease: i64) -> Command {
    RescueJobs { jobs: vec![(id, lease)] }.into()
}

fn cancel(id: JobId) -> Command {
    CancelJobs { jobs: vec![id], reason: "test".into() }.into()
}

fn replay(ids: &[JobId]) -> Command {
    ReplayDead { dead: ids.to_vec(), after_ms: 0, every_ms: 0 }.into()
}

fn event(name: &str, id: JobId, lease: i64, now: i64) -> Command {
    match name {
        "claim" => claim(id),
        "complete" => finish(id, lease, well()),
        "fail server" => finish(id, lease, failed(FailureClass::Server)),
        "fail auth" => finish(id, lease, failed(FailureClass::Auth)),
        "fail invalid" => finish(id, lease, failed(FailureClass::Invalid)),
        "fail gone" => finish(id, lease, failed(FailureClass::Gone)),
        "snooze" => finish(id, lease, End::Snooze { until: now + 7_000 }),
        "beat" => beat(id, lease),
        "rescue" => rescue(id, lease),
        "cancel" => cancel(id),
        "enqueue" => {
            EnqueueJobs { jobs: vec![NewJob { body: push(), class: 2, run_at: now, cause_at: None }] }.into()
        }
        "replay" => replay(&[id]),
        "discard" => DiscardDead { dead: vec![id], reason: "test".into() }.into(),
        other => panic!("no event {other}"),
    }
}

/// What became of the job: where it is, with everything that counts.
fn place(rows: &Rows, id: JobId) -> String {
    if let Some(dead) = rows.dead.get(&id) {
        let link = if dead.replayed_as.is_some() { " replayed" } else { "" };
        let end = if dead.discarded.is_some() { " discarded" } else { "" };
        return format!("dead{link}{end}");
    }
    if let Some(done) = rows.done.iter().find(|done| done.job.id == id) {
        return format!("done {}", done.outcome);
    }
    let job = &rows.jobs[&id];
    match job.state {
        JobState::Ready => {
            let counts = format!("a{} c{}", job.attempts, job.crashes);
            format!("ready +{} {counts}", (job.run_at - rows.now).max(0))
        }
        JobState::Running => {
            let again = if job.again { " again" } else { "" };
            format!("running {}{again}", job.lease_number)
        }
    }
}

fn cell(state: &str, name: &str) -> String {
    let (mut rows, id, lease) = job_in(state);
    let (jobs, dead, done) = (rows.jobs.clone(), rows.dead.clone(), rows.done.len());
    let command = event(name, id, lease, rows.now);
    let answer = rows.run(command).unwrap();
    let same = rows.jobs == jobs && rows.dead == dead && rows.done.len() == done;
    let mark = if same { "=" } else { "" };
    let stale = if is_stale(&answer) { "stale" } else { "" };
    if same { format!("{mark}{stale}") } else { format!("{stale}{}", place(&rows, id)) }
}

const STATES: [&str; 9] = ["ready", "back", "waits", "running", "asked", "lost", "late", "dead", "done"];

/// Each event, then what comes of it and in which states. `=` says that no row changed.
const TABLE: &str = "
claim
    running 1 <- ready
    running 2 <- back
    = <- waits running asked lost late dead done
complete
    done done <- running lost
    ready +0 a0 c0 <- asked
    =stale <- ready back waits late dead done
fail server
    ready +60000 a1 c0 <- running asked lost
    =stale <- ready back waits late dead done
fail auth
    ready +0 a0 c0 <- running asked lost
    =stale <- ready back waits late dead done
fail invalid
    dead <- running asked lost
    =stale <- ready back waits late dead done
fail gone
    done obsolete <- running lost
    ready +0 a0 c0 <- asked
    =stale <- ready back waits late dead done
snooze
    ready +7000 a0 c0 <- running asked lost
    =stale <- ready back waits late dead done
beat
    = <- running asked
    =stale <- ready back waits lost late dead done
rescue
    =stale <- ready back waits running asked late dead done
    ready +J a0 c1 <- lost
cancel
    done cancelled: test <- ready back waits running asked lost late
    =stale <- dead done
enqueue
    = <- ready back waits asked
    running 1 again <- running lost
    running 2 again <- late
    dead <- dead
    done done <- done
replay
    = <- ready back waits running asked lost late done
    dead replayed <- dead
discard
    =stale <- ready back waits running asked lost late done
    dead discarded <- dead
";

#[test]
fn the_state_table_holds_for_every_state_and_event() {
    let mut name = "";
    let mut seen = BTreeSet::new();
    for line in TABLE.lines().filter(|line| !line.is_empty()) {
        let Some((expected, states)) = line.split_once(" <- ") else {
            name = line;
            continue;
        };
        for state in states.split_whitespace() {
            assert!(seen.insert((name, state)), "{name} in {state} is there twice");
            let mut found = cell(state, name);
            if name == "rescue" && found.starts_with("ready +") {
                // The jitter of a rescue comes from the id: between half and the whole of five seconds.
                let wait: i64 = found["ready +".len()..].split(' ').next().unwrap().parse().unwrap();
                assert!((2_500..=5_000).contains(&wait), "{found}");
                found = found.replacen(&wait.to_string(), "J", 1);
            }
            assert_eq!(found, expected.trim(), "{name} in {state}");
        }
    }
    let events = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with(' ')).count();
    assert_eq!(seen.len(), events * STATES.len(), "every event in every state");
}

/// Small, repeatable chance.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[test]
fn one_wins_each_lease_whoever_else_tries() {
    const ENDS: [&str; 6] = ["complete", "fail server", "fail invalid", "snooze", "rescue", "cancel"];
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..1_000 {
        let (mut rows, id, lease) = job_in("lost");
        if dice.below(2) == 0 {
            rows.enqueue(push());
        }
        let contenders: Vec<&str> = (0..2 + dice.below(3)).map(|_| ENDS[dice.below(6) as usize]).collect();
        let together = dice.below(2) == 0;
        let commands: Vec<Command> = contenders.iter().map(|name| event(name, id, lease, rows.now)).collect();
        let answers = if together {
            rows.batch(commands)
        } else {
            let claims_between = dice.below(2) == 0;
            let mut answers = Vec::new();
            for command in commands {
                answers.push(rows.run(command));
                if claims_between {
                    rows.claim(id);
                }
            }
            answers
        };
        // A cancellation needs no lease: later, it may also take what is ready again.
        let winners = contenders
            .iter()
            .zip(&answers)
            .enumerate()
            .filter(|(place, (name, answer))| {
                (**name != "cancel" || *place == 0) && !is_stale(answer.as_ref().unwrap())
            })
            .count();
        assert_eq!(winners, 1, "round {round}: {contenders:?} {answers:?}");
    }
}

#[test]
fn b2_a_rescuer_that_saw_it_running_does_not_reopen_what_is_done() {
    for together in [false, true] {
        let (mut rows, id, lease) = job_in("lost");
        let commands = vec![finish(id, lease, well()), rescue(id, lease)];
        let answers: Vec<_> = if together {
            rows.batch(commands)
        } else {
            commands.into_iter().map(|command| rows.run(command)).collect()
        };
        assert!(!is_stale(answers[0].as_ref().unwrap()) && is_stale(answers[1].as_ref().unwrap()));
        assert!(rows.jobs.is_empty(), "it was reopened");
        assert_eq!(rows.done.len(), 1);

        let (mut rows, id, lease) = job_in("lost");
        assert!(!is_stale(&rows.run(rescue(id, lease)).unwrap()));
        assert!(
            is_stale(&rows.run(finish(id, lease, well())).unwrap()),
            "a late finisher counts for nothing"
        );
        assert_eq!((rows.jobs.len(), rows.done.len()), (1, 0));

        // One that failed waits in the same row, with the number of the lease that ended it.
        let (mut rows, id, lease) = job_in("lost");
        let commands = vec![finish(id, lease, failed(FailureClass::Server)), rescue(id, lease)];
        let answers: Vec<_> = if together {
            rows.batch(commands)
        } else {
            commands.into_iter().map(|command| rows.run(command)).collect()
        };
        assert!(!is_stale(answers[0].as_ref().unwrap()) && is_stale(answers[1].as_ref().unwrap()));
        assert_eq!((rows.jobs[&id].attempts, rows.jobs[&id].crashes), (1, 0), "it did not crash as well");
        // Even when the one who took it then is late, too: that is for who has seen him late.
        rows.now = rows.jobs[&id].run_at;
        let next = rows.claim(id).unwrap();
        rows.now += 2 * LEASE;
        assert!(is_stale(&rows.run(rescue(id, lease)).unwrap()));
        assert!(
            is_stale(&rows.run(finish(id, lease, well())).unwrap()),
            "the first one's end is not the second's"
        );
        assert!(!is_stale(&rows.run(rescue(id, next)).unwrap()));
    }
}

/// The number is what counts: until somebody took the job, or its deadline, the one who holds the number still works on it,
/// and taking that away would only have it done twice.
#[test]
fn b1_a_lease_that_is_past_is_lost_once_somebody_took_the_job() {
    let long = || JobBody::ImportListings { shop: ShopId(1) };
    let mut rows = Rows::new();
    let id = rows.enqueue(long());
    let lease = rows.claim(id).unwrap();
    rows.now += 2 * LEASE;
    assert!(!is_stale(&rows.run(beat(id, lease)).unwrap()), "nobody took it");
    assert_eq!(rows.jobs[&id].lease.unwrap().until, rows.now + LEASE);
    assert!(is_stale(&rows.run(rescue(id, lease)).unwrap()), "it is renewed, so it is not lost");
    for (owner, number) in [(2, lease), (1, lease + 1), (1, lease - 1)] {
        let other = BeatJobs { owner, jobs: vec![(id, number)], lease_ms: 9 * LEASE };
        assert!(is_stale(&rows.run(other).unwrap()), "somebody else's");
    }
    assert_eq!(rows.jobs[&id].lease.unwrap().until, rows.now + LEASE);

    rows.now += LEASE;
    rows.run(rescue(id, lease)).unwrap();
    assert!(is_stale(&rows.run(beat(id, lease)).unwrap()), "the rescuer took it");
    rows.now = rows.jobs[&id].run_at;
    let next = rows.claim(id).unwrap();
    assert!(is_stale(&rows.run(beat(id, lease)).unwrap()), "another one has it");
    assert!(!is_stale(&rows.run(beat(id, next)).unwrap()));
    let batch = rows.batch(vec![rescue(id, next), beat(id, next)]);
    assert!(is_stale(batch[0].as_ref().unwrap()) && !is_stale(batch[1].as_ref().unwrap()));
}

#[test]
fn b3_a_hung_handler_beats_in_vain_once_its_deadline_has_passed() {
    let (mut rows, id, lease) = job_in("running");
    // Pushes have 20 seconds.
    for second in 1..20 {
        rows.now = START + second * 1_000;
        assert!(!is_stale(&rows.run(beat(id, lease)).unwrap()));
        assert!(is_stale(&rows.run(rescue(id, lease)).unwrap()), "rescued while it lives");
    }
    rows.now = START + 20_000;
    assert!(is_stale(&rows.run(beat(id, lease)).unwrap()), "the deadline is not renewed");
    assert!(!is_stale(&rows.run(rescue(id, lease)).unwrap()));
}

#[test]
fn b3_the_third_crash_is_poison() {
    let mut rows = Rows::new();
    let id = rows.enqueue(push());
    for crash in 1..=3 {
        let lease = rows.claim(id).unwrap();
        rows.now += 30_000;
        rows.run(rescue(id, lease)).unwrap();
        assert_eq!(rows.dead.contains_key(&id), crash == 3, "crash {crash}");
        rows.now += 600_000;
    }
    assert_eq!(rows.event_count(|event| matches!(event, EventBody::JobDied { .. })), 1);
}

#[test]
fn one_cause_is_one_notice_however_many_die_of_it() {
    let mut rows = Rows::new();
    for number in 0..5 {
        let id = rows.enqueue(nothing(number));
        let lease = rows.claim(id).unwrap();
        rows.run(finish(id, lease, failed(FailureClass::Invalid))).unwrap();
    }
    let notice = rows.notices.values().next().unwrap();
    assert_eq!((rows.notices.len(), notice.count), (1, 5));
    assert_eq!(notice.key, "retries_exhausted:nothing:invalid:c");
    assert_eq!(rows.event_count(|event| matches!(event, EventBody::NoticeChanged { .. })), 1);
}

/// The other side of Q11: what the marketplace shows is what the last run read.
#[test]
fn b9_ten_thousand_changes_and_the_last_is_what_is_told() {
    let mut dice = Dice(42);
    let mut rows = Rows::new();
    let (mut wanted, mut told, mut sent) = (0_u32, 0_u32, 0_u32);
    // The run that is on its way: its lease, and what it read once it has.
    let mut run: Option<(i64, Option<u32>)> = None;
    let mut id = JobId(0);
    while wanted < 10_000 {
        rows.now += 1;
        match (dice.below(8), run) {
            (0..=3, _) => {
                wanted += 1;
                id = rows.enqueue(push());
                assert_eq!(rows.jobs.len(), 1);
            }
            (4, None) if rows.jobs.contains_key(&id) => {
                rows.now = rows.now.max(rows.jobs[&id].run_at);
                run = rows.claim(id).map(|lease| (lease, None));
            }
            (5, Some((lease, None))) => run = Some((lease, Some(wanted))),
            (6, Some((lease, Some(figure)))) => {
                (told, sent) = (figure, sent + 1);
                assert!(!is_stale(&rows.run(finish(id, lease, well())).unwrap()));
                run = None;
            }
            (7, Some((lease, read))) => {
                match dice.below(4) {
                    0 => drop(rows.run(finish(id, lease, failed(FailureClass::RateLimited))).unwrap()),
                    1 => drop(rows.run(finish(id, lease, End::Snooze { until: rows.now + 5 })).unwrap()),
                    2 => drop(rows.run(finish(id, lease, failed(FailureClass::Auth))).unwrap()),
                    // Read and sent, but the answer is lost.
                    _ => {
                        told = read.unwrap_or(told);
                        rows.run(finish(id, lease, failed(FailureClass::RateLimited))).unwrap();
                    }
                }
                run = None;
            }
            _ => {}
        }
    }
    if let Some((lease, _)) = run {
        rows.run(finish(id, lease, End::Snooze { until: rows.now })).unwrap();
    }
    while rows.jobs.contains_key(&id) {
        rows.now = rows.now.max(rows.jobs[&id].run_at);
        let lease = rows.claim(id).unwrap();
        told = wanted;
        rows.run(finish(id, lease, well())).unwrap();
    }
    assert_eq!(told, wanted);
    assert!(sent < 5_000, "{sent} requests for 10,000 changes");
    assert!(rows.dead.is_empty());
}

/// The same without the drain that reads for itself: a change after the read must leave a job behind, always.
#[test]
fn b9_a_change_after_the_read_never_goes_without_a_job() {
    let mut dice = Dice(7);
    let mut rows = Rows::new();
    let (mut wanted, mut told) = (0_u32, 0_u32);
    for _ in 0..10_000 {
        let id = rows.enqueue(push());
        wanted += 1;
        let Some(lease) = rows.claim(id) else { continue };
        let read = wanted;
        for _ in 0..dice.below(3) {
            wanted += 1;
            rows.enqueue(push());
        }
        rows.run(finish(id, lease, well())).unwrap();
        told = told.max(read);
        assert_eq!(rows.jobs.is_empty(), told == wanted, "{wanted} wanted, {told} told");
    }
}

/// Ten thousand and some dead jobs.
fn graveyard() -> (Rows, Vec<JobId>) {
    let mut rows = Rows::new();
    let mut ids = Vec::new();
    for block in 0..11 {
        let new = |number| NewJob { body: nothing(number), class: 3, run_at: START, cause_at: None };
        let jobs = (block * 1_000..(block + 1) * 1_000).map(new).collect();
        let Receipt::Enqueued { jobs } = rows.run(EnqueueJobs { jobs }).unwrap() else { panic!() };
        rows.run(ClaimJobs { owner: 1, lease_ms: LEASE, jobs: jobs.clone() }).unwrap();
        let end = || failed(FailureClass::Invalid);
        let ends = jobs.iter().map(|job| JobEnd { job: *job, lease: 1, end: end() }).collect();
        rows.run(FinishJobs { ends }).unwrap();
        ids.extend(jobs);
    }
    (rows, ids)
}

#[test]
fn b11_dead_jobs_stay_and_are_replayed_once_however_often_it_is_asked() {
    let (mut rows, ids) = graveyard();
    assert_eq!(rows.dead.len(), 11_000, "none is evicted");
    rows.run(DiscardDead { dead: ids[..10].to_vec(), reason: "old".into() }).unwrap();
    let paced = ReplayDead { dead: ids.clone(), after_ms: 1_000, every_ms: 50 };
    let answers = rows.batch(vec![paced.clone().into(), paced.clone().into()]);
    let counts: Vec<usize> = answers
        .iter()
        .map(|answer| match answer {
            Ok(Receipt::Replayed { jobs }) => jobs.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(counts, [10_990, 0], "asked twice at once");
    assert_eq!(rows.run(paced).unwrap(), Receipt::Replayed { jobs: Vec::new() }, "and once more");
    assert_eq!((rows.dead.len(), rows.jobs.len()), (11_000, 10_990), "the originals are kept");
    for (place, id) in ids[10..].iter().enumerate() {
        let new = rows.dead[id].replayed_as.unwrap();
        let job = &rows.jobs[&new];
        assert_eq!(job.replay_of, Some(*id));
        assert_eq!(job.run_at, START + 1_000 + 50 * place as i64, "paced");
        assert_eq!((job.attempts, job.lease_number), (0, 0));
    }
}
