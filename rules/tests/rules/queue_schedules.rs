//! What fires by the clock, and what people may set.

use onhand_rules::commands::queue::{EnqueueJobs, FireSchedule, PurgeDone, PutSetting};
use onhand_rules::job::NewJob;
use onhand_rules::setting::{kind_pause_key, lane_key, schedule_key};
use onhand_rules::{Receipt, Refusal, Setting};

use crate::queue_world::*;

fn fire(fire_at: impl Into<Option<i64>>) -> FireSchedule {
    let job = NewJob { body: nothing("tick"), class: 3, run_at: 0, cause_at: None };
    FireSchedule { name: "tick".into(), fire_at: fire_at.into(), every_ms: 60_000, jobs: vec![job] }
}

fn next_at(rows: &Rows) -> i64 {
    match rows.settings.get(&schedule_key("tick")) {
        Some(Setting::Schedule { next_at, .. }) => *next_at,
        other => panic!("{other:?}"),
    }
}

#[test]
fn b12_two_leaders_fire_once() {
    let mut rows = Rows::new();
    rows.batch(vec![fire(None).into(), fire(None).into()]);
    assert_eq!(rows.jobs.len(), 1, "new, both at once");
    rows.run(fire(None)).unwrap();
    assert_eq!(rows.jobs.len(), 1, "new, one late");
    for round in 2..=20 {
        let due = next_at(&rows);
        rows.now = due - 1;
        rows.run(fire(due)).unwrap();
        assert_eq!(rows.jobs.len(), round - 1, "early");
        rows.now = due + 3;
        rows.batch(vec![fire(due).into(), fire(due).into()]);
        rows.run(fire(due)).unwrap();
        assert_eq!(rows.jobs.len(), round);
    }
}

#[test]
fn b12_three_hours_missed_are_made_up_for_once() {
    let mut rows = Rows::new();
    rows.run(fire(None)).unwrap();
    let due = next_at(&rows);
    rows.now += 3 * 3_600_000;
    rows.run(fire(due)).unwrap();
    assert_eq!(rows.jobs.len(), 2);
    assert_eq!(next_at(&rows), rows.now + 60_000);
    let refused = rows.run(FireSchedule { every_ms: 0, ..fire(None) });
    assert_eq!(refused, Err(Refusal::OutOfRange));
}

/// The schedule as people set it: every so many milliseconds, next as they would like it.
fn set(every_ms: i64, next_at: i64) -> PutSetting {
    PutSetting { key: schedule_key("tick"), value: Some(Setting::Schedule { every_ms, next_at }) }
}

#[test]
fn b12_a_schedule_that_is_there_is_not_fired_as_if_it_were_not() {
    for next_at in [0, 1, START] {
        let mut rows = Rows::new();
        rows.settings.insert(schedule_key("tick"), Setting::Schedule { every_ms: 60_000, next_at });
        rows.run(fire(None)).unwrap();
        assert!(rows.jobs.is_empty(), "not there? It is, at {next_at}");
        rows.run(fire(next_at)).unwrap();
        assert_eq!(rows.jobs.len(), 1);
    }
    let mut rows = Rows::new();
    rows.run(fire(0)).unwrap();
    assert!(rows.jobs.is_empty() && rows.settings.is_empty(), "there is none at 0");
}

#[test]
fn b12_people_say_how_often_and_not_when() {
    let mut rows = Rows::new();
    rows.run(fire(None)).unwrap();
    let due = next_at(&rows);
    for wish in [0, 1, START, i64::MAX] {
        rows.run(set(3_600_000, wish)).unwrap();
        assert_eq!(next_at(&rows), due, "rarer from then on, {wish}");
        rows.run(fire(due)).unwrap();
        assert_eq!(rows.jobs.len(), 1, "not yet");
    }
    rows.run(set(2_000, i64::MAX)).unwrap();
    assert_eq!(next_at(&rows), rows.now + 2_000, "sooner, at most one interval from now");
    rows.now += 1_000;
    assert_eq!(rows.run(set(2_000, 0)).unwrap(), Receipt::Kept { version: 0, changed: false });
    assert_eq!(next_at(&rows), START + 2_000, "asking again does not put it off");
    rows.now = START + 2_000;
    rows.run(fire(START + 2_000)).unwrap();
    assert_eq!(rows.jobs.len(), 2);

    let mut rows = Rows::new();
    rows.run(set(5_000, 0)).unwrap();
    assert_eq!(next_at(&rows), START + 5_000, "one that is not there yet begins with an interval");
}

#[test]
fn people_may_set_lanes_and_pauses_and_nothing_of_the_machinery() {
    let mut rows = Rows::new();
    let lane = Setting::Lane { concurrency: 4, paused: true };
    let pause = Setting::KindPaused { reason: "test".into() };
    let mut put = |key: String, value| rows.run(PutSetting { key, value });
    let kept = |changed| Ok(Receipt::Kept { version: 0, changed });
    assert_eq!(put(lane_key("x"), Some(lane.clone())), kept(true));
    assert_eq!(put(lane_key("x"), Some(lane.clone())), kept(false), "the same again changes nothing");
    assert_eq!(put(lane_key("x"), None), kept(true));
    assert_eq!(put(kind_pause_key("push_stock"), Some(pause.clone())), kept(true));
    for (key, value) in [
        ("publisher".to_owned(), None),
        ("publisher".to_owned(), Some(Setting::Publisher { event: 0 })),
        ("bucket:1:x".to_owned(), None),
        ("oauth:s".to_owned(), None),
        (kind_pause_key("push_stock"), Some(lane)),
        (lane_key("x"), Some(pause)),
        (lane_key("x"), Some(Setting::Lane { concurrency: 1_001, paused: false })),
        (schedule_key("x"), Some(Setting::Schedule { every_ms: 999, next_at: 0 })),
    ] {
        assert_eq!(put(key.clone(), value), Err(Refusal::OutOfRange), "{key}");
    }
}

#[test]
fn bounds_of_the_queue() {
    let mut rows = Rows::new();
    let job = NewJob { body: nothing("x"), class: 9, run_at: 0, cause_at: None };
    assert_eq!(rows.run(EnqueueJobs { jobs: Vec::new() }), Err(Refusal::OutOfRange));
    assert_eq!(rows.run(EnqueueJobs { jobs: vec![job.clone(); 1_001] }), Err(Refusal::OutOfRange));
    rows.run(EnqueueJobs { jobs: vec![job] }).unwrap();
    let found = rows.jobs.values().next().unwrap();
    assert_eq!((found.class, found.run_at), (4, START));
    assert_eq!(rows.run(PurgeDone { before: START + 1 }), Err(Refusal::OutOfRange));
}
