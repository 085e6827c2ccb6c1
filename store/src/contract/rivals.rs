//! Two writers at once. On a store with one writer the same commands go through it in batches, and the same must hold.

use std::sync::Arc;

use onhand_rules::Receipt;
use tokio::sync::Barrier;

use super::Fixture;
use super::commands::*;
use super::driver::{Driver, Request};
use super::queue::{claim, enqueue, nothing};
use super::world::World;
use crate::ops::Outcome;

/// Runs every script by a writer of its own, all of them batch by batch at the same time, and gives their answers.
async fn race(world: &mut World, scripts: Vec<Vec<Request>>) -> Vec<Vec<Outcome>> {
    if !world.store().capabilities().many_writers {
        return in_turn(world, &scripts).await;
    }
    let barrier = Arc::new(Barrier::new(scripts.len()));
    let mut writers = Vec::new();
    for (number, script) in (1..).zip(scripts) {
        let (store, barrier) = (Arc::clone(world.store()), Arc::clone(&barrier));
        writers.push(tokio::spawn(async move {
            let mut driver = Driver::new(&store, number * 1_000_000_000).await;
            driver.read_back = false;
            let mut outcomes = Vec::new();
            for request in script {
                barrier.wait().await;
                outcomes.extend(driver.insist(&[request]).await);
            }
            outcomes
        }));
    }
    let mut told = Vec::new();
    for writer in writers {
        told.push(writer.await.expect("a writer"));
    }
    told
}

async fn in_turn(world: &mut World, scripts: &[Vec<Request>]) -> Vec<Vec<Outcome>> {
    let mut told = vec![Vec::new(); scripts.len()];
    for step in 0..scripts[0].len() {
        let batch: Vec<Request> = scripts.iter().map(|script| script[step].clone()).collect();
        for (answers, outcome) in told.iter_mut().zip(world.driver.insist(&batch).await) {
            answers.push(outcome);
        }
    }
    told
}

fn done(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Done(_))
}

pub(super) async fn one_of_two_gets_the_last_unit(fixture: Fixture) {
    const ROUNDS: u128 = 40;
    let codes: Vec<String> = (0..ROUNDS).map(|round| format!("S{round}")).collect();
    let goods: Vec<(&str, i64)> = codes.iter().map(|code| (code.as_str(), 1)).collect();
    let mut world = World::stocked(fixture, &["L"], &goods).await;
    let script = |buyer: u128| -> Vec<Request> {
        (0..ROUNDS)
            .zip(&codes)
            .map(|(round, code)| Request::of(place(1 + buyer * 1_000 + round, &[(code, "L", 1)])))
            .collect()
    };
    let told = race(&mut world, vec![script(0), script(1), script(2)]).await;
    for (round, code) in codes.iter().enumerate() {
        let winners = told.iter().filter(|answers| done(&answers[round])).count();
        assert_eq!(winners, 1, "buyers who got the last unit of {code}");
    }
    world.verify().await;
}

pub(super) async fn one_key_at_two_writers_has_one_effect(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 1)]).await;
    let script: Vec<Request> =
        (0..40).map(|round| Request::of(adjust("A", "L", 1)).keyed(&format!("key {round}"))).collect();
    let told = race(&mut world, vec![script.clone(), script]).await;
    assert_eq!(told[0], told[1], "both get the one answer");
    let rows = world.reads().stock(&Default::default(), 1).await.unwrap().rows;
    assert_eq!(rows[0].stock.figures.on_hand, 41);
    assert_eq!(rows[0].stock.version, 41);
    world.verify().await;
}

pub(super) async fn reversed_carts_all_arrive(fixture: Fixture) {
    const ROUNDS: u128 = 30;
    let mut world = World::stocked(fixture, &["L"], &[("A", 500), ("B", 500), ("C", 500)]).await;
    let script = |buyer: u128, cart: [&'static str; 3]| -> Vec<Request> {
        let lines: Vec<(&str, &str, i64)> = cart.iter().map(|code| (*code, "L", 1)).collect();
        (0..ROUNDS).map(|round| Request::of(place_confirmed(1 + buyer * 1_000 + round, &lines))).collect()
    };
    let scripts = vec![
        script(0, ["A", "B", "C"]),
        script(1, ["C", "B", "A"]),
        script(2, ["B", "A", "C"]),
        script(3, ["C", "A", "B"]),
    ];
    for answers in race(&mut world, scripts).await {
        for outcome in answers {
            assert!(matches!(outcome, Outcome::Done(Receipt::Order { .. })), "{outcome:?}");
        }
    }
    for row in world.reads().stock(&Default::default(), 9).await.unwrap().rows {
        assert_eq!(row.stock.figures.allocated, 4 * i64::try_from(ROUNDS).unwrap());
    }
    world.verify().await;
}

pub(super) async fn two_claimers_get_disjoint_jobs(fixture: Fixture) {
    const ROUNDS: usize = 20;
    const EACH: usize = 10;
    let mut world = World::new(fixture).await;
    let new = (0..ROUNDS * EACH).map(|_| nothing(1, 2, 0)).collect();
    let jobs = enqueue(&mut world, new).await;
    let script = |owner: u128| -> Vec<Request> {
        jobs.chunks(EACH).map(|some| Request::of(claim(owner, some))).collect()
    };
    let told = race(&mut world, vec![script(1), script(2)]).await;
    let mut owners = std::collections::BTreeMap::new();
    for (owner, answers) in (1_u128..).zip(&told) {
        for answer in answers {
            let Outcome::Done(claimed) = answer else { panic!("{answer:?}") };
            for (id, number) in claimed.leases() {
                assert_eq!((owners.insert(id, owner), number), (None, 1), "{id} was claimed twice");
            }
        }
    }
    assert_eq!(owners.len(), jobs.len(), "every job goes to one of them");
    for (id, owner) in owners {
        let job = world.reads().job(id).await.unwrap().expect("a job");
        assert_eq!(job.lease.map(|lease| lease.owner), Some(owner));
    }
}
